package gpu

import (
	"maps"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Report is what a run measured.
type Report struct {
	Driver   string   `json:"driver,omitempty"` // "CUDA 12.4"
	Devices  []Device `json:"devices"`
	Figures  []Figure `json:"figures"`
	Health   []Health `json:"health"`
	Absent   string   `json:"absent,omitempty"` // why nothing was measured
	Warnings []string `json:"warnings,omitempty"`
}

// Device is a GPU that was measured.
type Device struct {
	Index       int     `json:"index"`
	Name        string  `json:"name"`
	Accelerator string  `json:"accelerator,omitempty"` // catalog id
	Capability  float64 `json:"compute_capability"`
	Units       int     `json:"compute_units"`
	MemoryBytes int64   `json:"memory_bytes"`
	Ceiling     float64 `json:"ceiling_gbps,omitempty"` // of its memory; 0 unknown

	pci string // address, by which the probe knows it: the driver counts devices in an order of its own
}

// Figure is one quantity over batches of runs.
type Figure struct {
	Name    string            `json:"name"`
	Unit    string            `json:"unit"` // GB/s, TFLOP/s or us
	Labels  map[string]string `json:"labels"`
	Median  float64           `json:"median,omitempty"`
	Q1      float64           `json:"q1,omitempty"`
	Q3      float64           `json:"q3,omitempty"`
	Samples []float64         `json:"samples,omitempty"` // of batches, in their order
	Unknown string            `json:"unknown,omitempty"` // why there is no figure
}

// Health is the state of a device at a moment of the run.
type Health struct {
	Device       int      `json:"device"`
	When         string   `json:"when"` // the figure before which it was taken
	MHz          int      `json:"mhz,omitempty"`
	PowerW       float64  `json:"power_w,omitempty"`
	TemperatureC *int     `json:"temperature_c,omitempty"`
	Throttle     []string `json:"throttle,omitempty"`
	Others       int      `json:"other_processes"`
}

// Known reports whether there is a figure.
func (f *Figure) Known() bool { return f.Unknown == "" && f.Median > 0 }

// settle sets a figure from its samples.
func (f *Figure) settle(samples []float64) {
	f.Q1, f.Median, f.Q3 = benchmarks.Quartiles(samples)
	f.Samples, f.Unknown = samples, ""
}

// metric is the figure as a metric: of a duration less is better.
func (f *Figure) metric() benchmarks.Metric {
	better := benchmarks.Higher
	if f.Unit == "us" {
		better = benchmarks.Lower
	}
	return benchmarks.Metric{Name: f.Name, Unit: f.Unit, Labels: maps.Clone(f.Labels), Better: better, Value: f.Median, Low: f.Q1, High: f.Q3, Runs: len(f.Samples), Samples: f.Samples}
}

// Metrics are the figures that are known.
func (r *Report) Metrics() (list []benchmarks.Metric) {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Known() {
			list = append(list, f.metric())
		}
	}
	return list
}

// Skipped are the figures that are not, and why.
func (r *Report) Skipped() (list []benchmarks.Skipped) {
	if r.Absent != "" {
		list = append(list, benchmarks.Skipped{Name: "all", Reason: r.Absent})
	}
	for i := range r.Figures {
		if f := &r.Figures[i]; !f.Known() {
			m := f.metric()
			list = append(list, benchmarks.Skipped{Name: m.Key(), Reason: f.Unknown})
		}
	}
	return list
}

func labels(device int, more ...string) map[string]string {
	l := map[string]string{"device": strconv.Itoa(device)}
	for i := 0; i+1 < len(more); i += 2 {
		l[more[i]] = more[i+1]
	}
	return l
}
