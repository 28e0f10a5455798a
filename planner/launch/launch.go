package launch

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Service is a deployment as it is to run.
type Service struct {
	Name       string // of the service: lower-case letters, digits and dashes; empty: from the model
	Deployment *estimator.Deployment
	Replicas   int    // spare ones included
	PerNode    int    // accelerators of a node
	Model      string // that the engine loads: a Hugging Face id or a path; empty: the model's id
	Port       int    // 0: 8000
	Image      string // of a container; empty: the engine's published one, where it has a name of its own
}

// File is one that Render writes.
type File struct {
	Name string
	Text string
}

// Form is what is written.
type Form string

const (
	Shell      Form = "command"
	Compose    Form = "compose"
	Kubernetes Form = "kubernetes"
	LWS        Form = "lws"
	KServe     Form = "kserve"
	Ollama     Form = "ollama"
)

// Forms lists them.
func Forms() []Form { return []Form{Shell, Compose, Kubernetes, KServe, LWS, Ollama} }

var nameForm = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$`)

// Render writes a service in a form. Notes are what the reader must do or know.
func Render(s Service, form Form) (files []File, notes []string, err error) {
	if err := s.complete(); err != nil {
		return nil, nil, err
	}
	if form == Ollama {
		return s.ollama()
	}
	host := All
	if form == Shell {
		host = Loopback
	}
	c, err := CommandOf(s.Deployment, s.Model, host, s.Port)
	if err != nil {
		return nil, nil, err
	}
	switch form {
	case Shell:
		c.note("it listens on this machine alone; --host 0.0.0.0 lets others in")
		files = append([]File{{"launch.sh", "#!/bin/sh\nexec " + c.Shell()}}, c.Files...)
		if s.Replicas > 1 {
			c.note("start it %d times, each with a port and %d accelerators of its own, behind a router that looks for the least loaded", s.Replicas, s.Deployment.World())
		}
	case Compose:
		files, err = s.compose(c)
	case Kubernetes:
		files, err = s.kubernetes(c)
	case KServe:
		files, err = s.kserve(c)
	case LWS:
		files, err = s.lws(c)
	default:
		err = fmt.Errorf("launch: form %q: accepted are %v", form, Forms())
	}
	if err != nil {
		return nil, nil, err
	}
	if form != Shell && s.Image == "" {
		c.note("image: put the engine's own in place of IMAGE (%s %s)", s.Deployment.Engine.Name, s.Deployment.Release)
	}
	return files, c.Notes, nil
}

func (s *Service) complete() error {
	if s.Deployment == nil || s.Deployment.Model == nil || s.Deployment.Engine == nil {
		return fmt.Errorf("launch: a service without a deployment")
	}
	s.Replicas, s.Port = max(s.Replicas, 1), cmp.Or(s.Port, 8000)
	if s.Name == "" {
		s.Name = nameOf(s.Deployment.Model.ID)
	}
	s.Model = cmp.Or(s.Model, s.Deployment.Model.ID)
	switch {
	case !nameForm.MatchString(s.Name):
		return fmt.Errorf("launch: name %q: accepted are lower-case letters, digits and dashes, at most 52, a letter first", s.Name)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("launch: port %d: accepted are 1 to 65535", s.Port)
	case s.PerNode > 0 && s.Deployment.World() > s.PerNode && s.PerNode*(s.Deployment.World()/s.PerNode) != s.Deployment.World():
		return fmt.Errorf("launch: a replica of %d accelerators does not divide into nodes of %d", s.Deployment.World(), s.PerNode)
	}
	if s.Image == "" {
		s.Image = imageOf(s.Deployment)
	}
	return nil
}

// nameOf is a model's id as the name of a service.
func nameOf(id string) string {
	_, name, found := strings.Cut(id, "/")
	if !found {
		name = id
	}
	name = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "model-" + name
	}
	return strings.Trim(name[:min(len(name), 50)], "-")
}

// imageOf is the published image of an engine's release; empty: it has none that a plan
// can name.
func imageOf(d *estimator.Deployment) string {
	tag := "v" + d.Release
	if strings.Count(tag, ".") == 1 {
		tag += ".0"
	}
	switch {
	case d.Engine.ID == "vllm" && d.Device.Accelerator.Platform() == "nvidia":
		return "vllm/vllm-openai:" + tag
	case d.Engine.ID == "vllm" && d.Device.Accelerator.Platform() == "amd":
		return "vllm/vllm-openai-rocm:" + tag
	case d.Engine.ID == "sglang" && d.Device.Accelerator.Platform() == "nvidia":
		return "lmsysorg/sglang:" + tag
	}
	return ""
}

// resource is the name of a vendor's accelerators in Kubernetes.
func resource(d *estimator.Deployment) (string, error) {
	switch p := d.Device.Accelerator.Platform(); p {
	case "nvidia", "amd":
		return p + ".com/gpu", nil
	case "intel":
		return "gpu.intel.com/xe", nil
	case "cpu":
		return "", nil
	default:
		return "", fmt.Errorf("launch: accelerators of %s have no resource name that is known: accepted are nvidia, amd, intel", p)
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// ollama is a Modelfile and the environment of its server.
func (s *Service) ollama() ([]File, []string, error) {
	d := s.Deployment
	if d.Engine.ID != estimator.LlamaCpp {
		return nil, nil, fmt.Errorf("launch: Ollama runs GGUF models as llama.cpp does, the plan is for %s: plan with --engine llama.cpp", d.Engine.Name)
	}
	c, err := CommandOf(d, s.Model, Loopback, s.Port)
	if err != nil {
		return nil, nil, err
	}
	file := c.Args[2]
	var b strings.Builder
	fmt.Fprintf(&b, "FROM ./%s\n", strings.TrimPrefix(file, "./"))
	if n := d.Options.MaxModelLen; n > 0 {
		fmt.Fprintf(&b, "PARAMETER num_ctx %d\n", n)
	}
	if n := d.Options.GPULayers; n > 0 {
		fmt.Fprintf(&b, "PARAMETER num_gpu %d\n", n)
	}
	env := fmt.Sprintf("OLLAMA_HOST=127.0.0.1:%d OLLAMA_NUM_PARALLEL=%d OLLAMA_MAX_LOADED_MODELS=1 OLLAMA_FLASH_ATTENTION=1", s.Port, max(d.Options.MaxSeqs, 1))
	if d.KV != nil && d.KV.ID != "f16" && d.KV.ID != "fp16" {
		env += " OLLAMA_KV_CACHE_TYPE=" + d.KV.ID
	}
	script := fmt.Sprintf("#!/bin/sh\nset -e\nexport %s\nollama serve &\nsleep 2\nollama create %s -f Modelfile\nwait\n", env, s.Name)
	return []File{{"Modelfile", b.String()}, {"launch.sh", script}}, c.Notes, nil
}
