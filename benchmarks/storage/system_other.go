//go:build !linux

package storage

import (
	"context"
	"errors"
	"os"

	"github.com/shirou/gopsutil/v4/disk"
)

const (
	dropsCache = false
	mapsFiles  = false
)

var errHere = errors.New("not built in for this system")

func refusesDirect(string) string { return "direct reads are not built in for this system" }

func readDirect(context.Context, string, int64, int64) error { return errHere }

func readMapped(context.Context, string, int64, int64) error { return errHere }

func drop(string, int64, int64) error { return errHere }

// freeBytes of the file system of a folder: what is free, and all.
func freeBytes(dir string) (free, total int64, err error) {
	u, err := disk.Usage(dir)
	if err != nil {
		return 0, 0, &os.PathError{Op: "usage", Path: dir, Err: err}
	}
	return int64(u.Free), int64(u.Total), nil
}

func fileSystem(string) string { return "" }

func holes(string) bool { return false }
