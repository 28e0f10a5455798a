package launch

import (
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// sglang is SGLang's server. Its tensor-parallel size is that of all
// attention-DP groups, and its limits are divided among them, so both are
// multiplied here.
func (p *part) sglang(port int, model string) (Process, error) {
	d, o := p.d, &p.d.Options
	kv, ok := map[string]string{"": "", "fp8": "fp8_e4m3", "bf16": "bfloat16"}[p.cache()]
	switch {
	case !ok:
		return Process{}, fmt.Errorf("SGLang keeps its cache in the model's %s, in BF16 or in FP8, not in %s", float(d.Weights), d.KV.Name)
	case d.AttentionDP > 1 && d.PP > 1:
		return Process{}, fmt.Errorf("SGLang does not combine attention-DP %d with PP %d", d.AttentionDP, d.PP)
	}
	load := p.load(map[string]string{"fp8": "fp8"})
	a := argv{"python3", "-m", "sglang.launch_server", "--model-path", p.source(model), "--host", p.address(), "--port", strconv.Itoa(port)}
	a.number("--tp-size", d.TP)
	a.above(1, "--pp-size", d.PP)
	a.above(1, "--dp-size", d.AttentionDP)
	a.when(d.AttentionDP > 1, "--enable-dp-attention")
	a.above(1, "--ep-size", d.EP)
	a.number("--context-length", o.MaxModelLen)
	a.number("--max-running-requests", o.MaxSeqs*d.AttentionDP)
	a.number("--chunked-prefill-size", o.MaxBatchedTokens*d.AttentionDP)
	a.share("--mem-fraction-static", o.MemoryFraction)
	a.when(load.dtype != "", "--dtype", load.dtype)
	a.when(load.quantise != "", "--quantization", load.quantise)
	a.when(kv != "", "--kv-cache-dtype", kv)
	if o.EnforceEager {
		a.add("--disable-cuda-graph")
	} else {
		a.number("--cuda-graph-max-bs", o.MaxSeqs) // of one group
	}
	a.when(d.Model.Kind == catalog.Embedding || d.Model.Kind == catalog.Rerank, "--is-embedding")
	if n := o.Speculation.Tokens; n > 0 {
		if err := p.checkDraft(); err != nil {
			return Process{}, err
		}
		if p.s.Draft != "" {
			a.add("--speculative-algorithm", "STANDALONE", "--speculative-draft-model-path", p.s.Draft)
		} else {
			a.add("--speculative-algorithm", "NEXTN")
		}
		a.number("--speculative-num-steps", n)
		a.number("--speculative-eagle-topk", 1)
		a.number("--speculative-num-draft-tokens", n+1)
	}
	return Process{Argv: a}, nil
}
