package planner

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// qualityScale judges models for one use case. A benchmark counts as the share
// of the way from guessing to the best score of its source in the catalog.
//
// Scores of different sources come from different harnesses and are never
// averaged, and half of a use case's benchmarks is not comparable with all of
// them. So one source sets the scale, on the models for which it knows every
// benchmark that it has for the use case. Any other model is placed by what one
// source does know of it, through the models that have both: a straight line
// by least squares, and the answer says so. Where too few models link, or the
// line explains too little, the quality is unknown.
type qualityScale struct {
	weights   []catalog.Weight
	about     map[string]*catalog.Benchmark
	best      map[scoreKey]float64 // best value in the catalog
	models    []catalog.Model
	primary   string
	full      uint               // benchmarks of the primary source, a bit each
	reference map[string]float64 // quality of the models that the primary knows in full, by id
	links     map[subset]*link
}

type scoreKey struct{ benchmark, source string }

// subset is the benchmarks (a bit for each weight) that one source knows.
type subset struct {
	source string
	bits   uint
}

// link maps the mean x of a subset to a + b x on the scale; common is 0 when
// there is no line.
type link struct {
	a, b   float64
	common int
}

const (
	minCoverage = 0.2 // of a use case's benchmark weight, before a quality is stated
	minCommon   = 8   // models that link a subset to the scale
	minR2       = 0.5 // of the line
)

func newQualityScale(c *catalog.Catalog, use *catalog.UseCase) *qualityScale {
	s := &qualityScale{
		weights: use.Benchmarks, models: c.Models, about: map[string]*catalog.Benchmark{},
		best: map[scoreKey]float64{}, reference: map[string]float64{}, links: map[subset]*link{},
	}
	for i := range c.Benchmarks {
		s.about[c.Benchmarks[i].ID] = &c.Benchmarks[i]
	}
	for i := range c.Models {
		for _, sc := range c.Models[i].Scores {
			k := scoreKey{sc.Benchmark, sc.Source}
			s.best[k] = max(s.best[k], sc.Value)
		}
	}
	s.choosePrimary()
	for i := range c.Models {
		if q, bits := s.mean(&c.Models[i], s.primary, s.full); bits == s.full && q != nil {
			s.reference[c.Models[i].ID] = q.Value
		}
	}
	return s
}

// choosePrimary takes the source that knows something of most models.
func (s *qualityScale) choosePrimary() {
	known := map[string]int{}
	bits := map[string]uint{}
	for i := range s.models {
		for _, source := range sourcesOf(&s.models[i]) {
			if q, b := s.mean(&s.models[i], source, ^uint(0)); q != nil {
				known[source]++
				bits[source] |= b
			}
		}
	}
	for source, n := range known {
		if n > known[s.primary] || n == known[s.primary] && source < s.primary {
			s.primary, s.full = source, bits[source]
		}
	}
}

// of returns the model's quality, or nil when nothing comparable is published.
func (s *qualityScale) of(m *catalog.Model) *Quality {
	var best *Quality
	for _, source := range append([]string{s.primary}, sourcesOf(m)...) {
		q, bits := s.mean(m, source, ^uint(0))
		if q == nil || best != nil && q.Coverage <= best.Coverage {
			continue
		}
		if source == s.primary && bits == s.full {
			return q
		}
		if l := s.link(subset{source, bits}); l.common > 0 {
			q.Value = min(max(0, l.a+l.b*q.Value), 100) // a line leads beyond the ends of the scale
			q.Linked = fmt.Sprintf("placed through %d models whose scores are complete", l.common)
			best = q
		}
	}
	return best
}

// link fits the line from a subset's mean to the scale, once.
func (s *qualityScale) link(k subset) *link {
	if l, done := s.links[k]; done {
		return l
	}
	var xs, ys []float64
	for i := range s.models {
		y, ok := s.reference[s.models[i].ID]
		if q, bits := s.mean(&s.models[i], k.source, k.bits); ok && bits == k.bits && q != nil {
			xs, ys = append(xs, q.Value), append(ys, y)
		}
	}
	l := fitLine(xs, ys)
	s.links[k] = &l
	return &l
}

// fitLine is ordinary least squares; no line when it rests on too little.
func fitLine(xs, ys []float64) link {
	n := float64(len(xs))
	if len(xs) < minCommon {
		return link{}
	}
	var mx, my, xx, xy, yy float64
	for i := range xs {
		mx, my = mx+xs[i]/n, my+ys[i]/n
	}
	for i := range xs {
		dx, dy := xs[i]-mx, ys[i]-my
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	if xx == 0 || yy == 0 || xy <= 0 || xy*xy/(xx*yy) < minR2 {
		return link{}
	}
	return link{a: my - xy/xx*mx, b: xy / xx, common: len(xs)}
}

// sourcesOf lists a model's score sources in the order of the catalog.
func sourcesOf(m *catalog.Model) []string {
	var out []string
	for _, sc := range m.Scores {
		if !slices.Contains(out, sc.Source) {
			out = append(out, sc.Source)
		}
	}
	return out
}

// mean weighs the scores that one source has of a model among the benchmarks
// of mask, and returns which they were. The quality is nil below minCoverage.
func (s *qualityScale) mean(m *catalog.Model, source string, mask uint) (*Quality, uint) {
	var sum, covered, all, heaviest float64
	var bits uint
	q := &Quality{Source: source}
	for i, w := range s.weights {
		all += w.Weight
		at := slices.IndexFunc(m.Scores, func(sc catalog.Score) bool { return sc.Benchmark == w.ID && sc.Source == source })
		about := s.about[w.ID]
		if at < 0 || about == nil || mask&(1<<i) == 0 {
			continue
		}
		value, span := m.Scores[at].Value, s.best[scoreKey{w.ID, source}]-about.Floor
		if span <= 0 {
			continue
		}
		bits |= 1 << i
		covered += w.Weight
		sum += w.Weight * 100 * max(0, value-about.Floor) / span
		if w.Weight > heaviest {
			heaviest = w.Weight
			q.Benchmark = fmt.Sprintf("%s %.4g", about.Name, value)
		}
	}
	if all == 0 || covered/all < minCoverage {
		return nil, bits
	}
	q.Value, q.Coverage = sum/covered, covered/all
	return q, bits
}

// retention is the share of a model's quality that a precision keeps: all of
// it for the checkpoint's own; otherwise a published recovery as it stands, or
// 1 - 0.7 (r - 1) for a published perplexity ratio r, which puts Q4_K_M (1.028)
// at the 98 % that task benchmarks usually show. Without a published loss it
// follows the quantisation noise, 8 x 4^-bits, so that the order is right.
func retention(m *catalog.Model, w *catalog.Precision) float64 {
	if w.ID == m.Checkpoint || w.GGUFMix == "MXFP4" && m.Checkpoint == "mxfp4" {
		return 1
	}
	var sum float64
	for _, l := range w.Loss {
		if l.Metric == "recovery" {
			sum += min(l.Value, 1)
		} else {
			sum += max(0, 1-0.7*(l.Value-1))
		}
	}
	if n := len(w.Loss); n > 0 {
		return sum / float64(n)
	}
	bits := w.Bits
	if bits == 0 {
		bits = 2 // a GGUF mix without a published loss: the smallest ones
	}
	return max(0, 1-8*math.Pow(4, -bits))
}

// widens reports whether a GGUF mix spends more bits on a weight than the
// checkpoint has: that costs memory and adds nothing. Q4_K_M of an INT4
// checkpoint is as wide as it, Q5_K_M wider.
func (p *pass) widens(m *catalog.Model, w *catalog.Precision) bool {
	own := p.precisions[m.Checkpoint]
	return own != nil && w.GGUFMix != "" && codeBits(w) > codeBits(own)
}

// codeBits are the bits of one code, without the scales beside it: 4 of both
// int4-g32 and Q4_K_M.
func codeBits(w *catalog.Precision) int {
	if w.GGUFMix != "" {
		if at := strings.IndexAny(w.GGUFMix, "0123456789"); at >= 0 {
			digits := w.GGUFMix[at:]
			if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
				digits = digits[:end]
			}
			bits, _ := strconv.Atoi(digits) // digits only
			return bits
		}
	}
	return int(w.Bits)
}

func lossText(w *catalog.Precision) string {
	if len(w.Loss) == 0 {
		if w.Bits >= 16 {
			return "none"
		}
		return "unknown: none published in the catalog's sources"
	}
	l := w.Loss[0]
	return fmt.Sprintf("%s %.4g on %s (%s)", l.Metric, l.Value, l.Model, l.Source)
}
