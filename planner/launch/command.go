package launch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Command is how an engine is started.
type Command struct {
	Args  []string          // the program first
	Env   map[string]string // beside that of the machine
	Files []File            // that Args name
	Notes []string          // what the reader must do or know
}

// Addresses that a server listens on.
const (
	Loopback = "127.0.0.1" // of its machine alone
	All      = "0.0.0.0"   // of its container, which says who may come in
)

// CommandOf is the command line of one replica that serves a model. The deployment is
// resolved.
func CommandOf(d *estimator.Deployment, model, host string, port int) (*Command, error) {
	if model == "" {
		model = d.Model.ID
	}
	c := &Command{Args: nil, Env: map[string]string{}}
	switch d.Engine.ID {
	case "vllm":
		c.vllm(d, model, host, port)
	case "sglang":
		c.sglang(d, model, host, port)
	case "tensorrt-llm":
		c.trtllm(d, model, host, port)
	case estimator.LlamaCpp:
		c.llamaCpp(d, model, host, port)
	default:
		return nil, fmt.Errorf("launch: %s has no server of its own: accepted are vllm, sglang, tensorrt-llm, llama.cpp", d.Engine.Name)
	}
	return c, nil
}

func (c *Command) add(args ...string) { c.Args = append(c.Args, args...) }

// number adds a flag with a value above some.
func (c *Command) number(flag string, v, above int) {
	if v > above {
		c.add(flag, strconv.Itoa(v))
	}
}

func (c *Command) fraction(flag string, v float64) {
	if v > 0 {
		c.add(flag, strconv.FormatFloat(v, 'g', -1, 64))
	}
}

func (c *Command) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// weights notes a precision that is not the checkpoint's, and reports whether the engine
// makes it from the checkpoint when it loads.
func (c *Command) weights(d *estimator.Deployment, model string) (atLoad bool) {
	own := d.Model.Checkpoint
	wide := own == "bf16" || own == "fp16" || own == "fp32" || own == ""
	switch id := d.Weights.ID; {
	case id == own || own == "" && (id == "bf16" || id == "fp16"):
	case id == "fp8" && wide && model == d.Model.ID:
		return true
	case (id == "bf16" || id == "fp16") && wide:
	default:
		c.note("%s is planned in %s: name a checkpoint that holds it in place of %s, which holds %s", d.Model.ID, d.Weights.Name, model, orUnknown(own))
	}
	return false
}

func orUnknown(s string) string {
	if s == "" {
		return "an unknown precision"
	}
	return s
}

// dtype is the type of 16 bits that a checkpoint is to be loaded in, where it is not its
// own.
func dtype(d *estimator.Deployment) string {
	switch d.Weights.ID {
	case "fp16":
		if d.Model.Checkpoint != "fp16" {
			return "float16"
		}
	case "fp32":
		if d.Model.Checkpoint != "fp32" {
			return "float32"
		}
	}
	return ""
}

func (c *Command) vllm(d *estimator.Deployment, model, host string, port int) {
	o := &d.Options
	c.add("vllm", "serve", model, "--host", host, "--port", strconv.Itoa(port))
	c.number("--tensor-parallel-size", d.TP/max(d.AttentionDP, 1), 1)
	c.number("--pipeline-parallel-size", d.PP, 1)
	c.number("--data-parallel-size", d.AttentionDP, 1)
	if d.EP > 1 {
		c.add("--enable-expert-parallel")
		if d.EP != d.TP {
			c.note("vLLM splits experts over all %d accelerators, not over %d", d.TP, d.EP)
		}
	}
	c.number("--decode-context-parallel-size", o.ContextParallel, 1)
	c.number("--max-model-len", o.MaxModelLen, 0)
	c.number("--max-num-seqs", o.MaxSeqs, 0)
	c.number("--max-num-batched-tokens", o.MaxBatchedTokens, 0)
	c.fraction("--gpu-memory-utilization", o.MemoryFraction)
	if t := dtype(d); t != "" {
		c.add("--dtype", t)
	}
	if c.weights(d, model) {
		c.add("--quantization", "fp8")
	}
	if d.KV != nil && d.KV.ID == "fp8" {
		c.add("--kv-cache-dtype", "fp8")
	}
	if o.EnforceEager {
		c.add("--enforce-eager")
	}
	if n := o.Speculation.Tokens; n > 0 {
		c.note("speculation of %d tokens is planned: add --speculative-config with the draft, such as {\"method\": \"...\", \"num_speculative_tokens\": %d}", n, n)
	}
}

func (c *Command) sglang(d *estimator.Deployment, model, host string, port int) {
	o := &d.Options
	c.add("python3", "-m", "sglang.launch_server", "--model-path", model, "--host", host, "--port", strconv.Itoa(port))
	c.number("--tp-size", d.TP, 1)
	c.number("--pp-size", d.PP, 1)
	if d.AttentionDP > 1 {
		c.add("--dp-size", strconv.Itoa(d.AttentionDP), "--enable-dp-attention")
	}
	c.number("--ep-size", d.EP, 1)
	c.number("--context-length", o.MaxModelLen, 0)
	c.number("--max-running-requests", o.MaxSeqs, 0)
	c.number("--chunked-prefill-size", o.MaxBatchedTokens, 0)
	c.fraction("--mem-fraction-static", o.MemoryFraction)
	if t := dtype(d); t != "" {
		c.add("--dtype", t)
	}
	if c.weights(d, model) {
		c.add("--quantization", "fp8")
	}
	if d.KV != nil && d.KV.ID == "fp8" {
		c.add("--kv-cache-dtype", "fp8_e4m3")
	}
	if o.EnforceEager {
		c.add("--disable-cuda-graph")
	}
	if n := o.Speculation.Tokens; n > 0 {
		c.note("speculation of %d tokens is planned: add --speculative-algorithm, --speculative-draft-model-path and --speculative-num-draft-tokens %d", n, n+1)
	}
}

func (c *Command) trtllm(d *estimator.Deployment, model, host string, port int) {
	o := &d.Options
	c.add("trtllm-serve", model, "--host", host, "--port", strconv.Itoa(port))
	c.number("--tp_size", d.TP, 1)
	c.number("--pp_size", d.PP, 1)
	c.number("--ep_size", d.EP, 1)
	c.number("--max_batch_size", o.MaxSeqs, 0)
	c.number("--max_num_tokens", o.MaxBatchedTokens, 0)
	c.number("--max_seq_len", o.MaxModelLen, 0)
	c.fraction("--kv_cache_free_gpu_memory_fraction", o.MemoryFraction)
	var extra []string
	if d.AttentionDP > 1 {
		extra = append(extra, "enable_attention_dp: true")
		if d.AttentionDP != d.TP {
			c.note("TensorRT-LLM gives every accelerator whole sequences with attention-DP, not groups of %d", d.TP/d.AttentionDP)
		}
	}
	if d.KV != nil && d.KV.ID == "fp8" {
		extra = append(extra, "kv_cache_config:", "  dtype: fp8")
	}
	if len(extra) > 0 {
		c.Files = append(c.Files, File{Name: "llm-options.yaml", Text: strings.Join(extra, "\n") + "\n"})
		c.add("--extra_llm_api_options", "llm-options.yaml")
	}
	if c.weights(d, model) {
		c.note("name a checkpoint in FP8: TensorRT-LLM does not quantise %s when it loads", d.Model.ID)
	}
	if n := o.Speculation.Tokens; n > 0 {
		c.note("speculation of %d tokens is planned: add speculative_config to llm-options.yaml", n)
	}
}

func (c *Command) llamaCpp(d *estimator.Deployment, model, host string, port int) {
	o := &d.Options
	if d.File != nil {
		model = d.File.Name
	} else if !strings.HasSuffix(strings.ToLower(model), ".gguf") {
		c.note("put the GGUF file of %s in %s in place of model.gguf", d.Model.ID, d.Weights.Name)
		model = "model.gguf"
	}
	c.add("llama-server", "--model", model, "--host", host, "--port", strconv.Itoa(port))
	if o.MaxModelLen > 0 {
		c.add("--ctx-size", strconv.Itoa(o.MaxModelLen*max(o.MaxSeqs, 1)))
	}
	c.number("--parallel", o.MaxSeqs, 0)
	c.number("--ubatch-size", o.MaxBatchedTokens, 0)
	layers := o.GPULayers
	if layers == 0 && d.Device.Accelerator.Class != "cpu" {
		layers = 999 // all
	}
	c.number("--n-gpu-layers", layers, 0)
	if d.PP > 1 {
		c.add("--split-mode", "layer")
	}
	if d.KV != nil && d.KV.ID != "f16" && d.KV.ID != "fp16" {
		c.add("--cache-type-k", d.KV.ID, "--cache-type-v", d.KV.ID)
	}
	if o.NoFlashAttention {
		c.add("--flash-attn", "off")
	}
}

// Shell is the command as a shell reads it, a flag a line.
func (c *Command) Shell() string {
	var b strings.Builder
	for _, name := range sortedKeys(c.Env) {
		fmt.Fprintf(&b, "%s=%s ", name, quote(c.Env[name]))
	}
	for i, arg := range c.Args {
		switch {
		case i == 0:
		case strings.HasPrefix(arg, "-"):
			b.WriteString(" \\\n  ")
		default:
			b.WriteByte(' ')
		}
		b.WriteString(quote(arg))
	}
	b.WriteByte('\n')
	return b.String()
}

// quote is a word that a POSIX shell takes as it is.
func quote(word string) string {
	plain := word != ""
	for _, r := range word {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)) {
			plain = false
		}
	}
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
