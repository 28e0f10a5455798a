package planner

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// inParallel calls f with 0 to n-1 on all processors, and returns when all
// calls have. A panic of one is raised in the caller, with its stack, so that
// whoever guards the caller sees it.
func inParallel(n int, f func(int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	var first sync.Once
	var fault error
	for range min(runtime.GOMAXPROCS(0), n) {
		wait.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					first.Do(func() { fault = fmt.Errorf("%v\n%s", r, debug.Stack()) })
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wait.Wait()
	if fault != nil {
		panic(fault)
	}
}
