package launch

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Service is a deployment to launch.
type Service struct {
	Name       string               // of the objects, a DNS label; empty: from the model
	Deployment estimator.Deployment // resolved; DP counts the replicas
	// Prefill are replicas that only prefill, those of Deployment then only
	// decode; nil: both are done in one place.
	Prefill *estimator.Deployment
	Model   string // what the engine loads: a Hugging Face id or a path; empty: the deployment's model as published
	Draft   string // draft model that speculates; empty: the model's own multi-token prediction
	Port    int    // of the first replica; 0: 8000
	Image   string // container; empty: the engine's published image with the release's tag
	PerNode int    // accelerators of a node; 0: a replica fits one
}

// File is one file to write.
type File struct {
	Name string
	Text string
}

// Form is a way to launch.
type Form string

// The forms.
const (
	Commands   Form = "command"    // a shell script for each replica
	Compose    Form = "compose"    // Docker Compose, a service for each replica, on one host
	Kubernetes Form = "kubernetes" // Deployment and Service
	LWS        Form = "lws"        // LeaderWorkerSet: replicas that span nodes
	KServe     Form = "kserve"     // InferenceService with a container of its own
	Ollama     Form = "ollama"     // Modelfile and the server's environment
)

// Forms lists every form.
func Forms() []Form {
	return []Form{Commands, Compose, Kubernetes, LWS, KServe, Ollama}
}

// Render writes the files of a form, and notes on what the reader must fill in
// or know.
func Render(s Service, form Form) ([]File, []string, error) {
	render, ok := map[Form]func(*plan) ([]File, error){
		Commands: renderCommands, Compose: renderCompose, Kubernetes: renderKubernetes,
		LWS: renderLWS, KServe: renderKServe, Ollama: renderOllama,
	}[form]
	if !ok {
		return nil, nil, fmt.Errorf("launch: form %q: accepted are %v", form, Forms())
	}
	p, err := newPlan(s, form)
	if err != nil {
		return nil, nil, err
	}
	files, err := render(p)
	if err != nil {
		return nil, nil, fmt.Errorf("launch: %w", err)
	}
	return files, p.notes, nil
}

// MissingError says that the service must name what no deployment tells.
type MissingError struct {
	What string // image, draft
	text string
}

func (e *MissingError) Error() string { return e.text }

// Process starts one replica.
type Process struct {
	Argv   []string
	Env    []string // K=V
	Config *File    // that Argv names; nil none
}

// Processes are those of one replica of each kind: one process, or one that
// prefills and then one that decodes. They listen on their machine alone.
func Processes(s Service) ([]Process, []string, error) {
	p, err := newPlan(s, Commands)
	if err != nil {
		return nil, nil, err
	}
	var list []Process
	for _, part := range p.parts {
		process, err := part.process(p.s.Port, "")
		if err != nil {
			return nil, nil, fmt.Errorf("launch: %w", err)
		}
		list = append(list, process)
	}
	return list, p.notes, nil
}

// Shell is the command line as a POSIX shell reads it, an option and its values
// a line.
func (p Process) Shell() string { return quoteLines(p.Argv) }

// plan is a service with its defaults filled in.
type plan struct {
	s     Service
	form  Form
	parts []*part
	notes []string
}

// part is the replicas of a service that do the same.
type part struct {
	*plan
	d    *estimator.Deployment
	name string
	role role
}

// role is what the replicas of a part do.
type role string

const (
	both     role = "" // prefill and decode
	prefills role = "prefill"
	decodes  role = "decode"
)

func newPlan(s Service, form Form) (*plan, error) {
	p := &plan{s: s, form: form}
	if err := p.complete(); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if s.Prefill == nil {
		p.parts = []*part{{p, &p.s.Deployment, p.s.Name, both}}
		return p, nil
	}
	p.parts = []*part{{p, p.s.Prefill, p.s.Name + "-prefill", prefills}, {p, &p.s.Deployment, p.s.Name + "-decode", decodes}}
	if err := p.checkApart(); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	p.note("the service needs a router that sends each prompt to a %s replica first and hands its answer to a %s one: vLLM has an example (tests/v1/kv_connector/nixl_integration/toy_proxy_server.py), llm-d and the vLLM production stack have routers to run", p.parts[0].name, p.parts[1].name)
	p.note("the image needs the NIXL library, and the cache crosses by UCX: UCX_TLS and UCX_NET_DEVICES choose the network")
	return p, nil
}

// checkApart refuses prefill and decode that do not go together.
func (p *plan) checkApart() error {
	prefill, decode := p.parts[0], p.parts[1]
	for _, part := range p.parts {
		if part.d.Engine.ID != vllm {
			return fmt.Errorf("prefill apart from decode is written for vLLM, not for %s", part.d.Engine.Name)
		}
		if !catalog.Reached(part.d.Release, "0.9") {
			return fmt.Errorf("vLLM %s has no NIXL connector: choose 0.9 or later", part.d.Release)
		}
	}
	if prefill.d.Model.ID != decode.d.Model.ID {
		return fmt.Errorf("%s prefills for %s", prefill.d.Model.ID, decode.d.Model.ID)
	}
	if prefill.cache() != decode.cache() || float(prefill.d.Weights) != float(decode.d.Weights) {
		return errors.New("prefill and decode keep their caches in different precisions: one cannot read the other's")
	}
	return nil
}

// label is a name that every object of Kubernetes may have.
var label = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// longestName leaves room for what names of parts and of pods add, up to 63.
const longestName = 40

// complete fills in defaults and refuses what no engine could start.
func (p *plan) complete() error {
	s := &p.s
	if err := usable(&s.Deployment); err != nil {
		return err
	}
	if s.Prefill != nil {
		prefill := *s.Prefill
		s.Prefill = &prefill
		if err := usable(&prefill); err != nil {
			return fmt.Errorf("prefill: %w", err)
		}
	}
	s.Name = cmp.Or(s.Name, nameOf(s.Deployment.Model.ID))
	if !label.MatchString(s.Name) || len(s.Name) > longestName {
		return fmt.Errorf("name %q: accepted are up to %d lower-case letters, digits and dashes, a letter first", s.Name, longestName)
	}
	s.Port = cmp.Or(s.Port, 8000)
	if replicas := s.replicas(); s.Port < 1 || s.Port+replicas-1 > 65535 {
		return fmt.Errorf("port %d: accepted are 1 to %d for %d replicas", s.Port, 65535-replicas+1, replicas)
	}
	if s.PerNode < 0 {
		return fmt.Errorf("%d accelerators a node: accepted are 1 and more, or 0 where a replica fits a node", s.PerNode)
	}
	for _, text := range []struct{ what, value string }{{"model", s.Model}, {"draft", s.Draft}, {"image", s.Image}} {
		if strings.HasPrefix(text.value, "-") || strings.ContainsFunc(text.value, unicode.IsControl) {
			return fmt.Errorf("%s %q: a dash first would be read as an option, and control characters are refused", text.what, text.value)
		}
	}
	return nil
}

// usable refuses a deployment that was not resolved.
func usable(d *estimator.Deployment) error {
	if d.Model == nil || d.Weights == nil || d.Engine == nil || d.Version == nil || d.Device.Accelerator == nil {
		return errors.New("a deployment needs a model, a weight precision, an engine with its version and a device")
	}
	for _, n := range []int{d.TP, d.PP, d.EP, d.DP, d.AttentionDP, d.Options.MaxModelLen, d.Options.MaxSeqs, d.Options.MaxBatchedTokens} {
		if n < 1 {
			return errors.New("the deployment is not resolved: sizes are missing")
		}
	}
	if d.TP%d.AttentionDP != 0 {
		return fmt.Errorf("attention-DP %d does not divide TP %d", d.AttentionDP, d.TP)
	}
	return nil
}

// nameOf makes a label of the last part of a model's id.
func nameOf(id string) string {
	id = strings.ToLower(id[strings.LastIndexByte(id, '/')+1:])
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, id)
	id = strings.TrimLeft(id, "-0123456789")
	return cmp.Or(strings.Trim(id[:min(len(id), longestName)], "-"), "model")
}

// replicas counts those of all parts.
func (s *Service) replicas() int {
	n := s.Deployment.DP
	if s.Prefill != nil {
		n += s.Prefill.DP
	}
	return n
}

// note adds a note once.
func (p *plan) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// accelerators are those of one replica; on a CPU none.
func (p *part) accelerators() int {
	if p.platform() == "cpu" {
		return 0
	}
	return p.d.World()
}

// Addresses that a server listens on.
const (
	loopback = "127.0.0.1" // of its machine alone
	all      = "0.0.0.0"   // of its container, which says who may come in
)

// address is where the part's servers listen: no file opens a server without
// authentication to the network.
func (p *part) address() string {
	switch p.form {
	case Commands, Ollama:
		return loopback
	case Compose:
		if p.role != both { // on the host's own network
			return loopback
		}
	}
	return all
}

func (p *part) platform() string { return p.d.Device.Accelerator.Platform() }

// Engine ids of the catalog.
const (
	vllm     = "vllm"
	sglang   = "sglang"
	tensorRT = "tensorrt-llm"
)

// process is that of one replica that listens on a port and loads the model
// from where it lies.
func (p *part) process(port int, model string) (Process, error) {
	switch p.d.Engine.ID {
	case vllm:
		return p.vllm(port, model)
	case sglang:
		return p.sglang(port, model)
	case tensorRT:
		return p.tensorRT(port, model)
	case estimator.LlamaCpp:
		return p.llamaCpp(port, model)
	}
	return Process{}, fmt.Errorf("%s has no server whose options hold this deployment", p.d.Engine.Name)
}
