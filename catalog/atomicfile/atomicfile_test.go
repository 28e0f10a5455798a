package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.toml")
	read := func() string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if err := Write(path, []byte("one"), false); err != nil || read() != "one" {
		t.Fatalf("a new file: %v, %q", err, read())
	}
	if err := Write(path, []byte("two"), false); !errors.Is(err, fs.ErrExist) || read() != "one" {
		t.Errorf("a file that exists: %v, %q", err, read())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("three"), true); err != nil || read() != "three" {
		t.Errorf("replaced: %v, %q", err, read())
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the mode was not kept: %v, %v", info.Mode(), err)
	}
	if err := Write(dir, nil, true); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a directory: %v", err)
	}
	missing := filepath.Join(dir, "no", "such", "place")
	err := Write(missing, nil, true)
	var at *fs.PathError
	if !errors.As(err, &at) || at.Path != missing || !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".plimsoll") {
		t.Errorf("into nowhere: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWriteKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := Write(link, []byte("new"), true); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if data, err := os.ReadFile(target); err != nil || string(data) != "new" {
		t.Errorf("the target holds %q, %v", data, err)
	}
}
