package calibration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// Phases of an [EngineRun].
const (
	Prefill = "prefill"
	Decode  = "decode"
)

// EngineRun is a timed run of llama.cpp with what it asked of the hardware.
// Results of engines keep it in their detail, under "runs".
type EngineRun struct {
	Figure      string                 `json:"figure"`                // "decode of model.gguf, 128 tokens after 0"
	Phase       string                 `json:"phase"`                 // prefill or decode
	Accelerator string                 `json:"accelerator,omitempty"` // catalog id; empty: the CPUs
	Threads     int                    `json:"threads,omitempty"`     // of the CPU; 0 unknown
	Tokens      int                    `json:"tokens"`                // new ones: of the prompt, or of the answer
	Depth       int                    `json:"depth"`                 // tokens cached before
	Seconds     float64                `json:"seconds"`               // median of the runs
	Spread      float64                `json:"spread"`                // distance of their quartiles over the median
	Demand      estimator.LlamaDemand  `json:"demand"`
	Packing     estimator.LlamaPacking `json:"packing"`
}

// run is an EngineRun with where it comes from.
type run struct {
	EngineRun
	result string
}

// llama refits llama.cpp's shares of each part that it ran on whole.
func (f *fitter) llama(results []*benchmarks.Result) error {
	byPart := map[string][]run{}
	for _, r := range results[max(0, len(results)-recentEngines):] {
		var detail struct {
			Runs []EngineRun `json:"runs"`
		}
		if err := json.Unmarshal(r.Detail, &detail); err != nil {
			return fmt.Errorf("result %s: %w", r.ID, err)
		}
		for _, x := range detail.Runs {
			id := x.Accelerator
			if id == "" {
				id = f.cpuID(x.Threads)
			}
			byPart[id] = append(byPart[id], run{x, r.ID})
		}
	}
	for _, id := range sortedKeys(byPart) {
		part := f.part(id)
		if part == nil {
			f.refuseAll(byPart[id])
			continue
		}
		f.llamaPart(part, byPart[id])
	}
	return nil
}

// recentEngines is how many of the latest results of engines count.
const recentEngines = 40

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// part finds an accelerator, CPUs as they were measured here; nil where there is
// none.
func (f *fitter) part(id string) *catalog.Accelerator {
	for i := range f.Overlay.Accelerators {
		if a := &f.Overlay.Accelerators[i]; a.ID == id {
			return a
		}
	}
	if a, err := f.in.Catalog.Accelerator(id); err == nil && a.ID == id {
		return a
	}
	return nil
}

// refuseAll refuses runs on a part of which no peak is known.
func (f *fitter) refuseAll(runs []run) {
	for _, r := range runs {
		if r.Accelerator != "" {
			f.refuse(r.result, r.Figure, "the catalog has no accelerator %q", r.Accelerator)
			continue
		}
		threads := ""
		if r.Threads > 0 && r.Threads != f.in.Cores {
			threads = fmt.Sprintf(" --threads %d", r.Threads)
		}
		f.refuse(r.result, r.Figure, "what the memory delivers to its threads is not measured: run `plimsoll bench cpu%s`", threads)
	}
}

// llamaPart fits the shares of one part on its runs.
func (f *fitter) llamaPart(part *catalog.Accelerator, all []run) {
	runs := f.credible(part, all)
	shipped, err := estimator.LlamaEfficiency(f.in.Catalog, part)
	if err != nil || len(runs) == 0 {
		return
	}
	start := *shipped
	start.Accelerator, start.Architectures, start.Memory = part.ID, nil, ""
	at := slices.IndexFunc(f.Overlay.Efficiencies, func(e catalog.Efficiency) bool { return e.Accelerator == part.ID })
	if at >= 0 {
		start = f.Overlay.Efficiencies[at]
	} else {
		f.Overlay.Efficiencies = append(f.Overlay.Efficiencies, start)
		at = len(f.Overlay.Efficiencies) - 1
	}
	fitted := fitShares(start, part, runs)
	fitted.Interval = interval(start, part, runs, Decode, vectorInterval)
	fitted.PrefillInterval = interval(start, part, runs, Prefill, cmp.Or(start.PrefillInterval, start.Interval))
	fitted.Basis = catalog.Calibrated
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.result)
		f.Checks = append(f.Checks, Check{r.Figure, r.result, "ms", 1e3 * r.Seconds, 1e3 * f.before(r), 1e3 * seconds(r, part, &fitted)})
	}
	fitted.Source = f.source("bench engine", ids)
	f.Overlay.Efficiencies[at] = fitted
}

// before is the time that is estimated for a run without calibration; 0 unknown.
func (f *fitter) before(r run) float64 {
	part := f.in.Uncalibrated(cmp.Or(r.Threads, f.in.Cores))
	if r.Accelerator != "" {
		part = f.part(r.Accelerator)
	}
	e, err := estimator.LlamaEfficiency(f.in.Catalog, part)
	if err != nil {
		return 0
	}
	return seconds(r, part, e)
}

// seconds is what the formula gives for a run; 0 where a peak is unknown.
func seconds(r run, part *catalog.Accelerator, e *catalog.Efficiency) float64 {
	s, err := r.Demand.Seconds(r.Packing, part, e)
	if err != nil {
		return 0
	}
	return s
}

// fasterThanPeak bounds what a run may show of a peak, as clocks and timers are
// not exact.
const fasterThanPeak = 1.05

// credible leaves out runs that cannot be what they say.
func (f *fitter) credible(part *catalog.Accelerator, all []run) (runs []run) {
	latest := map[string]run{} // of the runs of one figure the last counts
	for _, r := range all {
		read := (r.Demand.WeightBytes + r.Demand.CacheBytes) / r.Seconds / 1e9
		switch {
		case !(r.Seconds > 0):
			f.refuse(r.result, r.Figure, "it took no time")
		case read > fasterThanPeak*part.MemoryBandwidth:
			f.refuse(r.result, r.Figure, "it would have read %.1f GB/s, above the %.1f GB/s of the memory: the model is in a cache, or the run did not compute it", read, part.MemoryBandwidth)
		case r.Spread > disagree:
			f.refuse(r.result, r.Figure, "half of its runs lie %.0f %% apart: measure again while nothing else runs", 100*r.Spread)
		default:
			latest[r.Figure] = r
		}
	}
	for _, figure := range sortedKeys(latest) {
		runs = append(runs, latest[figure])
	}
	return runs
}

// fitShares finds the shares of bandwidth and of products that the runs agree with
// best, by least mean absolute log error; what no run tells of keeps its ratio to
// what one does.
func fitShares(start catalog.Efficiency, part *catalog.Accelerator, runs []run) catalog.Efficiency {
	knobs := knobsFor(runs)
	e := start
	first, low, high := make([]float64, len(knobs)), make([]float64, len(knobs)), make([]float64, len(knobs))
	for i, k := range knobs {
		first[i], low[i], high[i] = min(max(cmp.Or(*k.of(&e), k.start), k.low), k.high), k.low, k.high
	}
	cost := func(v []float64) float64 {
		trial, sum := e, 0.0
		for i, k := range knobs {
			*k.of(&trial) = v[i]
			sum += holdNear * math.Abs(math.Log(v[i]/first[i]))
		}
		for _, r := range runs {
			sum += math.Abs(math.Log(seconds(r, part, &trial)/r.Seconds)) / float64(len(runs))
		}
		return sum
	}
	best := curvefit.Minimise(first, low, high, cost)
	for i, k := range knobs {
		*k.of(&e) = round(best[i], 3)
	}
	return e
}

// holdNear is how much a share that the runs tell little of is held to where it
// began, against a relative error of a run of 1.
const holdNear = 0.005

// knob is a coefficient that is fitted, between bounds.
type knob struct {
	of               func(*catalog.Efficiency) *float64
	start, low, high float64 // start where the coefficient is not set
}

// shareOf is a knob of a share of a peak.
func shareOf(of func(*catalog.Efficiency) *float64) knob { return knob{of, 0.5, 0.02, 1.2} }

// knobsFor are the coefficients that the runs tell of: of packed weights, of
// weights of 16 bits, or of both; products only where a prompt was run, since one
// token hardly tells them from reads.
func knobsFor(runs []run) (knobs []knob) {
	tells := func(packed bool, phase string) bool {
		return slices.ContainsFunc(runs, func(r run) bool { return r.Packing.Packed == packed && r.Phase == phase })
	}
	for _, x := range []struct {
		packed bool
		phase  string
		knob   knob
	}{
		{true, Decode, shareOf(func(e *catalog.Efficiency) *float64 { return &e.Read })},
		{true, Prefill, shareOf(func(e *catalog.Efficiency) *float64 { return &e.Compute })},
		{false, Decode, shareOf(func(e *catalog.Efficiency) *float64 { return &e.ReadHalf })},
		{false, Prefill, shareOf(func(e *catalog.Efficiency) *float64 { return &e.Half })},
	} {
		if tells(x.packed, x.phase) {
			knobs = append(knobs, x.knob)
		}
	}
	if packings(runs) > 1 {
		knobs = append(knobs, knob{func(e *catalog.Efficiency) *float64 { return &e.Unpack }, 10, 0.05, 100})
	}
	return knobs
}

// packings counts formats of packed weights that decoding was timed in, by the
// bytes of a weight: with two of them, what it takes to unpack a weight can be told
// from what it takes to read it.
func packings(runs []run) int {
	seen := map[int]bool{}
	for _, r := range runs {
		if d := &r.Demand; r.Phase == Decode && r.Packing.Packed && d.UnpackWeights > 0 {
			seen[int(math.Round(4*d.WeightBytes/d.UnpackWeights))] = true // to a quarter of a byte
		}
	}
	return len(seen)
}

// Bounds of an interval from runs of one machine.
const (
	leastInterval = 0.05
	fewRuns       = 4 // with fewer the residuals say nothing of what the next one would be
	fewInterval   = 0.15
)

// interval is the half width that holds what a run would be that the fit did not
// see: each is left out in turn. Without runs of the phase it is otherwise.
func interval(start catalog.Efficiency, part *catalog.Accelerator, runs []run, phase string, otherwise float64) float64 {
	var errs []float64
	for i, r := range runs {
		if r.Phase != phase {
			continue
		}
		e := fitShares(start, part, slices.Delete(slices.Clone(runs), i, i+1))
		errs = append(errs, math.Abs(r.Seconds/seconds(r, part, &e)-1))
	}
	if len(errs) == 0 {
		return otherwise
	}
	slices.Sort(errs)
	width := max(errs[int(math.Ceil(0.8*float64(len(errs))))-1], leastInterval)
	if len(errs) < fewRuns {
		width = max(width, fewInterval)
	}
	return round(width, 3)
}
