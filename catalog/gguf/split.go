package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
)

// Metadata of a split model (llama.cpp, gguf-split).
const (
	keySplitNo      = "split.no"
	keySplitCount   = "split.count"
	keySplitTensors = "split.tensors.count"
)

// maxParts bounds how many files one model may have; published ones stay
// below a hundred.
const maxParts = 1000

// splitName is the name that llama.cpp gives to and demands of parts.
var splitName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// openSplit joins all parts of a split model, of which first is one.
func openSplit(path string, first *File, count int64) (*File, error) {
	name := splitName.FindStringSubmatch(filepath.Base(path))
	if name == nil {
		return nil, fmt.Errorf("gguf: %s: is one of %d parts (%s), but its name is not <model>-00001-of-%05d.gguf, so the others cannot be found",
			path, count, keySplitCount, count)
	}
	if n, err := strconv.ParseInt(name[3], 10, 64); err != nil || n != count || count > maxParts {
		return nil, fmt.Errorf("gguf: %s: name says %s parts, %s says %d (at most %d are accepted)", path, name[3], keySplitCount, count, maxParts)
	}
	whole := &File{}
	for i := range int(count) {
		partPath := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%05d-of-%05d.gguf", name[1], i+1, count))
		part := first
		if partPath != filepath.Clean(path) {
			var err error
			if part, err = openOne(partPath); errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("gguf: %s: part %d of %d is missing: %w", partPath, i+1, count, fs.ErrNotExist)
			} else if err != nil {
				return nil, err
			}
		}
		if no, ok := part.Meta.Int(keySplitNo); !ok || no != int64(i) {
			return nil, fmt.Errorf("gguf: %s: %s is %d, want %d", partPath, keySplitNo, no, i)
		}
		if i == 0 {
			whole.Version, whole.Meta, whole.Alignment = part.Version, part.Meta, part.Alignment
		}
		whole.join(part)
	}
	return whole, whole.checkSplit(path)
}

func (f *File) join(part *File) {
	index := len(f.Parts)
	f.Parts = append(f.Parts, part.Parts[0])
	for _, t := range part.Tensors {
		t.Part = index
		f.Tensors = append(f.Tensors, t)
	}
}

// checkSplit holds the joined parts against the total that the first states.
func (f *File) checkSplit(path string) error {
	if want, ok := f.Meta.Int(keySplitTensors); ok && want != int64(len(f.Tensors)) {
		return fmt.Errorf("gguf: %s: parts hold %d tensors, %s says %d: parts of different files?", path, len(f.Tensors), keySplitTensors, want)
	}
	return uniqueNames(f.Tensors)
}
