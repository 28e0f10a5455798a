package results

import (
	"cmp"
	"math"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// summary is what a tool says of one load on an endpoint. What is nil it does not say.
type summary struct {
	d  *document
	at string // where in it

	completed, failed, total, cut *number // requests; cut: neither completed nor failed
	seconds                       *number // of the window that rates are taken over
	inputTokens, outputTokens     *number // of requests that completed, in that window
	meanInput, meanOutput         *number // of a request, where the sums are not known

	requests, input, output, totals *number // per second
	goodput                         *number // requests/s
	good                            *number // requests that kept the objectives
	latencies                       []latency

	notes []string
}

// tolerance is how far a rate may lie from its count over its seconds.
const tolerance = 0.05

// readings are the figures of the run in the gate's dictionary. What contradicts itself
// is an error of the document.
func (s *summary) readings() []Reading {
	s.checkCounts()
	s.checkRates()
	list := s.latencyReadings()
	if s.completed == nil || s.completed.v > 0 {
		list = append(list, s.rates()...)
	}
	list = append(list, s.shares()...)
	if len(list) == 0 {
		s.d.fail(s.at, "it has no figures: nothing was measured")
	}
	return list
}

// ended is how many requests completed or failed; nil: it is not known.
func (s *summary) ended() *number {
	if s.completed == nil || s.failed == nil {
		return nil
	}
	return &number{s.failed.at, s.completed.v + s.failed.v}
}

func (s *summary) checkCounts() {
	ended := s.ended()
	switch {
	case ended == nil && s.completed != nil && s.completed.v == 0:
		s.d.fail(s.completed.at, "no request completed, and the file does not count those that failed: nothing was measured")
	case ended == nil:
	case ended.v == 0:
		s.d.fail(s.completed.at, "no request completed, and none failed: nothing was measured")
	case s.total != nil:
		sum := ended.v
		if s.cut != nil {
			sum += s.cut.v
		}
		if sum != s.total.v {
			s.d.fail(s.total.at, "%g, but %g completed, %g failed%s", s.total.v, s.completed.v, s.failed.v, s.cutText())
		}
	}
	if s.seconds != nil && s.seconds.v == 0 && (s.completed == nil || s.completed.v > 0) {
		s.d.fail(s.seconds.at, "a run of 0 s: accepted are more")
	}
}

func (s *summary) cutText() string {
	if s.cut == nil {
		return ""
	}
	return " and " + plain(s.cut.v) + " were cut"
}

// checkRates holds rates to what they are rates of.
func (s *summary) checkRates() {
	if s.completed != nil && s.completed.v == 0 {
		return
	}
	s.fill()
	per := func(r, of *number) {
		if r != nil && of != nil && s.seconds != nil && s.seconds.v > 0 {
			s.agree(r, of.v/s.seconds.v, of.at+" over "+s.seconds.at)
		}
	}
	per(s.requests, s.completed)
	per(s.input, s.inputTokens)
	per(s.output, s.outputTokens)
	each := func(r, mean *number) {
		if r != nil && mean != nil && s.requests != nil {
			s.agree(r, s.requests.v*mean.v, s.requests.at+" times "+mean.at)
		}
	}
	each(s.input, s.meanInput)
	each(s.output, s.meanOutput)
	if s.totals != nil && s.input != nil && s.output != nil {
		s.agree(s.totals, s.input.v+s.output.v, s.input.at+" plus "+s.output.at)
	}
}

// agree holds a rate to what it must be.
func (s *summary) agree(r *number, want float64, of string) {
	if apart(r.v, want) > tolerance {
		s.d.fail(r.at, "%.6g, but %s is %.6g: accepted is up to %g %% apart", r.v, of, want, 100*tolerance)
	}
}

// fill adds rates that follow from others.
func (s *summary) fill() {
	per := func(r **number, of, mean *number) {
		switch {
		case *r != nil:
		case of != nil && s.seconds != nil && s.seconds.v > 0:
			*r = &number{of.at, of.v / s.seconds.v}
		case mean != nil && s.requests != nil:
			*r = &number{mean.at, s.requests.v * mean.v}
		}
	}
	per(&s.requests, s.completed, nil)
	per(&s.input, s.inputTokens, s.meanInput)
	per(&s.output, s.outputTokens, s.meanOutput)
	if s.totals == nil && s.input != nil && s.output != nil {
		s.totals = &number{s.output.at, s.input.v + s.output.v}
	}
	if s.input == nil && s.totals != nil && s.output != nil && s.totals.v >= s.output.v {
		s.input = &number{s.totals.at, s.totals.v - s.output.v}
	}
	if s.goodput == nil && s.good != nil && s.seconds != nil && s.seconds.v > 0 {
		s.goodput = &number{s.good.at, s.good.v / s.seconds.v}
	}
}

func (s *summary) rates() (list []Reading) {
	for _, x := range []struct {
		metric, unit string
		v            *number
	}{{output, "tokens/s", s.output}, {input, "tokens/s", s.input}, {total, "tokens/s", s.totals}, {rate, "requests/s", s.requests}} {
		if x.v != nil {
			list = append(list, s.reading(x.metric, "", x.unit, x.v, s.completed))
		}
	}
	return list
}

// shares are goodput and failures. Failed requests are not good.
func (s *summary) shares() (list []Reading) {
	ended := s.ended()
	if s.goodput != nil {
		list = append(list, s.reading(good, "", "requests/s", s.goodput, cmp.Or(ended, s.completed)))
		if s.requests != nil && s.goodput.v > s.requests.v*(1+tolerance) {
			s.d.fail(s.goodput.at, "goodput of %g requests/s, of %g that completed", s.goodput.v, s.requests.v)
		}
	}
	if ended == nil || ended.v == 0 {
		return list
	}
	if s.good != nil {
		if s.good.v > s.completed.v {
			s.d.fail(s.good.at, "%g requests kept the objectives, of %g that completed", s.good.v, s.completed.v)
		}
		list = append(list, s.reading("good_share", "", "share", &number{s.good.at, s.good.v / ended.v}, ended))
	}
	return append(list, s.reading("failed_share", "", "share", &number{s.failed.at, s.failed.v / ended.v}, ended))
}

func (s *summary) reading(metric, stat, unit string, x, samples *number) Reading {
	if math.IsNaN(x.v) || math.IsInf(x.v, 0) { // of a sum or a quotient
		s.d.fail(x.at, "%s is out of bounds", metric)
	}
	r := Reading{Metric: metric, Stat: stat, Unit: unit, Better: benchmarks.Lower, Value: x.v, Low: x.v, High: x.v}
	if unit == "tokens/s" || unit == "requests/s" || metric == "good_share" {
		r.Better = benchmarks.Higher
	}
	if samples != nil {
		if samples.v > mostRequests {
			s.d.fail(samples.at, "%g: accepted is a number of requests", samples.v)
		}
		r.Samples = int(samples.v)
	}
	return r
}
