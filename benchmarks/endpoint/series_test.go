package endpoint

import (
	"math"
	"testing"
	"time"
)

// TestSeriesConserves: what is put in comes out, however slots are joined and cut.
func TestSeriesConserves(t *testing.T) {
	s := newSeries()
	var busy, output float64
	for i := range 3000 {
		start := time.Duration(i) * 77 * time.Millisecond // past the bound of slots: they are joined
		o := &outcome{start: start, exchange: exchange{
			first: start + time.Second, last: start + 3*time.Second, end: start + 3*time.Second, pieces: 5, usage: usage{7, 11, 18, -1, -1},
		}}
		s.take(o)
		busy += 3
		output += 11
	}
	sum := s.sum(0, time.Hour)
	near(t, "busy", sum.busy, busy, 1e-6)
	near(t, "output", sum.output, output, 1e-6)
	near(t, "input", sum.input, 7*3000, 1e-6)
	near(t, "requests", sum.requests, 3000, 1e-6)
	if len(s.slots) > maxSlots {
		t.Errorf("%d slots", len(s.slots))
	}
	near(t, "in flight", s.inFlight(time.Minute, 2*time.Minute), 3/0.077, 0.01)
	near(t, "output rate", s.sum(time.Minute, 2*time.Minute).output/60, 11/0.077, 0.01)
	if half := s.sum(0, time.Minute).output + s.sum(time.Minute, time.Hour).output; math.Abs(half-output) > 1e-6*output {
		t.Errorf("parts add up to %g of %g", half, output)
	}
}
