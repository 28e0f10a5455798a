package storage

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// streams are the numbers of parts that are read at once.
var streams = []int{1, 4}

// Run measures. It fails for bad options, for a file that cannot be read and for
// a disk without room; when ctx ends it returns what was measured so far with the
// context's error.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, fmt.Errorf("storage: %w", err)
	}
	r := &run{opts: &o, report: &Report{Reads: []Read{}}}
	if o.Progress != nil {
		o.Progress("file", r.report)
	}
	f, err := r.open(ctx)
	if err != nil {
		return *r.report, fmt.Errorf("storage: %w", err)
	}
	defer f.remove()
	r.file = f
	r.report.Bytes, r.report.Made, r.report.FileSystem = f.bytes, f.made, fileSystem(f.path)
	if holes(f.path) {
		r.warn("the file has holes, which are read from nowhere")
	}
	err = r.walk(ctx)
	if err != nil {
		err = fmt.Errorf("storage: %w", err)
	}
	return *r.report, err
}

// run is one run under way.
type run struct {
	opts   *Options
	report *Report
	file   *file
}

func (r *run) warn(format string, args ...any) {
	r.report.Warnings = append(r.report.Warnings, fmt.Sprintf(format, args...))
}

// way is a way of reading the part [from, to) of a file.
type way struct {
	mode    string
	streams int
	drop    bool // the page cache before each part
	read    func(ctx context.Context, path string, from, to int64) error
}

// ways lists what is measured.
func (r *run) ways() (list []way) {
	mode, read := Direct, readDirect
	if why := refusesDirect(r.file.path); why != "" {
		r.report.NoDirect = why
		mode, read = Uncached, readBuffered
	}
	for _, n := range streams {
		list = append(list, way{mode: mode, streams: n, drop: mode == Uncached, read: read})
	}
	list = append(list, way{mode: Mapped, streams: 1, drop: true, read: readMapped})
	for _, n := range streams {
		list = append(list, way{mode: Cached, streams: n, read: readBuffered})
	}
	return list
}

func (r *run) walk(ctx context.Context) error {
	ways := r.ways()
	for _, w := range ways {
		r.report.Reads = append(r.report.Reads, Read{Mode: w.mode, Streams: w.streams, Rate: Rate{Unknown: "not measured"}})
	}
	share := r.opts.Budget / time.Duration(len(ways))
	for i, w := range ways {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.opts.Progress != nil {
			r.opts.Progress(fmt.Sprintf("%s, %d at once", w.mode, w.streams), r.report)
		}
		to := &r.report.Reads[i].Rate
		if why := r.unfit(w); why != "" {
			to.Unknown = why
			continue
		}
		samples, err := r.measure(ctx, w, share)
		*to = rateOf(samples)
		if err != nil {
			return err
		}
	}
	return nil
}

// unfit says why a way cannot be measured here, "" when nothing speaks against it.
func (r *run) unfit(w way) string {
	switch {
	case w.drop && !dropsCache:
		return "this system drops no page cache for a program"
	case w.mode == Mapped && !mapsFiles:
		return "reading through a mapping is not built in for this system"
	case w.mode == Cached && r.opts.Memory > 0 && r.file.bytes > r.opts.Memory/2:
		return fmt.Sprintf("%d bytes are more than half of the %d that the page cache may take", r.file.bytes, r.opts.Memory)
	}
	return ""
}

// measure reads the file part by part until it or the time is over; each part is a
// sample. A way of reading from the page cache reads all of it once before.
func (r *run) measure(ctx context.Context, w way, share time.Duration) (samples []float64, err error) {
	n := max(min(parts, int(r.file.bytes/block)/w.streams), 1)
	length := r.file.bytes / int64(n) / int64(block*w.streams) * int64(block*w.streams)
	deadline := time.Now().Add(share)
	if w.mode == Cached {
		if err := r.file.each(ctx, way{streams: 1, read: readBuffered}, 0, int64(n)*length); err != nil {
			return nil, err
		}
		deadline = time.Now().Add(share)
	}
	for i := range int64(n) {
		if time.Now().After(deadline) && len(samples) > 0 {
			break
		}
		from := i * length
		if w.drop {
			if err := drop(r.file.path, from, from+length); err != nil {
				return samples, err
			}
		}
		start := time.Now()
		if err := r.file.each(ctx, w, from, from+length); err != nil {
			return samples, err
		}
		samples = append(samples, float64(length)/float64(time.Since(start))) // bytes a nanosecond are GB/s
	}
	return samples, nil
}

// each reads a part in as many pieces at once as the way has streams.
func (f *file) each(ctx context.Context, w way, from, to int64) error {
	errs := make([]error, w.streams)
	piece := (to - from) / int64(w.streams)
	var group sync.WaitGroup
	for i := range w.streams {
		group.Go(func() {
			begin := from + int64(i)*piece
			errs[i] = w.read(ctx, f.path, begin, begin+piece)
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// readBuffered reads through the page cache.
func readBuffered(ctx context.Context, path string, from, to int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return readBlocks(ctx, f, make([]byte, block), from, to)
}

func readBlocks(ctx context.Context, f *os.File, buffer []byte, from, to int64) error {
	for at := from; at < to; at += int64(len(buffer)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		want := min(int64(len(buffer)), to-at)
		if n, err := f.ReadAt(buffer[:want], at); err != nil && int64(n) < want {
			return err
		}
	}
	return nil
}
