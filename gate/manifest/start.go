package manifest

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// program is an engine's server as it is started.
type program struct {
	engine *engine
	key    string // the words that start it, as the position of what stands without an option
	at     mark
	args   []text
	env    map[string]text
	open   func(name string) (text, bool) // a file that it reads
	docker *dockerRun                     // that it runs in; nil none
}

// wrappers start what follows them, after options of their own.
var wrappers = words(`exec nohup env command nice ionice chrt taskset numactl sudo gosu su-exec tini dumb-init timeout time stdbuf setsid
	srun mpirun mpiexec uv uvx conda mamba micromamba poetry pipenv pdm nsys xvfb-run catchsegv trtllm-llmapi-launch opentelemetry-instrument torchrun`)

var shells = words("bash sh dash ash zsh")

// others serve models too, but are not read.
var others = words("text-generation-launcher ollama lmdeploy tritonserver mlc_llm tabbyapi")

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

func base(w text) string { return strings.TrimSuffix(path.Base(w.s), ".exe") }

// start finds what words start, through the programs that start others.
func (s *shell) start(list []text, env map[string]text) error {
	name := base(list[0])
	if p, ok := s.engine(list, env); ok {
		s.found(p)
		return nil
	}
	switch {
	case shells[name]:
		return s.shell(list, env)
	case name == "docker" || name == "podman" || name == "nerdctl":
		return s.docker(list)
	case others[name]:
		s.r.note(list[0].mark(mark{0, 1}), "%s is not read", name)
	case wrappers[name]:
		env = maps.Clone(env)
		for i := 1; i < len(list); i++ {
			if before, value, ok := list[i].cut("="); ok && isName(before.s) {
				env[before.s] = value
			} else if s.startable(list[i:]) {
				return s.start(list[i:], env)
			}
		}
	}
	return nil
}

// startable reports words that start something.
func (s *shell) startable(list []text) bool {
	_, engine := s.engine(list, nil)
	name := base(list[0])
	return engine || shells[name] || wrappers[name] || name == "docker" || name == "podman" || name == "nerdctl"
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// shell follows a script, or the text after -c.
func (s *shell) shell(list []text, env map[string]text) error {
	inner := s.r.newShell(env, s.found)
	inner.files, inner.depth, inner.maybe = s.files, s.depth+1, s.maybe
	for i := 1; i < len(list); i++ {
		w := list[i].s
		if strings.HasPrefix(w, "-") || strings.HasPrefix(w, "+") {
			if w == "-o" || w == "+o" {
				i++
			} else if !strings.HasPrefix(w, "--") && strings.HasSuffix(w, "c") && i+1 < len(list) {
				inner.arguments(list[min(i+3, len(list)):])
				if i+2 < len(list) {
					inner.scope.vars["0"] = variable{list: []text{list[i+2]}}
				}
				return inner.script(list[i+1])
			}
			continue
		}
		inner.arguments(list[i+1:])
		return inner.source(list[i])
	}
	return nil
}

// engine reports words that start an engine's server.
func (s *shell) engine(list []text, env map[string]text) (program, bool) {
	p := program{at: list[0].mark(mark{0, 1}), env: env, open: s.open}
	skip := 1
	second := ""
	if len(list) > 1 {
		second = list[1].s
	}
	switch name := base(list[0]); {
	case name == "vllm" && second == "serve":
		p.engine, p.key, skip = vllm, "vllm serve", 2
	case name == "sglang" && second == "serve":
		p.engine, p.key, skip = sglang, "sglang serve", 2
	case name == "tools.sh" && (second == "--server" || second == "-s"): // llama.cpp's image with all its tools
		p.engine, p.key, skip = llamaCpp, "llama-server", 2
	case name == "llama-server":
		p.engine, p.key = llamaCpp, name
	case name == "trtllm-serve" && second != "disaggregated" && second != "disaggregated_mpi_worker" && second != "mm_embedding_serve":
		p.engine, p.key = tensorRT, name
		if second == "serve" {
			skip = 2
		}
	case strings.HasPrefix(name, "python"):
		i := slices.IndexFunc(list, func(w text) bool { return w.s == "-m" })
		if i < 0 || i+1 >= len(list) {
			return p, false
		}
		p.engine, p.key, skip = modules[list[i+1].s], list[i+1].s, i+2
	}
	if p.engine == nil {
		return p, false
	}
	p.args = list[skip:]
	return p, true
}

// modules of Python that serve.
var modules = map[string]*engine{
	"vllm.entrypoints.openai.api_server": vllm,
	"vllm.entrypoints.api_server":        vllm,
	"sglang.launch_server":               sglang,
	"sglang_router.launch_server":        sglang,
	"tensorrt_llm.commands.serve":        tensorRT,
	"huggingfaceserver":                  huggingface,
}

// open is a file that the script wrote before, or one beside it.
func (s *shell) open(name string) (text, bool) {
	for _, same := range []func(string) bool{
		func(f string) bool { return f == name },
		func(f string) bool { return path.Base(f) == path.Base(name) },
	} {
		for _, f := range slices.Sorted(maps.Keys(s.files)) {
			if same(f) {
				return s.files[f], true
			}
		}
	}
	return s.r.open(name)
}
