// Package atomicfile writes a file whole or not at all.
//
// It lies below catalog because that is what every package of the house may
// import. It does not lock: of two writers the later wins.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotRegular says that there is something at a path that is no file:
// a directory, a device.
var ErrNotRegular = errors.New("it exists and is not a regular file")

// Write puts data in a file at path, or leaves what is there as it is: the
// data goes to a file beside it first. A file that exists is replaced, with its
// mode kept, when replace is set, and is [fs.ErrExist] otherwise. A symbolic
// link stays, and its target is written. Errors are [*fs.PathError] with path.
func Write(path string, data []byte, replace bool) (err error) {
	defer func() {
		if err != nil {
			err = &fs.PathError{Op: "write", Path: path, Err: cause(err)}
		}
	}()
	target, mode := path, fs.FileMode(0o644)
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return ErrNotRegular
	case !replace:
		return fs.ErrExist
	default:
		mode = info.Mode().Perm()
		if target, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".plimsoll-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to report
		}
	}()
	if err := fill(f, data, mode); err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}

// fill writes and closes a file.
func fill(f *os.File, data []byte, mode fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// cause strips the name of the file beside path, which means nothing to users.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
