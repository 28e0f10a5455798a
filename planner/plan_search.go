package planner

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// entry is a part of the options for one model, with the least that any of them costs.
type entry struct {
	stage   stage
	key     float64 // least cost a month; see [planning.key]
	quality float64 // -1: unknown
	used    int     // accelerators
	tpot    float64 // ms
	order   int     // in which entries were made

	hardware *Hardware
	place    *place
	engine   engineChoice
	weights  *catalog.Precision
	least    int     // accelerators of a replica
	option   *Option // from sized on

	first, failed, enough int // replicas: the fewest that may do, the most that do not, the fewest that do (0: none yet)
}

// stage is how much is known of an entry.
type stage int

const (
	bounded stage = iota // hardware, engine and precision: what they cost at least
	sized                // one topology, estimated: its replicas at least
)

// search is the queue for one model, the cheapest first.
type search struct {
	*planning
	model   *catalog.Model
	size    modelSize
	quality *Quality
	shape   *estimator.Shape
	list    []*entry
	made    int
	miss    planMiss // the limit that came closest to being kept
	best    *Option  // the cheapest that was simulated and does
	upper   float64  // its key, with its handicap
	seen    map[trialKey]bool
}

func (s *search) Len() int      { return len(s.list) }
func (s *search) Swap(i, j int) { s.list[i], s.list[j] = s.list[j], s.list[i] }
func (s *search) Less(i, j int) bool {
	a, b := s.list[i], s.list[j]
	return cmp.Or(
		cmp.Compare(a.rank(), b.rank()), -cmp.Compare(a.quality, b.quality), cmp.Compare(count(a.apart()), count(b.apart())), cmp.Compare(a.used, b.used),
		-cmp.Compare(a.stage, b.stage), cmp.Compare(a.tpot, b.tpot), cmp.Compare(a.order, b.order),
	) < 0
}
func (s *search) Push(x any) { s.list = append(s.list, x.(*entry)) }
func (s *search) Pop() any {
	last := s.list[len(s.list)-1]
	s.list = s.list[:len(s.list)-1]
	return last
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (s *search) add(e *entry) {
	s.made++
	e.order = s.made
	heap.Push(s, e)
}

// planMiss is a limit that an option breaks. Later limits are closer to feasible than
// earlier ones, and of the same one the smaller margin is.
type planMiss struct {
	rank           missRank
	margin         float64
	reason, change string
}

type missRank int

const (
	missNothing missRank = iota
	missSupport          // no engine runs it on this hardware
	missQuality          // of the precision
	missMemory
	missRegion
	missTerm   // spot, where replicas must be to spare
	missIdle   // an idle replica breaks an objective
	missLimits // hardware that there is, budgets
	missPrice  // a better model is no dearer
)

func (s *search) missed(m planMiss) {
	if m.rank > s.miss.rank || m.rank == s.miss.rank && m.margin < s.miss.margin {
		s.miss = m
	}
}

// consider finds the cheapest option of a model that is cheaper than those of better
// models, or says why there is none.
func (p *planning) consider(m *catalog.Model, front []Option) (*Option, *Loser, error) {
	quality := p.scale.of(m)
	if r := p.wish(m, quality); r != nil {
		margin := r.gap
		if margin >= gapOfWish {
			margin = 0
		}
		return nil, &Loser{Model: m.ID, Reason: r.Reason, Margin: margin, Change: r.Change}, nil
	}
	s := &search{planning: p, model: m, quality: quality, size: sizeOf(m)}
	var err error
	if s.shape, err = estimator.NewShape(m); err != nil {
		return nil, &Loser{Model: m.ID, Reason: err.Error()}, nil
	}
	for i := range p.hardware {
		s.bound(&p.places[i], p.hardware[i])
	}
	found, err := s.cheapest(front)
	if err != nil || found != nil {
		return found, nil, err
	}
	return nil, &Loser{Model: m.ID, Reason: s.miss.reason, Margin: finite(s.miss.margin), Change: s.miss.change}, nil
}

func finite(v float64) float64 {
	if math.IsInf(v, 0) || v >= gapOfWish {
		return 0
	}
	return v
}

// bound adds what hardware, engines and precisions cost at least.
func (s *search) bound(pl *place, h *Hardware) {
	if len(s.request.Regions) > 0 && h.Ownership == Rented && !slices.Contains(s.request.Regions, h.Region) {
		s.missed(planMiss{missRegion, 0, fmt.Sprintf("%s is in %s, accepted are %v", h.Name, orUnknown(h.Region), s.request.Regions), "accept region " + orUnknown(h.Region)})
		return
	}
	if s.request.Spare > 0 && h.Term == cost.Spot {
		s.missed(planMiss{missTerm, 0, fmt.Sprintf("%s is spot: its provider may take all replicas back at once, and %d to spare are no cover", h.Name, s.request.Spare), "no spare replicas, or a price on demand"})
		return
	}
	for _, e := range s.engines {
		if !runsOn(e.engine, pl.device.Accelerator) {
			s.missed(planMiss{missSupport, 0, fmt.Sprintf("%s does not run on %s", e.engine.Name, h.Node.Accelerator.Name), ""})
			continue
		}
		weights := s.precisionsOf(s.model, e.engine, pl.device.Accelerator)
		for _, w := range weights {
			if len(s.request.Precisions) > 0 && !slices.Contains(s.request.Precisions, w.ID) {
				s.missed(planMiss{missSupport, 0, fmt.Sprintf("it loads in %s, accepted are %v", w.ID, s.request.Precisions), "accept precision " + w.ID})
				continue
			}
			quality := s.qualityAt(w)
			if least := s.request.MinQuality; least > 0 && quality < least {
				s.missed(planMiss{missQuality, gapOf(least, quality), fmt.Sprintf("quality %.1f in %s is below %.1f", quality, w.ID, least), fmt.Sprintf("--min-quality %.0f", math.Floor(quality))})
				continue
			}
			least := s.demand.fewestAccelerators(&s.size, w, &h.Node)
			hold := s.demand.fewestAccelerators(&modelSize{params: s.size.params}, w, &h.Node)
			if most := min(h.Node.Count, largestWorld); hold > most {
				s.missed(planMiss{missMemory, float64(hold)/float64(most) - 1, fmt.Sprintf("%s weights take %d of %s at least, a node has %d", w.ID, hold, h.Node.Accelerator.Name, h.Node.Count), "nodes of more accelerators"})
				continue
			}
			nodes := (max(least, hold*(1+s.request.Spare)) + h.Node.Count - 1) / h.Node.Count
			s.add(&entry{key: s.key(h, nodes, nil), quality: quality, hardware: h, place: pl, engine: e, weights: w, least: hold, used: least})
		}
		if len(weights) == 0 {
			s.missed(planMiss{missSupport, 0, fmt.Sprintf("%s loads none of its precisions", e.engine.Name), ""})
		}
	}
}

// qualityAt is the quality that a precision leaves; -1: unknown.
func (s *search) qualityAt(w *catalog.Precision) float64 {
	if s.quality == nil {
		return -1
	}
	return s.quality.Value * retention(s.model, w)
}

// ceiling is what an option of a quality must be cheaper than: what a model that is no
// worse is had for.
func ceiling(front []Option, quality float64, p *planning) (float64, *Option) {
	least, by := math.Inf(1), (*Option)(nil)
	for i := range front {
		f := &front[i]
		own := -1.0
		if f.Quality != nil {
			own = *f.Quality
		}
		if key := p.key(f.hardware, f.Nodes, f); own >= quality && key < least {
			least, by = key, f
		}
	}
	return least, by
}

// cheapest works the queue off until nothing left can cost less than the best option.
func (s *search) cheapest(front []Option) (*Option, error) {
	s.upper = math.Inf(1)
	for s.Len() > 0 {
		e := heap.Pop(s).(*entry)
		if e.rank() > s.upper {
			break
		}
		if e.key >= s.below(e) {
			continue
		}
		limit, by := ceiling(front, e.quality, s.planning)
		switch {
		case e.key >= limit:
			s.missed(s.dearer(e, by))
		case e.stage == bounded:
			s.expand(e)
		default:
			if err := s.try(e, min(limit, s.below(e))); err != nil {
				return nil, err
			}
		}
	}
	return s.best, nil
}

// apart reports whether an entry is known to have replicas that only prefill.
func (e *entry) apart() bool { return e.option != nil && e.option.Prefill != nil }

// dearer says that a model that is no worse costs no more.
func (s *search) dearer(e *entry, by *Option) planMiss {
	limit := s.key(by.hardware, by.Nodes, by)
	if by.PerMonth == nil || e.key >= unpriced {
		return planMiss{missPrice, 0, fmt.Sprintf("%s is no worse, and takes no more", by.Model), ""}
	}
	return planMiss{missPrice, e.key/limit - 1, fmt.Sprintf("%s is no worse and costs %s a month; this costs %s at least, on %s", by.Model, money(limit, s.currency()), money(e.key, s.currency()), e.hardware.Name),
		fmt.Sprintf("%s at %s", e.hardware.Name, shareText(limit/e.key))}
}

// shareText is "82 % of its price".
func shareText(share float64) string {
	return fmt.Sprintf("%.0f %% of its price", math.Floor(100*share))
}

func (p *planning) currency() string { return p.terms.Currency }

// money is "12,340 USD".
func money(v float64, currency string) string { return fmt.Sprintf("%.0f %s", v, currency) }

// addOption puts an option in the queue unless it breaks a limit.
func (s *search) addOption(e *entry) {
	o := e.option
	e.key, e.used = s.key(o.hardware, o.Nodes, nil), o.Used
	if m := s.limits(o); m != nil {
		s.missed(*m)
		return
	}
	s.add(e)
}

// try simulates an option with the most replicas that cost less than a limit: where they
// do not carry the load, one trial was enough to know that it costs more. Where they do,
// it goes back to the queue, and fewer are tried by halves.
func (s *search) try(e *entry, limit float64) error {
	if e.option.Prefill != nil {
		return s.tryPair(e)
	}
	n := s.next(e, limit)
	o := *e.option
	o.resize(n)
	t, err := s.trial(&o)
	if err == nil && t.Met {
		t, err = s.confirmed(&o)
	}
	switch {
	case err != nil:
		return err
	case t.Summary == nil:
		s.missed(planMiss{missSupport, 0, t.Limit, ""})
		return nil
	case !t.Met && n >= giveUp*e.first:
		name, ratio := worst(t.Summary)
		s.missed(planMiss{missIdle, ratio - 1, fmt.Sprintf("%s is %.2f times its bound even with %d replicas of %s on %dx %s", name, ratio, n, o.Precision, o.World, o.Accelerator), ""})
		return nil
	case !t.Met:
		e.failed = n
	default:
		e.enough = n
		if err := s.accept(e, &o, &t); err != nil {
			return err
		}
	}
	if e.enough == e.failed+1 {
		return nil
	}
	rest := *e.option
	rest.resize(e.failed + 1)
	e.option = &rest
	s.addOption(e)
	return nil
}

// accept takes an option that carries the load as the best where it costs less, and
// breaks no limit.
func (s *search) accept(e *entry, o *Option, t *simulator.Trialled) error {
	if err := s.settle(o, t.Summary); err != nil {
		return err
	}
	if m := s.limits(o); m != nil { // of what the simulation says it takes
		s.missed(*m)
		return nil
	}
	key := s.key(o.hardware, o.Nodes, o)
	if key >= s.below(e) {
		return nil
	}
	if pays, err := s.pays(o, t); err != nil || !pays {
		return err
	}
	s.best, s.upper = o, handicapped(key, o.handicap())
	return nil
}

// next is how many replicas of an entry to try: in the middle of what is open; where
// nothing is known to do, the most that cost less than the limit, and without one half
// as many again as did not do.
func (s *search) next(e *entry, limit float64) int {
	if e.enough > 0 {
		return e.failed + (e.enough-e.failed)/2
	}
	most := giveUp * e.first
	if math.IsInf(limit, 1) {
		if e.failed < e.first {
			return e.first
		}
		return min(e.failed+max(1, e.failed/2), most)
	}
	o := *e.option
	n := e.failed + 1
	for n < most { // nodes make steps of several
		o.resize(n + 1)
		if s.key(o.hardware, o.Nodes, nil) >= limit || s.limits(&o) != nil {
			break
		}
		n++
	}
	return n
}

// settle gives an option what its simulation says, and costs it.
func (s *search) settle(o *Option, sum *simulator.Summary) error {
	o.Summary = sum
	if sum.MeanWatts != nil {
		w := *sum.MeanWatts
		o.Watts = &w
	}
	if sum.TPOT != nil {
		o.TPOTMs = sum.TPOT.Mean
	}
	return s.price(o)
}

// giveUp is how many times the fewest replicas that may do are tried at most.
const giveUp = 8

// worst is the objective that is furthest above its bound.
func worst(s *simulator.Summary) (name string, ratio float64) {
	if s.Saturated {
		name, ratio = "the queue", math.Inf(1)
	}
	for i := range s.Classes {
		for _, o := range s.Classes[i].Objectives {
			if r := o.ValueMs / o.BoundMs; r > ratio || name == "" {
				name, ratio = o.Name(), r
			}
		}
	}
	return name, ratio
}
