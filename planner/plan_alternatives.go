package planner

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// mostAlternatives that an answer shows.
const mostAlternatives = 12

// alternatives are the cheapest option of the chosen model on each other hardware,
// engine and precision. Those that their bound alone shows to be dearer are not
// simulated, and say so by having no summary.
func (p *planning) alternatives(ctx context.Context, chosen *Option) ([]Option, error) {
	m, err := p.catalog.Model(chosen.Model)
	if err != nil {
		return nil, err
	}
	s := &search{planning: p, model: m, quality: p.scale.of(m), size: sizeOf(m)}
	if s.shape, err = estimator.NewShape(m); err != nil {
		return nil, err
	}
	for i := range p.hardware {
		s.bound(&p.places[i], p.hardware[i])
	}
	type kind struct{ hardware, engine, weights string }
	seen := map[kind]bool{{chosen.Hardware, chosen.Engine, chosen.Precision}: true}
	list := []Option{}
	for s.Len() > 0 && len(list) < mostAlternatives {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := heap.Pop(s).(*entry)
		k := kind{e.hardware.Name, e.engine.engine.ID + "@" + e.engine.release, e.weights.ID}
		if seen[k] {
			continue
		}
		switch {
		case e.stage == bounded:
			s.expand(e)
		case len(list) < mostSimulated && e.enough != e.failed+1:
			if err := s.alternative(e); err != nil {
				return nil, err
			}
		default:
			seen[k] = true
			if o := e.option; o.Summary == nil && e.key < unpriced {
				least := e.key
				o.PerMonth = &least
			}
			list = append(list, *e.option)
		}
	}
	slices.SortStableFunc(list, func(a, b Option) int {
		return cmp.Compare(p.key(a.hardware, a.Nodes, &a), p.key(b.hardware, b.Nodes, &b))
	})
	return list, nil
}

// alternative tries an option with one replica more at a time, until it does.
func (s *search) alternative(e *entry) error {
	o := e.option
	if o.Prefill != nil { // of each kind the one that costs least is shown, and its bound is kept
		return nil
	}
	t, err := s.trial(o)
	if err == nil && t.Met {
		t, err = s.confirmed(o)
	}
	if err != nil || t.Summary == nil {
		return err
	}
	switch {
	case t.Met:
		e.enough = o.Replicas
		if err := s.settle(o, t.Summary); err != nil {
			return err
		}
		if pays, err := s.pays(o, &t); err != nil || !pays {
			return err
		}
	case o.Replicas >= giveUp*e.first:
		return nil
	default:
		e.failed = o.Replicas
		o.resize(o.Replicas + 1)
	}
	s.addOption(e)
	return nil
}

// mostSimulated of the alternatives; the others are as dear as their estimate at least.
const mostSimulated = 6
