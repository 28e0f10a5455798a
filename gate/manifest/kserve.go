package manifest

import (
	"strings"
)

// inferenceService is KServe's: a predictor with containers of its own, or a
// model that a runtime of KServe serves.
func (k *kubernetes) inferenceService(h hosted, spec value) error {
	predictor := spec.get("predictor")
	if err := k.replicas(&h, predictor.get("minReplicas"), "spec.predictor.minReplicas"); err != nil {
		return err
	}
	h.preset = map[string]setting{}
	if workers := predictor.get("workerSpec"); workers.there() {
		h.nodes = 1
		for _, size := range []struct{ key, set string }{{"pipelineParallelSize", setPP}, {"tensorParallelSize", setTP}} {
			v := workers.get(size.key)
			if !v.there() {
				continue
			}
			n, err := v.number()
			if err != nil || n < 1 || n > mostParallel {
				return k.fail(v.mark(), "spec.predictor.workerSpec.%s of %s: %q: accepted are 1 to %d", size.key, h.name, v.str(), mostParallel)
			}
			h.preset[size.set] = setting{key: "spec.predictor.workerSpec." + size.key, at: v.mark(), value: v.text(), weak: true}
			if size.set == setPP { // a node holds one stage
				h.nodes = n
				h.at(k.reader, "nodes", "spec.predictor.workerSpec."+size.key, v.mark())
			}
		}
	}
	model := predictor.get("model")
	if !model.there() {
		return k.pod(h, predictor, nil)
	}
	return k.servedModel(h, predictor, model)
}

// servedModel has arguments for the runtime, which is a server of Hugging Face
// models unless it says that it is another engine's.
func (k *kubernetes) servedModel(h hosted, predictor, model value) error {
	k.selected(&h, predictor)
	k.resources(&h, model.get("resources"))
	h.image = model.get("image").text()
	if uri := model.get("storageUri"); uri.there() {
		h.preset[setModel] = setting{key: "spec.predictor.model.storageUri", at: uri.mark(), value: stored(uri.text()), weak: true}
	}
	format := model.get("modelFormat", "name").str()
	engine, runtime := huggingface, format+" "+model.get("runtime").str()
	switch {
	case strings.Contains(runtime, "sglang"):
		engine = sglang
	case strings.Contains(runtime, "llama"):
		engine = llamaCpp
	case strings.Contains(runtime, "trtllm") || strings.Contains(runtime, "tensorrt"):
		engine = tensorRT
	case !strings.Contains(runtime, "huggingface") && !strings.Contains(runtime, "vllm"):
		k.note(model.mark(), "%s has a model of the format %q, whose runtime is not read", h.name, format)
		return nil
	}
	env := k.environment(model, nil)
	s := k.newShell(env, nil)
	s.files = k.mounted(predictor, model)
	p := program{engine: engine, key: "spec.predictor.model", at: model.mark(), env: env, open: s.open}
	p.args = k.words(append(model.get("command").items(), model.get("args").items()...), env, true)
	k.note(model.mark(), "%s is served by a runtime of KServe, which chooses the version of the engine and may add options", h.name)
	k.add(h, p)
	return nil
}

// stored is the model that a URI of Hugging Face names; others stay as they are.
func stored(uri text) text {
	if rest, ok := strings.CutPrefix(uri.s, "hf://"); ok {
		t := uri.slice(len(uri.s)-len(rest), len(uri.s))
		id, _, _ := t.cut(":") // a revision
		return id
	}
	return uri
}

// llmInferenceService is KServe's for vLLM: sizes stand in the object itself.
func (k *kubernetes) llmInferenceService(h hosted, spec value) error {
	if err := k.replicas(&h, spec.get("replicas"), "spec.replicas"); err != nil {
		return err
	}
	if spec.get("prefill").there() {
		k.note(spec.get("prefill").mark(), "%s prefills apart: only the replicas that decode are read", h.name)
	}
	h.preset = map[string]setting{}
	if uri := spec.get("model", "uri"); uri.there() {
		h.preset[setModel] = setting{key: "spec.model.uri", at: uri.mark(), value: stored(uri.text()), weak: true}
	}
	for key, set := range map[string]string{"tensor": setTP, "pipeline": setPP, "data": setDP, "dataLocal": setDPLocal, "expert": setEP} {
		if v := spec.get("parallelism", key); v.there() {
			h.preset[set] = setting{key: "spec.parallelism." + key, at: v.mark(), value: v.text(), weak: true}
		}
	}
	pod := spec.get("template")
	k.selected(&h, pod)
	p := program{engine: vllm, key: "spec", at: spec.mark(), open: k.open}
	for _, c := range pod.get("containers").items() {
		if name := c.get("name").str(); name != "main" && len(pod.get("containers").items()) > 1 {
			continue
		}
		h.image = c.get("image").text()
		k.resources(&h, c.get("resources"))
		p.env = k.environment(c, nil)
		p.args = append(p.args, k.words(c.get("args").items(), p.env, true)...)
		p.args = append(p.args, p.env["VLLM_ADDITIONAL_ARGS"].words()...)
	}
	k.add(h, p)
	return nil
}
