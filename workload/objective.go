package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Objective is a bound on a quantile of a latency, or on its mean.
type Objective struct {
	Metric  string  `json:"metric"`   // ttft, tpot, itl, e2e
	Stat    string  `json:"stat"`     // mean, max, or p and a percentile: p50, p99.9
	BoundMs float64 `json:"bound_ms"` // at most
}

// Metrics of latency that objectives bound.
var metrics = []string{"ttft", "tpot", "itl", "e2e"}

const objectiveForms = `accepted is METRIC.STAT=TIME, such as "ttft.p95=500ms", "tpot.mean=40ms", "e2e.p99=10s"; metrics are ttft, tpot, itl and e2e, stats are mean, max and percentiles`

// ParseObjective reads "ttft.p95=500ms".
func ParseObjective(text string) (Objective, error) {
	name, bound, ok := strings.Cut(text, "=")
	d, err := time.ParseDuration(strings.TrimSpace(bound))
	if !ok || err != nil || d <= 0 {
		return Objective{}, fmt.Errorf("objective %q: %s", text, objectiveForms)
	}
	o, err := ParseStatistic(strings.TrimSpace(name))
	if err != nil {
		return Objective{}, err
	}
	o.BoundMs = float64(d) / float64(time.Millisecond)
	return o, nil
}

// ParseStatistic reads "ttft.p95", an objective without its bound.
func ParseStatistic(text string) (Objective, error) {
	metric, stat, ok := strings.Cut(text, ".")
	o := Objective{Metric: metric, Stat: stat}
	known := false
	for _, m := range metrics {
		known = known || m == metric
	}
	if !ok || !known || stat != "mean" && stat != "max" && !(o.Quantile() > 0 && o.Quantile() < 1) {
		return Objective{}, fmt.Errorf("objective %q: %s", text, objectiveForms)
	}
	return o, nil
}

// Quantile is that of a percentile, between 0 and 1; NaN of mean and max.
func (o *Objective) Quantile() float64 {
	digits, ok := strings.CutPrefix(o.Stat, "p")
	p, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil {
		return math.NaN()
	}
	return p / 100
}

// Name is the objective without its bound: "ttft.p95".
func (o *Objective) Name() string { return o.Metric + "." + o.Stat }

func (o Objective) String() string {
	if o.BoundMs == 0 {
		return o.Name()
	}
	return o.Name() + "=" + time.Duration(o.BoundMs*float64(time.Millisecond)).String()
}
