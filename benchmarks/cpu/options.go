package cpu

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// DefaultBudget is the time that [Run] takes unless [Options] says otherwise.
const DefaultBudget = 20 * time.Second

// minMemory is the least memory that a run can do with.
const minMemory = 16 << 20

// Options adjust a run. The zero value measures the machine at hand.
type Options struct {
	// Machine says what there is: caches, memory, nodes, limits of the
	// container. It must be the running machine. nil: it is probed.
	Machine *probe.Machine

	// Budget is the time for everything. 0 is [DefaultBudget]. A slow machine
	// takes longer: every figure rests on at least five runs.
	Budget time.Duration

	// MemoryBytes is the most memory to fill. 0 is a quarter of what the
	// machine, or the container, has to give.
	MemoryBytes int64

	// Threads is how many CPUs are used. 0 is one for each physical core that
	// this process may use, and no more than the container's CPU quota.
	Threads int

	// Seed makes the random data.
	Seed uint64

	// Progress is called before each step with what was measured so far, from
	// the goroutine of Run. It may keep nothing of the report.
	Progress func(Step, *Report)
}

// Step is a part of a run.
type Step struct {
	Name  string // "read", "gemm bf16", ...
	Index int    // 0 for the first
	Steps int    // how many there are
}

// check says what is wrong with the options.
func (o Options) check() error {
	switch {
	case o.Budget < 0:
		return fmt.Errorf("cpu: budget %v: must not be negative", o.Budget)
	case o.Threads < 0:
		return fmt.Errorf("cpu: %d threads: must not be negative", o.Threads)
	case o.MemoryBytes != 0 && o.MemoryBytes < minMemory:
		return fmt.Errorf("cpu: memory of %d bytes: at least %d are needed", o.MemoryBytes, minMemory)
	}
	return nil
}

// memory is how many bytes may be filled.
func (o Options) memory() (int64, error) {
	if o.MemoryBytes > 0 {
		return o.MemoryBytes, nil
	}
	usable, why := o.Machine.UsableMemory()
	if usable/4 < minMemory {
		return 0, fmt.Errorf("cpu: a quarter of %d bytes is too little memory (%s): at least %d are needed", usable, why, minMemory)
	}
	return usable / 4, nil
}
