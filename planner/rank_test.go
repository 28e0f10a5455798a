package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Bits above the checkpoint's own buy nothing, so no answer offers them.
func TestNoPrecisionIsWiderThanTheCheckpoint(t *testing.T) {
	c := shipped(t)
	narrow := 0
	for _, hardware := range []string{"8x H200 + 2x EPYC 9654 1536GB", "8x B300", "M3 Ultra 512GB"} {
		for _, k := range recommend(t, c, hardware, "chat", nil).Candidates {
			m, err := c.Model(k.Model)
			if err != nil {
				t.Fatal(err)
			}
			own, err := c.Precision(m.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			offered := []string{k.Precision}
			for _, a := range k.Alternatives {
				offered = append(offered, a.Precision)
			}
			for _, id := range offered {
				w, err := c.Precision(id)
				if err != nil {
					t.Fatal(err)
				}
				if codeBits(w) > codeBits(own) {
					t.Errorf("%s: %s is published as %s and offered as %s", hardware, k.Model, own.ID, id)
				}
			}
			if codeBits(own) < 16 {
				narrow++
			}
		}
	}
	if narrow < 10 {
		t.Errorf("only %d answers are models that were published below 16 bits", narrow)
	}
}

func TestCodeBits(t *testing.T) {
	c := shipped(t)
	for id, want := range map[string]int{"bf16": 16, "f16": 16, "fp32": 32, "fp8": 8, "fp8-block": 8, "q8_0": 8, "q5_k_m": 5, "q4_k_m": 4, "iq2_xxs": 2, "tq1_0": 1, "int4-g32": 4, "awq-int4": 4, "nvfp4": 4, "mxfp4": 4, "mxfp4-gguf": 4} {
		p, err := c.Precision(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := codeBits(p); got != want {
			t.Errorf("%s: %d bits, want %d", id, got, want)
		}
	}
}

// A chat of 1,024 tokens grants 10 s: a first token after 20 s halves the
// score, one after 10 s leaves it. A prompt of 98,304 tokens grants 98.3 s.
func TestPatience(t *testing.T) {
	m := &catalog.Model{Kind: catalog.Generative, Checkpoint: "bf16"}
	p := &pass{use: &catalog.UseCase{MinTokensPerS: 1e-9}, req: Request{InputTokens: 1024, OutputTokens: 1}} // comfortable whatever the speed
	score := func(ttftS float64) float64 {
		o := &option{deployment: estimator.Deployment{Model: m}, weights: &catalog.Precision{ID: "bf16"}}
		o.speed.TTFTMs.Value = 1000 * ttftS
		return p.score(o, nil)
	}
	for ttft, want := range map[float64]float64{1: 1, 10: 1, 20: 0.5, 100: 0.1} {
		if got := score(ttft); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("first token after %g s: score %v, want %v", ttft, got, want)
		}
	}
	p.req.InputTokens = 98304
	if got := score(98.304); got != 1 {
		t.Errorf("98 s for 98,304 tokens: score %v", got)
	}
	m.Kind = catalog.Embedding
	if got := score(1e6); got != 1 {
		t.Errorf("an embedding is no dialogue: score %v", got)
	}
}

// Answers that keep people waiting say so, and no others do.
func TestSlowAnswersSaySo(t *testing.T) {
	c := shipped(t)
	slow, quick := 0, 0
	for _, k := range recommend(t, c, "EPYC 9654 384GB", "coding", nil).Candidates {
		noted := slices.ContainsFunc(k.Notes, func(n string) bool { return strings.HasPrefix(n, "slow to begin") })
		if noted != (k.Speed.TTFTMs.Value > 10_000) {
			t.Errorf("%s: first token after %.0f ms, notes %q", k.Model, k.Speed.TTFTMs.Value, k.Notes)
		}
		if noted {
			slow++
		} else {
			quick++
		}
	}
	if slow == 0 || quick == 0 {
		t.Errorf("%d slow and %d quick answers: the test needs both", slow, quick)
	}
}

// Rejections are ordered by how much more of something they need, as a share
// of what there is; then those whose wish nothing measures, then those that run
// on no engine here.
func TestRejectionsAreOrderedByDistance(t *testing.T) {
	c := shipped(t)
	check := func(name, format string, r *Recommendation, asked float64) {
		last, n := 0.0, 0
		for _, x := range r.Rejected {
			var best float64
			if k, _ := fmt.Sscanf(x.Reason, format, &best); k != 1 {
				continue
			}
			n++
			if gap := asked/best - 1; gap < last-0.05*(1+last) { // the text is rounded
				t.Errorf("%s: %s at %g after one nearer to %g", name, x.Model, best, asked)
			} else {
				last = gap
			}
		}
		if n < 5 {
			t.Errorf("%s: %d rejections", name, n)
		}
	}
	check("speed", "%f tokens/s at best", recommend(t, c, "8x H100", "chat", func(r *Request) { r.MinTokensPerS = 200 }), 200)
	check("quality", "quality %f is", recommend(t, c, "8x H100", "chat", func(r *Request) { r.MinQuality = 60 }), 60)
	check("context", "its context is %f tokens", recommend(t, c, "8x H100", "chat", func(r *Request) { r.Context = 131072 }), 131072)

	r := recommend(t, c, "8x H100", "chat", func(r *Request) {
		r.Licences, r.Engines, r.Context = []string{"mit"}, []string{"vllm"}, 131072
	})
	class := func(x Rejection) int {
		switch x.gap {
		case gapOfWish:
			return 1
		case gapOfSupport:
			return 2
		}
		return 0
	}
	if !slices.IsSortedFunc(r.Rejected, func(a, b Rejection) int { return class(a) - class(b) }) {
		t.Error("what nothing measures stands among what something does")
	}
	if class(r.Rejected[0]) != 0 || class(r.Rejected[len(r.Rejected)-1]) != 2 {
		t.Errorf("first %q, last %q: the test needs all classes", r.Rejected[0].Reason, r.Rejected[len(r.Rejected)-1].Reason)
	}
}

// A change that a rejection proposes admits the model, and a wish that no change
// of the deployment can meet is the first reason.
func TestProposedChangesAdmit(t *testing.T) {
	c := shipped(t)
	admitted := func(id string, adjust func(*Request)) bool {
		r := recommend(t, c, "RTX 4090", "chat", func(r *Request) { r.Models = []string{id}; adjust(r) })
		return len(r.Candidates) == 1
	}
	n := 0
	for _, x := range recommend(t, c, "RTX 4090", "chat", func(r *Request) { r.MinQuality = 60 }).Rejected {
		var v float64
		if k, _ := fmt.Sscanf(x.Change, "--min-quality %f", &v); k == 1 && strings.HasPrefix(x.Reason, "quality") {
			if r := recommend(t, c, "RTX 4090", "chat", func(r *Request) { r.Models = []string{x.Model}; r.MinQuality = v }); len(r.Rejected) > 0 && strings.HasPrefix(r.Rejected[0].Reason, "quality") {
				t.Errorf("%s: %s, which does not admit it: %s", x.Model, x.Change, r.Rejected[0].Reason)
			}
			n++
		}
	}
	for _, x := range recommend(t, c, "RTX 4090", "chat", func(r *Request) { r.MinTokensPerS = 200 }).Rejected {
		var v float64
		if k, _ := fmt.Sscanf(x.Change, "--min-tokens-per-s %f", &v); k == 1 && v > 0 {
			if !admitted(x.Model, func(r *Request) { r.MinTokensPerS = v }) {
				t.Errorf("%s: %s does not admit it", x.Model, x.Change)
			}
			n++
		}
	}
	if n < 50 {
		t.Errorf("%d changes tried", n)
	}
	for _, x := range recommend(t, c, "8x H100", "chat", func(r *Request) { r.Licences = []string{"mit"} }).Rejected {
		if m, err := c.Model(x.Model); err != nil || !strings.EqualFold(m.Licence, "mit") && !strings.HasPrefix(x.Reason, "licence") {
			t.Errorf("%s: %s; its licence alone keeps it out", x.Model, x.Reason)
		}
	}
}

// The request fits the context: the use case's is shortened in its own
// proportions (chat: 1,024 in and 512 out), one that the user gave is not.
func TestRequestFitsTheContext(t *testing.T) {
	c := shipped(t)
	for _, test := range []struct{ context, input, output, wantIn, wantOut int }{
		{0, 0, 0, 1024, 512},
		{600, 0, 0, 400, 200},
		{2, 0, 0, 1, 1},
		{600, 500, 0, 500, 100},
		{600, 0, 500, 100, 500},
		{600, 0, 600, 0, 0}, // no room
		{600, 601, 0, 0, 0},
		{600, 300, 301, 0, 0},
		{1, 0, 0, 0, 0},
	} {
		node, err := c.ParseHardware("L40S")
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.UseCase("chat")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Recommend(c, node, Request{UseCase: u, Context: test.context, InputTokens: test.input, OutputTokens: test.output, Models: []string{"Qwen/Qwen3-8B"}})
		if test.wantIn == 0 {
			if err == nil || !strings.Contains(err.Error(), "does not fit a context of") {
				t.Errorf("%+v: %v", test, err)
			}
			continue
		}
		if err != nil || r.InputTokens != test.wantIn || r.OutputTokens != test.wantOut {
			t.Errorf("%+v: %d in, %d out, %v", test, r.InputTokens, r.OutputTokens, err)
		}
	}
}
