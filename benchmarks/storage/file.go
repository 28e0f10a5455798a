package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"
)

// file is what is read.
type file struct {
	path  string
	bytes int64 // to read, a multiple of block but for short files
	made  bool
}

// open finds the file, or makes it.
func (r *run) open(ctx context.Context) (*file, error) {
	info, err := os.Stat(r.opts.Path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return r.make(ctx, r.opts.Path)
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: r.opts.Path, Err: errors.New("accepted are a regular file and a folder")}
	case info.Size() < leastLen:
		return nil, fmt.Errorf("%s has %d bytes: accepted are %d and more, so that reading it takes some time", r.opts.Path, info.Size(), leastLen)
	}
	bytes := info.Size()
	if r.opts.Bytes > 0 {
		bytes = min(bytes, r.opts.Bytes)
	}
	return &file{path: r.opts.Path, bytes: bytes / block * block}, nil
}

// make writes a file of random data. What it cannot finish it removes.
func (r *run) make(ctx context.Context, dir string) (_ *file, err error) {
	bytes, err := room(dir, r.opts.Bytes)
	if err != nil {
		return nil, err
	}
	out, err := os.CreateTemp(dir, ".plimsoll-bench-*")
	if err != nil {
		return nil, err
	}
	f := &file{path: out.Name(), bytes: bytes, made: true}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
		if err != nil {
			f.remove()
		}
	}()
	var rates []float64
	data := make([]byte, block)
	source := rand.New(rand.NewPCG(r.opts.Seed, 0))
	share := max(bytes/parts/block, 1)
	for at, start := int64(0), time.Now(); at < bytes/block; at++ {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := 0; i < block; i += 8 {
			binary.LittleEndian.PutUint64(data[i:], source.Uint64())
		}
		if _, err := out.Write(data); err != nil {
			return nil, fmt.Errorf("%w; the file is removed again", err)
		}
		if (at+1)%share == 0 {
			if err := out.Sync(); err != nil {
				return nil, fmt.Errorf("%w; the file is removed again", err)
			}
			rates = append(rates, float64(share*block)/float64(time.Since(start)))
			start = time.Now()
		}
	}
	rate := rateOf(rates)
	r.report.Write = &rate
	return f, nil
}

func (f *file) remove() {
	if f.made {
		_ = os.Remove(f.path) // there is nobody to tell who could do more
	}
}

// room says how large a file may become, and refuses to fill the disk.
func room(dir string, asked int64) (int64, error) {
	free, total, err := freeBytes(dir)
	if err != nil {
		return 0, err
	}
	keep := max(keepFree, total/20)
	bytes := asked
	if bytes == 0 {
		bytes = min(DefaultBytes, free/10)
	}
	if bytes = bytes / block * block; bytes < leastLen || free-bytes < keep {
		return 0, fmt.Errorf("%s has %d bytes free: a file of %d would leave less than %d", dir, free, max(bytes, leastLen), keep)
	}
	return bytes, nil
}
