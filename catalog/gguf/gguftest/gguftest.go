// Package gguftest writes synthetic GGUF files for tests: true headers over
// empty tensor data, which takes no room on file systems with sparse files.
package gguftest

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// KV is one metadata entry. Value is a bool, an integer or float of any
// width, a string, or a slice of one of bool, int32, uint32, float32, string.
type KV struct {
	Key   string
	Value any
}

// Tensor is one tensor to declare; its data is zero.
type Tensor struct {
	Name string
	Type string // ggml's name: "Q4_K"
	Dims []int64
}

// Pair is one metadata entry.
func Pair(key string, value any) KV { return KV{Key: key, Value: value} }

// Weight is one tensor; dims begin with the row length.
func Weight(name, typ string, dims ...int64) Tensor {
	return Tensor{Name: name, Type: typ, Dims: dims}
}

// File is a GGUF file to write. Zero Version means 3, zero Alignment 32
// (anything else is also written as general.alignment).
type File struct {
	Version   uint32
	Alignment int64
	Meta      []KV
	Tensors   []Tensor
}

// Header returns the header and the size that the whole file has with its
// tensor data.
func (f File) Header() (header []byte, size int64, err error) {
	version, alignment, meta := f.Version, f.Alignment, f.Meta
	if version == 0 {
		version = 3
	}
	if alignment == 0 {
		alignment = 32
	} else {
		meta = append([]KV{Pair("general.alignment", uint32(alignment))}, meta...)
	}
	b := []byte("GGUF")
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(meta)))
	for _, kv := range meta {
		if b, err = appendValue(appendString(b, kv.Key), kv.Value); err != nil {
			return nil, 0, fmt.Errorf("gguftest: %s: %w", kv.Key, err)
		}
	}
	var offset int64
	for _, t := range f.Tensors {
		typ, ok := gguf.TypeByName(t.Type)
		if !ok {
			return nil, 0, fmt.Errorf("gguftest: %s: unknown type %q", t.Name, t.Type)
		}
		b = binary.LittleEndian.AppendUint32(appendString(b, t.Name), uint32(len(t.Dims)))
		elements := int64(1)
		for _, d := range t.Dims {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
			elements *= d
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(typ))
		b = binary.LittleEndian.AppendUint64(b, uint64(offset))
		layout, _ := typ.Layout()
		offset = up(offset+elements/int64(layout.Block)*int64(layout.BlockBytes), alignment)
	}
	return b, up(int64(len(b)), alignment) + offset, nil
}

// Write creates the file at path, sparse.
func (f File) Write(path string) error {
	header, size, err := f.Header()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, header, 0o644); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// WriteSplit writes the model as parts of at most perPart tensors under the
// names that llama.cpp demands, and returns their paths.
func (f File) WriteSplit(dir, name string, perPart int) ([]string, error) {
	count := (len(f.Tensors) + perPart - 1) / perPart
	var paths []string
	for i := range count {
		part := f
		part.Tensors = f.Tensors[i*perPart : min((i+1)*perPart, len(f.Tensors))]
		split := []KV{Pair("split.no", uint16(i)), Pair("split.count", uint16(count)), Pair("split.tensors.count", int32(len(f.Tensors)))}
		if i == 0 {
			part.Meta = append(split, f.Meta...)
		} else {
			part.Meta = split
		}
		path := filepath.Join(dir, fmt.Sprintf("%s-%05d-of-%05d.gguf", name, i+1, count))
		if err := part.Write(path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func up(n, to int64) int64 { return (n + to - 1) / to * to }

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue writes a type number and the value.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case []bool:
		return appendArray(b, v)
	case []int32:
		return appendArray(b, v)
	case []uint32:
		return appendArray(b, v)
	case []float32:
		return appendArray(b, v)
	case []string:
		return appendArray(b, v)
	}
	kind, err := kindOf(v)
	if err != nil {
		return nil, err
	}
	return appendScalar(binary.LittleEndian.AppendUint32(b, kind), v), nil
}

func appendArray[T any](b []byte, list []T) ([]byte, error) {
	var zero T
	kind, err := kindOf(zero)
	if err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint32(b, 9)
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(list)))
	for _, e := range list {
		b = appendScalar(b, e)
	}
	return b, nil
}

func kindOf(v any) (uint32, error) {
	switch v.(type) {
	case uint8:
		return 0, nil
	case int8:
		return 1, nil
	case uint16:
		return 2, nil
	case int16:
		return 3, nil
	case uint32:
		return 4, nil
	case int32:
		return 5, nil
	case float32:
		return 6, nil
	case bool:
		return 7, nil
	case string:
		return 8, nil
	case uint64:
		return 10, nil
	case int64:
		return 11, nil
	case float64:
		return 12, nil
	}
	return 0, fmt.Errorf("value of type %T cannot be written", v)
}

func appendScalar(b []byte, v any) []byte {
	le := binary.LittleEndian
	switch v := v.(type) {
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case uint8:
		return append(b, v)
	case int8:
		return append(b, byte(v))
	case uint16:
		return le.AppendUint16(b, v)
	case int16:
		return le.AppendUint16(b, uint16(v))
	case uint32:
		return le.AppendUint32(b, v)
	case int32:
		return le.AppendUint32(b, uint32(v))
	case float32:
		return le.AppendUint32(b, math.Float32bits(v))
	case uint64:
		return le.AppendUint64(b, v)
	case int64:
		return le.AppendUint64(b, uint64(v))
	case float64:
		return le.AppendUint64(b, math.Float64bits(v))
	case string:
		return appendString(b, v)
	}
	return b
}
