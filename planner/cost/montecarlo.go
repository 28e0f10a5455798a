package cost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// MaxSamples bounds a Monte Carlo: a million.
const MaxSamples = 1_000_000

// Spread is a distribution by its samples. P10 to P90 hold four in five.
type Spread struct {
	P10     float64   `json:"p10"`
	P50     float64   `json:"p50"`
	P90     float64   `json:"p90"`
	Mean    float64   `json:"mean"`
	Base    float64   `json:"base"`              // with every factor at its median
	Samples []float64 `json:"samples,omitempty"` // in the order drawn, so that those of one seed and the same factors pair
}

// MonteCarlo evaluates f on n draws of the factors, which are independent. The same
// seed and factors give the same draws. f gets a value per factor, in their order,
// and must not keep the slice.
func MonteCarlo(n int, seed uint64, factors []Factor, f func(values []float64) float64) (Spread, error) {
	all, err := spreads(n, seed, factors, []Option{{Name: "the function", Cost: f}})
	if err != nil {
		return Spread{}, err
	}
	return all[0], nil
}

// Option is one of those ranked: what it costs, by values of the factors.
type Option struct {
	Name string
	Cost func(values []float64) float64
}

// Ranked is an option among others.
type Ranked struct {
	Name     string  `json:"name"`
	BaseRank int     `json:"base_rank"` // from 1, with every factor at its median
	First    float64 `json:"first"`     // probability of being the cheapest; ties share it
	Spread   Spread  `json:"spread"`
}

// Ranking is how sure an order of options is.
type Ranking struct {
	Options     []Ranked `json:"options"`      // by base rank
	Change      float64  `json:"change"`       // probability that any two change places against the base
	FirstChange float64  `json:"first_change"` // probability that another is cheaper than the first of the base
}

// Rank evaluates options on common draws, so that what they share (the price of
// power, the length of requests) moves all of them, and counts how often their
// order changes. Cheapest first.
func Rank(n int, seed uint64, factors []Factor, options []Option) (Ranking, error) {
	if len(options) == 0 {
		return Ranking{}, fmt.Errorf("there are no options: accepted is at least one")
	}
	all, err := spreads(n, seed, factors, options)
	if err != nil {
		return Ranking{}, err
	}
	order := make([]int, len(options))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case all[a].Base < all[b].Base:
			return -1
		case all[a].Base > all[b].Base:
			return 1
		}
		return 0
	})
	r := Ranking{Options: make([]Ranked, len(options))}
	for rank, i := range order {
		r.Options[rank] = Ranked{Name: options[i].Name, BaseRank: rank + 1, Spread: all[i]}
	}
	r.tally(n)
	return r, nil
}

// tally counts over the draws who is first and whether the order is that of the base.
func (r *Ranking) tally(n int) {
	changes, firsts := 0, 0
	won := make([]float64, len(r.Options))
	for s := range n {
		least, ties, ordered := math.Inf(1), 0, true
		for i, o := range r.Options {
			v := o.Spread.Samples[s]
			if v < least {
				least, ties = v, 0
			}
			if v == least {
				ties++
			}
			// Neighbours in order are all in order; equal costs are no change.
			ordered = ordered && (i == 0 || v >= r.Options[i-1].Spread.Samples[s])
		}
		for i, o := range r.Options {
			if o.Spread.Samples[s] == least {
				won[i] += 1 / float64(ties)
			}
		}
		if !ordered {
			changes++
		}
		if r.Options[0].Spread.Samples[s] > least {
			firsts++
		}
	}
	for i := range r.Options {
		r.Options[i].First = won[i] / float64(n)
	}
	r.Change, r.FirstChange = float64(changes)/float64(n), float64(firsts)/float64(n)
}

// spreads evaluates options on common draws.
func spreads(n int, seed uint64, factors []Factor, options []Option) ([]Spread, error) {
	if n < 10 || n > MaxSamples {
		return nil, fmt.Errorf("n is %d: accepted are 10 to %d samples", n, MaxSamples)
	}
	base, err := medians(factors)
	if err != nil {
		return nil, err
	}
	all := make([]Spread, len(options))
	for i, o := range options {
		all[i] = Spread{Base: o.Cost(slices.Clone(base)), Samples: make([]float64, n)}
		if !finite(all[i].Base) {
			return nil, fmt.Errorf("%s is %g with factors at their medians %v: accepted is a finite amount", o.Name, all[i].Base, base)
		}
	}
	quantiles := make([]func(float64) float64, len(factors))
	for i, f := range factors {
		quantiles[i] = f.quantile()
	}
	r := rand.New(rand.NewPCG(seed, 0x636f7374)) // a stream of this package's own
	values, drawn := make([]float64, len(factors)), make([]float64, len(factors))
	for s := range n {
		for i := range drawn {
			drawn[i] = quantiles[i](1 - (r.Float64() + 0x1p-54)) // inside (0, 1): the ends are infinite
		}
		for i, o := range options {
			copy(values, drawn) // an option may write into its values
			if all[i].Samples[s] = o.Cost(values); !finite(all[i].Samples[s]) {
				return nil, fmt.Errorf("%s is %g with factors at %v: accepted is a finite amount", o.Name, all[i].Samples[s], drawn)
			}
		}
	}
	for i := range all {
		all[i].summarise()
	}
	return all, nil
}

func (s *Spread) summarise() {
	sorted := slices.Clone(s.Samples)
	slices.Sort(sorted)
	s.P10, s.P50, s.P90 = workload.Quantile(sorted, 0.1), workload.Quantile(sorted, 0.5), workload.Quantile(sorted, 0.9)
	for _, v := range s.Samples {
		s.Mean += v / float64(len(s.Samples))
	}
}
