package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Kinds of arrivals of an open loop.
const (
	Poisson  = "poisson"  // exponential gaps
	Constant = "constant" // equal gaps
	Burst    = "burst"    // gamma gaps
)

// CheckArrivals returns what is wrong with arrivals at a rate, in requests/s; the
// burstiness is that of [Burst].
func CheckArrivals(kind string, rate, burstiness float64) error {
	if kind != Poisson && kind != Constant && kind != Burst {
		return fmt.Errorf("arrivals %q: accepted are %s, %s, %s", kind, Poisson, Constant, Burst)
	}
	if !(rate > 0 && rate <= 1e6) {
		return fmt.Errorf("rate %g requests/s: accepted is more than 0, at most 1000000", rate)
	}
	if kind == Burst && !(burstiness >= 0.01 && burstiness <= 1000) {
		return fmt.Errorf("burstiness %g: accepted are 0.01 (bursty) to 1000 (steady); 1 is Poisson", burstiness)
	}
	return nil
}

// Gap draws the time between two arrivals, 1 in the mean. Burstiness is the shape
// of gamma gaps, above 0: their variance is 1/burstiness, so that 1 is Poisson, less
// is burstier and more is steadier.
func Gap(kind string, burstiness float64, r *rand.Rand) float64 {
	switch kind {
	case Constant:
		return 1
	case Burst:
		return gamma(r, burstiness) / burstiness
	}
	return r.ExpFloat64()
}

// gamma draws from the gamma distribution of the shape, scale 1 (Marsaglia and
// Tsang). A shape below 1 is drawn as shape+1 times U^(1/shape).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
