package manifest

import (
	"strings"
)

// Resources by which device plugins count accelerators.
var countedAs = []string{"nvidia.com/gpu", "amd.com/gpu", "nvidia.com/gpu.shared", "gpu.intel.com/xe", "gpu.intel.com/i915", "habana.ai/gaudi", "google.com/tpu", "aws.amazon.com/neuron"}

// Labels of nodes that name their accelerators.
var labelled = []string{"nvidia.com/gpu.product", "cloud.google.com/gke-accelerator", "amd.com/gpu.product-name", "karpenter.k8s.aws/instance-gpu-name", "eks.amazonaws.com/instance-gpu-name", "gpu.nvidia.com/class"}

// resources are the accelerators that a container asks for.
func (k *kubernetes) resources(h *hosted, resources value) {
	for _, section := range []string{"limits", "requests"} {
		for _, p := range resources.get(section).pairs() {
			key, v := p.key, p.value
			mig := strings.HasPrefix(key, "nvidia.com/mig-")
			if !mig && indexOf(countedAs, key) < 0 {
				continue
			}
			n, err := v.number()
			if err != nil || n > mostParallel {
				h.note(v.mark(), "%s of %s: %q is no number of accelerators", key, h.name, shorten(v.str()))
				continue
			}
			h.accelerators = n
			h.at(k.reader, "accelerators", "resources."+section+"."+key, v.mark())
			switch {
			case mig:
				k.sliced(h, strings.TrimPrefix(key, "nvidia.com/mig-"), v)
			case key == "nvidia.com/gpu.shared":
				h.note(v.mark(), "%s asks for accelerators that others use too: they are counted as whole ones", h.name)
			}
			return
		}
	}
}

// sliced names the slice of an accelerator as NVIDIA's labels do.
func (k *kubernetes) sliced(h *hosted, profile string, v value) {
	slice := "MIG-" + profile
	if h.accelerator != "" && !strings.Contains(h.accelerator, "MIG") {
		slice = h.accelerator + "-" + slice
	}
	h.accelerator = slice
	h.at(k.reader, "accelerator", "resources", v.mark())
	h.note(v.mark(), "%s asks for slices of an accelerator, %s", h.name, slice)
}

// selected is the accelerator that a pod's node must have.
func (k *kubernetes) selected(h *hosted, spec value) {
	for _, label := range labelled {
		if v := spec.get("nodeSelector", label); v.there() {
			h.accelerator = v.str()
			h.at(k.reader, "accelerator", "nodeSelector."+label, v.mark())
			return
		}
	}
	terms := spec.get("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	for _, term := range terms.items() {
		for _, e := range term.get("matchExpressions").items() {
			values := e.get("values").items()
			if indexOf(labelled, e.get("key").str()) < 0 || e.get("operator").str() != "In" || len(values) == 0 {
				continue
			}
			if len(values) > 1 || len(terms.items()) > 1 {
				h.note(e.mark(), "%s may run on several accelerators: which one is not known", h.name)
				return
			}
			h.accelerator = values[0].str()
			h.at(k.reader, "accelerator", "nodeAffinity."+e.get("key").str(), values[0].mark())
			return
		}
	}
}

// leaderWorkerSet is a group of pods for each replica; the leader's serves.
func (k *kubernetes) leaderWorkerSet(h hosted, spec value) error {
	if err := k.replicas(&h, spec.get("replicas"), "spec.replicas"); err != nil {
		return err
	}
	group := spec.get("leaderWorkerTemplate")
	size := group.get("size")
	h.nodes = 1
	env := map[string]text{
		"LWS_LEADER_ADDRESS": unknown("LWS_LEADER_ADDRESS", size.mark()), "LWS_WORKER_INDEX": at("0", size.mark()), "LWS_GROUP_SIZE": at("1", size.mark()),
	}
	if size.there() {
		n, err := size.number()
		if err != nil || n < 1 || n > mostParallel {
			return k.fail(size.mark(), "spec.leaderWorkerTemplate.size of %s: %q: accepted are 1 to %d", h.name, size.str(), mostParallel)
		}
		h.nodes = n
		h.at(k.reader, "nodes", "spec.leaderWorkerTemplate.size", size.mark())
		env["LWS_GROUP_SIZE"] = at(strings.TrimSpace(size.str()), size.mark())
	}
	worker := group.get("workerTemplate", "spec")
	leader := group.get("leaderTemplate", "spec")
	if !leader.there() {
		leader = worker
	}
	k.groupAccelerators(&h, leader, worker)
	return k.pod(h, leader, env)
}

// groupAccelerators are those of a node of the group. A leader without any only
// coordinates: it is no node of the replica.
func (k *kubernetes) groupAccelerators(h *hosted, leader, worker value) {
	var l, w hosted
	for _, c := range leader.get("containers").items() {
		k.resources(&l, c.get("resources"))
	}
	for _, c := range worker.get("containers").items() {
		k.resources(&w, c.get("resources"))
	}
	if l.accelerators == 0 && w.accelerators > 0 && h.nodes > 1 {
		h.nodes--
		h.accelerators, h.positions["accelerators"] = w.accelerators, w.positions["accelerators"]
	}
}
