package planner

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// shipped is the catalog that users get.
func shipped(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		tb.Fatal(err)
	}
	c, err := catalog.Parse("catalog.toml", data)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func recommend(t *testing.T, c *catalog.Catalog, hardware, use string, set func(*Request)) *Recommendation {
	t.Helper()
	node, err := c.ParseHardware(hardware)
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.UseCase(use)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{UseCase: u}
	if set != nil {
		set(&r)
	}
	out, err := Recommend(c, node, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// smallCPU is a virtual machine with two cores and 24 GiB.
func smallCPU() catalog.Node {
	return catalog.Node{Host: catalog.Host{CPUModel: "AMD EPYC", Cores: 2, MemoryBytes: 24 << 30, FreeBytes: 22 << 30}}
}

func TestEveryCandidateFitsAndEveryRejectionHasAReason(t *testing.T) {
	c := shipped(t)
	for _, hardware := range []string{"8x H100", "RTX 4060", "M4 Max 64GB", "MI300X", "EPYC 9654 384GB", "4x L40S + 2x EPYC 9654 768GB"} {
		for _, use := range []string{"chat", "embedding", "vision"} {
			r := recommend(t, c, hardware, use, nil)
			if len(r.Candidates) == 0 {
				t.Errorf("%s, %s: nothing recommended", hardware, use)
			}
			if len(r.Candidates)+len(r.Rejected) != r.Considered {
				t.Errorf("%s, %s: %d chosen + %d rejected of %d", hardware, use, len(r.Candidates), len(r.Rejected), r.Considered)
			}
			for i, k := range r.Candidates {
				if !k.Memory.Fits || k.Memory.NeedBytes > k.Memory.FreeBytes {
					t.Errorf("%s: %s needs %d of %d", hardware, k.Model, k.Memory.NeedBytes, k.Memory.FreeBytes)
				}
				if k.Rank != i+1 || len(k.Reasons) == 0 || k.Licence == "" {
					t.Errorf("%s: %s: rank %d at place %d, reasons %q, licence %q", hardware, k.Model, k.Rank, i+1, k.Reasons, k.Licence)
				}
				if v := k.Speed.TokensPerSUser; !(v.Low > 0 && v.Low < v.Value && v.Value < v.High) || math.IsInf(v.High, 0) {
					t.Errorf("%s: %s: %v tokens/s", hardware, k.Model, v)
				}
				if k.MaxContext < k.Context {
					t.Errorf("%s: %s: reserves %d tokens but at most %d fit", hardware, k.Model, k.Context, k.MaxContext)
				}
			}
			for _, x := range r.Rejected {
				if x.Reason == "" || x.Change == "" && x.ShortBytes > 0 {
					t.Errorf("%s: %s was rejected with %q, %q", hardware, x.Model, x.Reason, x.Change)
				}
			}
		}
	}
}

// TestAdvertisedContextsFit fits every candidate again at the context that it
// is said to hold at most.
func TestAdvertisedContextsFit(t *testing.T) {
	c := shipped(t)
	u, err := c.UseCase("chat")
	if err != nil {
		t.Fatal(err)
	}
	for _, hardware := range []string{"2x RTX 3090", "8x H100", "RTX 4060 + EPYC 9654 64GB", "Strix Halo"} {
		node, err := c.ParseHardware(hardware)
		if err != nil {
			t.Fatal(err)
		}
		p, err := newPass(c, node, Request{UseCase: u})
		if err != nil {
			t.Fatal(err)
		}
		fitted, below := 0, 0
		for i := range c.Models {
			m := &c.Models[i]
			if !p.relevant(m) {
				continue
			}
			ch, rejection := p.consider(m, p.scale.of(m))
			if rejection != nil {
				continue
			}
			k, err := p.candidate(ch, 1)
			if err != nil {
				t.Fatal(err)
			}
			d := ch.deployment
			d.Options.GPULayers, d.Options.MaxModelLen = ch.ledger.GPULayers, k.MaxContext
			l, err := estimator.Fit(d)
			if err != nil || !l.Fits {
				t.Errorf("%s: %s is said to hold %d tokens: fits %v, %v", hardware, m.ID, k.MaxContext, l.Fits, err)
			}
			fitted++
			if k.MaxContext < m.MaxContext {
				below++
			}
		}
		if fitted < 50 || below < 10 {
			t.Errorf("%s: %d candidates, %d of them below the model's maximum: the test sees too little", hardware, fitted, below)
		}
	}
}

func TestRankingPutsKnownQualityFirst(t *testing.T) {
	r := recommend(t, shipped(t), "8x H100", "chat", nil)
	unknown, stopgaps := false, 0
	last := math.Inf(1)
	for _, k := range r.Candidates {
		if k.Quality == nil {
			unknown = true
			continue
		}
		switch stopgap := k.Placement.Offload || strings.HasPrefix(k.Engine, estimator.LlamaCpp); {
		case stopgap && stopgaps == 0: // the scores begin anew
			last = math.Inf(1)
			stopgaps++
		case stopgap:
			stopgaps++
		case stopgaps > 0:
			t.Errorf("%s is served whole and ranks below a stopgap", k.Model)
		}
		if unknown {
			t.Fatalf("%s has a score and ranks below one without", k.Model)
		}
		if k.Score > last {
			t.Errorf("%s: score %v after %v", k.Model, k.Score, last)
		}
		last = k.Score
	}
	if stopgaps == 0 {
		t.Error("no stopgap among the candidates: the test sees too little")
	}
	for _, k := range recommend(t, shipped(t), "8x H100", "chat", func(r *Request) { r.Engines = []string{estimator.LlamaCpp} }).Candidates {
		for _, note := range k.Notes {
			if strings.Contains(note, "no serving engine") {
				t.Fatalf("%s: llama.cpp was asked for: %s", k.Model, note)
			}
		}
	}
}

func TestSensibleOnKnownMachines(t *testing.T) {
	c := shipped(t)
	t.Run("8x H100 serve the largest open models with vLLM", func(t *testing.T) {
		top := recommend(t, c, "8x H100", "chat", func(r *Request) { r.Limit = 10 }).Candidates
		large, serving := 0, 0
		for _, k := range top {
			if k.Params > 100e9 {
				large++
			}
			if strings.HasPrefix(k.Engine, "vllm") {
				serving++
			}
		}
		if large < 5 || serving < 3 {
			t.Errorf("of the first ten %d are above 100 B and %d on vLLM", large, serving)
		}
	})
	t.Run("8 GiB hold models of a few billion at 4 to 6 bits", func(t *testing.T) {
		for _, k := range recommend(t, c, "RTX 4060", "chat", func(r *Request) { r.Limit = 5 }).Candidates {
			if k.Params > 15e9 || !strings.HasPrefix(k.Engine, "llama.cpp") {
				t.Errorf("%s (%d parameters) on %s", k.Model, k.Params, k.Engine)
			}
		}
	})
	t.Run("two cores want small or sparse models", func(t *testing.T) {
		u, err := c.UseCase("chat")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Recommend(c, smallCPU(), Request{UseCase: u, Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range r.Candidates {
			if k.Active > 5e9 {
				t.Errorf("%s multiplies %d parameters a token on two cores", k.Model, k.Active)
			}
			if k.Speed.TokensPerSUser.Basis != catalog.Assumed {
				t.Errorf("%s: basis %s, but the memory bandwidth is assumed", k.Model, k.Speed.TokensPerSUser.Basis)
			}
		}
		if !slices.ContainsFunc(r.Assumptions, func(a estimator.Assumption) bool { return a.Name == "host_bandwidth_gbps" }) {
			t.Error("the assumed bandwidth is not said")
		}
	})
}

func TestWishesAreHeld(t *testing.T) {
	c := shipped(t)
	all := recommend(t, c, "8x H100", "chat", nil)
	fast := recommend(t, c, "8x H100", "chat", func(r *Request) { r.MinTokensPerS = 120 })
	if len(fast.Candidates) == 0 || len(fast.Candidates) >= len(all.Candidates) {
		t.Fatalf("%d of %d candidates reach 120 tokens/s", len(fast.Candidates), len(all.Candidates))
	}
	for _, k := range fast.Candidates {
		if k.Speed.TokensPerSUser.Value < 120 {
			t.Errorf("%s: %v tokens/s", k.Model, k.Speed.TokensPerSUser.Value)
		}
	}
	for _, x := range fast.Rejected {
		var best float64
		if n, _ := fmt.Sscanf(x.Reason, "%f tokens/s at best", &best); n == 1 && best >= 120 {
			t.Errorf("%s was rejected with %q", x.Model, x.Reason)
		}
	}
	for _, k := range recommend(t, c, "8x H100", "chat", func(r *Request) { r.Licences = []string{"permissive"} }).Candidates {
		if !licenceAccepted(k.Licence, []string{"apache-2.0", "MIT", "bsd-3-clause", "cc-by-4.0"}) {
			t.Errorf("%s is under %s", k.Model, k.Licence)
		}
	}
	for _, k := range recommend(t, c, "8x H100", "chat", func(r *Request) { r.MinQuality = 60 }).Candidates {
		if k.Quality == nil || k.Quality.Value < 60 {
			t.Errorf("%s: quality %v", k.Model, k.Quality)
		}
	}
	for _, k := range recommend(t, c, "8x H100", "chat", func(r *Request) { r.Engines = []string{"sglang"} }).Candidates {
		if !strings.HasPrefix(k.Engine, "sglang") {
			t.Errorf("%s on %s", k.Model, k.Engine)
		}
	}
	for _, k := range recommend(t, c, "8x H100", "chat", func(r *Request) { r.Context = 100_000 }).Candidates {
		if k.Context != 100_000 {
			t.Errorf("%s: context %d", k.Model, k.Context)
		}
	}
}

func TestBusyCardIsPlannedWithWhatIsFree(t *testing.T) {
	c := shipped(t)
	node, err := c.ParseHardware("H100")
	if err != nil {
		t.Fatal(err)
	}
	node.Groups[0].FreeBytes = 20 << 30
	u, _ := c.UseCase("chat")
	r, err := Recommend(c, node, Request{UseCase: u, Engines: []string{"vllm"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Candidates) == 0 {
		t.Fatal("nothing fits 20 GiB")
	}
	for _, k := range r.Candidates {
		if k.Memory.BudgetBytes > 20<<30 {
			t.Errorf("%s: the engine would claim %d bytes", k.Model, k.Memory.BudgetBytes)
		}
	}
}

func TestNothingToPlanOn(t *testing.T) {
	c := shipped(t)
	u, _ := c.UseCase("chat")
	if _, err := Recommend(c, catalog.Node{}, Request{UseCase: u}); err == nil {
		t.Error("an empty node was accepted")
	}
	if _, err := Recommend(c, smallCPU(), Request{}); err == nil {
		t.Error("a request without a use case was accepted")
	}
	if _, err := Recommend(c, smallCPU(), Request{UseCase: u, Engines: []string{"no-such-engine"}}); err == nil {
		t.Error("an unknown engine was accepted")
	}
}

func TestPowersOfTwo(t *testing.T) {
	for n, want := range map[int][]int{1: {1}, 2: {1, 2}, 6: {1, 2, 4, 6}, 8: {1, 2, 4, 8}} {
		if got := powersOfTwo(n); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

func TestFitLine(t *testing.T) {
	var xs, ys []float64
	for i := range 10 {
		xs, ys = append(xs, float64(i)), append(ys, 3+2*float64(i))
	}
	if l := fitLine(xs, ys); math.Abs(l.a-3) > 1e-9 || math.Abs(l.b-2) > 1e-9 || l.common != 10 {
		t.Errorf("%+v, want 3 + 2x over 10", l)
	}
	if l := fitLine(xs[:5], ys[:5]); l.common != 0 {
		t.Errorf("five points made a line: %+v", l)
	}
	for i := range ys {
		ys[i] = -ys[i]
	}
	if l := fitLine(xs, ys); l.common != 0 {
		t.Errorf("a falling line was accepted: %+v", l)
	}
}

func TestQualityIsPlacedNotAveraged(t *testing.T) {
	// Ten models known to source A in full, and to B; an eleventh to B alone.
	c := &catalog.Catalog{Benchmarks: []catalog.Benchmark{{ID: "x", Name: "X"}, {ID: "y", Name: "Y"}}}
	use := &catalog.UseCase{Benchmarks: []catalog.Weight{{ID: "x", Weight: 0.5}, {ID: "y", Weight: 0.5}}}
	for i := 1; i <= 10; i++ {
		v := float64(10 * i)
		c.Models = append(c.Models, catalog.Model{ID: string(rune('a' + i)), Scores: []catalog.Score{
			{Benchmark: "x", Value: v, Source: "A"}, {Benchmark: "y", Value: v, Source: "A"}, {Benchmark: "x", Value: v / 2, Source: "B"}}})
	}
	only := catalog.Model{ID: "only-b", Scores: []catalog.Score{{Benchmark: "x", Value: 25, Source: "B"}}}
	c.Models = append(c.Models, only, catalog.Model{ID: "none"})
	for _, id := range []string{"p", "q"} { // so that A knows most
		c.Models = append(c.Models, catalog.Model{ID: id, Scores: []catalog.Score{{Benchmark: "x", Value: 1, Source: "A"}}})
	}
	s := newQualityScale(c, use)
	if q := s.of(&c.Models[4]); q == nil || q.Value != 50 || q.Linked != "" {
		t.Errorf("a model of A in full: %+v, want 50", q)
	}
	if q := s.of(&only); q == nil || math.Abs(q.Value-50) > 1e-6 || q.Linked == "" || q.Source != "B" {
		t.Errorf("25 of B is 50 of A: %+v", q)
	}
	beyond := catalog.Model{ID: "beyond-b", Scores: []catalog.Score{{Benchmark: "x", Value: 60, Source: "B"}}}
	if q := s.of(&beyond); q == nil || q.Value != 100 {
		t.Errorf("60 of B is beyond the best of A: %+v, want 100", q)
	}
	if q := s.of(&c.Models[11]); q != nil {
		t.Errorf("a model without scores: %+v", q)
	}
}

func TestRetentionOrdersPrecisions(t *testing.T) {
	c := shipped(t)
	m, err := c.Model("Qwen/Qwen3-8B")
	if err != nil {
		t.Fatal(err)
	}
	last := 1.1
	for _, id := range []string{"bf16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k"} {
		p, err := c.Precision(id)
		if err != nil {
			t.Fatal(err)
		}
		r := retention(m, p)
		if r >= last || r < 0 {
			t.Errorf("%s keeps %v, the wider one %v", id, r, last)
		}
		last = r
	}
}

// BenchmarkRecommend is one pass over the shipped catalog, without parsing it.
func BenchmarkRecommend(b *testing.B) {
	c := shipped(b)
	u, err := c.UseCase("chat")
	if err != nil {
		b.Fatal(err)
	}
	for _, hardware := range []string{"8x H100", "RTX 4060", "EPYC 9654 384GB"} {
		node, err := c.ParseHardware(hardware)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(strings.ReplaceAll(hardware, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Recommend(c, node, Request{UseCase: u, Limit: 10}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestChangesOfWishesAdmit follows the advice: a model that is not what was
// asked for, and does not fit either, is not admitted by the wish alone.
func TestChangesOfWishesAdmit(t *testing.T) {
	c := shipped(t)
	set := recommend(t, c, "1x RTX 3060", "chat", nil)
	tried := 0
	for _, x := range set.Rejected {
		var context int
		if n, _ := fmt.Sscanf(x.Change, "--context %d", &context); n != 1 {
			continue
		}
		tried++
		alone := x.Change == fmt.Sprintf("--context %d", context)
		then := recommend(t, c, "1x RTX 3060", "chat", func(r *Request) { r.Context = context })
		admitted := slices.ContainsFunc(then.Candidates, func(k Candidate) bool { return k.Model == x.Model })
		if admitted != alone {
			t.Errorf("%s: %q, and with that context it fits: %v", x.Model, x.Change, admitted)
		}
	}
	if tried < 3 {
		t.Errorf("%d models lack context alone or beside memory", tried)
	}
}
