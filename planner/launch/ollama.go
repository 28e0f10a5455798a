package launch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// renderOllama writes a Modelfile, and scripts that start servers with the
// environment that it needs. Ollama counts the context of one slot.
func renderOllama(p *plan) ([]File, error) {
	part := p.parts[0]
	switch {
	case !part.llama():
		return nil, fmt.Errorf("an Ollama server runs llama.cpp's files: the deployment is of %s", part.d.Engine.Name)
	case part.d.Model.Kind == catalog.Rerank:
		return nil, fmt.Errorf("an Ollama server ranks nothing: %s is for %s", part.d.Model.ID, part.d.Model.Kind)
	}
	replicas, err := p.hostReplicas(asGiven)
	if err != nil {
		return nil, err
	}
	modelfile, err := part.modelfile()
	if err != nil {
		return nil, err
	}
	env, err := part.ollamaEnv()
	if err != nil {
		return nil, err
	}
	files := []File{{"Modelfile", modelfile}}
	for _, r := range replicas {
		r.Argv, r.Env = []string{"ollama", "serve"}, append(env[:len(env):len(env)], "OLLAMA_HOST="+part.address()+":"+strconv.Itoa(r.port))
		files = append(files, File{r.name + ".sh", r.script(hostsOf(replicas))})
	}
	p.note("the servers listen on their machine alone: OLLAMA_HOST=0.0.0.0:%d lets others in, without authentication", p.s.Port)
	p.note("once a server runs: OLLAMA_HOST=localhost:%d ollama create %s -f Modelfile; requests name the model %s", p.s.Port, p.s.Name, p.s.Name)
	p.note("a release of Ollama holds llama.cpp in a version of its own, not %s", part.d.Release)
	if part.platform() == "intel" {
		p.note("Ollama reaches Intel's GPUs through Vulkan only, which OLLAMA_VULKAN=1 switches on")
	}
	return files, nil
}

// modelfile names the weights and what belongs to a loaded model.
func (p *part) modelfile() (string, error) {
	model := p.source("")
	if !isGGUF(model) {
		return "", fmt.Errorf("an Ollama Modelfile is from a GGUF file: %s is none", model)
	}
	if !strings.HasPrefix(model, "/") && !strings.HasPrefix(model, ".") {
		model = "./" + model
	}
	layers, err := p.layers()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nFROM %s\n", p.summary(), model)
	fmt.Fprintf(&b, "PARAMETER num_ctx %d\nPARAMETER num_batch %d\nPARAMETER num_gpu %d\n", p.d.Options.MaxModelLen, p.d.Options.MaxBatchedTokens, layers)
	return b.String(), nil
}

// ollamaEnv is what belongs to the server.
func (p *part) ollamaEnv() ([]string, error) {
	d, o := p.d, &p.d.Options
	env := []string{
		"OLLAMA_NUM_PARALLEL=" + strconv.Itoa(o.MaxSeqs), "OLLAMA_CONTEXT_LENGTH=" + strconv.Itoa(o.MaxModelLen),
		"OLLAMA_MAX_LOADED_MODELS=1", "OLLAMA_KEEP_ALIVE=-1",
	}
	switch kv := p.llamaCache(); {
	case kv == "":
	case kv != "q8_0" && kv != "q4_0":
		return nil, fmt.Errorf("an Ollama server keeps its cache in f16, q8_0 or q4_0, not in %s", kv)
	case o.NoFlashAttention:
		return nil, errors.New("an Ollama server keeps a quantised cache with flash attention only")
	default:
		env = append(env, "OLLAMA_KV_CACHE_TYPE="+kv)
	}
	env = append(env, "OLLAMA_FLASH_ATTENTION="+map[bool]string{true: "0", false: "1"}[o.NoFlashAttention])
	if d.PP > 1 {
		env = append(env, "OLLAMA_SCHED_SPREAD=1") // else it takes as few as hold the model
	}
	return env, nil
}
