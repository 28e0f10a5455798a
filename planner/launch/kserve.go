package launch

import "fmt"

// renderKServe writes an InferenceService with the engine as its own container.
func renderKServe(p *plan) ([]File, error) {
	if p.s.Prefill != nil {
		return nil, fmt.Errorf("an InferenceService is one set of replicas: form %q writes prefill and decode", Kubernetes)
	}
	part := p.parts[0]
	if err := part.fitsNode(); err != nil {
		return nil, err
	}
	pod, config, err := part.pod("kserve-container") // as KServe calls the one that serves
	if err != nil {
		return nil, err
	}
	predictor := append(object{{"minReplicas", part.d.DP}, {"maxReplicas", part.d.DP}}, pod...)
	metadata := object{{"name", p.s.Name}, {"annotations", object{{"serving.kserve.io/deploymentMode", "RawDeployment"}}}}
	p.note("the mode RawDeployment is called Standard from KServe 0.16 on, which still reads the old name")
	documents := append(config, object{{"apiVersion", "serving.kserve.io/v1beta1"}, {"kind", "InferenceService"}, {"metadata", metadata}, {"spec", object{{"predictor", predictor}}}})
	return []File{{p.s.Name + ".yaml", encode(documents...)}}, nil
}
