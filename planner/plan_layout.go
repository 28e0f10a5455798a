package planner

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// expand lays a replica out in every topology on its hardware.
func (s *search) expand(e *entry) {
	var all []*laid // the sizes in order, with the engine's own options
	for _, world := range worldsOf(e.least, e.hardware.Node.Count) {
		var able, list []*laid
		for _, t := range topologiesOf(s.model, e.engine.engine.ID, world) {
			l := s.lay(e, t)
			if l.missed == nil {
				able = append(able, l)
				continue
			}
			s.missed(*l.missed)
			list = append(list, s.tuned(l, false)...)
		}
		kept := s.undominated(able)
		all = append(all, kept...)
		list = append(list, kept...)
		for _, l := range able {
			list = append(list, s.tuned(l, !slices.Contains(kept, l))...)
		}
		for _, l := range s.undominated(list) {
			s.put(e, l)
		}
	}
	s.disaggregate(e, all)
}

// laid is a replica in a topology that fits, and can serve the load.
type laid struct {
	deployment estimator.Deployment
	ledger     estimator.Ledger
	table      *estimator.Timetable // nil: of llama.cpp
	serve      func(rate float64) estimator.Performance
	rate       float64 // requests/s that it may carry at most
	limited    bool    // by an objective, not by its throughput

	plain  *laid     // the same with the engine's own options; nil: it has them
	missed *planMiss // why it cannot serve; nil: it can
}

// lay estimates a replica in one topology with the engine's own options.
func (s *search) lay(e *entry, t topology) *laid {
	d := s.deployment(s.model, e.place, e.engine, e.weights)
	d.Shape = s.shape
	d.TP, d.PP, d.EP, d.AttentionDP, d.DP = t.tp, t.pp, t.ep, t.attentionDP, 1
	return s.estimate(d, nil)
}

// estimate lays a replica out, beside another in the same topology or none.
func (s *search) estimate(d estimator.Deployment, beside *laid) *laid {
	d.Options.MemoryFraction = estimator.FreeFraction(d)
	out := &laid{deployment: d, plain: beside}
	miss := func(rank missRank, margin float64, reason, change string) *laid {
		out.missed = &planMiss{rank, margin, reason, change}
		return out
	}
	d, _, err := estimator.Resolve(d)
	if err != nil {
		return miss(missSupport, 0, err.Error(), "")
	}
	l, err := estimator.Fit(d)
	if err != nil {
		return miss(missSupport, 0, err.Error(), "")
	}
	out.deployment, out.ledger = d, l
	if !l.Fits {
		return miss(missMemory, float64(l.ShortBytes)/float64(max(d.Device.FreeBytes, 1)), fmt.Sprintf("%s on %dx %s lacks %.1f GiB on each", d.Weights.ID, d.World(), d.Device.Accelerator.Name, float64(l.ShortBytes)/(1<<30)), l.Change)
	}
	s.counted.options++
	serve, err := s.server(out)
	if err != nil {
		return miss(missSupport, 0, err.Error(), "")
	}
	out.serve = func(rate float64) estimator.Performance { return serve(s.demand.load(rate)) }
	if o, got := s.demand.missedIdle(serve); o != nil {
		return miss(missIdle, got/o.BoundMs-1, fmt.Sprintf("%s is %.4g ms on an idle replica (%s on %dx %s), %.4g asked", o.Name(), got, d.Weights.ID, d.World(), d.Device.Accelerator.Name, o.BoundMs),
			fmt.Sprintf("--objective %s=%.0fms", o.Name(), math.Ceil(got)))
	}
	rate, limit := s.demand.mostRate(out.serve)
	out.rate, out.limited = rate, limit != nil
	return out
}

// server is what a replica delivers under a load, in the mean.
func (s *search) server(l *laid) (func(estimator.Load) estimator.Performance, error) {
	d := l.deployment
	if d.Engine.ID == estimator.LlamaCpp {
		_, err := estimator.Serve(s.catalog, d, s.demand.load(idleRate))
		return func(load estimator.Load) estimator.Performance {
			p, _ := estimator.Serve(s.catalog, d, load) // what it refuses, it refused above
			return p
		}, err
	}
	if l.plain != nil && l.plain.table != nil {
		l.table = l.plain.table.Within(d, l.ledger)
	} else {
		var err error
		if l.table, err = estimator.NewTimetable(s.catalog, d, l.ledger); err != nil {
			return nil, err
		}
	}
	return l.table.Serve, nil
}

// figures are the means that replicas of one size are compared by, smaller ones better.
type figures struct{ ttft, tpot, idleTTFT, idleTPOT, slower, stall, chunks, crowd float64 }

func (a figures) noSlower(b figures) bool {
	return a.ttft <= b.ttft && a.tpot <= b.tpot && a.idleTTFT <= b.idleTTFT && a.idleTPOT <= b.idleTPOT && a.slower <= b.slower && a.stall <= b.stall &&
		a.chunks <= b.chunks && a.crowd <= b.crowd
}

// figures of a replica with no request about, and at a load.
func (s *search) figures(l *laid, at float64) figures {
	busy, idle := l.serve(max(at, idleRate)), l.serve(idleRate)
	f := figures{busy.TTFT.Mean, busy.TPOT.Mean, idle.TTFT.Mean, idle.TPOT.Mean, 1 / l.rate, s.stall(l), s.chunks(l), s.crowd(l)}
	if busy.Saturated {
		f.ttft, f.tpot = math.Inf(1), math.Inf(1)
	}
	return f
}

// undominated leaves out replicas of one size that another is no slower than: with no
// request about, and at the load of the one that carries most. They cost the same, but
// that one with the engine's own options gives way to none with others.
func (s *search) undominated(list []*laid) []*laid {
	if len(list) < 2 {
		return list
	}
	most := 0.0
	for _, l := range list {
		most = max(most, l.rate)
	}
	at := min(s.demand.rate/max(math.Ceil(s.demand.rate/most), 1), most/slack*0.9)
	of := make([]figures, len(list))
	for i, l := range list {
		of[i] = s.figures(l, at)
	}
	var kept []*laid
	for i, l := range list {
		dominated := false
		for k := range list {
			if k == i || list[k].plain != nil && l.plain == nil || !of[k].noSlower(of[i]) {
				continue
			}
			if !of[i].noSlower(of[k]) || k < i || list[k].plain == nil && l.plain != nil {
				dominated = true
			}
		}
		if !dominated {
			kept = append(kept, l)
		}
	}
	return kept
}

// put adds a replica's option with the fewest that may carry the load.
func (s *search) put(e *entry, l *laid) {
	replicas := max(int(math.Ceil(s.demand.rate/l.rate)), 1)
	at := l.serve(max(min(s.demand.rate/float64(replicas), l.rate/slack*0.99), idleRate))
	o := s.option(e, &l.deployment, replicas)
	o.TPOTMs, o.e2eS = at.TPOT.Mean, at.E2E.Mean/1000
	o.Tuned, o.plain = l.deviations(), l.plain
	s.addOption(&entry{stage: sized, quality: e.quality, hardware: e.hardware, place: e.place, engine: e.engine, weights: e.weights, option: o, tpot: o.TPOTMs, first: replicas, failed: replicas - 1})
}

// option is a deployment with so many replicas.
func (s *search) option(e *entry, d *estimator.Deployment, replicas int) *Option {
	o := &Option{
		Model: s.model.ID, Licence: s.model.Licence, Precision: e.weights.ID, KVPrecision: cacheFormat(*d), Engine: e.engine.engine.ID + "@" + e.engine.release,
		Hardware: e.hardware.Name, Accelerator: d.Device.Accelerator.Name, TP: d.TP, PP: d.PP, EP: max(d.EP, 1), AttentionDP: max(d.AttentionDP, 1), World: d.World(),
		Spare: s.request.Spare, deployment: *d, hardware: e.hardware,
	}
	if e.quality >= 0 {
		q := e.quality
		o.Quality = &q
	}
	o.resize(replicas)
	return o
}

// resize gives the option so many replicas.
func (o *Option) resize(replicas int) {
	h := o.hardware
	o.Replicas = replicas
	nodes := func(replicas, world int) int {
		if world > h.Node.Count { // nodes of a replica: the search lays none out so
			return replicas * ((world + h.Node.Count - 1) / h.Node.Count)
		}
		each := h.Node.Count / world // of a node
		return (replicas + each - 1) / each
	}
	o.Nodes, o.Used = nodes(replicas+o.Spare, o.World), (replicas+o.Spare)*o.World
	if f := o.Prefill; f != nil {
		more := f.Replicas + o.Spare
		o.Used += more * f.World
		if h.Node.Count%o.World == 0 && h.Node.Count%f.World == 0 { // they share nodes
			o.Nodes = (o.Used + h.Node.Count - 1) / h.Node.Count
		} else {
			o.Nodes += nodes(more, f.World)
		}
	}
	o.Accelerators = o.Nodes * h.Node.Count
}
