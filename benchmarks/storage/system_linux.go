package storage

import (
	"context"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	dropsCache = true
	mapsFiles  = true
)

// refusesDirect says why a file cannot be read past the page cache, "" when it can.
func refusesDirect(path string) string {
	if err := readDirect(context.Background(), path, 0, block); err != nil {
		return fmt.Sprintf("the file system refuses direct reads (%v)", err)
	}
	return ""
}

// readDirect reads past the page cache, into memory aligned as devices want it.
func readDirect(ctx context.Context, path string, from, to int64) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const alignment = 4096
	buffer := make([]byte, block+alignment)
	skip := alignment - int(uintptr(unsafe.Pointer(&buffer[0]))%alignment)
	return readBlocks(ctx, f, buffer[skip:skip+block], from, to)
}

// drop takes a part of a file out of the page cache. Pages that were not written
// yet stay, so that they are written first.
func drop(path string, from, to int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), from, to-from, unix.FADV_DONTNEED); err != nil {
		return &os.PathError{Op: "fadvise", Path: path, Err: err}
	}
	return nil
}

// readMapped touches every page of a mapping.
func readMapped(ctx context.Context, path string, from, to int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := unix.Mmap(int(f.Fd()), from, int(to-from), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	defer func() { _ = unix.Munmap(data) }()
	var sum byte
	for at := 0; at < len(data); at += os.Getpagesize() {
		if at%block == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		sum += data[at]
	}
	sink(sum)
	return nil
}

//go:noinline
func sink(byte) {}

// freeBytes of the file system of a folder: what this user may take, and all.
func freeBytes(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
}

// fileSystems are names of magic numbers (statfs(2)).
var fileSystems = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.TMPFS_MAGIC: "tmpfs", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.NFS_SUPER_MAGIC: "nfs", unix.FUSE_SUPER_MAGIC: "fuse", unix.SMB2_SUPER_MAGIC: "smb", 0x2fc12fc1: "zfs", 0x0bd00bd0: "lustre",
}

// fileSystem names that of a file, "" where it has no name here.
func fileSystem(path string) string {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil {
		return ""
	}
	return fileSystems[int64(s.Type)]
}

// holes reports whether a file takes less room than it has bytes.
func holes(path string) bool {
	var s unix.Stat_t
	return unix.Stat(path, &s) == nil && s.Blocks*512 < s.Size/2
}
