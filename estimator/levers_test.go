package estimator_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// TestLeversDoWhatTheySay applies what was proposed by hand and holds the
// promise against the speed that comes out.
func TestLeversDoWhatTheySay(t *testing.T) {
	c := shipped(t)
	w := estimator.Workload{InputTokens: 2000, OutputTokens: 200, Concurrency: 16}
	step := func(d estimator.Deployment, w estimator.Workload) float64 {
		t.Helper()
		d, _, err := estimator.Resolve(d)
		if err != nil {
			t.Fatal(err)
		}
		return timetableOf(t, d).Microseconds(estimator.Step{Decode: w.Concurrency, Context: float64(w.InputTokens) + float64(w.OutputTokens)/2})
	}
	tried := map[string]int{}
	for _, k := range benchmarked {
		for _, tp := range []int{k.tp / 2, k.tp} {
			d := deploymentOf(t, k.model, k.accelerator, k.precision, tp)
			l, err := estimator.Fit(d)
			if err != nil {
				t.Fatal(err)
			}
			if !l.Fits {
				continue
			}
			base := step(d, w)
			b, err := estimator.Explain(c, d, w, 8)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Decode.Us; math.Abs(got-base) > 1e-9*base {
				t.Errorf("%s: a step of %v us, explained %v", k.name, base, got)
			}
			for _, s := range b.Decode.Segments {
				if s.Lever == nil {
					continue
				}
				changed, more := d, w
				switch what := s.Lever.Change; {
				case what == "KV cache in FP8":
					changed.KV, err = c.Precision("fp8")
				case strings.HasPrefix(what, "TP "):
					changed.TP = 2 * tp
					if what == "TP 2" && tp == 4 || what == "TP 4" && tp == 8 {
						changed.TP = tp / 2
					}
				case strings.HasSuffix(what, "at once"):
					more.Concurrency *= 2
				default:
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				tried[s.Lever.Change]++
				then := step(changed, more)
				time, rate := then/base-1, more.Concurrency/then*base/w.Concurrency-1
				if math.Abs(time-s.Lever.StepTime) > 1e-9 || math.Abs(rate-s.Lever.TokensPerS) > 1e-9 || rate <= 0 {
					t.Errorf("%s, %s: %s is said to change the step by %v and tokens/s by %v; it does by %v and %v", k.name, s.Group, s.Lever.Change, s.Lever.StepTime, s.Lever.TokensPerS, time, rate)
				}
			}
		}
	}
	if len(tried) < 2 {
		t.Errorf("levers tried: %v", tried)
	}
}

// TestLeversStayWithinTheHardware holds that no more accelerators are proposed
// than there are, nor more sequences than fit.
func TestLeversStayWithinTheHardware(t *testing.T) {
	c := shipped(t)
	d := deploymentOf(t, "meta-llama/Llama-3.3-70B-Instruct", "8x H100 SXM5 80GB", "fp8", 2)
	levers := func(accelerators int, concurrency float64) string {
		b, err := estimator.Explain(c, d, estimator.Workload{InputTokens: 2000, OutputTokens: 200, Concurrency: concurrency}, accelerators)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range append(b.Decode.Segments, b.Prompt.Segments...) {
			if s.Lever != nil {
				text += s.Lever.Change + "\n"
			}
		}
		return text
	}
	if got := levers(8, 8); !strings.Contains(got, "TP 4") || !strings.Contains(got, "16 sequences") {
		t.Errorf("on 8 accelerators: %s", got)
	}
	if got := levers(2, 8); strings.Contains(got, "TP 4") {
		t.Errorf("on 2 accelerators: %s", got)
	}
	if got := levers(2, 5000); strings.Contains(got, "sequences") {
		t.Errorf("10,000 sequences are proposed: %s", got)
	}
}
