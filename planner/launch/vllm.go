package launch

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// vllm is vLLM's server. Its tensor-parallel size is that of one attention-DP
// group, and its limits are those of one group, as the deployment's are.
func (p *part) vllm(port int, model string) (Process, error) {
	d, o := p.d, &p.d.Options
	if err := p.checkVLLM(); err != nil {
		return Process{}, err
	}
	load := p.load(map[string]string{"fp8": "fp8", "bnb-nf4": "bitsandbytes"})
	a := argv{"vllm", "serve", p.source(model), "--host", p.address(), "--port", strconv.Itoa(port)}
	a.number("--tensor-parallel-size", d.TP/d.AttentionDP)
	a.above(1, "--pipeline-parallel-size", d.PP)
	a.above(1, "--data-parallel-size", d.AttentionDP)
	a.when(d.EP > 1, "--enable-expert-parallel")
	a.above(1, "--decode-context-parallel-size", o.ContextParallel)
	a.number("--max-model-len", o.MaxModelLen)
	a.number("--max-num-seqs", o.MaxSeqs)
	a.number("--max-num-batched-tokens", o.MaxBatchedTokens)
	a.share("--gpu-memory-utilization", o.MemoryFraction)
	a.when(load.dtype != "", "--dtype", load.dtype)
	a.when(load.quantise != "", "--quantization", load.quantise)
	a.when(p.cache() != "", "--kv-cache-dtype", p.cache())
	a.when(o.EnforceEager, "--enforce-eager")
	a.add(p.vllmPooling()...)
	if err := p.vllmSpeculation(&a); err != nil {
		return Process{}, err
	}
	if p.role != both {
		kv := map[role]string{prefills: "kv_producer", decodes: "kv_consumer"}[p.role]
		a.add("--kv-transfer-config", jsonOf(map[string]any{"kv_connector": "NixlConnector", "kv_role": kv}))
	}
	return Process{Argv: a}, nil
}

// checkVLLM refuses what vLLM has no option for.
func (p *part) checkVLLM() error {
	d := p.d
	switch {
	case d.AttentionDP > 1 && d.Model.Arch.Experts == nil:
		return fmt.Errorf("vLLM: data-parallel ranks of %s, which has no experts to share, are whole copies: plan them as replicas, not as attention-DP", d.Model.ID)
	case d.EP > 1 && d.EP != d.TP:
		return fmt.Errorf("vLLM spreads experts over all accelerators of a stage or over none: EP %d is not TP %d", d.EP, d.TP)
	case d.Options.MaxBatchedTokens < d.Options.MaxSeqs:
		return fmt.Errorf("vLLM gives every sequence a token of a step: %d tokens are too few for %d sequences", d.Options.MaxBatchedTokens, d.Options.MaxSeqs)
	case p.cache() != "" && p.cache() != "fp8":
		return fmt.Errorf("vLLM keeps its cache in the model's %s or in FP8, not in %s", float(d.Weights), d.KV.Name)
	}
	return nil
}

// vllmPooling turns a decoder into an embedding model or a ranker; --runner
// replaced --task with vllm-project/vllm pull request 21470.
func (p *part) vllmPooling() []string {
	switch {
	case p.d.Model.Kind != catalog.Embedding && p.d.Model.Kind != catalog.Rerank:
		return nil
	case catalog.Reached(p.d.Release, "0.10.1"):
		return []string{"--runner", "pooling"}
	case p.d.Model.Kind == catalog.Rerank:
		return []string{"--task", "score"}
	}
	return []string{"--task", "embed"}
}

// vllmSpeculation names what proposes tokens. The V1 engine runs draft models
// since vllm-project/vllm pull request 24322; "mtp" stands for the families'
// own names since 0.11.
func (p *part) vllmSpeculation(a *argv) error {
	n := p.d.Options.Speculation.Tokens
	if n == 0 {
		return nil
	}
	if err := p.checkDraft(); err != nil {
		return err
	}
	config := map[string]any{"num_speculative_tokens": n}
	switch {
	case p.s.Draft != "" && !catalog.Reached(p.d.Release, "0.16"):
		return fmt.Errorf("vLLM %s: its V1 engine runs no draft models before 0.16", p.d.Release)
	case p.s.Draft != "":
		config["method"], config["model"] = "draft_model", p.s.Draft
	case catalog.Reached(p.d.Release, "0.11"):
		config["method"] = "mtp"
	default:
		return fmt.Errorf("vLLM %s names multi-token prediction by the model's family: choose 0.11 or later", p.d.Release)
	}
	a.add("--speculative-config", jsonOf(config))
	return nil
}

// checkDraft refuses to speculate without anything that proposes tokens.
func (p *part) checkDraft() error {
	if p.s.Draft == "" && p.d.Model.Arch.MTP == nil {
		return &MissingError{"draft", p.d.Model.ID + " has no multi-token prediction of its own: name a draft model that speculates"}
	}
	return nil
}

// jsonOf is a value as JSON on one line, keys in order.
func jsonOf(v map[string]any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(text)
}
