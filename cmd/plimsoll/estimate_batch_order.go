package main

import (
	"context"
	"runtime"
)

// window is how many items are in flight for each worker: enough that none
// waits for a slow neighbour, few enough to hold.
const window = 64

// inOrder answers the items that next returns with a worker per processor, and
// emits the answers in the order of the items. It holds a bounded number of
// them. idle is called when the next answer is not ready yet. It ends with the
// last item, the first error of emit or idle, or the context's end; next may
// then still be waiting for input in the background.
func inOrder[In, Out any](ctx context.Context, next func() (In, bool), answer func(In) Out, emit func(Out) error, idle func() error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type slot struct {
		in  In
		out chan Out
	}
	workers := runtime.GOMAXPROCS(0)
	queue, work := make(chan slot, window*workers), make(chan slot, window*workers)
	go func() {
		defer close(queue)
		defer close(work)
		for {
			in, ok := next()
			if !ok {
				return
			}
			s := slot{in, make(chan Out, 1)}
			for _, to := range []chan slot{queue, work} {
				select {
				case to <- s:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	for range workers {
		go func() {
			for s := range work {
				s.out <- answer(s.in)
			}
		}()
	}
	for {
		s, ok, err := receive(ctx, queue, idle)
		if err != nil || !ok {
			return err
		}
		out, _, err := receive(ctx, s.out, idle)
		if err != nil {
			return err
		}
		if err := emit(out); err != nil {
			return err
		}
	}
}

// receive waits for a channel; idle is called first when it has to.
func receive[T any](ctx context.Context, from <-chan T, idle func() error) (v T, ok bool, err error) {
	select {
	case v, ok = <-from:
		return v, ok, ctx.Err()
	default:
	}
	if err := idle(); err != nil {
		return v, false, err
	}
	select {
	case v, ok = <-from:
		return v, ok, nil
	case <-ctx.Done():
		return v, false, ctx.Err()
	}
}
