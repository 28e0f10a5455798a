package planner

import (
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestInParallel(t *testing.T) {
	calls := make([]atomic.Int32, 1000)
	inParallel(len(calls), func(i int) { calls[i].Add(1) })
	for i := range calls {
		if n := calls[i].Load(); n != 1 {
			t.Errorf("%d: %d calls", i, n)
		}
	}
	inParallel(0, func(int) { t.Error("called for nothing") })
}

// A fault in one goroutine is the caller's to catch; otherwise it would end the
// program with the status of a usage error.
func TestInParallelRaisesPanicsInTheCaller(t *testing.T) {
	defer func() {
		err, ok := recover().(error)
		if !ok || !strings.HasPrefix(err.Error(), "fault of 7\n") || !strings.Contains(err.Error(), "parallel_test.go") {
			t.Errorf("raised %v", err)
		}
	}()
	inParallel(20, func(i int) {
		if i == 7 {
			panic("fault of 7")
		}
	})
	t.Error("went on")
}

// The answer does not depend on how many models are considered at once.
func TestRecommendIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	c := shipped(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := recommend(t, c, "4x L40S + 2x EPYC 9654 768GB", "coding", nil)
	runtime.GOMAXPROCS(4)
	if four := recommend(t, c, "4x L40S + 2x EPYC 9654 768GB", "coding", nil); !reflect.DeepEqual(one, four) {
		t.Error("answers differ between one and four processors")
	}
	if len(one.Candidates) < 50 || len(one.Rejected) == 0 {
		t.Errorf("%d candidates, %d rejections: the test needs both", len(one.Candidates), len(one.Rejected))
	}
}
