package launch

import (
	"path"
	"strconv"
	"strings"
)

// renderKubernetes writes a Deployment and a Service for each part.
func renderKubernetes(p *plan) ([]File, error) {
	var documents []object
	for _, part := range p.parts {
		if err := part.fitsNode(); err != nil {
			return nil, err
		}
		pod, config, err := part.pod("server")
		if err != nil {
			return nil, err
		}
		labels := object{{"app.kubernetes.io/name", part.name}}
		spec := object{{"replicas", part.d.DP}, {"selector", object{{"matchLabels", labels}}}}
		if part.accelerators() > 0 { // none may be free to start the next pod before one has ended
			spec.add("strategy", object{{"type", "RollingUpdate"}, {"rollingUpdate", object{{"maxSurge", 0}, {"maxUnavailable", 1}}}})
		}
		spec.add("progressDeadlineSeconds", 2*loadSeconds)
		spec.add("template", object{{"metadata", object{{"labels", labels}}}, {"spec", pod}})
		documents = append(documents, config...)
		documents = append(documents,
			object{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", object{{"name", part.name}, {"labels", labels}}}, {"spec", spec}},
			service(part.name, labels, p.s.Port))
	}
	return []File{{p.s.Name + ".yaml", encode(documents...)}}, nil
}

func service(name string, selector object, port int) object {
	return object{{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", object{{"name", name}, {"labels", selector}}},
		{"spec", object{{"selector", selector}, {"ports", []object{{{"name", "http"}, {"port", port}, {"targetPort", "http"}}}}}}}
}

// pod is that of one replica, its container by name, and the ConfigMap that it
// reads, if any.
func (p *part) pod(name string) (object, []object, error) {
	process, err := p.process(p.s.Port, p.inContainer())
	if err != nil {
		return nil, nil, err
	}
	container, err := p.container(name, process, p.accelerators())
	if err != nil {
		return nil, nil, err
	}
	p.serve(&container)
	return podSpec(container, p.volumes(process)), p.configMap(process), nil
}

// serve adds what Kubernetes needs to know of a server: it may take long to
// load, and is started anew once it has not answered for minutes.
func (p *part) serve(container *object) {
	container.add("ports", p.ports())
	container.add("startupProbe", p.probe(10, loadSeconds/10))
	container.add("readinessProbe", p.probe(5, 3))
	container.add("livenessProbe", p.probe(30, 10))
}

// podSpec keeps Kubernetes from telling the process of other services by
// variables: of one that is called vllm, VLLM_PORT would mislead vLLM.
func podSpec(container object, volumes []object) object {
	return object{{"enableServiceLinks", false}, {"containers", []object{container}}, {"volumes", volumes}}
}

func (p *part) ports() []object {
	return []object{{{"name", "http"}, {"containerPort", p.s.Port}}}
}

// container runs a process on some accelerators.
func (p *part) container(name string, process Process, accelerators int) (object, error) {
	image, err := p.image()
	if err != nil {
		return nil, err
	}
	words := escaped(p.words(process), parentheses)
	c := object{{"name", name}, {"image", image}, {"command", words[:1]}, {"args", words[1:]}, {"env", p.env(process)}}
	if resource := p.resource(); accelerators > 0 && resource != "" {
		asked := object{{resource, strconv.Itoa(accelerators)}}
		c.add("resources", object{{"requests", asked}, {"limits", asked}}) // of accelerators they must be equal
		p.note("the cluster's device plugin must offer %s, and nodes of other accelerators are to be kept out: a nodeSelector for %s is not written, labels differ between clusters (nvidia.com/gpu.product, amd.com/gpu.product-name, ...)", resource, p.d.Device.Accelerator.Name)
		p.note("requests for processors and host memory are yours to add")
	} else {
		p.note("the pod asks for no processors and no memory: add requests, or it shares the node with others")
	}
	c.add("volumeMounts", p.mounts(process))
	return c, nil
}

// env is the process's, and the token of Hugging Face where the cluster has one.
func (p *part) env(process Process) []object {
	token := object{{"name", "hf-token"}, {"key", "token"}, {"optional", true}}
	env := []object{{{"name", "HF_TOKEN"}, {"valueFrom", object{{"secretKeyRef", token}}}}}
	p.note("checkpoints behind a licence need a secret hf-token with the key token")
	for _, kv := range process.Env {
		name, value, _ := strings.Cut(kv, "=")
		env = append(env, object{{"name", name}, {"value", parentheses(value)}})
	}
	if p.role != both {
		env = append(env, podIP("VLLM_NIXL_SIDE_CHANNEL_HOST"),
			object{{"name", "VLLM_NIXL_SIDE_CHANNEL_PORT"}, {"value", strconv.Itoa(nixlPort)}})
	}
	return env
}

// podIP is a variable that holds the pod's address.
func podIP(name string) object {
	return object{{"name", name}, {"valueFrom", object{{"fieldRef", object{{"fieldPath", "status.podIP"}}}}}}
}

// mounts of the container; volumes are those that they name.
func (p *part) mounts(process Process) []object {
	mounts := []object{{{"name", "shm"}, {"mountPath", "/dev/shm"}}}
	if isFile(p.source("")) {
		mounts = append(mounts, object{{"name", "models"}, {"mountPath", modelsPath}, {"readOnly", true}})
	} else {
		mounts = append(mounts, object{{"name", "cache"}, {"mountPath", p.cachePath()}})
	}
	if c := process.Config; c != nil {
		mounts = append(mounts, object{{"name", "engine"}, {"mountPath", path.Dir(configPath(c))}, {"readOnly", true}})
	}
	return mounts
}

func (p *part) volumes(process Process) []object {
	volumes := []object{{{"name", "shm"}, {"emptyDir", object{{"medium", "Memory"}}}}} // ranks share memory; the default of 64 MB is too little
	if model := p.source(""); isFile(model) {
		claim := p.s.Name + "-models"
		volumes = append(volumes, object{{"name", "models"}, {"persistentVolumeClaim", object{{"claimName", claim}, {"readOnly", true}}}})
		p.note("the claim %s must exist and hold %s", claim, path.Base(model))
	} else {
		volumes = append(volumes, object{{"name", "cache"}, {"emptyDir", object{}}})
		p.note("every new pod downloads the model: a persistent volume in place of the volume cache keeps it")
	}
	if process.Config != nil {
		volumes = append(volumes, object{{"name", "engine"}, {"configMap", object{{"name", p.configName()}}}})
	}
	return volumes
}

func (p *part) configName() string { return p.name + "-engine" }

func (p *part) configMap(process Process) []object {
	if process.Config == nil {
		return nil
	}
	return []object{{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", object{{"name", p.configName()}}},
		{"data", object{{process.Config.Name, process.Config.Text}}}}}
}

// probe asks the server for its health.
func (p *part) probe(period, failures int) object {
	return object{{"httpGet", object{{"path", "/health"}, {"port", "http"}}}, {"periodSeconds", period}, {"timeoutSeconds", 5}, {"failureThreshold", failures}}
}

// parentheses keeps Kubernetes from reading a value as a variable: it replaces
// $(NAME), and $$ by a dollar.
func parentheses(text string) string { return strings.ReplaceAll(text, "$", "$$") }
