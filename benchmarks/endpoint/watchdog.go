package endpoint

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// watch is one request under the eyes of the watchdog.
type watch struct {
	cancel context.CancelCauseFunc
	sent   time.Duration // since the epoch
	last   atomic.Int64  // when the last byte came, ns since the epoch; 0 before the first
}

// watchdog ends requests that take too long or have stalled. One goroutine
// looks at all of them, so that no stream needs a timer for each piece.
type watchdog struct {
	epoch          time.Time
	timeout, stall time.Duration

	mu   sync.Mutex
	live map[*watch]struct{}
}

func newWatchdog(epoch time.Time, timeout, stall time.Duration) *watchdog {
	return &watchdog{epoch: epoch, timeout: timeout, stall: stall, live: map[*watch]struct{}{}}
}

// period is how often the watchdog looks: limits are kept within 5 %.
func (d *watchdog) period() time.Duration {
	return min(max(min(d.timeout, d.stall)/20, time.Millisecond), 250*time.Millisecond)
}

// run looks until the context ends.
func (d *watchdog) run(ctx context.Context) {
	ticker := time.NewTicker(d.period())
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.look(time.Since(d.epoch))
		}
	}
}

// look cancels what is past its limits at the time now.
func (d *watchdog) look(now time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.live {
		last := time.Duration(w.last.Load())
		switch {
		case now-w.sent > d.timeout:
			w.cancel(errTimeout)
		case last > 0 && now-last > d.stall:
			w.cancel(errStall)
		}
	}
}

func (d *watchdog) add(w *watch) {
	d.mu.Lock()
	d.live[w] = struct{}{}
	d.mu.Unlock()
}

func (d *watchdog) remove(w *watch) {
	d.mu.Lock()
	delete(d.live, w)
	d.mu.Unlock()
}
