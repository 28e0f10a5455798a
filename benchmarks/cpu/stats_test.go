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
