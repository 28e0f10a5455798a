package cpu

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// allocate maps n bytes, which nothing has touched yet. huge asks for pages
// of 2 MiB, or refuses them, where the kernel leaves the choice.
func allocate(n int, huge bool) (buffer, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return buffer{}, fmt.Errorf("cpu: mapping %d bytes: %w", n, err)
	}
	advice := unix.MADV_NOHUGEPAGE
	if huge {
		advice = unix.MADV_HUGEPAGE
	}
	_ = unix.Madvise(b, advice) // a kernel without huge pages refuses: the pages are small then
	return buffer{b}, nil
}

func (b buffer) free() {
	if b.bytes != nil {
		_ = unix.Munmap(b.bytes) // fails only for what was not mapped
	}
}

// choosesPages reports whether allocate can tell small pages from huge ones.
const choosesPages = true

// pinThread ties the calling thread to a CPU.
func pinThread(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning a thread to CPU %d: %w", cpu, err)
	}
	return nil
}

// allowedCPUs lists the CPUs that this process may run on.
func allowedCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("asking for the CPUs of this process: %w", err)
	}
	var ids []int
	for id := 0; len(ids) < set.Count(); id++ {
		if set.IsSet(id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
