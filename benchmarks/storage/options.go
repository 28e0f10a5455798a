package storage

import (
	"fmt"
	"time"
)

// Defaults of [Options].
const (
	DefaultBudget = 20 * time.Second
	DefaultBytes  = 4 << 30 // of a file that is made
)

// Sizes that bound a run.
const (
	block    = 4 << 20 // bytes of one read
	parts    = 16      // of a file, at most: each is a sample
	leastLen = 64 << 20
	keepFree = 2 << 30 // bytes of the disk, or a twentieth of it where that is more
)

// Options say what to read.
type Options struct {
	Path   string        // a file to read, or a folder to make one in
	Bytes  int64         // to read; 0: of a file all, of one that is made DefaultBytes or a tenth of what is free
	Budget time.Duration // for all reads; 0 is DefaultBudget. Each way of reading takes its share
	Seed   uint64        // of the data of a file that is made

	Memory int64 // bytes that the page cache may hold; 0 unknown

	// Progress is called before each way of reading, with the report so far.
	Progress func(name string, so *Report)
}

func (o *Options) check() error {
	switch {
	case o.Path == "":
		return fmt.Errorf("no path: a file to read, or a folder to make one in")
	case o.Bytes != 0 && o.Bytes < leastLen:
		return fmt.Errorf("%d bytes: accepted are %d and more", o.Bytes, leastLen)
	case o.Budget < 0:
		return fmt.Errorf("budget %v: must not be negative", o.Budget)
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	return nil
}
