package endpoint

import (
	"math"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"
)

func TestSchedulerP99(t *testing.T) {
	buckets := []float64{0, 0.001, 0.002, 0.004, math.Inf(1)}
	begin := &metrics.Float64Histogram{Counts: []uint64{100, 0, 5, 0}, Buckets: buckets}
	for name, c := range map[string]struct {
		counts []uint64
		want   float64 // ms; below 0: unknown
	}{
		"all short": {[]uint64{200, 0, 5, 0}, 1},
		"99 of 100": {[]uint64{199, 1, 5, 0}, 1},
		"98 of 100": {[]uint64{198, 1, 6, 0}, 2},
		"endless":   {[]uint64{100, 0, 5, 9}, 4},
		"nothing":   {[]uint64{100, 0, 5, 0}, -1},
	} {
		got := schedulerP99(begin, &metrics.Float64Histogram{Counts: c.counts, Buckets: buckets})
		if (got == nil) != (c.want < 0) || got != nil && *got != c.want {
			t.Errorf("%s: %v, want %g", name, got, c.want)
		}
	}
	if schedulerP99(nil, begin) != nil {
		t.Error("known without a first reading")
	}
	if schedulerLatencies() == nil {
		t.Errorf("the runtime no longer has %s", schedulerName)
	}
}

func TestWatchdogLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newWatchdog(time.Now(), time.Minute, time.Second)
		var cause error
		for name, c := range map[string]struct {
			sent, last, now time.Duration
			want            error
		}{
			"within":               {0, 500 * time.Millisecond, time.Second, nil},
			"no byte yet":          {0, 0, 30 * time.Second, nil},
			"stalled":              {0, time.Second, 2100 * time.Millisecond, errStall},
			"long, but it streams": {0, 59 * time.Second, 59500 * time.Millisecond, nil},
			"too long":             {0, 60 * time.Second, 60100 * time.Millisecond, errTimeout},
			"sent later":           {30 * time.Second, 0, 80 * time.Second, nil},
		} {
			cause = nil
			w := &watch{sent: c.sent, cancel: func(err error) { cause = err }}
			w.last.Store(int64(c.last))
			d.add(w)
			d.look(c.now)
			d.remove(w)
			if cause != c.want {
				t.Errorf("%s: %v, want %v", name, cause, c.want)
			}
		}
		if len(d.live) != 0 {
			t.Error("requests that have ended are still watched")
		}
	})
}
