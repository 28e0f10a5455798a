package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// tolerance is how far above a ceiling a figure may lie: clocks are not exact.
const tolerance = 1.05

// Run measures. Without a GPU, or without its driver, the report says why it is
// empty and there is no error. A GPU that is lost, and a context that ends, return
// what was measured by then with the error.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, fmt.Errorf("gpu: %w", err)
	}
	r := &run{opts: &o, report: &Report{Devices: []Device{}, Figures: []Figure{}, Health: []Health{}}}
	runtime.LockOSThread() // contexts belong to threads
	defer runtime.UnlockOSThread()
	cards, err := o.open(&o)
	if err != nil {
		r.report.Absent = err.Error()
		return *r.report, nil
	}
	for _, c := range cards {
		defer c.close()
	}
	r.cards = cards
	r.describe()
	if err := r.walk(ctx); err != nil {
		return *r.report, fmt.Errorf("gpu: %w", err)
	}
	return *r.report, nil
}

// run is one run under way.
type run struct {
	opts   *Options
	report *Report
	cards  []card
	peaks  []probe.PeakTFLOPS // by card
}

// describe writes down what is measured, and what bounds the figures.
func (r *run) describe() {
	for _, c := range r.cards {
		d := c.info()
		r.report.Driver = c.driver()
		var peak probe.PeakTFLOPS
		if a := probed(r.opts.Machine, &d); a != nil {
			d.Accelerator, peak = a.AcceleratorID, a.PeakTFLOPS
			if a.BandwidthGBps > 0 {
				d.Ceiling = a.BandwidthGBps
			}
		}
		if d.Ceiling == 0 {
			r.warn("the bandwidth of %s is unknown: its figures are held against nothing", d.Name)
		}
		r.report.Devices = append(r.report.Devices, d)
		r.peaks = append(r.peaks, peak)
	}
}

// probed is what the probe knows of a card, by its PCI address: the driver counts
// devices in an order of its own. Where there is no address, by index and name.
func probed(m *probe.Machine, d *Device) *probe.Accelerator {
	if m == nil {
		return nil
	}
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		same := a.Index == d.Index && a.Name == d.Name
		if d.pci != "" && a.PCI.Address != "" {
			same = a.PCI.Address == d.pci
		}
		if a.Vendor == "nvidia" && same && a.Usable() {
			return a
		}
	}
	return nil
}

func (r *run) warn(format string, args ...any) {
	r.report.Warnings = append(r.report.Warnings, fmt.Sprintf(format, args...))
}

// walk measures the figures in their order; each has an equal part of the time
// that is left.
func (r *run) walk(ctx context.Context) error {
	steps := plan(r.cards, r.opts.Parts, r.opts.Seed)
	for i := range steps {
		r.report.Figures = append(r.report.Figures, steps[i].figure)
	}
	deadline := time.Now().Add(r.opts.Budget * time.Duration(len(r.cards)))
	part := ""
	for i := range steps {
		s, f := &steps[i], &r.report.Figures[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		m := f.metric()
		if r.opts.Progress != nil {
			r.opts.Progress(m.Key(), r.report)
		}
		if s.part != part {
			part = s.part
			r.sample(ctx, m.Key())
		}
		share := max(time.Until(deadline), 0) / time.Duration(len(steps)-i)
		if err := r.measure(ctx, s, f, share); err != nil {
			return fmt.Errorf("%s: %w", m.Key(), err)
		}
	}
	r.sample(ctx, "the end")
	return nil
}

// measure sets one figure. Only what ends the run is an error: an interruption, or
// a device that is lost.
func (r *run) measure(ctx context.Context, s *step, f *Figure, share time.Duration) error {
	w, err := r.cards[s.card].prepare(s.task)
	if err != nil {
		f.Unknown = err.Error()
		if cuda.Lost(err) {
			return err
		}
		return nil
	}
	defer w.close()
	f.Labels["through"] = w.through()
	seconds, err := repeat(ctx, w, share)
	if err != nil {
		f.Unknown = err.Error()
		if errors.Is(err, ctx.Err()) && ctx.Err() != nil {
			f.Unknown = "interrupted"
			return err
		}
		if cuda.Lost(err) {
			return err
		}
		return nil
	}
	samples := make([]float64, len(seconds))
	for i, x := range seconds {
		samples[i] = rate(f.Unit, w.amount(), x)
	}
	f.settle(samples)
	if why := r.refuse(s, f); why != "" {
		*f = Figure{Name: f.Name, Unit: f.Unit, Labels: f.Labels, Unknown: why}
	}
	return nil
}

// rate is an amount over seconds in the unit of its figure.
func rate(unit string, amount, seconds float64) float64 {
	switch unit {
	case "TFLOP/s":
		return amount / seconds / 1e12
	case "us":
		return seconds * 1e6
	}
	return amount / seconds / 1e9
}

// refuse says why a figure cannot be, "" when nothing speaks against it.
func (r *run) refuse(s *step, f *Figure) string {
	ceiling, what := 0.0, ""
	switch {
	case f.Unit == "GB/s" && (s.part == Memory || s.part == Attention):
		ceiling, what = r.report.Devices[s.card].Ceiling, "GB/s of its memory"
	case f.Unit == "TFLOP/s":
		ceiling, what = peakOf(r.peaks[s.card], s.task.precision), "TFLOP/s of its peak"
	}
	if ceiling > 0 && f.Median > tolerance*ceiling {
		return fmt.Sprintf("refused: %.1f is above the %.1f %s", f.Median, ceiling, what)
	}
	return ""
}

func peakOf(p probe.PeakTFLOPS, precision string) float64 {
	switch precision {
	case "bf16":
		return p.BF16
	case "fp16":
		return p.FP16
	case "tf32":
		return p.TF32
	case "int8":
		return p.INT8
	case "fp8":
		return p.FP8
	case "fp4":
		return p.FP4
	}
	return 0
}

// sample writes down the state of every device.
func (r *run) sample(ctx context.Context, when string) {
	if r.opts.Sample == nil {
		return
	}
	m, err := r.opts.Sample(ctx)
	if err != nil {
		return // it was a look beside the figures
	}
	for i := range r.report.Devices {
		d := &r.report.Devices[i]
		a := probed(m, d)
		if a == nil {
			continue
		}
		h := Health{Device: i, When: when, MHz: a.CurrentMHz, PowerW: a.PowerDrawW, TemperatureC: a.TemperatureC, Throttle: a.Throttle, Others: others(a)}
		r.report.Health = append(r.report.Health, h)
		r.judge(&h, d)
	}
}

// judge warns of a state that makes figures doubtful.
func (r *run) judge(h *Health, d *Device) {
	for _, t := range h.Throttle {
		if t != "idle" && t != "gpu_idle" {
			r.warn("device %d is throttled before %s: %s", d.Index, h.When, t)
		}
	}
	if h.Others > 0 {
		r.warn("device %d serves %d other processes before %s", d.Index, h.Others, h.When)
	}
}
