package cpu

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestRateOf(t *testing.T) {
	// 12 units in 1, 2, 3, 4 and 6 seconds: 12, 6, 4, 3 and 2 a second.
	runs := []time.Duration{4 * time.Second, time.Second, 6 * time.Second, 2 * time.Second, 3 * time.Second}
	got := rateOf(12, runs)
	if want := (Rate{Median: 4, Q1: 3, Q3: 6, Best: 12, Runs: 5, Samples: []float64{3, 12, 2, 6, 4}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if !got.Known() || got.Spread() != 0.75 {
		t.Errorf("known %v, spread %v; want 0.75", got.Known(), got.Spread())
	}
	if r := rateOf(12, nil); r.Known() || r.Unknown == "" || r.Spread() != 0 {
		t.Errorf("without runs: %+v", r)
	}
}

func TestParts(t *testing.T) {
	for n, want := range map[int][]float64{1: {4}, 2: {2, 9}, 3: {1.5, 3.5, 9}, 9: {1, 2, 3, 4, 9, 9, 9}} {
		if got := parts([]float64{1, 2, 3, 4, 9, 9, 9}, n); !slices.Equal(got, want) {
			t.Errorf("%d parts: %v, want %v", n, got, want)
		}
	}
}

func TestQuantileInterpolates(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.25: 1.75, 0.5: 2.5, 1: 4} {
		if got := quantile([]float64{1, 2, 3, 4}, q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
}

func TestSteady(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		runs []time.Duration
		want bool
	}{
		{nil, false},
		{[]time.Duration{100 * ms, 100 * ms}, false},
		{[]time.Duration{100 * ms, 105 * ms, 102 * ms}, true},
		{[]time.Duration{100 * ms, 106 * ms, 102 * ms}, false},
		{[]time.Duration{900 * ms, 100 * ms, 101 * ms, 102 * ms}, true},
	} {
		if got := steady(c.runs); got != c.want {
			t.Errorf("steady(%v) = %v", c.runs, got)
		}
	}
}

func TestRepeatStops(t *testing.T) {
	runs, err := repeat(context.Background(), 0, func() time.Duration { return time.Millisecond })
	if err != nil || len(runs) != minRuns {
		t.Errorf("without time: %d runs, %v; want %d", len(runs), err, minRuns)
	}
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	runs, err = repeat(ctx, time.Hour, func() time.Duration {
		if calls++; calls == 6 {
			cancel()
		}
		return time.Millisecond
	})
	if !errors.Is(err, context.Canceled) || len(runs) != 3 { // three warmed up
		t.Errorf("cancelled: %d runs, %v; want 3", len(runs), err)
	}
}
