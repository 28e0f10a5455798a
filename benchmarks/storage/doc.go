// Package storage measures how fast a file of the size of a model is read: from
// the device, from the page cache, and through a mapping as llama.cpp reads it.
// With that goes the time that loading a model takes at the least.
//
// [Run] reads a file of the user's, which it never writes, or makes one of random
// data and removes it again, also when it is interrupted or the disk fills up. It
// leaves a part of the disk free. Reads are sequential, in parts, whose rates are
// the samples; reads from the device go past the page cache (O_DIRECT), or where
// the file system refuses that, drop the cache before (posix_fadvise) and say so.
//
// It cannot see a cache below the file system: that of a hypervisor or of the
// device. It measures neither small nor random reads, and loads no model.
package storage
