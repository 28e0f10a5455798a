package estimator

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// halves are the half widths of a deployment's intervals: about nine of ten
// measurements of its class lie between v / (1 + half) and v x (1 + half).
type halves struct{ ttft, tpot, throughput float64 }

// farther widens the residuals of a class that does not name the accelerator's
// family, where the kernels' curves are another generation's too. It is assumed.
const farther = 1.5

func halvesOf(c *catalog.Catalog, d *Deployment, far catalog.Relation) (halves, error) {
	class := catalog.ClassOf(d.Model, d.Weights, d.Engine, d.Device.Accelerator)
	var list [3]float64
	for i, quantity := range [...]string{catalog.ResidualTTFT, catalog.ResidualTPOT, catalog.ResidualThroughput} {
		r := c.ResidualFor(class, quantity)
		if r == nil {
			return halves{}, fmt.Errorf("no [[residual]] of %s holds the class %s: no interval is known", quantity, class)
		}
		list[i] = r.Half
		if r.Family == "" && far >= catalog.OtherGeneration {
			list[i] *= farther
		}
	}
	// Tokens/s are sequences over TPOT, known no better than that.
	return halves{list[0], list[1], max(list[1], list[2])}, nil
}

// latency is a time in milliseconds with its interval.
func latency(ms, half float64) Latency {
	return Latency{Mean: ms, Median: ms, Low: ms / (1 + half), High: ms * (1 + half)}
}

// figure is a value with its interval and its basis.
func figure(v, half float64, basis catalog.Basis) Figure {
	return Figure{Value: v, Low: v / (1 + half), High: v * (1 + half), Basis: basis}
}

// sumOf is the time from arrival to last token: that to the first, and steps.
func sumOf(ttft, tpot Latency, steps float64) Latency {
	return Latency{
		Mean: ttft.Mean + tpot.Mean*steps, Median: ttft.Median + tpot.Median*steps,
		Low: ttft.Low + tpot.Low*steps, High: ttft.High + tpot.High*steps,
	}
}
