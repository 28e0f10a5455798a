package planner

import (
	"cmp"
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// planned is a complete deployment with its ledger.
type planned struct {
	d           estimator.Deployment
	ledger      estimator.Ledger
	assumptions assumptions
	err         error
}

// complete gives named entries the sizes and options of a case. What it has is
// there after an error too.
func complete(n *named, k *Case) *planned {
	b := caseBuilder{planned: planned{d: n.d, assumptions: n.assumptions[:len(n.assumptions):len(n.assumptions)]}, k: k, count: cmp.Or(k.Accelerators, n.count)}
	o := k.EngineOptions
	b.d.Options = estimator.Options{MaxModelLen: o.MaxModelLen, MaxSeqs: o.MaxNumSeqs, MaxBatchedTokens: o.MaxNumBatchedTokens, MemoryFraction: o.MemoryFraction,
		Speculation: estimator.Speculation{Tokens: o.SpeculativeTokens, Acceptance: o.Acceptance}, ContextParallel: o.ContextParallel}
	for _, step := range []func() error{b.topology, b.length} {
		if b.err = step(); b.err != nil {
			break
		}
	}
	return &b.planned
}

// caseBuilder completes a deployment step by step.
type caseBuilder struct {
	planned
	k     *Case
	count int // accelerators of the deployment, 0 not given
}

// topology fills in the parallel sizes and holds them against the number of
// accelerators.
func (b *caseBuilder) topology() error {
	k, d := b.k, &b.d
	d.TP, d.PP, d.EP, d.DP, d.AttentionDP = k.TP, k.PP, k.EP, k.DP, k.AttentionDP
	if s := k.Disaggregated; s != nil {
		b.side(s.Decode)
		return nil
	}
	b.widen()
	split := &d.TP // llama.cpp shares a model by layers
	name := "tp"
	if d.Engine.ID == estimator.LlamaCpp {
		if d.PP <= 1 && d.TP > 1 {
			b.assumptions.add("pp", d.TP, "llama.cpp splits a model by layers: tp %d is taken as pp", d.TP)
			d.TP, d.PP = 1, d.TP
		}
		split, name = &d.PP, "pp"
	}
	if *split == 0 {
		if err := b.smallest(split, name); err != nil {
			return err
		}
	}
	one := max(d.TP, 1) * max(d.PP, 1)
	switch {
	case b.count == 0 || d.DP > 0 && one*d.DP == b.count:
	case d.DP > 0:
		return fmt.Errorf("tp %d x pp %d x dp %d are %d accelerators, accelerators says %d", max(d.TP, 1), max(d.PP, 1), d.DP, one*d.DP, b.count)
	case b.count%one != 0:
		return fmt.Errorf("tp %d x pp %d = %d accelerators a replica do not divide accelerators %d", max(d.TP, 1), max(d.PP, 1), one, b.count)
	default:
		if d.DP = b.count / one; d.DP > 1 {
			b.assumptions.add("dp", d.DP, "%d accelerators in replicas of %d", b.count, one)
		}
	}
	return nil
}

// side gives the deployment the sizes of one side of a disaggregation.
func (b *caseBuilder) side(s Stage) {
	d := &b.d
	d.TP, d.EP, d.AttentionDP, d.DP = s.TP, s.EP, s.AttentionDP, s.Replicas
	b.widen()
}

// widen reads sizes that count tp within an attention-DP group, as engines'
// own flags do, as the sizes of the whole replica: there tp holds all groups
// and all experts. Sizes that mean something as they stand are left alone.
func (b *caseBuilder) widen() {
	d := &b.d
	tp, groups, dp := max(d.TP, 1), max(d.AttentionDP, 1), max(d.DP, 1)
	if d.TP == 0 || groups == 1 && d.EP <= tp {
		return
	}
	one := tp * groups * max(d.PP, 1)
	switch {
	case groups > 1 && (tp%groups != 0 || d.EP > tp || b.count == one*dp && d.DP > 0):
		d.TP = tp * groups
	case groups == 1 && d.EP <= tp*dp && tp*dp%d.EP == 0: // replicas that share their experts
		d.TP, d.AttentionDP, d.DP = tp*dp, dp, 0
		if b.count == 0 {
			d.DP = 1
		}
	case groups == 1 && d.EP%tp == 0:
		d.TP, d.AttentionDP = d.EP, d.EP/tp
	default:
		return
	}
	b.assumptions.add("tp", d.TP, "tp %d in %d attention-DP groups; tp counts the accelerators of a replica", tp, d.AttentionDP)
}

// largestReplica bounds the search for a size that fits.
const largestReplica = 64

// smallest sets a parallel size to the first that will do, of 1, 2, 4... that
// divide the accelerators: one that holds the model and the requests of the
// load, or leaves a quarter of its budget to the cache where their number is
// not given; else one that holds the model and one request. Where none does it stays
// at the largest that can run, and the ledger says what is missing.
func (b *caseBuilder) smallest(size *int, name string) error {
	least, most := max(b.k.EP, b.k.AttentionDP, 1), largestReplica
	if b.count > 0 {
		most = max(b.count/max(b.k.DP, 1)/max(b.k.PP, 1), least)
	}
	context := b.d.Options.MaxModelLen
	defer func() { b.d.Options.MaxModelLen = context }()
	if context == 0 {
		b.d.Options.MaxModelLen = b.request()
	}
	var refused error
	runs, holds := 0, 0
	for n := least; n <= most; n *= 2 {
		if b.count > 0 && b.count%n != 0 {
			continue
		}
		*size = n
		l, err := estimator.Fit(started(b.d))
		switch {
		case err != nil:
			refused = cmp.Or(refused, err)
			continue
		case l.Fits && b.roomy(&l, n):
			b.assumptions.add(name, n, "the smallest that holds the model and the requests")
			return nil
		case l.Fits:
			holds = cmp.Or(holds, n)
		}
		runs = n
	}
	switch {
	case holds > 0:
		*size = holds
		b.assumptions.add(name, holds, "the smallest that holds the model and one request")
	case runs > 0:
		*size = runs
		b.assumptions.add(name, runs, "no size holds the model")
	default:
		return refused
	}
	return nil
}

// roomy reports whether a replica of n accelerators holds its share of the
// requests in flight.
func (b *caseBuilder) roomy(l *estimator.Ledger, n int) bool {
	inFlight := max(b.k.Workload.Concurrency, float64(b.k.Workload.Batch))
	switch {
	case b.d.Engine.ID == estimator.LlamaCpp:
		return true // it allocates the cache of all its slots
	case inFlight == 0:
		return 4*l.KVPoolBytes >= l.KVPoolBytes+l.WeightsBytes+l.ActivationBytes
	}
	replicas := float64(max(b.k.DP, 1))
	if b.count > 0 {
		replicas = float64(b.count) / float64(n)
	}
	return l.MaxSequences >= inFlight/replicas
}

// started is a deployment with the memory fraction that its user would lower the
// engine's default to where that would not start.
func started(d estimator.Deployment) estimator.Deployment {
	if d.Options.MemoryFraction == 0 {
		if f := estimator.FreeFraction(d); f < d.Version.MemoryFraction {
			d.Options.MemoryFraction = f
		}
	}
	return d
}

// request is the length of one request of the workload, within the model's context.
func (b *caseBuilder) request() int {
	n := int(math.Ceil(b.k.Workload.InputTokens + b.k.Workload.OutputTokens))
	if most := b.d.Model.MaxContext; most > 0 {
		n = min(n, most)
	}
	return n
}

// length leaves the maximal length to the engine, which takes the model's own,
// unless a cache that long does not fit while the workload's requests do: no
// engine would start then, and its user would lower it.
func (b *caseBuilder) length() (err error) {
	if d := started(b.d); d.Options.MemoryFraction != b.d.Options.MemoryFraction {
		b.d = d
		b.assumptions.add("memory_fraction", d.Options.MemoryFraction, "the default of %g would not start on this device", d.Version.MemoryFraction)
	}
	b.ledger, err = estimator.Fit(b.d)
	if err != nil || b.ledger.Fits || b.d.Options.MaxModelLen > 0 {
		return err
	}
	short := b.d
	short.Options.MaxModelLen = b.request()
	l, err := estimator.Fit(short)
	if err != nil || !l.Fits {
		return err
	}
	b.d, b.ledger = short, l
	b.assumptions.add("max_model_len", b.d.Options.MaxModelLen, "a request of the workload; the model's own maximum of %d does not fit", b.d.Model.MaxContext)
	return nil
}
