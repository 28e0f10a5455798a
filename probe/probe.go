package probe

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/shirou/gopsutil/v4/disk"
)

// DefaultTimeout bounds each collector unless [Options] says otherwise.
const DefaultTimeout = 5 * time.Second

// nvidiaPatience is how many timeouts the NVIDIA collector has in all: it
// bounds each driver call itself, and without persistence mode the driver
// starts the GPUs one after the other, seconds each.
const nvidiaPatience = 6

// Options adjust a probe. The zero value probes the machine at hand.
type Options struct {
	Catalog   Matcher       // matches devices; nil: none is matched
	Timeout   time.Duration // for each collector; 0 is DefaultTimeout
	ModelDirs []string      // further directories for models
	Tool      string        // what Machine.Tool shall say: name and version of the program

	// For tests and recorded trees.

	Root    string              // directory that holds proc, sys and so on; "" is the running system
	Getenv  func(string) string // nil is os.Getenv
	WorkDir string              // "" is the working directory
	Now     func() time.Time    // nil is time.Now
}

// Probe takes the inventory of a machine. It fails only when ctx ends before
// the collectors have answered; whatever else goes wrong is said by
// [Machine.Collectors], and the rest of the inventory stands.
func Probe(ctx context.Context, opts Options) (*Machine, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	m := runAll(ctx, opts.jobs())
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	m.Schema, m.Tool, m.ProbedAt = Schema, opts.Tool, opts.Now().UTC().Truncate(time.Second)
	m.explainSilence()
	if opts.Catalog != nil {
		m.match(opts.Catalog)
	}
	m.completeNVIDIA()
	m.shareHostMemory()
	m.settleIntegrated()
	return m, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Timeout < 0 {
		return o, fmt.Errorf("probe: timeout %v: must not be negative", o.Timeout)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.WorkDir == "" && o.Root == "" {
		dir, err := os.Getwd()
		if err != nil {
			return o, fmt.Errorf("probe: %w", err)
		}
		o.WorkDir = dir
	}
	return o, nil
}

// jobs lists the collectors. Those of vendors come before the sweep of the PCI
// bus: of two that list a device, the first is believed.
func (o Options) jobs() []job {
	h := &host{root: o.Root, getenv: o.Getenv, workDir: o.WorkDir}
	var variables sysctl
	var jobs []job
	if o.Root == "" { // what answers from the running system has no part in a recorded tree
		variables = systemSysctl()
		jobs = append(jobs, job{newNVIDIA(h, o.Timeout), nvidiaPatience * o.Timeout})
	}
	for _, c := range []Collector{
		amdCollector{h},
		intelCollector{h},
		appleCollector{h, variables},
		pciCollector{h},
		cpuCollector{h, variables},
		memoryCollector{h},
		cgroupCollector{h},
		storageCollector{h, o.ModelDirs, disk.UsageWithContext},
		networkCollector{h},
		enginesCollector{h},
		osCollector{h},
	} {
		jobs = append(jobs, job{c, o.Timeout})
	}
	return jobs
}
