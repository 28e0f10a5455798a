package planner

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// Sensitivity is how sure the choice is.
type Sensitivity struct {
	Chosen  string        `json:"chosen"` // how the ranking names the chosen option
	Draws   int           `json:"draws"`  // of the factors that the ranking rests on
	Factors []cost.Factor `json:"factors"`
	Flip    float64       `json:"flip"`              // probability that another option is cheaper than the chosen one; ties are none
	Ranking *cost.Ranking `json:"ranking,omitempty"` // of the chosen option and its alternatives; null: there are none that are priced
	Swings  []cost.Swing  `json:"swings"`            // of what the chosen one costs a month, by one factor at a time, the largest first
}

// How wide the factors are that nobody measured. Prices on demand of one accelerator
// differ by more between providers; this is how far one offer moves until it is signed.
const (
	priceLow, priceHigh = 0.85, 1.15
	loadLow, loadHigh   = 0.8, 1.25
	sensitivityDraws    = 2000
)

// sensitivity ranks the chosen option and its alternatives over what is uncertain: the
// load, and of each its price and the error of its estimate.
func (p *planning) sensitivity(chosen *Option, others []Option) (*Sensitivity, error) {
	options := []*Option{chosen}
	for i := range others {
		if o := &others[i]; (o.Summary != nil || o.deployment.Model == nil) && o.PerMonth != nil {
			options = append(options, &others[i])
		}
	}
	out := &Sensitivity{Chosen: label(chosen), Draws: sensitivityDraws, Swings: []cost.Swing{}}
	if chosen.PerMonth == nil {
		return out, nil
	}
	out.Factors = []cost.Factor{{Key: "load", Dist: cost.LogNormal, Low: loadLow, High: loadHigh}}
	at := map[string]int{}
	add := func(key string, low, high float64) {
		if _, known := at[key]; !known {
			at[key] = len(out.Factors)
			out.Factors = append(out.Factors, cost.Factor{Key: key, Dist: cost.LogNormal, Low: low, High: high})
		}
	}
	var ranked []cost.Option
	for _, o := range options {
		half, err := p.stepError(o)
		if err != nil {
			return nil, err
		}
		price, speed := "price of "+o.Hardware, fmt.Sprintf("step time of %s on %s", o.Precision, o.Accelerator)
		add(price, priceLow, priceHigh)
		i, work := at[price], func(v []float64) float64 { return v[0] }
		if half > 0 { // of what was measured nothing is known
			add(speed, 1/(1+half), 1+half)
			k := at[speed]
			work = func(v []float64) float64 { return v[0] * v[k] }
		}
		ranked = append(ranked, cost.Option{Name: label(o), Cost: func(v []float64) float64 { return v[i] * p.monthlyAt(o, work(v)) }})
	}
	var err error
	if out.Swings, err = cost.Tornado(out.Factors, ranked[0].Cost); err != nil {
		return nil, err
	}
	out.Swings = slices.DeleteFunc(out.Swings, func(s cost.Swing) bool { return s.Swing == 0 }) // the prices of others
	if len(ranked) > 1 {
		r, err := cost.Rank(sensitivityDraws, p.request.Seed, out.Factors, ranked)
		if err != nil {
			return nil, err
		}
		out.Flip = flips(&r, out.Chosen)
		for i := range r.Options {
			r.Options[i].Spread.Samples = nil
		}
		out.Ranking = &r
	}
	return out, nil
}

// flips is the share of the draws in which another option costs less than one.
func flips(r *cost.Ranking, name string) float64 {
	at := slices.IndexFunc(r.Options, func(o cost.Ranked) bool { return o.Name == name })
	if at < 0 || len(r.Options[at].Spread.Samples) == 0 {
		return 0
	}
	own, n := r.Options[at].Spread.Samples, 0
	for s, v := range own {
		if slices.ContainsFunc(r.Options, func(o cost.Ranked) bool { return o.Spread.Samples[s] < v }) {
			n++
		}
	}
	return float64(n) / float64(len(own))
}

// label names an option among those of one model.
func label(o *Option) string {
	if o.deployment.Model == nil {
		return "measured on " + o.Hardware
	}
	return fmt.Sprintf("%s on %s, %s", o.Precision, o.Hardware, shapeOf(", ", o.TP, o.PP, o.EP, o.AttentionDP))
}

// stepError is how far the estimate of an option may be off.
func (p *planning) stepError(o *Option) (float64, error) {
	if o.deployment.Model == nil { // measured
		return 0, nil
	}
	s, err := estimator.NewServer(p.catalog, o.deployment)
	if err != nil {
		return 0, err
	}
	return s.TPOTHalf, nil
}

// monthlyAt is what an option costs a month where it takes so many times the work. Of
// the last replica half is taken to be needed: how much of it is, the search does not
// find out.
func (p *planning) monthlyAt(o *Option, times float64) float64 {
	own := *o
	needs := func(replicas int) int { return max(int(math.Ceil((float64(replicas)-0.5)*times)), 1) }
	if o.Prefill != nil {
		side := *o.Prefill
		side.Replicas = needs(side.Replicas)
		own.Prefill = &side
	}
	own.resize(needs(o.Replicas))
	return p.monthlyOf(o, &own)
}

// monthlyOf is what an option of another size costs a month: energy goes with the
// accelerators that are used.
func (p *planning) monthlyOf(o, own *Option) float64 {
	l := p.lines[o.hardware]
	energy := *o.PerMonth - (l.fixed + l.each*float64(o.Nodes))
	return l.fixed + l.each*float64(own.Nodes) + energy*float64(own.Used)/float64(o.Used)
}
