package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/storage"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

type benchStorageOptions struct {
	size             float64
	budget           time.Duration
	seed             uint64
	model, precision string
}

func (a *app) benchStorageCommand(keep *keepFlags) *cobra.Command {
	var o benchStorageOptions
	cmd := &cobra.Command{
		Use:   "storage [PATH]",
		Short: "Measure how fast files of the size of a model are read, and so loaded",
		Long: `Measure sequential reads of a file: from the device, from the page cache, and
through a mapping as llama.cpp reads it. PATH is a file, which is only read, or a
folder, in which a file of random data is made and removed again; without it the
working directory. A part of the disk is always left free.

--model says what loading a model takes at the least: reading its file. Starting
the engine and copying to an accelerator come on top.`,
		Example: `  plimsoll bench storage ~/models/model-Q4_K_M.gguf
  plimsoll bench storage /data --size-gib 8 --model qwen3-8b --precision bf16`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.benchStorage(cmd.Context(), keep, &o, append(args, ".")[0])
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.size, "size-gib", 0, "bytes to read, in `GIB` (default: all of a file; 4 of one that is made, or a tenth of what is free)")
	f.DurationVar(&o.budget, "budget", storage.DefaultBudget, "`TIME` for all reads")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the data of a file that is made")
	f.StringVar(&o.model, "model", "", "say how long this `MODEL` takes to load")
	f.StringVar(&o.precision, "precision", "", "`PRECISION` of its weights (default: as published)")
	return cmd
}

// storageDetail is a run with the times to load a model beside it.
type storageDetail struct {
	storage.Report
	Model     string        `json:"model,omitempty"`
	Precision string        `json:"precision,omitempty"`
	ModelSize int64         `json:"model_bytes,omitempty"`
	Loads     []storageLoad `json:"loads,omitempty"` // of the model, by way of reading
}

// storageLoad is how long a model takes to read.
type storageLoad struct {
	Mode    string  `json:"mode"` // direct, uncached, cached or mapped
	Streams int     `json:"streams"`
	Seconds float64 `json:"seconds"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

func (a *app) benchStorage(ctx context.Context, keep *keepFlags, o *benchStorageOptions, path string) error {
	switch {
	case o.budget <= 0:
		return usagef("--budget %v: accepted is a time above 0", o.budget)
	case !(o.size >= 0 && o.size < 1<<20):
		return usagef("--size-gib %g: accepted are positive numbers", o.size)
	case o.precision != "" && o.model == "":
		return usagef("--precision means nothing without --model")
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	d := &storageDetail{}
	if err := o.modelSize(c, d); err != nil {
		return err
	}
	m, err := a.here(ctx)
	if err != nil {
		return err
	}
	r, err := a.record(keep, benchmarks.Storage, benchmarks.ContextOf(m), o.seed)
	if err != nil {
		return err
	}
	memory, _ := m.UsableMemory()
	line := a.progress()
	rep, err := storage.Run(ctx, storage.Options{
		Path: path, Bytes: int64(o.size * (1 << 30)), Budget: o.budget, Seed: o.seed, Memory: memory,
		Progress: func(name string, so *storage.Report) {
			line.show("%s", name)
			if r.take(so, so.Skipped(), so.Warnings) == nil {
				_ = r.put() // told at the end
			}
		},
	})
	line.clear()
	if err != nil && len(rep.Metrics()) == 0 {
		r.drop()
		return usage(err)
	}
	d.Report = rep
	if d.ModelSize > 0 {
		for _, l := range rep.Loads(d.ModelSize) {
			if l.Mode == storage.Cached && d.ModelSize > memory {
				continue // memory does not hold it
			}
			d.Loads = append(d.Loads, storageLoad{l.Mode, l.Streams, l.Time.Seconds(), l.Low.Seconds(), l.High.Seconds()})
		}
	}
	if failed := r.take(d, rep.Skipped(), rep.Warnings); failed != nil {
		return failed
	}
	return r.finish(ctx, err)
}

// modelSize finds the size of the model to load; nothing without one.
func (o *benchStorageOptions) modelSize(c *catalog.Catalog, d *storageDetail) error {
	if o.model == "" {
		return nil
	}
	m, named, err := planner.NamedCheckpoint(c, o.model)
	if err != nil {
		return usage(err, "`plimsoll catalog list models --filter TEXT` searches")
	}
	p, err := c.Precision(cmp.Or(o.precision, named.Precision, m.Checkpoint))
	if err != nil {
		return usage(err)
	}
	d.Model, d.Precision = m.ID, p.ID
	d.ModelSize, err = estimator.CheckpointBytes(m, p)
	return usage(err)
}

// showStorage is the report of a run.
func showStorage(r *report.Report, d *storageDetail) {
	where := "a file"
	if d.Made {
		where = "a file that was made for it"
	}
	r.Lead = append(r.Lead, sentence(fmt.Sprintf("%s of %s", report.Bytes(d.Bytes), where), labelled("on %s", d.FileSystem), d.NoDirect)+".")
	t := report.Table{Title: "Sequential reads", Columns: []report.Column{
		{Name: "from"}, {Name: "at once", Key: "streams", Align: report.Right}, {Name: "GB/s", Align: report.Right}, {Name: "quartiles", Align: report.Right}, {Name: "parts", Align: report.Right},
	}}
	from := map[string]string{storage.Direct: "the device", storage.Uncached: "the device, through the page cache", storage.Cached: "the page cache", storage.Mapped: "the device, through a mapping"}
	for i := range d.Reads {
		x := &d.Reads[i]
		if !x.Known() {
			t.Add(report.Text(from[x.Mode]), report.Int(x.Streams), report.Text("unknown"), report.Text(x.Unknown), report.Unknown())
			continue
		}
		t.Add(report.Text(from[x.Mode]), report.Int(x.Streams), report.Number(x.Median, ""), report.Text(report.Significant(x.Q1)+" to "+report.Significant(x.Q3)), report.Int(len(x.Samples)))
	}
	if w := d.Write; w != nil && w.Known() {
		t.Notes = append(t.Notes, fmt.Sprintf("written at %s GB/s, until it was on the device", report.Significant(w.Median)))
	}
	r.Tables = append(r.Tables, t)
	if len(d.Loads) > 0 {
		l := report.Table{Title: fmt.Sprintf("Reading %s in %s, %s", d.Model, d.Precision, report.Bytes(d.ModelSize)), Columns: []report.Column{
			{Name: "from"}, {Name: "at once", Key: "streams", Align: report.Right}, {Name: "seconds", Align: report.Right}, {Name: "quartiles", Align: report.Right},
		}, Notes: []string{"starting the engine and copying to an accelerator come on top"}}
		for _, x := range d.Loads {
			l.Add(report.Text(from[x.Mode]), report.Int(x.Streams), report.Number(x.Seconds, ""), report.Text(report.Significant(x.Low)+" to "+report.Significant(x.High)))
		}
		r.Tables = append(r.Tables, l)
	}
}
