//go:build linux && cgo

package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// watch follows a goroutine that talks to the driver, which may never answer:
// what it is doing, since when, and whether anybody still waits for it.
type watch struct {
	mu        sync.Mutex
	doing     string
	since     time.Time
	abandoned bool
}

// enter notes that a call begins. It returns false when the goroutine has been
// abandoned: a call that came back late must not be followed by another.
func (w *watch) enter(call string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doing, w.since = call, time.Now()
	return !w.abandoned
}

// idle returns how long the goroutine has been in its present call.
func (w *watch) idle() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.since)
}

// abandon gives the goroutine up and returns the call that it is in.
func (w *watch) abandon() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned = true
	return w.doing
}

// hungError says which call did not come back.
type hungError struct {
	call  string
	after time.Duration
	cause error // context.DeadlineExceeded, or why the whole probe was cut short
}

func (e *hungError) Error() string {
	if errors.Is(e.cause, context.Canceled) {
		return "interrupted in " + e.call
	}
	return fmt.Sprintf("the driver did not return from %s within %v; see dmesg for Xid and NVRM messages; "+
		"nvidia-smi and every CUDA program will hang too, until the driver or the machine is restarted",
		e.call, e.after.Round(10*time.Millisecond))
}

func (e *hungError) Unwrap() error { return e.cause }

// guard runs f in a goroutine of its own, and gives it up when one of its calls
// takes longer than limit or when ctx ends. A panic in f is an error. f must
// work on values of its own and return them: after a [hungError] it may still
// be running.
func guard[T any](ctx context.Context, limit time.Duration, f func(*watch) T) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("not read, no time was left: %w", err)
	}
	w := &watch{doing: "start", since: time.Now()}
	done := make(chan outcome, 1) // buffered: a late answer must not block its goroutine for ever
	go func() {
		var out outcome
		defer func() {
			if r := recover(); r != nil {
				out.err = fmt.Errorf("panic in %s: %v", w.abandon(), r)
			}
			done <- out
		}()
		out.value = f(w)
	}()

	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		var cause error
		select {
		case out := <-done:
			return out.value, out.err
		case <-ctx.Done():
			cause = ctx.Err()
		case <-timer.C:
			if left := limit - w.idle(); left > 0 { // it has made progress
				timer.Reset(left)
				continue
			}
			cause = context.DeadlineExceeded
		}
		select { // the answer may have come in the same instant
		case out := <-done:
			return out.value, out.err
		default:
		}
		after := w.idle()
		return none, &hungError{call: w.abandon(), after: after, cause: cause}
	}
}
