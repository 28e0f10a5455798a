package cpu

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// What the kernels must reach of the reference, as medians of paired ratios.
const (
	wantOfC        = 0.95 // read, copy and triad of gcc -O3 -march=native
	wantOfOpenBLAS = 0.90 // SGEMM
)

// TestReference runs the kernels and those of testdata/reference.c in turn,
// and compares each pair on the same memory. It times, so it runs only when
// PLIMSOLL_REFERENCE is set; PLIMSOLL_ROUNDS says how many pairs. The variable
// OPENBLAS_CORETYPE chooses another kernel of OpenBLAS, as ever.
func TestReference(t *testing.T) {
	if os.Getenv("PLIMSOLL_REFERENCE") == "" {
		t.Skip("PLIMSOLL_REFERENCE is not set: timing needs a quiet machine")
	}
	rounds := 21
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_ROUNDS")); err == nil {
		rounds = n
	}
	s := testSession(t, Options{MemoryBytes: referenceArrays})
	c := startReference(t, s, shareArrays(t, s))
	k := s.kernels.stream
	for _, l := range []struct {
		name string
		f    func(w *worker)
	}{
		{"read", func(w *worker) { w.sink += k.read(w.a.words()) }},
		{"copy", func(w *worker) { k.copy(w.a.floats(), w.b.floats()) }},
		{"triad", func(w *worker) { k.triad(w.a.floats(), w.b.floats(), w.c.floats(), math.Pi) }},
	} {
		t.Run(l.name, func(t *testing.T) {
			compare(t, c, l.name, rounds, wantOfC, func() time.Duration { return cpuTime(s.team.workers, l.f) })
		})
	}
	if core := c.ask(t, "core"); strings.HasPrefix(core, "no") {
		t.Skip("libopenblas.so.0 is not installed")
	} else {
		t.Logf("OpenBLAS runs its kernels for %s", core)
	}
	for _, size := range []int{1152, 2048} {
		p := squareFor(t, s, s.kernels.tiles[0], size)
		t.Run(fmt.Sprintf("sgemm one thread %d", size), func(t *testing.T) {
			compare(t, c, fmt.Sprintf("sgemm 1 %d", size), rounds, wantOfOpenBLAS, func() time.Duration {
				return cpuTime(s.team.workers[:1], func(*worker) { p.compute(1, inline) })
			})
		})
		t.Run(fmt.Sprintf("sgemm %d", size), func(t *testing.T) {
			compare(t, c, fmt.Sprintf("sgemm %d %d", len(s.team.workers), size), rounds, wantOfOpenBLAS, func() time.Duration { return s.timeProduct(p) })
		})
	}
}

// referenceArrays is the size of the three arrays: beyond the caches that one
// thread of a server reaches, and short runs, which others disturb less.
const referenceArrays = 3 << 27

// cpuTime runs f on some threads, and returns the CPU time of the longest.
func cpuTime(workers []*worker, f func(w *worker)) (longest time.Duration) {
	before := make([]time.Duration, len(workers))
	for i, w := range workers {
		before[i] = w.ran
	}
	run(workers, f)
	for i, w := range workers {
		longest = max(longest, w.ran-before[i])
	}
	return longest
}

// shareArrays lays the arrays of a session in a file that another process can
// map, and returns its name.
func shareArrays(t *testing.T, s *session) string {
	t.Helper()
	file, err := os.CreateTemp("/dev/shm", "plimsoll")
	if err != nil {
		t.Skipf("no shared memory: %v", err)
	}
	t.Cleanup(func() { os.Remove(file.Name()) })
	if err := file.Truncate(3 * s.array); err != nil {
		t.Fatal(err)
	}
	all, err := unix.Mmap(int(file.Fd()), 0, int(3*s.array), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	part := int(s.array) / len(s.team.workers)
	for i, w := range s.team.workers {
		for k, b := range []*buffer{&w.a, &w.b, &w.c} {
			b.bytes = all[k*int(s.array)+i*part:][:part:part]
		}
	}
	run(s.team.workers, func(w *worker) {
		for _, b := range []buffer{w.a, w.b, w.c} {
			b.fill(s.random(w), randomFloat64)
		}
	})
	t.Cleanup(func() { // before the session frees what is not its own
		for _, w := range s.team.workers {
			w.a, w.b, w.c = buffer{}, buffer{}, buffer{}
		}
		unix.Munmap(all)
	})
	return file.Name()
}

// compare alternates a kernel of the reference with ours.
func compare(t *testing.T, c *reference, kernel string, rounds int, want float64, ours func() time.Duration) {
	var ratios, mine, theirs []float64
	for i := range rounds + 1 {
		a := turn(func() float64 { return c.seconds(t, kernel) })
		b := turn(func() float64 { return ours().Seconds() })
		if i > 0 { // warm
			ratios, theirs, mine = append(ratios, a/b), append(theirs, a), append(mine, b)
		}
	}
	low, ratio, high := benchmarks.Quartiles(ratios)
	t.Logf("%s: ratio of speeds %.3f (quartiles %.3f, %.3f), of the best runs %.3f; best %.2f ms against %.2f ms, %d pairs", kernel, ratio,
		low, high, slices.Min(theirs)/slices.Min(mine), 1e3*slices.Min(mine), 1e3*slices.Min(theirs), rounds)
	if ratio < want {
		t.Errorf("%s reaches %.3f of the reference, want %.2f", kernel, ratio, want)
	}
}

// turn is the median of some runs of one side. A run before them does not
// count: it finds caches, TLB and clock as the other side left them.
func turn(f func() float64) float64 {
	f()
	runs := make([]float64, 5)
	for i := range runs {
		runs[i] = f()
	}
	_, median, _ := benchmarks.Quartiles(runs)
	return median
}

// reference is the running C program.
type reference struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// startReference compiles the program and starts it.
func startReference(t *testing.T, s *session, file string) *reference {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	program := filepath.Join(t.TempDir(), "reference")
	build := exec.Command(gcc, "-O3", "-march=native", "-pthread", "-o", program, "testdata/reference.c", "-ldl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("the C program does not compile here: %v\n%s", err, out)
	}
	threads := strconv.Itoa(len(s.team.workers))
	cmd := exec.Command(program, threads, strconv.FormatInt(s.array, 10), file)
	// The threads of OpenBLAS wait for more work in a loop. They shall do so from
	// one run to the next, but not take the CPU from ours: for 2^20 cycles.
	cmd.Env = append(os.Environ(), "OPENBLAS_THREAD_TIMEOUT=20", "OPENBLAS_NUM_THREADS="+threads)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &reference{in, bufio.NewScanner(out)}
}

func (r *reference) ask(t *testing.T, line string) string {
	t.Helper()
	if _, err := fmt.Fprintln(r.in, line); err != nil {
		t.Fatal(err)
	}
	if !r.out.Scan() {
		t.Fatalf("the C program ended at %q: %v", line, r.out.Err())
	}
	return r.out.Text()
}

func (r *reference) seconds(t *testing.T, kernel string) float64 {
	t.Helper()
	s, err := strconv.ParseFloat(r.ask(t, kernel), 64)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
