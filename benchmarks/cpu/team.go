package cpu

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// team is a set of threads, one for each CPU that is measured. A thread stays
// where it is: what it touches first lies in the memory of its own node.
type team struct {
	workers  []*worker
	unpinned error // why a thread could not be pinned, nil when all are
}

// worker is one thread of a team. Its fields belong to its own thread, and to
// the caller between two runs.
type worker struct {
	cpu  int
	jobs chan func()
	done sync.WaitGroup

	a, b, c buffer // its part of the arrays
	sink    uint64 // takes results, so that no compiler leaves the work out

	busy, ran time.Duration // time in jobs, and CPU time that the thread got of it
}

// newTeam starts one thread for each CPU. pin ties the calling thread to a CPU.
func newTeam(cpus []int, pin func(cpu int) error) *team {
	t := &team{}
	failed := make([]error, len(cpus))
	for i, id := range cpus {
		w := &worker{cpu: id, jobs: make(chan func())}
		t.workers = append(t.workers, w)
		w.done.Add(1)
		go w.loop(func() { failed[i] = pin(id) })
	}
	for i, w := range t.workers {
		w.done.Wait()
		if failed[i] != nil {
			t.unpinned = failed[i]
		}
	}
	return t
}

// loop serves jobs on a thread of its own. The thread is never unlocked, so
// it ends with the goroutine and no other inherits its affinity.
func (w *worker) loop(prepare func()) {
	runtime.LockOSThread()
	prepare()
	w.done.Done()
	for job := range w.jobs {
		start, cpu := time.Now(), threadTime()
		job()
		w.busy += time.Since(start)
		w.ran += threadTime() - cpu
		w.done.Done()
	}
}

// run calls f on the threads of some workers at once, and returns the time
// from when all are awake until the last is done: threads that are asleep
// wake slowly, and those of an engine under load do not sleep.
func run(workers []*worker, f func(w *worker)) time.Duration {
	together := gate{threads: len(workers)}
	starts, ends := make([]time.Time, len(workers)), make([]time.Time, len(workers))
	for i, w := range workers {
		w.done.Add(1)
		w.jobs <- func() {
			together.wait()
			starts[i] = time.Now()
			f(w)
			ends[i] = time.Now()
		}
	}
	for _, w := range workers {
		w.done.Wait()
	}
	return slices.MaxFunc(ends, time.Time.Compare).Sub(slices.MinFunc(starts, time.Time.Compare))
}

// gate holds threads until as many have come as it says. It serves once.
type gate struct {
	threads int
	arrived atomic.Int64
}

// wait spins: a thread that slept would wake too late. Now and then it gives
// way, so that threads that have no CPU of their own come through too.
func (g *gate) wait() {
	g.arrived.Add(1)
	for turn := 1; g.arrived.Load() < int64(g.threads); turn++ {
		if turn%(1<<16) == 0 {
			runtime.Gosched()
		}
	}
}

// lost is the part of the threads' time, 0 to 1, in which other programs or a
// quota kept them from running; false where the system does not tell.
func (t *team) lost() (float64, bool) {
	var busy, ran time.Duration
	for _, w := range t.workers {
		busy += w.busy
		ran += w.ran
	}
	if busy == 0 || ran == 0 {
		return 0, false
	}
	return max(0, 1-ran.Seconds()/busy.Seconds()), true
}

// close ends the threads and frees their memory.
func (t *team) close() {
	for _, w := range t.workers {
		close(w.jobs)
		w.free()
	}
}

// free gives the arrays back.
func (w *worker) free() {
	w.a.free()
	w.b.free()
	w.c.free()
	w.a, w.b, w.c = buffer{}, buffer{}, buffer{}
}
