package planner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/simulator"
)

// LockSchema is the form of a [Lock].
const LockSchema = "plimsoll.plan_lock/v1"

// Lock pins a plan: what was asked, with what it was answered, and what the answer was,
// so that a later run can say what has changed.
type Lock struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	Created string `json:"created"` // day
	Catalog string `json:"catalog"` // SHA-256 of the catalog and of those laid over it
	Request string `json:"request"` // the plan file

	Facts   []Fact   `json:"facts"`   // of the chosen deployment
	Figures []Figure `json:"figures"` // that it promises
}

// Fact is a choice or a setting: it is the same or it is not.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Figure is a promise with its interval.
type Figure struct {
	Name  string  `json:"name"` // with its unit: ttft_p95_ms
	Value float64 `json:"value"`
	Low   float64 `json:"low"`  // while the estimate is no more wrong than its error
	High  float64 `json:"high"` // the same; where there is no interval both are the value
}

// LockOf pins a plan that chose something.
func LockOf(p *Plan, request []byte) *Lock {
	o := p.Chosen
	l := &Lock{Schema: LockSchema, Request: string(request)}
	d := &o.deployment
	l.Facts = []Fact{
		{"model", o.Model}, {"precision", o.Precision}, {"kv_precision", o.KVPrecision}, {"engine", o.Engine}, {"licence", o.Licence},
		{"hardware", o.Hardware}, {"accelerator", o.Accelerator},
		{"tp", strconv.Itoa(o.TP)}, {"pp", strconv.Itoa(o.PP)}, {"ep", strconv.Itoa(o.EP)}, {"attention_dp", strconv.Itoa(o.AttentionDP)},
		{"replicas", strconv.Itoa(o.Replicas)}, {"spare", strconv.Itoa(o.Spare)}, {"nodes", strconv.Itoa(o.Nodes)}, {"accelerators", strconv.Itoa(o.Accelerators)},
		{"max_model_len", strconv.Itoa(d.Options.MaxModelLen)}, {"max_num_seqs", strconv.Itoa(d.Options.MaxSeqs)},
		{"max_num_batched_tokens", strconv.Itoa(d.Options.MaxBatchedTokens)}, {"memory_fraction", strconv.FormatFloat(d.Options.MemoryFraction, 'g', -1, 64)},
	}
	if o.PerMonth != nil {
		l.Facts = append(l.Facts, Fact{"currency", p.Currency})
	}
	l.figures(p)
	return l
}

func (l *Lock) figures(p *Plan) {
	add := func(name string, v, low, high float64) {
		l.Figures = append(l.Figures, Figure{name, v, min(v, low), max(v, high)})
	}
	one := func(name string, v *float64) {
		if v != nil {
			add(name, *v, *v, *v)
		}
	}
	d := p.Detail
	if d.Summary != nil {
		l.latencies(d, add)
		l.objectives(d, add)
		add("requests_per_s", d.Summary.RequestsPerS, d.Summary.RequestsPerS, d.Summary.RequestsPerS)
		add("output_tokens_per_s", d.Summary.OutputTokensPerS, d.Summary.OutputTokensPerS, d.Summary.OutputTokensPerS)
	}
	if h := d.Headroom; h != nil {
		one("max_rate_per_s", &h.RatePerS)
	}
	memory := float64(d.Memory.NeedBytes)
	tokens := float64(d.Memory.KVTokens)
	one("memory_need_bytes", &memory)
	one("kv_tokens", &tokens)
	one("per_month", p.Chosen.PerMonth)
	one("capital", p.Chosen.Capital)
	if d.Tokens != nil {
		one("per_million_output_tokens", &d.Tokens.Allocation.Output)
	}
	one("power_w", p.Chosen.Watts)
	one("quality", p.Chosen.Quality)
}

// latencies are those at the peak, with what they are where the estimate is as wrong as
// its error.
func (l *Lock) latencies(d *Detail, add func(name string, v, low, high float64)) {
	for _, x := range []struct {
		name          string
		of, low, high *simulator.Distribution
	}{
		{"ttft", d.Summary.TTFT, d.Reach.Low.TTFT, d.Reach.High.TTFT}, {"tpot", d.Summary.TPOT, d.Reach.Low.TPOT, d.Reach.High.TPOT},
		{"itl", d.Summary.ITL, d.Reach.Low.ITL, d.Reach.High.ITL}, {"e2e", d.Summary.E2E, d.Reach.Low.E2E, d.Reach.High.E2E},
	} {
		if x.of == nil || x.low == nil || x.high == nil {
			continue
		}
		add(x.name+"_mean_ms", x.of.Mean, x.low.Mean, x.high.Mean)
		add(x.name+"_p50_ms", x.of.P50, x.low.P50, x.high.P50)
		add(x.name+"_p90_ms", x.of.P90, x.low.P90, x.high.P90)
		add(x.name+"_p95_ms", x.of.P95, x.low.P95, x.high.P95)
		add(x.name+"_p99_ms", x.of.P99, x.low.P99, x.high.P99)
	}
}

// objectives of several classes of requests have figures of their own, which the class's
// name in braces tells apart: "ttft_p95_ms{chat}".
func (l *Lock) objectives(d *Detail, add func(name string, v, low, high float64)) {
	if len(d.Summary.Classes) < 2 {
		return
	}
	for _, c := range d.Summary.Classes {
		for _, o := range c.Objectives {
			if o.Reach != nil {
				add(fmt.Sprintf("%s_%s_ms{%s}", o.Metric, o.Stat, c.Name), o.ValueMs, o.Reach.Low, o.Reach.High)
			}
		}
	}
}

// ParseLock reads a lock; file names it in errors.
func ParseLock(file string, data []byte) (*Lock, error) {
	var l Lock
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("%s: no plan lock: %w", file, err)
	}
	if l.Schema != LockSchema {
		return nil, fmt.Errorf("%s: schema %q; accepted is %s", file, l.Schema, LockSchema)
	}
	if l.Request == "" || len(l.Facts) == 0 || len(l.Figures) == 0 {
		return nil, fmt.Errorf("%s: a plan lock without a request, facts or figures", file)
	}
	for _, f := range l.Figures {
		if math.IsNaN(f.Value) || f.Low > f.Value || f.High < f.Value {
			return nil, fmt.Errorf("%s: figure %s is %g, from %g to %g: accepted is low <= value <= high", file, f.Name, f.Value, f.Low, f.High)
		}
	}
	return &l, nil
}

// Change is what differs between two locks.
type Change struct {
	Name  string  `json:"name"`
	Was   string  `json:"was"`             // empty: it was not there
	Is    string  `json:"is"`              // empty: it is gone
	Share float64 `json:"share,omitempty"` // of a figure: how much more it is
}

// sameFigure is how far a figure may move and count as the same: the last digits of
// floating point on another machine.
const sameFigure = 1e-6

// Changes are the facts and figures of a lock that now are others.
func (l *Lock) Changes(now *Lock) []Change {
	list := []Change{}
	is := map[string]string{}
	for _, f := range now.Facts {
		is[f.Name] = f.Value
	}
	for _, f := range l.Facts {
		if v, ok := is[f.Name]; !ok || v != f.Value {
			list = append(list, Change{Name: f.Name, Was: f.Value, Is: v})
		}
	}
	for _, f := range l.Figures {
		at := slices.IndexFunc(now.Figures, func(n Figure) bool { return n.Name == f.Name })
		if at < 0 {
			list = append(list, Change{Name: f.Name, Was: figureText(f.Value)})
			continue
		}
		n := now.Figures[at].Value
		if math.Abs(n-f.Value) <= sameFigure*math.Abs(f.Value) {
			continue
		}
		c := Change{Name: f.Name, Was: figureText(f.Value), Is: figureText(n)}
		if f.Value != 0 {
			c.Share = n/f.Value - 1
		}
		list = append(list, c)
	}
	for _, n := range now.Figures {
		if !slices.ContainsFunc(l.Figures, func(f Figure) bool { return f.Name == n.Name }) {
			list = append(list, Change{Name: n.Name, Is: figureText(n.Value)})
		}
	}
	return list
}

func figureText(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
