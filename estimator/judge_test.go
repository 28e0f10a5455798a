package estimator

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

func TestNeedIsWhatMustBeFree(t *testing.T) {
	// Weights 8,030,261,248 x 2 + 131072 x 128 x 2; sampler 1024 x 128256 x 14
	// (no base here); non-torch 0.25 GiB, context 0.5 GiB; the driver's reserve
	// of 0.46 GiB, which a named device counts as free; 8192 tokens x 131072.
	want := 8_030_261_248*2 + 131072*128*2 + 1024*128256*14 + 0.25*GiB + 0.5*GiB + 0.46*GiB + 8192*131072
	l := mustFit(t, onVLLM(llama8B()))
	if !l.Fits || l.ShortBytes != 0 || math.Abs(float64(l.NeedBytes)-want) > 4 {
		t.Errorf("fits %v, %d missing, needs %d, want %.0f", l.Fits, l.ShortBytes, l.NeedBytes, want)
	}
	// A driver that tells what is free tells it without the reserve.
	d := onVLLM(llama8B())
	d.Device.FreeBytes = 40 * GiB
	l = mustFit(t, d)
	if math.Abs(float64(l.NeedBytes)-want+0.46*GiB) > 4 {
		t.Errorf("of 40 GiB free: needs %d, want %.0f", l.NeedBytes, want-0.46*GiB)
	}
	// The claim of 0.9 x (81559 MiB - 0.46 GiB) and the context are more than that.
	if short := 0.9*(81559*(1<<20)-0.46*GiB) + 0.5*GiB - 40*GiB; l.Fits || math.Abs(float64(l.ShortBytes)-short) > 4 {
		t.Errorf("of 40 GiB free: fits %v, %d missing, want %.0f", l.Fits, l.ShortBytes, short)
	}
}

func TestGraphsBesideTheClaimMustBeFree(t *testing.T) {
	v := *vllm019
	v.Memory.GraphBase = 2 * GiB
	d := onVLLM(llama8B())
	d.Version, d.Options.MemoryFraction = &v, 0.97 // 0.97 x 79.19 + 2 + 0.5 is above 79.19
	if l := mustFit(t, d); l.Fits || l.Change != "--memory-fraction 0.96" || !strings.Contains(l.Reason, "beside it") {
		t.Errorf("graphs beside the claim: fits %v, %q, %q", l.Fits, l.Reason, l.Change)
	}
	d.Options.EnforceEager = true
	if l := mustFit(t, d); !l.Fits {
		t.Errorf("without graphs: %s", l.Reason)
	}
	reserved := v
	reserved.Memory.GraphReserved = true
	d.Options.EnforceEager, d.Version = false, &reserved
	if l := mustFit(t, d); !l.Fits {
		t.Errorf("graphs within the claim: %s", l.Reason)
	}
	// 1 - (2 + 0.5) / 23.54 = 0.893: the default would claim too much of 24 GiB.
	d = onVLLM(llama8B())
	d.Version, d.Device.MemoryBytes, d.Device.FreeBytes = &v, 24*GiB, 24*GiB
	if f := FreeFraction(d); f != 0.89 {
		t.Errorf("fraction %v of 24 GiB, want 0.89", f)
	}
}

func TestSGLangPlansWithWhatIsFree(t *testing.T) {
	sglang := *vllm
	sglang.ID = "sglang"
	d := onVLLM(llama8B())
	d.Engine, d.Options.MemoryFraction = &sglang, 0.8
	whole := mustFit(t, d)
	d.Device.FreeBytes -= 20 * GiB
	busy := mustFit(t, d)
	if diff := whole.KVPoolBytes - busy.KVPoolBytes; math.Abs(float64(diff)-0.8*(20-0.46)*GiB) > 4 {
		t.Errorf("20 GiB in use cost %d bytes of pool, want 0.8 of them less the reserve", diff)
	}
	// Activations come beside the claim: what the fraction leaves must hold them.
	d.Options.MemoryFraction = 0.99
	if l := mustFit(t, d); l.Fits || !strings.Contains(l.Change, "--memory-fraction 0.9") {
		t.Errorf("0.99: fits %v, %q", l.Fits, l.Change)
	}
}

func TestStageWithoutCacheDoesNotBind(t *testing.T) {
	m := llama8B()
	m.Arch.Attention.SharedKVLayers = 16 // the second stage keeps nothing
	d := onVLLM(m)
	d.PP = 2
	all := mustFit(t, d)
	first, err := StageMemory(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	if all.KVTokens != first.KVTokens || all.KVTokens == 0 || all.MaxSequences != first.MaxSequences || all.KVBytesPerToken != first.KVBytesPerToken {
		t.Errorf("%d tokens and %v sequences, the stage with the cache holds %d and %v", all.KVTokens, all.MaxSequences, first.KVTokens, first.MaxSequences)
	}
}

// A stage that lacks memory binds whether it keeps a cache or not; what the
// cache holds is still told by the stages that keep one.
func TestStageThatIsShortBinds(t *testing.T) {
	m := llama8B()
	m.Arch.Attention.SharedKVLayers = 16
	d := onVLLM(m)
	d.PP, d.Options.MaxSeqs = 2, 1024 // the second stage samples: 1024 x 128256 x 14 bytes
	d.Device.MemoryBytes, d.Device.FreeBytes = 10*GiB, 10*GiB
	first, err := StageMemory(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := StageMemory(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := mustFit(t, d)
	if all.Fits || first.ShortBytes >= second.ShortBytes || all.ShortBytes != second.ShortBytes || all.KVTokens != first.KVTokens || all.KVTokens == 0 || all.MaxSequences != first.MaxSequences {
		t.Errorf("fits %v, %d missing, %d tokens; the stages lack %d and %d, the first holds %d", all.Fits, all.ShortBytes, all.KVTokens, first.ShortBytes, second.ShortBytes, first.KVTokens)
	}
}

func TestHostShortageIsThatOfTheLargestSplit(t *testing.T) {
	d := onLlamaCpp(llama8B(), 3*GiB)
	d.Device.HostFreeBytes = 16 * GiB
	roomy := mustFit(t, d)
	d.Device.HostFreeBytes = GiB
	l := mustFit(t, d)
	if l.Fits || l.GPULayers != roomy.GPULayers || l.ShortBytes != roomy.HostBytes-GiB || !strings.Contains(l.Reason, "of host memory") {
		t.Errorf("fits %v with %d layers, %d missing, %q; want %d layers and %d", l.Fits, l.GPULayers, l.ShortBytes, l.Reason, roomy.GPULayers, roomy.HostBytes-GiB)
	}
	// Over three devices the fullest does not grow with every layer.
	d.PP, d.Device.HostFreeBytes = 3, 16*GiB
	d.Device.MemoryBytes, d.Device.FreeBytes = 2*GiB, 2*GiB
	best := mustFit(t, d)
	for n := best.GPULayers + 1; n <= best.TotalLayers; n++ {
		d.Options.GPULayers = n
		if mustFit(t, d).Fits {
			t.Errorf("%d layers fit, %d were placed", n, best.GPULayers)
		}
	}
	if !best.Fits || best.GPULayers <= 1 {
		t.Errorf("three devices: %d layers, %s", best.GPULayers, best.Reason)
	}
}

func TestLlamaCppKeepsTheDriversReserve(t *testing.T) {
	v := *llamaBuild
	v.Memory.VisibleReserve = GiB / 2
	d := onLlamaCpp(llama8B(), 24*GiB)
	d.Version, d.Device.MemoryBytes = &v, 24*GiB
	l := mustFit(t, d)
	if l.BudgetBytes != 24*GiB-GiB/2 || l.Line("context").Bytes != GiB*95/100 {
		t.Errorf("lets itself use %d, context %d", l.BudgetBytes, l.Line("context").Bytes)
	}
	unified := *h100
	unified.Unified = true
	d.Device.Accelerator = &unified
	if d.Visible() != 24*GiB {
		t.Errorf("sees %v of 24 GiB shared with the host", d.Visible())
	}
}

func TestWindowlessFamiliesKeepEveryToken(t *testing.T) {
	m := llama8B()
	m.Family, m.Arch.Mixers, m.Arch.Attention.Window = "starcoder2", "S", 4096
	d := onLlamaCpp(m, 80*GiB)
	d.Options.MaxModelLen = 32768
	// 32 layers x 4096 bytes a token: of window + ubatch tokens, or of all.
	if l := mustFit(t, d); l.KVPoolBytes != 131072*(4096+512) {
		t.Errorf("with the window %d bytes", l.KVPoolBytes)
	}
	e := *llama
	e.Windowless, d.Engine = []string{"starcoder2"}, &e
	if l := mustFit(t, d); l.KVPoolBytes != 131072*32768 || l.KVBytesPerToken != 131072 {
		t.Errorf("without it %d bytes, %v a token", l.KVPoolBytes, l.KVBytesPerToken)
	}
}

func TestTiedOutputIsTheTokenEmbeddingAlone(t *testing.T) {
	m := llama8B()
	m.Arch.TieEmbeddings = true
	d := onLlamaCpp(m, 79*GiB)
	d.File = &GGUFLayout{Embedding: 7 * GiB, TiedOutput: GiB, Output: 16384, Layers: make([]int64, 32), Experts: make([]int64, 32), TotalBytes: 7*GiB + 16384}
	l := mustFit(t, d)
	if l.WeightsBytes != GiB+16384 || l.HostBytes != 7*GiB {
		t.Errorf("%d bytes on the device, %d on the host", l.WeightsBytes, l.HostBytes)
	}
	unified := *h100
	unified.Unified = true
	d.Device.Accelerator = &unified
	l = mustFit(t, d)
	if want := l.WeightsBytes + 6*GiB + l.KVPoolBytes + l.ActivationBytes + l.OverheadBytes; l.NeedBytes != want || l.Line("embedding").Bytes != 6*GiB {
		t.Errorf("in one memory: needs %d, want %d", l.NeedBytes, want)
	}
	// By the mix's rule: Gemma's per-layer embeddings are looked up.
	m.Arch.PerLayerEmbedding = 256
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	rule := ggufLayout(m, tensors, "F16")
	if rule.TiedOutput != 128256*4096*2 || rule.Embedding != rule.TiedOutput+128256*32*256*2 {
		t.Errorf("embeddings %d, of them the output %d", rule.Embedding, rule.TiedOutput)
	}
}

func TestSizesAreBounded(t *testing.T) {
	for _, c := range []struct {
		set  Options
		want string
	}{
		{Options{MaxSeqs: 1 << 29, MaxModelLen: 131072}, "536870912 sequences of 131072 tokens"},
		{Options{MaxSeqs: math.MaxInt}, "max_num_seqs 9223372036854775807"},
		{Options{MaxModelLen: -1}, "max_model_len -1"},
		{Options{MaxBatchedTokens: 1<<30 + 1}, "max_num_batched_tokens 1073741825"},
		{Options{MemoryFraction: math.NaN()}, "memory fraction NaN"},
	} {
		for _, d := range []Deployment{onVLLM(llama8B()), onLlamaCpp(llama8B(), 80*GiB)} {
			d.Options = c.set
			var unsupported *UnsupportedError
			if _, err := Memory(d); err == nil || errors.As(err, &unsupported) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %+v: error %v, want %q", d.Engine.ID, c.set, err, c.want)
			}
		}
	}
	d := onLlamaCpp(llama8B(), 80*GiB) // the largest that are accepted
	d.Options = Options{MaxSeqs: 1 << 19, MaxModelLen: 1 << 17, MaxBatchedTokens: 1 << 30, NoFlashAttention: true}
	if l := mustFit(t, d); l.Fits || l.NeedBytes < 0 || l.ActivationBytes < 0 || l.KVPoolBytes != 131072<<36 {
		t.Errorf("fits %v, needs %d, compute %d, cache %d", l.Fits, l.NeedBytes, l.ActivationBytes, l.KVPoolBytes)
	}
}

func TestBF16OnOldCardsNamesFP16(t *testing.T) {
	t4 := *h100
	t4.Name, t4.ComputeCapability = "T4", "7.5"
	p, e := *bf16, *vllm
	p.MinCapability, e.Weights = 8, []string{"bf16", "fp16"}
	d := onVLLM(llama8B())
	d.Device.Accelerator, d.Weights, d.Engine = &t4, &p, &e
	if _, err := Memory(d); err == nil || !strings.Contains(err.Error(), "--precision fp16") {
		t.Errorf("error %v", err)
	}
	d.Weights = &catalog.Precision{ID: "fp16", Name: "FP16", Bits: 16, Float: "fp16", MinCapability: 7}
	mustFit(t, d)
}

func TestLongestContextFits(t *testing.T) {
	for name, d := range map[string]Deployment{"vllm": onVLLM(llama8B()), "llama.cpp": onLlamaCpp(llama8B(), 12*GiB)} {
		d.Device.MemoryBytes = 24 * GiB
		d.Device.FreeBytes = min(d.Device.FreeBytes, 24*GiB)
		n, err := LongestContext(d)
		if err != nil || n == 0 || n == 131072 || n%256 != 0 {
			t.Fatalf("%s: %d tokens, %v", name, n, err)
		}
		d.Options.MaxModelLen = n
		fits := mustFit(t, d).Fits
		d.Options.MaxModelLen = n + 256
		if more := mustFit(t, d).Fits; !fits || more {
			t.Errorf("%s: %d tokens fit %v, %d fit %v", name, n, fits, n+256, more)
		}
		d.Options.MaxModelLen = n + 1 // between two blocks: what was asked for counts
		if longest, err := LongestContext(d); err != nil || longest != n && longest != n+1 {
			t.Errorf("%s: asked for %d tokens, %d, %v", name, n+1, longest, err)
		}
	}
	small := onVLLM(llama8B())
	small.Device.MemoryBytes, small.Device.FreeBytes = 8*GiB, 8*GiB
	if n, err := LongestContext(small); n != 0 || err != nil {
		t.Errorf("weights of 15 GiB in 8 GiB: %d tokens, %v", n, err)
	}
}
