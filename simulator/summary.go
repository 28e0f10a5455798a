package simulator

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Distribution is that of a latency, in milliseconds.
type Distribution struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// Latencies are those of a set of requests. Null: no request has one.
type Latencies struct {
	TTFT *Distribution `json:"ttft_ms"`
	TPOT *Distribution `json:"tpot_ms"` // of requests of two tokens and more
	ITL  *Distribution `json:"itl_ms"`  // gaps between tokens, each token as much as another; of all classes together
	E2E  *Distribution `json:"e2e_ms"`
}

// Judged is an objective with what came of it.
type Judged struct {
	workload.Objective
	ValueMs  float64   `json:"value_ms"`
	Interval *Interval `json:"interval_ms"` // by sampling; null: too few requests to say
	Met      bool      `json:"met"`

	Reach   *Interval `json:"reach_ms,omitempty"` // while the estimate is no more wrong than its error
	Verdict string    `json:"verdict,omitempty"`  // with both intervals: met, probably met, probably missed, missed
}

// Interval holds the true value of a statistic of the simulated system with a
// confidence of 95 %.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// ClassSummary is one kind of requests.
type ClassSummary struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
	Latencies
	Objectives []Judged `json:"objectives"`
	Goodput    float64  `json:"goodput_per_s"` // requests/s that met every bound of their class's objectives themselves
}

// Summary is what a trial says.
type Summary struct {
	Requests    int `json:"requests"`    // that came
	Completed   int `json:"completed"`   // of them
	Dropped     int `json:"dropped"`     // that no replica can hold
	Retried     int `json:"retried"`     // sent again after a replica failed
	Warmup      int `json:"warmup"`      // completed ones that the figures leave out, the first to come
	Preemptions int `json:"preemptions"` // sequences whose cache was given up

	Latencies
	Classes []ClassSummary `json:"classes"`

	DurationS        float64 `json:"duration_s"` // of the window that rates are over
	RequestsPerS     float64 `json:"requests_per_s"`
	OutputTokensPerS float64 `json:"output_tokens_per_s"`
	InputTokensPerS  float64 `json:"input_tokens_per_s"`
	GoodputPerS      float64 `json:"goodput_per_s"` // requests/s that met every objective themselves; without objectives all of them

	Utilisation  float64 `json:"utilisation"`    // share of the time that replicas run steps
	MeanDecoding float64 `json:"mean_decoding"`  // sequences of a replica, while it runs steps
	PeakSeqs     int     `json:"peak_sequences"` // of a replica
	MeanQueue    float64 `json:"mean_queue"`     // requests that wait for a place, over all replicas
	PeakQueue    float64 `json:"peak_queue"`     // the same, in the worst interval of the series
	MeanKV       float64 `json:"mean_kv_share"`  // of the cache pool that is in use, while a replica runs steps
	PeakKV       float64 `json:"peak_kv_share"`  // of a replica
	CacheHit     float64 `json:"cache_hit"`      // share of the prompt tokens that were found

	Joules         *float64 `json:"energy_j"` // null: unknown
	MeanWatts      *float64 `json:"mean_power_w"`
	JoulesPerToken *float64 `json:"joules_per_output_token"`

	Saturated bool   `json:"saturated"`
	Reason    string `json:"saturated_because,omitempty"`
}

// Measure is how a trial is read.
type Measure struct {
	Warmup  float64 // share of the completed requests to leave out, the first to come
	Classes []workload.Class
	Open    bool // requests come whether answers do or not
}

// Summarise reads a trial.
func (t *Trial) Summarise(m Measure) *Summary {
	list := t.measured(m.Warmup)
	s := &Summary{
		Requests: t.Injected, Completed: t.Completed, Dropped: t.Dropped, Retried: t.Retried,
		Warmup: t.Completed - len(list), Preemptions: t.Preemptions, Latencies: latencies(list), Classes: []ClassSummary{},
	}
	s.ITL = t.itl.distribution()
	s.rates(t, list)
	s.use(t)
	s.energy(t)
	for i := range m.Classes {
		s.class(t, list, i, &m.Classes[i])
	}
	if s.Saturated, s.Reason = t.saturated(m.Open); s.Saturated {
		s.Reason += "; latencies are those of this run, and grow with its length"
	}
	return s
}

// measured are the completed requests in the order in which they came, without the
// first.
func (t *Trial) measured(warmup float64) []Outcome {
	if !slices.IsSortedFunc(t.Outcomes, byArrival) {
		slices.SortStableFunc(t.Outcomes, byArrival)
	}
	return t.Outcomes[t.Warmup(Measure{Warmup: warmup}):]
}

// Warmup is how many of the outcomes, the first to come, a measure leaves out.
func (t *Trial) Warmup(m Measure) int {
	return min(int(m.Warmup*float64(len(t.Outcomes))), len(t.Outcomes))
}

func byArrival(a, b Outcome) int {
	switch {
	case a.At < b.At:
		return -1
	case a.At > b.At:
		return 1
	}
	return 0
}

// metric is a latency of a request in microseconds; false: it has none.
func metric(name string, o *Outcome) (float64, bool) {
	switch name {
	case "ttft":
		return o.TTFT(), true
	case "tpot":
		return o.TPOT(), o.Output > 1
	}
	return o.E2E(), true
}

func values(name string, list []Outcome) []float64 {
	v := make([]float64, 0, len(list))
	for i := range list {
		if x, ok := metric(name, &list[i]); ok {
			v = append(v, x)
		}
	}
	return v
}

func latencies(list []Outcome) Latencies {
	return Latencies{TTFT: distribution(values("ttft", list)), TPOT: distribution(values("tpot", list)), E2E: distribution(values("e2e", list))}
}

// distribution sorts values in microseconds; nil: there are none.
func distribution(us []float64) *Distribution {
	if len(us) == 0 {
		return nil
	}
	slices.Sort(us)
	return &Distribution{
		Mean: mean(us) / 1000, P50: workload.Quantile(us, 0.5) / 1000, P90: workload.Quantile(us, 0.9) / 1000,
		P95: workload.Quantile(us, 0.95) / 1000, P99: workload.Quantile(us, 0.99) / 1000, Max: us[len(us)-1] / 1000,
	}
}

func (g *gaps) distribution() *Distribution {
	if g.n == 0 {
		return nil
	}
	return &Distribution{
		Mean: g.mean() / 1000, P50: g.quantile(0.5) / 1000, P90: g.quantile(0.9) / 1000,
		P95: g.quantile(0.95) / 1000, P99: g.quantile(0.99) / 1000, Max: g.most / 1000,
	}
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// window is the time that rates are over: while requests come, unless they come all
// at once.
func (t *Trial) window(list []Outcome) (from, to float64) {
	if len(list) == 0 {
		return 0, max(t.EndUs, 1)
	}
	from, to = list[0].At, list[len(list)-1].At
	if to-from < 0.5*(t.EndUs-from) {
		to = t.EndUs
	}
	return from, max(to, from+1)
}

func (s *Summary) rates(t *Trial, list []Outcome) {
	from, to := t.window(list)
	s.DurationS = (to - from) / 1e6
	for i := range t.Outcomes {
		if o := &t.Outcomes[i]; o.Last > from && o.Last <= to {
			s.RequestsPerS++
			s.OutputTokensPerS += float64(o.Output)
			s.InputTokensPerS += float64(o.Input)
		}
	}
	s.RequestsPerS /= s.DurationS
	s.OutputTokensPerS /= s.DurationS
	s.InputTokensPerS /= s.DurationS
	s.GoodputPerS = s.RequestsPerS
}

// use sums up what the replicas did; those that only prefill do not decode.
func (s *Summary) use(t *Trial) {
	busy, prompts, cached, sequence, block := 0.0, 0, 0, 0.0, 0.0
	for i := range t.Each {
		e := &t.Each[i]
		busy += e.BusyUs
		prompts += e.PromptTokens
		cached += e.CachedTokens
		s.PeakSeqs = max(s.PeakSeqs, e.PeakSequences)
		sequence += e.SequenceUs
		if i < t.Replicas {
			block += e.BlockUs
			s.PeakKV = max(s.PeakKV, float64(e.PeakBlocks)/float64(t.Blocks))
		}
	}
	serving := 0.0
	for i := range min(t.Replicas, len(t.Each)) {
		serving += t.Each[i].BusyUs
	}
	if t.EndUs > 0 {
		s.Utilisation = busy / (t.EndUs * float64(len(t.Each)))
		s.MeanQueue = t.QueueUs / t.EndUs
	}
	if serving > 0 {
		s.MeanDecoding = sequence / serving
		s.MeanKV = block / serving / float64(t.Blocks)
	}
	if prompts > 0 {
		s.CacheHit = float64(cached) / float64(prompts)
	}
	for i := range t.Series.Points {
		s.PeakQueue = max(s.PeakQueue, t.Series.Points[i].Queue)
	}
}

func (s *Summary) energy(t *Trial) {
	if !t.PowerKnown || t.EndUs <= 0 {
		return
	}
	tokens := 0.0
	for i := range t.Outcomes {
		tokens += float64(t.Outcomes[i].Output)
	}
	joules, watts := t.Joules, t.Joules/(t.EndUs/1e6)
	s.Joules, s.MeanWatts = &joules, &watts
	if tokens > 0 {
		each := joules / tokens
		s.JoulesPerToken = &each
	}
}

// class judges one kind of requests.
func (s *Summary) class(t *Trial, list []Outcome, index int, c *workload.Class) {
	var own []Outcome
	for i := range list {
		if int(list[i].Class) == index {
			own = append(own, list[i])
		}
	}
	k := ClassSummary{Name: c.Name, Requests: len(own), Latencies: latencies(own), Objectives: []Judged{}}
	k.ITL = s.ITL
	for _, o := range c.Objectives {
		k.Objectives = append(k.Objectives, t.judge(own, o))
	}
	good := 0
	for i := range own {
		if kept(&own[i], c.Objectives) {
			good++
		}
	}
	if len(own) > 0 {
		k.Goodput = s.RequestsPerS * float64(good) / float64(len(list))
	}
	if index == 0 {
		s.GoodputPerS = 0
	}
	s.GoodputPerS += k.Goodput
	s.Classes = append(s.Classes, k)
}

// kept reports whether a request itself stays within the bounds of its objectives.
func kept(o *Outcome, list []workload.Objective) bool {
	for _, b := range list {
		if b.Metric == "itl" {
			continue // of tokens, not of requests
		}
		if v, ok := metric(b.Metric, o); ok && v/1000 > b.BoundMs {
			return false
		}
	}
	return true
}

// judge holds an objective against requests in the order in which they came.
func (t *Trial) judge(own []Outcome, o workload.Objective) Judged {
	j := Judged{Objective: o}
	if o.Metric == "itl" {
		if t.itl.n == 0 {
			return j
		}
		switch o.Stat {
		case "mean":
			j.ValueMs = t.itl.mean() / 1000
		case "max":
			j.ValueMs = t.itl.most / 1000
		default:
			j.ValueMs = t.itl.quantile(o.Quantile()) / 1000
		}
		j.Met = j.ValueMs <= o.BoundMs
		return j
	}
	v := values(o.Metric, own)
	if len(v) == 0 {
		return j
	}
	j.ValueMs = statistic(slices.Sorted(slices.Values(v)), &o) / 1000
	j.Interval = interval(v, &o, j.ValueMs)
	j.Met = j.ValueMs <= o.BoundMs
	return j
}

// statistic of sorted values.
func statistic(sorted []float64, o *workload.Objective) float64 {
	switch o.Stat {
	case "mean":
		return mean(sorted)
	case "max":
		return sorted[len(sorted)-1]
	}
	return workload.Quantile(sorted, o.Quantile())
}

// keepUp is the share of the arrivals that a system must keep up with.
const keepUp = 0.95

// saturated tells whether what is in flight grew all the time while requests came:
// between the first third and the last, by more than chance explains and by more than
// one of twenty arrivals.
func (t *Trial) saturated(open bool) (bool, string) {
	if !open || len(t.Outcomes) < 50 {
		return false, ""
	}
	first, end := t.Outcomes[0].At, 0.0
	for i := range t.Outcomes {
		first, end = min(first, t.Outcomes[i].At), max(end, t.Outcomes[i].At)
	}
	span := end - first
	if span <= 0 {
		return false, ""
	}
	early, late := 0.0, 0.0 // request-time in flight
	for i := range t.Outcomes {
		o := &t.Outcomes[i]
		early += max(min(o.Last, first+span/3)-o.At, 0)
		late += max(min(o.Last, end)-max(o.At, end-span/3), 0)
	}
	early, late = early/(span/3), late/(span/3)
	growth, come := late-early, float64(len(t.Outcomes))
	if growth <= 2+2*math.Sqrt(early) || growth <= (1-keepUp)*come*2/3 {
		return false, ""
	}
	return true, fmt.Sprintf("the system kept up with %.0f %% of the arrivals: requests in flight grew from %.0f in the first third of %.0f s to %.0f in the last", 100*(1-growth/(come*2/3)), early, span/1e6, late)
}
