package gpu

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// DefaultBudget is the time that [Run] takes for one GPU.
const DefaultBudget = 2 * time.Minute

// Parts of a run.
const (
	Memory     = "memory"     // bandwidth of the GPU's memory
	Products   = "products"   // matrix products through cublasLt
	Tensor     = "tensor"     // issue rate of mma.sync
	Attention  = "attention"  // of one new token over a cache
	Launch     = "launch"     // cost of one
	Transfer   = "transfer"   // to and from the host
	Peer       = "peer"       // between GPUs
	Collective = "collective" // all-reduce through NCCL
)

// Parts lists them all, in the order in which they run.
func Parts() []string {
	return []string{Launch, Memory, Attention, Transfer, Tensor, Products, Peer, Collective}
}

// Options say what to run.
type Options struct {
	Machine *probe.Machine // of which the GPUs are measured
	Parts   []string       // nil: all
	Budget  time.Duration  // 0 is DefaultBudget
	Seed    uint64

	Driver    string   // path of the driver library; empty: its usual names
	Libraries []string // folders of Python packages that may hold NVIDIA's libraries

	// Sample looks at the machine again, for clocks, power and temperature; nil:
	// nobody does.
	Sample func(context.Context) (*probe.Machine, error)

	// Progress is called before each figure, with the report so far.
	Progress func(name string, so *Report)

	open func(*Options) ([]card, error) // tests
}

func (o *Options) check() error {
	for _, p := range o.Parts {
		if !slices.Contains(Parts(), p) {
			return fmt.Errorf("part %q: accepted are %v", p, Parts())
		}
	}
	if o.Budget < 0 {
		return fmt.Errorf("budget %v: must not be negative", o.Budget)
	}
	if o.Parts == nil {
		o.Parts = Parts()
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.open == nil {
		o.open = openCards
	}
	return nil
}
