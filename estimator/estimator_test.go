package estimator

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// A small set of real parts and models, so that the expected numbers below can
// be worked out by hand.
var (
	bf16 = &catalog.Precision{ID: "bf16", Name: "BF16", Bits: 16, Compute: "bf16"}
	fp8  = &catalog.Precision{ID: "fp8", Name: "FP8", Bits: 8, TensorBytes: 4, Compute: "fp8", Native: 8.9}
	q4km = &catalog.Precision{ID: "q4_k_m", Name: "Q4_K_M", GGUFMix: "Q4_K_M", Bits: 4.5, Compute: "int8"}
	kvQ8 = &catalog.Precision{ID: "q8_0", Name: "Q8_0", Bits: 8, Group: 32, GroupBytes: 2}

	vllm = &catalog.Engine{ID: "vllm", Name: "vLLM", Vendors: []string{"nvidia"}, Weights: []string{"bf16", "fp8"},
		KV: []string{"bf16", "fp8"}, Mixers: "FSCMmGKLVP-", MLA: true, MinCapability: 7}
	vllm019 = &catalog.EngineVersion{From: "0.17", MemoryFraction: 0.9, BlockTokens: 16, Trust: "A", Source: "test",
		Defaults: []catalog.BatchDefault{
			{MinMemory: 70 * GiB, Except: []string{"Ampere"}, MaxSeqs: 1024, MaxBatchedTokens: 8192},
			{MaxSeqs: 256, MaxBatchedTokens: 2048}},
		Memory: catalog.EngineMemory{SamplerBytesPerEntry: 12, SamplerLogits: true, NonTorch: 0.25 * GiB, NonTorchTP: 2.1 * GiB,
			VisibleReserve: 0.46 * GiB, Context: 0.5 * GiB}}
	llama      = &catalog.Engine{ID: LlamaCpp, Name: "llama.cpp", Vendors: []string{"nvidia", "cpu"}, Weights: []string{"q4_k_m"}, KV: []string{"f16", "q8_0"}, Mixers: "FSMG-", MLA: true}
	llamaBuild = &catalog.EngineVersion{From: "b3000", Defaults: []catalog.BatchDefault{{MaxSeqs: 1, MaxBatchedTokens: 512}}, Trust: "A",
		Memory: catalog.EngineMemory{Context: 0.45 * GiB}}

	h100 = &catalog.Accelerator{ID: "h100", Name: "H100", Vendor: "nvidia", Class: "datacenter", Architecture: "Hopper", ComputeCapability: "9.0",
		MemoryBandwidth: 3350, Peak: catalog.Peak{BF16: 989, FP8: 1979}, Link: catalog.Link{Kind: "NVLink4", GBps: 450, Domain: 8}}
)

func llama8B() *catalog.Model {
	return &catalog.Model{ID: "Llama-3.1-8B", MaxContext: 131072, Checkpoint: "bf16", Kind: catalog.Generative,
		Arch: catalog.Architecture{Layers: 32, Hidden: 4096, Vocab: 128256, FFN: 14336,
			Attention: catalog.Attention{Heads: 32, KVHeads: 8, HeadDim: 128}}}
}

func deepseekLike() *catalog.Model {
	return &catalog.Model{ID: "mla", MaxContext: 4096, Arch: catalog.Architecture{Layers: 4, Hidden: 2048, Vocab: 102400, FFN: 8192,
		Attention: catalog.Attention{Heads: 16}, MLA: &catalog.MLA{KVLoraRank: 512, NopeDim: 128, RopeDim: 64, VDim: 128}}}
}

func device(free int64) Device {
	return Device{Accelerator: h100, MemoryBytes: 81559 << 20, FreeBytes: free, Link: h100.Link}
}

func onVLLM(m *catalog.Model) Deployment {
	return Deployment{Model: m, Weights: bf16, Engine: vllm, Version: vllm019, Device: device(81559 << 20),
		Options: Options{MaxModelLen: min(8192, m.MaxContext)}}
}

func onLlamaCpp(m *catalog.Model, free int64) Deployment {
	return Deployment{Model: m, Weights: q4km, Engine: llama, Version: llamaBuild, Device: device(free), Options: Options{MaxModelLen: 4096}}
}

func mustFit(t *testing.T, d Deployment) Ledger {
	t.Helper()
	l, err := Memory(d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWeightBytesByHand(t *testing.T) {
	// 8,030,261,248 parameters x 2 bytes + rotary table 131072 x 128 x 2.
	const tables = 131072 * 128 * 2
	l := mustFit(t, onVLLM(llama8B()))
	if want := int64(8_030_261_248*2 + tables); l.WeightsBytes != want {
		t.Errorf("BF16: %d bytes, want %d", l.WeightsBytes, want)
	}
	// FP8: matrices of the layers at one byte + 4 bytes for each of 7 x 32
	// tensors; embedding, head and norms stay at two.
	d := onVLLM(llama8B())
	d.Weights = fp8
	matrices := int64(32 * (4096*4096*2 + 2*1024*4096 + 3*14336*4096))
	rest := 8_030_261_248 - matrices
	if got, want := mustFit(t, d).WeightsBytes, matrices+4*7*32+2*rest+tables; got != want {
		t.Errorf("FP8: %d bytes, want %d", got, want)
	}
}

func TestShardsAddUp(t *testing.T) {
	whole := mustFit(t, onVLLM(llama8B())).WeightsBytes
	d := onVLLM(llama8B())
	d.TP = 4
	quarter := mustFit(t, d).WeightsBytes
	// Norms (65 x 4096 x 2 bytes) and the rotary table are replicated.
	replicated := int64(65*4096*2 + 131072*128*2)
	if want := (whole-replicated)/4 + replicated; quarter != want {
		t.Errorf("TP4: %d bytes, want %d", quarter, want)
	}
	d = onVLLM(llama8B())
	d.PP = 2
	var sum int64
	for i := range 2 {
		l, err := StageMemory(d, i)
		if err != nil {
			t.Fatal(err)
		}
		sum += l.WeightsBytes
	}
	if want := whole + 131072*128*2; sum != want { // each stage has a rotary table
		t.Errorf("PP2 stages sum to %d, want %d", sum, want)
	}
}

func TestStageOfGivesRemainderToTheMiddle(t *testing.T) {
	d := Deployment{Model: &catalog.Model{Arch: catalog.Architecture{Layers: 30}}, PP: 4}
	var sizes []int
	for i := range 4 {
		s := d.stageOf(i)
		sizes = append(sizes, s.last-s.first)
	}
	if want := []int{7, 8, 8, 7}; !equal(sizes, want) {
		t.Errorf("stages %v, want %v", sizes, want)
	}
}

func equal(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestKVBytesPerToken(t *testing.T) {
	// GQA: 2 x 32 layers x 8 heads x 128 x 2 bytes = 131072.
	if l := mustFit(t, onVLLM(llama8B())); l.KVBytesPerToken != 131072 {
		t.Errorf("GQA %v bytes per token, want 131072", l.KVBytesPerToken)
	}
	// TP16 over 8 KV heads keeps one head a rank: 2 x 32 x 128 x 2 = 16384.
	d := onVLLM(llama8B())
	d.TP = 16
	if l := mustFit(t, d); l.KVBytesPerToken != 16384 {
		t.Errorf("TP16 %v bytes per token, want 16384", l.KVBytesPerToken)
	}
	// The MLA latent, (512 + 64) x 2 bytes x 4 layers, is the same on every rank.
	for _, tp := range []int{1, 4} {
		d := onVLLM(deepseekLike())
		d.TP = tp
		if l := mustFit(t, d); l.KVBytesPerToken != 4608 {
			t.Errorf("MLA TP%d %v bytes per token, want 4608", tp, l.KVBytesPerToken)
		}
	}
	// Q8_0 rows carry two bytes for each 32 elements: 34/32 of a byte each.
	d = onLlamaCpp(llama8B(), 81559<<20)
	d.KV = kvQ8
	if l := mustFit(t, d); l.KVBytesPerToken != 2*32*1024*34/32 {
		t.Errorf("Q8_0 cache %v bytes per token, want %d", l.KVBytesPerToken, 2*32*1024*34/32)
	}
}

func TestBlockPoolGroups(t *testing.T) {
	// gemma-3-27b: 62 layers, 10 full and 52 sliding of 1024: groups of 10,
	// so 70 slots. Worked out: page 16 tokens x 8192 B = 131072 B; pool of
	// 70 x 131072 x 1000 bytes = 7000 blocks over 10 layers.
	kinds := []cacheKind{{mixer: 'S', layers: 52, perToken: 8192, window: 1024}, {mixer: 'F', layers: 10, perToken: 8192}}
	p := blockPool(70*131072*1000, kinds, 16, 8192, 8192, false)
	if p.blocks != 7000 {
		t.Fatalf("%d blocks, want 7000", p.blocks)
	}
	if want := int64(1000 * 16); p.tokens != want { // 7 groups share the blocks
		t.Errorf("%d tokens, want %d", p.tokens, want)
	}
	// A sequence of 8192: full 512 blocks; sliding ceil(min(1023+8192, 8192)/16)+1 = 513 in each of 6 groups.
	if want := 7000.0 / (512 + 6*513); math.Abs(p.seqs-want) > 1e-9 {
		t.Errorf("%v sequences, want %v", p.seqs, want)
	}
}

func TestBlockPoolStretchesBlocksToHoldState(t *testing.T) {
	// State of 100,000 B against attention of 1024 B a token: the block grows
	// to 16 x ceil(100000 / 16384) = 112 tokens, a page to 114,688 B.
	kinds := []cacheKind{{mixer: 'M', layers: 8, state: 100000}, {mixer: 'F', layers: 8, perToken: 1024}}
	page, tokens := pages(kinds, 16)
	if page != 112*1024 || tokens[1] != 112 {
		t.Errorf("page %v with %v tokens, want %d with 112", page, tokens, 112*1024)
	}
}

// A model whose layers differ pays for padding: what fits must hold a whole
// sequence all the same.
func TestWhatFitsHoldsASequence(t *testing.T) {
	m := llama8B()
	m.Arch.Layers, m.Arch.Mixers, m.Arch.Attention.Window = 62, "S5F", 1024
	refused := 0
	for free := int64(18 * GiB); free < 60*GiB; free += GiB / 2 {
		d := onVLLM(m)
		d.Options.MaxModelLen = 65536
		d.Device.MemoryBytes, d.Device.FreeBytes = free, free
		l := mustFit(t, d)
		if l.Fits && l.MaxSequences < 1 {
			t.Fatalf("fits %d bytes with room for %v sequences", free, l.MaxSequences)
		}
		if !l.Fits {
			refused++
		}
	}
	if refused == 0 || refused == 84 {
		t.Errorf("%d of 84 sizes refused: the range does not cross the edge", refused)
	}
}

func TestEncoderKeepsNoCache(t *testing.T) {
	m := llama8B()
	m.Kind, m.Arch.NoHead = catalog.Embedding, true
	l := mustFit(t, onVLLM(m))
	if l.KVBytesPerToken != 0 || l.KVTokens != 0 || !l.Fits || l.MaxSequences != 1024 {
		t.Errorf("an encoder: %v bytes per token, %d tokens, fits %v, %v sequences", l.KVBytesPerToken, l.KVTokens, l.Fits, l.MaxSequences)
	}
	d := onVLLM(m)
	d.Options.MemoryFraction = 0.1
	if l = mustFit(t, d); l.Fits || l.Change != "--memory-fraction 0.90" {
		t.Errorf("in a tenth of the memory: fits %v, change %q", l.Fits, l.Change)
	}
	d.Device.MemoryBytes, d.Device.FreeBytes = 8*GiB, 8*GiB
	if l = mustFit(t, d); l.Fits || !strings.Contains(l.Change, "GiB more") || strings.Contains(l.Change, "NaN") {
		t.Errorf("on a small device: fits %v, change %q", l.Fits, l.Change)
	}
}

func TestParallelMixersKeepCacheAndState(t *testing.T) {
	m := llama8B()
	m.Arch.Mixers = "P"
	m.Arch.SSM = &catalog.SSM{Heads: 24, HeadDim: 64, Groups: 1, State: 128, Conv: 4}
	l := mustFit(t, onVLLM(m))
	// Per layer: convolution (1536 + 256) x 3 x 2 bytes and state 1536 x 128 x 2.
	if want := int64(32 * ((1536+256)*3*2 + 1536*128*2)); l.StateBytes != want || l.KVBytesPerToken != 131072 {
		t.Errorf("state %d, want %d; %v bytes per token, want 131072", l.StateBytes, want, l.KVBytesPerToken)
	}
}

func TestGGUFMixByHand(t *testing.T) {
	// Llama-3-8B Q4_K_M is 4.5829 GiB on disk: tensors alone, by llama.cpp's rule.
	m := llama8B()
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	l := ggufLayout(m, tensors, "Q4_K_M")
	if got := float64(l.TotalBytes) / GiB; math.Abs(got-4.5767) > 0.002 {
		t.Errorf("Q4_K_M file %.4f GiB, want 4.5767", got)
	}
	// F16: two bytes for matrices, four for the 65 norms.
	l = ggufLayout(m, tensors, "F16")
	if want := int64(8_030_261_248-65*4096)*2 + 65*4096*4; l.TotalBytes != want {
		t.Errorf("F16 file %d bytes, want %d", l.TotalBytes, want)
	}
}

// TestCheckpointBytes holds sizes of published files: Llama 3 8B in 16 bits and
// Q4_K_M.
func TestCheckpointBytes(t *testing.T) {
	for _, x := range []struct {
		precision catalog.Precision
		gib       float64
	}{{catalog.Precision{ID: "bf16", Bits: 16, Compute: "bf16"}, 14.957}, {catalog.Precision{ID: "q4_k_m", GGUFMix: "Q4_K_M"}, 4.5767}} {
		got, err := CheckpointBytes(llama8B(), &x.precision)
		if err != nil || math.Abs(float64(got)/GiB/x.gib-1) > 0.001 {
			t.Errorf("%s: %.4f GiB, %v; want %.4f", x.precision.ID, float64(got)/GiB, err, x.gib)
		}
	}
}

func TestStoredBytesFallsBack(t *testing.T) {
	// 1152 columns are no multiple of 256: Q4_K becomes Q5_0 (22 bytes for 32).
	if got, want := storedBytes("Q4_K", 10, 1152), 10.0*1152/32*22; got != want {
		t.Errorf("%v bytes, want %v", got, want)
	}
	if got, want := storedBytes("Q6_K", 10, 33), 10.0*33*2; got != want { // not even 32: F16
		t.Errorf("%v bytes, want %v", got, want)
	}
}

func TestPartialOffloadFillsTheDevice(t *testing.T) {
	full := mustFit(t, onLlamaCpp(llama8B(), 81559<<20))
	if full.GPULayers != 33 || !full.Fits {
		t.Fatalf("%d of %d layers, fits %v: want all 33", full.GPULayers, full.TotalLayers, full.Fits)
	}
	d := onLlamaCpp(llama8B(), 3*GiB)
	d.Device.HostFreeBytes = 16 * GiB
	part := mustFit(t, d)
	if !part.Fits || part.GPULayers <= 0 || part.GPULayers >= 33 {
		t.Fatalf("%d layers, fits %v: want some", part.GPULayers, part.Fits)
	}
	d.Options.GPULayers = part.GPULayers + 1
	if mustFit(t, d).Fits {
		t.Errorf("%d layers fit too: the offload was not maximal", part.GPULayers+1)
	}
	if sum := part.WeightsBytes + part.KVPoolBytes + part.HostBytes; sum != full.WeightsBytes+full.KVPoolBytes+full.HostBytes {
		t.Errorf("device and host hold %d bytes, the whole is %d", sum, full.WeightsBytes+full.KVPoolBytes+full.HostBytes)
	}
}

// TestMoreMemoryNeverFitsLess and its neighbours are properties over a grid.
func TestMoreMemoryNeverFitsLess(t *testing.T) {
	for _, build := range []func(int64) Deployment{
		func(free int64) Deployment {
			d := onVLLM(llama8B())
			d.Device = device(free)
			d.Device.MemoryBytes = free
			d.Options.MaxSeqs, d.Options.MaxBatchedTokens = 256, 2048 // the defaults themselves grow with memory
			return d
		},
		func(free int64) Deployment { return onLlamaCpp(llama8B(), free) },
	} {
		fitted, tokens := false, int64(0)
		for free := int64(1 * GiB); free <= 80*GiB; free += GiB {
			l := mustFit(t, build(free))
			if fitted && !l.Fits {
				t.Fatalf("fits below %d GiB but not with it", free/GiB)
			}
			if l.Fits && l.KVTokens < tokens {
				t.Fatalf("%d tokens with %d GiB, %d with less", l.KVTokens, free/GiB, tokens)
			}
			if l.Fits {
				fitted, tokens = true, l.KVTokens
			}
		}
		if !fitted {
			t.Error("never fits")
		}
	}
}

func TestLedgerLinesSumToCapacity(t *testing.T) {
	for _, d := range []Deployment{onVLLM(llama8B()), onLlamaCpp(llama8B(), 81559<<20), onVLLM(deepseekLike())} {
		l := mustFit(t, d)
		var sum int64
		for _, line := range l.Lines {
			if line.Low > line.Bytes || line.High < line.Bytes {
				t.Errorf("%s: %d is outside %d to %d", line.ID, line.Bytes, line.Low, line.High)
			}
			if line.Source == "" && line.ID == "" || line.Formula == "" || line.Numbers == "" || line.Basis == "" {
				t.Errorf("%s %s: a line without formula, numbers or basis: %+v", d.Engine.ID, line.ID, line)
			}
			sum += line.Bytes
		}
		if diff := sum - l.CapacityBytes; diff < -8 || diff > 8 { // rounding of each line
			t.Errorf("%s: lines sum to %d, capacity %d", d.Engine.ID, sum, l.CapacityBytes)
		}
	}
}

func TestNonTorchFollowsTheLink(t *testing.T) {
	v := *vllm019
	v.Memory.NonTorchPCIe = 0.32 * GiB
	d := onVLLM(llama8B())
	d.Version, d.TP = &v, 2
	nvlink := mustFit(t, d)
	if got := nvlink.Line("communication").Bytes; math.Abs(float64(got)-2.1*GiB) > 1 {
		t.Errorf("NVLink: %d bytes, want 2.1 GiB", got)
	}
	d.Device.Link = catalog.Link{}
	pcie := mustFit(t, d)
	if got := pcie.Line("communication").Bytes; math.Abs(float64(got)-0.32*GiB) > 1 {
		t.Errorf("PCIe: %d bytes, want 0.32 GiB", got)
	}
}

func TestFitAgreesWithMemory(t *testing.T) {
	for _, d := range []Deployment{onVLLM(llama8B()), onLlamaCpp(llama8B(), 3*GiB)} {
		quiet, err := Fit(d)
		if err != nil {
			t.Fatal(err)
		}
		full := mustFit(t, d)
		if quiet.NeedBytes != full.NeedBytes || quiet.Fits != full.Fits || quiet.KVTokens != full.KVTokens {
			t.Errorf("%s: Fit says %d/%v/%d, Memory %d/%v/%d", d.Engine.ID, quiet.NeedBytes, quiet.Fits, quiet.KVTokens, full.NeedBytes, full.Fits, full.KVTokens)
		}
	}
}

func TestDefaultsAreSaid(t *testing.T) {
	d := onVLLM(llama8B())
	d.Options = Options{}
	l := mustFit(t, d)
	want := map[string]string{"max_model_len": "131072", "max_num_seqs": "1024", "max_num_batched_tokens": "8192", "memory_fraction": "0.9"}
	for _, a := range l.Assumptions {
		if want[a.Name] != a.Value {
			t.Errorf("assumed %s = %s, want %s", a.Name, a.Value, want[a.Name])
		}
		delete(want, a.Name)
	}
	if len(want) > 0 {
		t.Errorf("not said: %v", want)
	}
}

func TestShortfallNamesTheSmallestChange(t *testing.T) {
	d := onVLLM(llama8B())
	d.Options.MaxModelLen = 131072
	d.Device.MemoryBytes, d.Device.FreeBytes = 24*GiB, 24*GiB
	l := mustFit(t, d)
	if l.Fits || l.Reason == "" || !strings.Contains(l.Change, "context of") {
		t.Fatalf("24 GiB, 131072 tokens: fits %v, %q, %q", l.Fits, l.Reason, l.Change)
	}
	busy := onVLLM(llama8B())
	busy.Device.FreeBytes = 60 * GiB
	l = mustFit(t, busy)
	if l.Fits || !strings.Contains(l.Change, "--memory-fraction 0.7") {
		t.Fatalf("60 of 80 GiB free: fits %v, %q, %q", l.Fits, l.Reason, l.Change)
	}
	busy.Options.MemoryFraction = FreeFraction(busy)
	if l = mustFit(t, busy); !l.Fits {
		t.Errorf("with fraction %v: %s", busy.Options.MemoryFraction, l.Reason)
	}
}

func TestUnsupportedCombinations(t *testing.T) {
	t4 := *h100
	t4.ComputeCapability = "7.5"
	needsAda := *fp8
	needsAda.MinCapability = 8.9
	cases := []struct {
		name string
		set  func(*Deployment)
		want string
	}{
		{"TP does not divide the heads", func(d *Deployment) { d.TP = 3 }, "TP 3 does not divide 32 query heads"},
		{"precision of another engine", func(d *Deployment) { d.Weights = q4km }, "does not load Q4_K_M"},
		{"precision above the card", func(d *Deployment) { d.Weights, d.Device.Accelerator = &needsAda, &t4 }, "compute capability 8.9"},
		{"context beyond the model", func(d *Deployment) { d.Options.MaxModelLen = 1 << 20 }, "context of 131072"},
		{"experts that are not there", func(d *Deployment) { d.TP, d.EP = 2, 2 }, "no experts"},
		{"tensor parallel llama.cpp", func(d *Deployment) { *d = onLlamaCpp(d.Model, 80*GiB); d.TP = 2 }, "splits by layer"},
		{"a layer kind the engine lacks", func(d *Deployment) { e := *vllm; e.Mixers = "S"; d.Engine = &e }, "no formula for what the full attention layers of Llama-3.1-8B cache"},
	}
	for _, c := range cases {
		d := onVLLM(llama8B())
		c.set(&d)
		_, err := Memory(d)
		var bad *UnsupportedError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an UnsupportedError with %q", c.name, err, c.want)
		}
	}
	if _, err := Memory(Deployment{}); err == nil {
		t.Error("an empty deployment was accepted")
	}
}

func speedCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// onH100 is Llama 3.1 8B in BF16 on the catalog's H100 under vLLM 0.19.
func onH100(t *testing.T, c *catalog.Catalog) Deployment {
	t.Helper()
	acc, err := c.Accelerator("h100-sxm5-80gb")
	if err != nil {
		t.Fatal(err)
	}
	d := onVLLM(llama8B())
	d.Device = Device{Accelerator: acc, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes, Link: acc.Link}
	d.Release = "0.19"
	return d
}

// TestDecodeByHand adds up one step of one sequence: the matrix products of
// Llama 3.1 8B by their shapes, its cache, its launches, and the engine.
func TestDecodeByHand(t *testing.T) {
	c := speedCatalog(t)
	d := onH100(t, c)
	s, err := Estimate(c, d, Workload{InputTokens: 1024, OutputTokens: 64, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	acc := d.Device.Accelerator
	gemm, _, _ := c.CurveFor(acc, "gemm", "bf16")
	attention, _, _ := c.CurveFor(acc, "decode_attention", "bf16")
	flop, byte := acc.Peak.BF16*1e6, acc.MemoryBandwidth*1e3 // of a microsecond
	product := func(n, k float64) float64 { return gemm.Matrix(2*n*k/flop, (2*n*k+2*k+2*n)/byte) }
	layer := product(4096+2*1024, 4096) + product(4096, 4096) + product(2*14336, 4096) + product(4096, 14336)
	layer += attention.Decode(4*32*128*1056/flop, 2*2*8*128*1056/byte)
	layer += 4*1.5 + (20*4096+6*14336)/(0.75*byte)
	us := 32*layer + product(128256, 4096) + 10 + 8*128256/(0.75*byte)
	e := c.EngineTimeFor("vllm", "0.19", acc, &c.Precisions[0])
	us = e.Kernels*us + e.Step + 32*e.Layer + e.Sequence
	if math.Abs(s.TPOTMs.Value/(us/1000)-1) > 1e-6 {
		t.Errorf("TPOT %.4f ms, want %.4f", s.TPOTMs.Value, us/1000)
	}
	if s.Bound != "memory bandwidth" || s.TPOTMs.Low >= s.TPOTMs.Value || s.TPOTMs.High <= s.TPOTMs.Value {
		t.Errorf("bound %q, interval %v to %v", s.Bound, s.TPOTMs.Low, s.TPOTMs.High)
	}
	if s.TPOTMs.Basis != catalog.Calibrated {
		t.Errorf("basis %s", s.TPOTMs.Basis)
	}
	if len(s.Formula) != 2 || !strings.Contains(s.Formula[0], "MLP") {
		t.Errorf("formula %q", s.Formula)
	}
}

func TestSpeedProperties(t *testing.T) {
	c := speedCatalog(t)
	at := func(set func(*Deployment, *Workload)) Speed {
		d, w := onH100(t, c), Workload{InputTokens: 1024, OutputTokens: 64, Concurrency: 1}
		set(&d, &w)
		s, err := Estimate(c, d, w)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	base := at(func(*Deployment, *Workload) {})
	faster := *onH100(t, c).Device.Accelerator
	faster.MemoryBandwidth *= 2
	if s := at(func(d *Deployment, _ *Workload) { d.Device.Accelerator = &faster }); s.TPOTMs.Value >= base.TPOTMs.Value {
		t.Error("twice the bandwidth does not speed decode up")
	}
	if s := at(func(_ *Deployment, w *Workload) { w.InputTokens = 4096 }); s.TTFTMs.Value <= base.TTFTMs.Value || s.TPOTMs.Value <= base.TPOTMs.Value {
		t.Error("a longer prompt costs nothing")
	}
	batch := at(func(_ *Deployment, w *Workload) { w.Concurrency = 32 })
	if batch.TokensPerS.Value <= base.TokensPerS.Value || batch.TPOTMs.Value <= base.TPOTMs.Value {
		t.Error("a batch of 32 must raise throughput and slow each user")
	}
	tp := at(func(d *Deployment, _ *Workload) { d.TP = 4 })
	if s := at(func(d *Deployment, _ *Workload) { d.TP, d.Device.Link = 4, catalog.Link{} }); s.TPOTMs.Value < tp.TPOTMs.Value {
		t.Error("PCIe is faster than NVLink")
	}
	if _, err := Estimate(&catalog.Catalog{}, onVLLM(llama8B()), Workload{InputTokens: 1, OutputTokens: 1}); err == nil {
		t.Error("a speed without any measurements")
	}
}

func TestExpertsTouched(t *testing.T) {
	e := &catalog.Experts{Count: 8, PerToken: 2}
	for tokens, want := range map[float64]float64{1: 2, 2: 3.5, 1000: 8} {
		if got := expertsTouched(e, tokens); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v tokens touch %v experts, want %v", tokens, got, want)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	for name, d := range map[string]Deployment{"vllm": onVLLM(llama8B()), "llamacpp": onLlamaCpp(llama8B(), 80*GiB)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Fit(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
