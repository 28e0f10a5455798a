package estimator

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

func shippedCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Parse("../catalog.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// llamaOn is a model on a part of the shipped catalog, all layers on it.
func llamaOn(t testing.TB, c *catalog.Catalog, model, precision, accelerator string) Deployment {
	t.Helper()
	m, err := c.Model(model)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := c.Accelerator(accelerator)
	if err != nil {
		t.Fatal(err)
	}
	d := Deployment{Model: m, TP: 1, PP: 1, EP: 1, DP: 1, AttentionDP: 1, Options: Options{MaxBatchedTokens: 512, MaxSeqs: 1, MaxModelLen: 4096}}
	d.Device = Device{Accelerator: acc, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes}
	for i := range c.Precisions {
		if c.Precisions[i].ID == precision {
			d.Weights = &c.Precisions[i]
		}
	}
	for i := range c.Engines {
		if c.Engines[i].ID == LlamaCpp {
			d.Engine, d.Version = &c.Engines[i], &c.Engines[i].Versions[0]
		}
	}
	if d, err = Prepare(d); err != nil {
		t.Fatal(err)
	}
	return d
}

func llamaTimeOf(t testing.TB, c *catalog.Catalog, d Deployment, l Ledger) *llamaTime {
	t.Helper()
	tm, err := newLlamaTime(c, &d, &l)
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// TestLlamaWorkByHand steps two layers of 4 experts, 1 a token, with round
// numbers.
func TestLlamaWorkByHand(t *testing.T) {
	w := llamaWork{
		bytes: 200, expertBytes: 400, weights: 100, expertWeights: 80, layers: 2, expertLayers: 1,
		experts: &catalog.Experts{Count: 4, PerToken: 1},
		caches:  []llamaCache{{perToken: 10, state: 5, flop: 2}, {perToken: 20, flop: 4, window: 8}},
	}
	r := llamaRates{read: 10, weights: 100, unpack: 50, multiply: 20, attention: 5, layerS: 1, expertS: 3, groupS: 7}
	// One token touches 1 of 4 experts: 300 bytes 3 s, 120 weights 2.4 s, 240 FLOP 12 s.
	// 16 tokens of context, window 8 and passes of 4: cache 160 + 10 (state twice) + 20 x 12 = 410 bytes, 41 s;
	// attention 2 x 16 + 4 x 8 = 64 FLOP, 12.8 s. Launches 2 x 1 + 3.
	if got, want := w.seconds(&r, 1, 1, 16, 4), 3+2.4+12+41+12.8+5; math.Abs(got-want) > 1e-9 {
		t.Errorf("one token = %g s, want %g", got, want)
	}
	// 32 tokens of one sequence: 32^0.7 = 11.31 draws touch 4 (1 - 0.75^11.31) = 3.846 experts;
	// products 32 x 100 + 20 (32 + 16 x 3.846) = 5070.6 weights.
	distinct := 4 * (1 - math.Pow(0.75, math.Pow(32, 0.7)))
	want := (200+100*distinct)/100 + (100+20*distinct)/50 + 2*(3200+20*(32+16*distinct))/20 + 41 + 32*12.8 + 12
	if got := w.seconds(&r, 32, 1, 16, 4); math.Abs(got-want) > 1e-9 {
		t.Errorf("32 tokens = %g s, want %g", got, want)
	}
	// Without tokens cached and experts, nothing but weights and launches.
	dense := llamaWork{bytes: 200, weights: 100, layers: 2}
	if got, want := dense.seconds(&r, 1, 1, 0, 4), 2+2+10+2.0; math.Abs(got-want) > 1e-9 {
		t.Errorf("dense = %g s, want %g", got, want)
	}
}

// TestLlamaPasses counts passes: a prompt of 1200 in passes of 512, over three devices.
func TestLlamaPasses(t *testing.T) {
	tm := &llamaTime{ubatch: 512, stages: 1, stepS: 1, device: llamaPart{rates: llamaRates{read: 1, weights: 1, unpack: 1, multiply: 1, attention: 1}}}
	if got := tm.prefillMs(1200, 0); got != 3000 {
		t.Errorf("three passes = %g ms, want 3000", got)
	}
	tm.stages = 3 // three passes over three devices: 5 steps of a third instead of 3
	if got := tm.prefillMs(1200, 0); math.Abs(got-5000.0/3) > 1e-9 {
		t.Errorf("three passes over three devices = %g ms, want %g", got, 5000.0/3)
	}
	if got := tm.prefillMs(0, 100); got != 0 {
		t.Errorf("no new tokens = %g ms, want 0", got)
	}
}

// TestLlamaLookedUp holds that rows which are looked up are not read: an
// untied embedding and Gemma's embeddings per layer.
func TestLlamaLookedUp(t *testing.T) {
	c := shippedCatalog(t)
	for _, tt := range []struct {
		model string
		share float64 // of the file's bytes, at most
	}{{"google/gemma-4-E2B-it", 0.6}, {"meta-llama/Llama-3.1-8B-Instruct", 0.96}} {
		d := llamaOn(t, c, tt.model, "q4_k_m", "rtx-4090")
		w, host := llamaSplit(&d, 0)
		if read := w.bytes / float64(d.layout().TotalBytes); read > tt.share || read < tt.share/3 {
			t.Errorf("%s reads %.2f of its file, want at most %.2f", tt.model, read, tt.share)
		}
		if host.bytes != 0 || host.layers != 0 {
			t.Errorf("%s: %+v in host memory, want nothing", tt.model, host)
		}
	}
	tied := llamaOn(t, c, "meta-llama/Llama-3.2-1B-Instruct", "q8_0", "rtx-4090")
	w, _ := llamaSplit(&tied, 0)
	if all := float64(tied.layout().TotalBytes); math.Abs(w.bytes-all) > 0.01*all {
		t.Errorf("a tied embedding is read as the output: %g of %g bytes", w.bytes, all)
	}
}

// TestLlamaSplitConserves moves layers to the host without losing any.
func TestLlamaSplitConserves(t *testing.T) {
	c := shippedCatalog(t)
	d := llamaOn(t, c, "Qwen/Qwen3-30B-A3B", "q4_k_m", "rtx-4090")
	whole, _ := llamaSplit(&d, 0)
	for _, n := range []int{1, 7, 48} {
		device, host := llamaSplit(&d, n)
		if host.layers != float64(n) || device.layers+host.layers != whole.layers {
			t.Errorf("%d layers: %g on the host, %g on the device", n, host.layers, device.layers)
		}
		for name, sum := range map[string][2]float64{
			"bytes": {device.bytes + host.bytes, whole.bytes}, "experts": {device.expertBytes + host.expertBytes, whole.expertBytes},
			"weights": {device.weights + host.weights, whole.weights}, "expert weights": {device.expertWeights + host.expertWeights, whole.expertWeights},
		} {
			if math.Abs(sum[0]-sum[1]) > 1e-6*sum[1] {
				t.Errorf("%d layers: %s %g, want %g", n, name, sum[0], sum[1])
			}
		}
	}
}

// TestLlamaMonotone holds what must be true of any coefficients.
func TestLlamaMonotone(t *testing.T) {
	c := shippedCatalog(t)
	for _, model := range []string{"meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-30B-A3B", "google/gemma-3-27b-it"} {
		d := llamaOn(t, c, model, "q4_k_m", "rtx-4090")
		tm := llamaTimeOf(t, c, d, Ledger{})
		before := 0.0
		for _, context := range []float64{0, 100, 1000, 4000, 64000} {
			now := tm.decodeMs(1, context)
			if now < before || tm.decodeMs(4, context) < now {
				t.Errorf("%s: a step at %g tokens takes %g ms, less than with fewer tokens or sequences", model, context, now)
			}
			before = now
		}
		for _, cached := range []float64{0, 1000, 8000} {
			if tm.prefillMs(1000, cached) > tm.prefillMs(1001, cached) || tm.prefillMs(1000, cached) > tm.prefillMs(1000, cached+1) {
				t.Errorf("%s: more tokens are prefilled faster after %g", model, cached)
			}
		}
		fast := *d.Device.Accelerator
		fast.MemoryBandwidth *= 2
		quick := d
		quick.Device.Accelerator = &fast
		if q := llamaTimeOf(t, c, quick, Ledger{}); q.decodeMs(1, 1000) >= tm.decodeMs(1, 1000) || q.prefillMs(1000, 0) > tm.prefillMs(1000, 0) {
			t.Errorf("%s: twice the bandwidth is slower", model)
		}
		layers := d.Model.Arch.Layers + 1
		slow := math.Inf(1)
		for n := 1; n <= layers; n++ {
			part := llamaTimeOf(t, c, d, Ledger{GPULayers: n, TotalLayers: layers})
			if now := part.decodeMs(1, 1000); now > slow {
				t.Errorf("%s: %d layers on the device take %g ms, one less %g", model, n, now, slow)
			} else {
				slow = now
			}
			if n == 1 && part.bound(1, 1000) != "host memory bandwidth" {
				t.Errorf("%s: bound by %q with all layers on the host", model, part.bound(1, 1000))
			}
		}
		if slow != tm.decodeMs(1, 1000) {
			t.Errorf("%s: all layers on the device take %g ms, want %g", model, slow, tm.decodeMs(1, 1000))
		}
	}
}

// TestLlamaEverywhere prices a dense model, a mixture, a latent and a
// recurrent one on every part: a finite time or a reason.
func TestLlamaEverywhere(t *testing.T) {
	c := shippedCatalog(t)
	models := []string{"meta-llama/Llama-3.1-8B-Instruct", "openai/gpt-oss-20b", "deepseek-ai/DeepSeek-V3", "nvidia/NVIDIA-Nemotron-Nano-9B-v2", "Qwen/Qwen3-Next-80B-A3B-Instruct", "google/gemma-3n-E4B-it"}
	known := 0
	for i := range c.Accelerators {
		acc := &c.Accelerators[i]
		for _, m := range models {
			for _, p := range []string{"q4_k_m", "f16"} {
				d := llamaOn(t, c, m, p, acc.ID)
				tm, err := newLlamaTime(c, &d, &Ledger{})
				if err != nil {
					if !strings.Contains(err.Error(), "speed unknown") {
						t.Errorf("%s: %v", acc.ID, err)
					}
					continue
				}
				known++
				for _, ms := range []float64{tm.decodeMs(1, 0), tm.decodeMs(16, 5000), tm.prefillMs(1, 0), tm.prefillMs(3000, 700)} {
					if !(ms > 0) || math.IsInf(ms, 0) {
						t.Errorf("%s in %s on %s: %g ms", m, p, acc.ID, ms)
					}
				}
				if tm.interval <= 0 || tm.prefillInterval <= 0 || tm.source == "" || tm.basis == "" {
					t.Errorf("%s: no interval, source or basis", acc.ID)
				}
			}
		}
	}
	if known < 12*100 {
		t.Errorf("only %d cases have a time", known)
	}
}

// TestLlamaClass picks the entry of the memory before that of the architecture.
func TestLlamaClass(t *testing.T) {
	c := &catalog.Catalog{Efficiencies: []catalog.Efficiency{
		{Engines: []string{"llama.cpp"}, Vendor: "nvidia", Source: "any"},
		{Engines: []string{"llama.cpp"}, Vendor: "nvidia", Architectures: []string{"Ampere"}, Memory: "HBM", Source: "hbm"},
		{Engines: []string{"llama.cpp"}, Vendor: "nvidia", Architectures: []string{"Ampere"}, Source: "ampere"},
		{Engines: []string{"vllm"}, Vendor: "amd", Source: "other engine"},
	}}
	for _, tt := range []struct{ vendor, architecture, memory, want string }{
		{"nvidia", "Ampere", "HBM2e", "hbm"}, {"nvidia", "Ampere", "GDDR6", "ampere"}, {"nvidia", "Rubin", "HBM4", "any"}, {"amd", "RDNA3", "GDDR6", ""},
	} {
		e, err := LlamaEfficiency(c, &catalog.Accelerator{Vendor: tt.vendor, Architecture: tt.architecture, MemoryType: tt.memory})
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%+v: %q, want an error", tt, e.Source)
		case tt.want != "" && (err != nil || e.Source != tt.want):
			t.Errorf("%+v: %+v, %v", tt, e, err)
		}
	}
}

func TestCPUPeak(t *testing.T) {
	for _, tt := range []struct {
		isa  string
		want float64 // TFLOP/s of 10 cores
	}{{"AVX2", 0.96}, {"AVX-512, VNNI", 1.92}, {"NEON, SVE2", 0.48}, {"avx2, amx", 1.92}} {
		if got := CPUPeak(10, strings.Split(tt.isa, ", ")); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("CPUPeak(10, %s) = %g, want %g", tt.isa, got, tt.want)
		}
	}
}

// TestDemandsAreTheTimes holds that the demands of a run, at the coefficients of
// its part, take the time that the estimator gives for it.
func TestDemandsAreTheTimes(t *testing.T) {
	c := shippedCatalog(t)
	for _, x := range []struct{ model, precision, accelerator string }{
		{"Qwen/Qwen3-8B", "q4_k_m", "rtx-4090"}, {"Qwen/Qwen3-30B-A3B", "q8_0", "rtx-4090"}, {"Qwen/Qwen3-8B", "f16", "epyc-9654"}, {"google/gemma-3-12b-it", "q4_k_m", "apple-m2-max"},
	} {
		d := llamaOn(t, c, x.model, x.precision, x.accelerator)
		tm := llamaTimeOf(t, c, d, Ledger{})
		eff, err := LlamaEfficiency(c, d.Device.Accelerator)
		if err != nil {
			t.Fatal(err)
		}
		ms := func(demand LlamaDemand) float64 {
			s, err := demand.Seconds(PackingOf(&d), d.Device.Accelerator, eff)
			if err != nil {
				t.Fatal(err)
			}
			return 1e3 * s
		}
		for _, depth := range []int{0, 3000} {
			if got, want := ms(LlamaPrefill(&d, 1300, depth)), tm.prefillMs(1300, float64(depth)); math.Abs(got/want-1) > 1e-9 {
				t.Errorf("%v: prefill of 1300 after %d takes %g ms, want %g", x, depth, got, want)
			}
			if got, want := ms(LlamaDecode(&d, 100, depth))/100, tm.decodeMs(1, float64(depth)+50); math.Abs(got/want-1) > 1e-9 {
				t.Errorf("%v: decode after %d takes %g ms, want %g", x, depth, got, want)
			}
		}
	}
}
