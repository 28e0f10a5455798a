package gguf

import (
	"fmt"
	"os"
)

// File is what the header of a GGUF model says; of a split model, what the
// headers of all its parts say together.
type File struct {
	Version   int
	Meta      Metadata // of the first part
	Tensors   []Tensor // in file order
	Alignment int64
	Parts     []Part
}

// Part is one file of the model.
type Part struct {
	Path       string
	Size       int64 // bytes
	DataOffset int64 // where tensor data begins
}

// Tensor is one weight as the file stores it.
type Tensor struct {
	Name     string // "blk.0.attn_q.weight"
	Dims     []int64
	Type     Type
	Part     int   // index into [File.Parts]
	Offset   int64 // from the part's first byte
	Elements int64
	Bytes    int64
}

// Open reads the header of the file at path and, when it is one part of a
// split model, those of all other parts beside it.
func Open(path string) (*File, error) {
	f, err := openOne(path)
	if err != nil {
		return nil, err
	}
	if count, ok := f.Meta.Int(keySplitCount); ok && count > 1 {
		return openSplit(path, f, count)
	}
	return f, nil
}

func openOne(path string) (*File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	if !st.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, fmt.Errorf("gguf: %s: not a regular file", path)
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	defer r.Close()
	f, err := Read(r, st.Size())
	if err != nil {
		return nil, fmt.Errorf("gguf: %s: %w", path, err)
	}
	f.Parts[0].Path = path
	return f, nil
}

// Elements is the number of weights in all tensors.
func (f *File) Elements() int64 {
	var n int64
	for _, t := range f.Tensors {
		n += t.Elements
	}
	return n
}

// WeightBytes is the size of all tensors, without header and padding.
func (f *File) WeightBytes() int64 {
	var n int64
	for _, t := range f.Tensors {
		n += t.Bytes
	}
	return n
}

// Mix names how the file was quantised ("Q4_K_M"), from general.file_type. A
// file without it, or with a number unknown here, is named after the type that
// holds the most bytes, and guessed is true.
func (f *File) Mix() (name string, guessed bool) {
	if n, ok := f.Meta.Int("general.file_type"); ok {
		if name, ok := mixes[n&^guessedMix]; ok {
			return name, n&guessedMix != 0
		}
	}
	bytes := map[Type]int64{}
	var most Type
	for _, t := range f.Tensors {
		bytes[t.Type] += t.Bytes
		if bytes[t.Type] > bytes[most] {
			most = t.Type
		}
	}
	if len(f.Tensors) == 0 {
		return "", true
	}
	return most.String(), true
}
