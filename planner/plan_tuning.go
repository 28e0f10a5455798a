package planner

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// Beside the defaults of an engine a plan considers how many sequences run at once and how
// many tokens a step takes, where they may decide. What the estimate says of each decides
// which few of them are simulated:
//
//   - as many sequences as the memory holds, where the default is below it;
//   - no more than it holds, and smaller steps, where they leave the cache more room: an
//     engine sets memory aside for both;
//   - smaller steps where a prompt's part of a step is a longer gap between tokens than
//     is asked;
//   - larger steps where a prompt takes several before its first token;
//   - fewer sequences where users come back at once, and all together are too slow.
//
// Within a throughput that is sustained the mean TPOT depends on neither: the same prompts
// are computed in the same time.

// What is tried of each: powers of two in between.
const (
	fewestSeqs, mostSeqs   = 64, 1024
	fewestSlots, mostSlots = 2, 64 // of llama.cpp
	leastStep, mostStep    = 1024, 16384
	frugalStep             = 2048 // tokens, where memory is short
	room                   = 1.25 // sequences to allow for over those that the cache holds by default
)

// tuning is options of an engine.
type tuning struct{ seqs, tokens int }

func (t tuning) of(d estimator.Deployment) estimator.Deployment {
	d.Options.MaxSeqs, d.Options.MaxBatchedTokens = t.seqs, t.tokens
	return d
}

// tuned are the same replica with options that may pay. Other steps are of no use in a
// topology that another is no slower than with the defaults; more sequences are.
func (s *search) tuned(plain *laid, dominated bool) (list []*laid) {
	d := &plain.deployment
	if s.request.Defaults || d.Options.MaxSeqs == 0 || d.Engine.StaticBatch || plain.missed != nil && plain.missed.rank == missSupport {
		return nil
	}
	if d.Engine.ID == estimator.LlamaCpp {
		return s.slots(plain)
	}
	for _, t := range s.tunings(plain, dominated) {
		if l := s.estimate(t.of(*d), plain); l.missed == nil && s.mayPay(l) {
			list = append(list, l)
		}
	}
	return list
}

// slots are those of llama.cpp that carry most.
func (s *search) slots(plain *laid) []*laid {
	best := plain
	for n := fewestSlots; n <= mostSlots; n *= 2 {
		l := s.estimate(tuning{n, plain.deployment.Options.MaxBatchedTokens}.of(plain.deployment), plain)
		if l.missed != nil {
			break
		}
		if best.missed != nil || l.rate > best.rate*(1+tuningWorth) {
			best = l
		}
	}
	if best == plain {
		return nil
	}
	return []*laid{best}
}

// tunings are the options to estimate for a replica.
func (s *search) tunings(plain *laid, dominated bool) (list []tuning) {
	o := &plain.deployment.Options
	own := tuning{o.MaxSeqs, o.MaxBatchedTokens}
	add := func(t tuning) {
		if t != own && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	frugal := s.frugal(plain)
	if plain.missed != nil && plain.missed.rank == missMemory {
		add(frugal)
		return list
	}
	if held := int(s.held(plain)); held > o.MaxSeqs {
		add(tuning{powerFrom(held, o.MaxSeqs, mostSeqs), own.tokens})
	}
	add(frugal)
	if dominated {
		return list
	}
	for _, step := range s.steps(own.tokens) {
		add(tuning{min(frugal.seqs, step), step}) // a step has a token for each
	}
	if seqs := s.fewerSeqs(plain); seqs > 0 {
		add(tuning{seqs, own.tokens})
	}
	return list
}

// fresh is the tokens of a mean prompt that are computed.
func (d *demand) fresh() float64 { return max(d.input*(1-d.hit), 1) }

// steps are the sizes of a step that divide a mean prompt in another way than the default.
func (s *search) steps(own int) (list []int) {
	fresh := s.demand.fresh()
	seen := []int{int(math.Ceil(fresh / float64(own)))}
	for step := leastStep; step <= mostStep; step *= 2 {
		if chunks := int(math.Ceil(fresh / float64(step))); !slices.Contains(seen, chunks) {
			seen, list = append(seen, chunks), append(list, step)
		}
	}
	return list
}

// held is about how many sequences of the load the cache of a replica holds, of one
// attention group.
func (s *search) held(l *laid) float64 {
	return float64(l.ledger.KVTokens) / (s.demand.input + s.demand.output/2)
}

// powerFrom is the least power of two times least that is n or more, and at most most.
func powerFrom(n, least, most int) int {
	p := least
	for p < n && p < most {
		p *= 2
	}
	return p
}

// frugal is the options that leave the cache more room than the defaults by what counts;
// the defaults themselves where none do.
func (s *search) frugal(plain *laid) tuning {
	o := &plain.deployment.Options
	own := tuning{o.MaxSeqs, o.MaxBatchedTokens}
	seqs := fewestSeqs
	if plain.ledger.Fits {
		seqs = powerFrom(int(s.held(plain)*room), fewestSeqs, mostSeqs)
	}
	best, most := own, plain.ledger.KVPoolBytes
	if !plain.ledger.Fits {
		most = 0
	}
	for _, t := range []tuning{{min(seqs, own.seqs), own.tokens}, {min(seqs, own.seqs), min(frugalStep, own.tokens)}} {
		if t == own {
			continue
		}
		d := t.of(plain.deployment)
		d.Options.MemoryFraction = estimator.FreeFraction(d)
		if l, err := estimator.Fit(d); err == nil && l.Fits && float64(l.KVPoolBytes) > float64(most)*(1+tuningWorth) {
			best, most = t, l.KVPoolBytes
		}
	}
	return best
}

// stall is how long a step takes that computes a prompt, or as much of one as fits, while
// others decode: the gap between their tokens. 0: nothing bounds it.
func (s *search) stall(l *laid) float64 {
	if l.table == nil || !s.demand.asks("itl") {
		return 0
	}
	step := estimator.Step{PrefillTokens: min(s.demand.fresh(), float64(l.deployment.Options.MaxBatchedTokens)), Prompts: 1, Decode: s.decoding(l), Context: s.demand.input + s.demand.output/2}
	return l.table.Microseconds(step) / 1000
}

// decoding is how many sequences a replica decodes at its share of the load.
func (s *search) decoding(l *laid) float64 {
	share := s.demand.rate / max(math.Ceil(s.demand.rate/l.rate), 1)
	p := l.serve(max(min(share, l.rate/slack*0.99), idleRate))
	return p.RequestsPerS * s.demand.output * p.TPOT.Mean / 1000
}

// crowd is the mean TPOT of a replica that all users come back to, as many as it runs at
// once. 0: nothing bounds it, or it is not users who come.
func (s *search) crowd(l *laid) float64 {
	if l.table == nil || s.demand.spec.Users == 0 || !s.demand.asks("tpot", "itl") || !s.demand.asks("ttft", "e2e") {
		return 0
	}
	return s.crowdOf(l, l.deployment.Options.MaxSeqs)
}

func (s *search) crowdOf(l *laid, seqs int) float64 {
	load := s.demand.load(0)
	load.Concurrency = float64(s.demand.spec.Users)
	return l.table.Within(tuning{seqs, l.deployment.Options.MaxBatchedTokens}.of(l.deployment), l.ledger).Serve(load).TPOT.Mean
}

// fewerSeqs is the most sequences below the default that keep the tightest bound of TPOT
// or ITL together. 0: the default keeps it, or nothing asks.
func (s *search) fewerSeqs(plain *laid) int {
	bound := min(s.demand.tightest("tpot"), s.demand.tightest("itl")) / slack // of percentiles, which lie above the mean
	if s.crowd(plain) <= bound {
		return 0
	}
	for n := mostSeqs; n >= 1; n /= 2 {
		if n < plain.deployment.Options.MaxSeqs && s.crowdOf(plain, n) <= bound {
			return n
		}
	}
	return 0
}

// mayPay reports whether the estimate says that a replica is better than with the
// defaults by what counts, in something that an objective or the throughput rests on.
func (s *search) mayPay(l *laid) bool {
	p := l.plain
	if p.missed != nil {
		return true
	}
	less := func(a, b float64) bool { return a*(1+tuningWorth) < b }
	switch {
	case l.rate > p.rate*(1+likely), less(s.stall(l), s.stall(p)), less(s.crowd(l), s.crowd(p)):
		return true
	case s.chunks(l) < s.chunks(p): // fewer gaps are long
		return true
	}
	return s.demand.asks("ttft", "e2e") && less(l.serve(idleRate).TTFT.Mean, p.serve(idleRate).TTFT.Mean)
}

// likely is the share more that a replica carries by the estimate from which it may carry
// tuningWorth more in the simulation, whose percentiles fall off before the means do.
const likely = 0.02

// chunks are the steps that a mean prompt lies in, each a long gap between the tokens of
// others. 0: nothing bounds it.
func (s *search) chunks(l *laid) float64 {
	if !s.demand.asks("itl") {
		return 0
	}
	return math.Ceil(s.demand.fresh() / float64(l.deployment.Options.MaxBatchedTokens))
}

// deviations are the options that are not the engine's own.
func (l *laid) deviations() (list []estimator.Assumption) {
	if l.plain == nil {
		return nil
	}
	own, plain := &l.deployment.Options, &l.plain.deployment.Options
	for _, x := range []struct {
		name     string
		own, was int
	}{{"max_num_seqs", own.MaxSeqs, plain.MaxSeqs}, {"max_num_batched_tokens", own.MaxBatchedTokens, plain.MaxBatchedTokens}} {
		if x.own != x.was {
			list = append(list, estimator.Assumption{Name: x.name, Value: fmt.Sprint(x.own), Why: fmt.Sprintf("the default of %s is %d", l.deployment.Engine.Name, x.was)})
		}
	}
	return list
}

// pays reports whether an option that carries the load needs what it has beside the
// engine's defaults: as many replicas with the defaults do not carry the load, or come
// closer to an objective's bound by what counts. It then says so.
func (s *search) pays(o *Option, t *simulator.Trialled) (bool, error) {
	if len(o.Tuned) == 0 {
		return true, nil
	}
	why := ""
	if m := o.plain.missed; m != nil {
		why = m.reason
	} else {
		twin := *o
		twin.deployment, twin.plain, twin.Tuned = o.plain.deployment, nil, nil
		got, err := s.confirmed(&twin)
		switch {
		case err != nil:
			return false, err
		case got.Met, !got.Saturated && got.Ratio > 0 && got.Ratio < t.Ratio*(1+tuningWorth):
			return false, nil
		case got.Saturated:
			why = "the queue grows without end"
		default:
			why = fmt.Sprintf("%s is %.2f times its bound", got.Limit, got.Ratio)
		}
	}
	o.Tuned = slices.Clone(o.Tuned)
	for i := range o.Tuned {
		o.Tuned[i].Why += "; with the defaults as many replicas fall short: " + why
	}
	return true, nil
}
