package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	magic            = "GGUF"
	defaultAlignment = 32
	maxAlignment     = 1 << 20
	maxDims          = 4       // ggml.h, GGML_MAX_DIMS
	maxKey           = 1 << 16 // gguf.md: keys are at most 2^16-1 bytes
	maxString        = 8 << 20 // a kept string: chat templates reach some 100 kB
	maxKeys          = 1 << 16
	maxTensors       = 1 << 20
	maxDepth         = 4         // arrays within arrays
	maxKept          = 256 << 20 // all kept strings and array values together, bytes
)

// errTruncated marks a file that ends before its header does.
var errTruncated = errors.New("file is truncated")

// Read reads one header from r, the beginning of a file of size bytes. It
// reads no further than the header. Errors state the byte offset.
func Read(r io.Reader, size int64) (*File, error) {
	d := &decoder{r: bufio.NewReaderSize(r, 1<<16), size: size}
	f, err := d.file()
	if err != nil {
		return nil, err
	}
	return f, nil
}

// decoder reads little-endian values and knows where it stands.
type decoder struct {
	r    *bufio.Reader
	pos  int64 // bytes consumed
	size int64 // of the whole file
	kept int64 // bytes of metadata held in memory
}

// fail reports a problem at offset at.
func fail(at int64, format string, args ...any) error {
	return fmt.Errorf("offset %d: %w", at, fmt.Errorf(format, args...))
}

func (d *decoder) file() (*File, error) {
	version, err := d.preamble()
	if err != nil {
		return nil, err
	}
	tensors, err := d.count("tensor count", 8+4+8+4+8, maxTensors)
	if err != nil {
		return nil, err
	}
	keys, err := d.count("metadata count", 8+4+1, maxKeys)
	if err != nil {
		return nil, err
	}
	f := &File{Version: version, Meta: Metadata{values: map[string]any{}}}
	for i := range keys {
		if err := d.keyValue(f.Meta.values); err != nil {
			return nil, fmt.Errorf("metadata %d of %d: %w", i+1, keys, err)
		}
	}
	if f.Alignment, err = alignment(f.Meta); err != nil {
		return nil, err
	}
	for i := range tensors {
		t, err := d.tensor()
		if err != nil {
			return nil, fmt.Errorf("tensor %d of %d: %w", i+1, tensors, err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	return f, d.place(f)
}

// preamble reads magic and version.
func (d *decoder) preamble() (int, error) {
	var head [8]byte
	if err := d.bytes(head[:], "magic and version"); err != nil {
		return 0, err
	}
	if string(head[:4]) != magic {
		return 0, fail(0, "not a GGUF file: begins with %q, want %q", head[:4], magic)
	}
	version := binary.LittleEndian.Uint32(head[4:])
	if swapped := binary.BigEndian.Uint32(head[4:]); version > 0xffff && swapped <= 0xffff {
		return 0, fail(4, "big-endian GGUF (version %d) is not supported; convert it with gguf_convert_endian.py of llama.cpp", swapped)
	}
	if version != 2 && version != 3 {
		return 0, fail(4, "GGUF version %d is not supported; accepted are 2 and 3", version)
	}
	return int(version), nil
}

// count reads how many items follow, of at least minBytes each, and refuses a
// number that the rest of the file cannot hold.
func (d *decoder) count(what string, minBytes, limit int64) (int64, error) {
	at := d.pos
	v, err := d.uint(8, what)
	if err != nil {
		return 0, err
	}
	if room := (d.size - d.pos) / minBytes; v > uint64(limit) || v > uint64(max(room, 0)) {
		return 0, fail(at, "%s %d is more than the remaining %d bytes can hold (limit %d): %w", what, v, d.size-d.pos, limit, errTruncated)
	}
	return int64(v), nil
}

func (d *decoder) keyValue(values map[string]any) error {
	at := d.pos
	key, err := d.string("key", maxKey)
	if err != nil {
		return err
	}
	if _, twice := values[key]; twice {
		return fail(at, "key %q appears twice", key)
	}
	k, err := d.kind(key)
	if err != nil {
		return err
	}
	v, err := d.value(k, key, true, 0)
	if err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	values[key] = v
	return nil
}

func (d *decoder) kind(what string) (kind, error) {
	at := d.pos
	v, err := d.uint(4, "value type of "+what)
	if err != nil {
		return 0, err
	}
	if k := kind(v); k.width() > 0 {
		return k, nil
	}
	return 0, fail(at, "value type %d of %q is unknown; accepted are 0 to 12", v, what)
}

// value reads one value, or with keep false passes over it.
func (d *decoder) value(k kind, key string, keep bool, depth int) (any, error) {
	switch {
	case k == kindArray:
		return d.array(key, keep, depth)
	case k == kindString && !keep:
		return nil, d.skipString(key)
	case k == kindString:
		return d.string("string", maxString)
	case !keep:
		return nil, d.skip(k.width(), key)
	}
	v, err := d.uint(int(k.width()), "value")
	if err != nil {
		return nil, err
	}
	return k.scalar(v), nil
}

func (d *decoder) array(key string, keep bool, depth int) (any, error) {
	if depth >= maxDepth {
		return nil, fail(d.pos, "arrays nested deeper than %d", maxDepth)
	}
	k, err := d.kind(key)
	if err != nil {
		return nil, err
	}
	n, err := d.count("array length", k.width(), d.size)
	if err != nil {
		return nil, err
	}
	keep = keep && n <= MaxArray
	a := Array{Len: n}
	if !keep && k != kindString && k != kindArray {
		return a, d.skip(n*k.width(), key)
	}
	for range n {
		v, err := d.value(k, key, keep, depth+1)
		if err != nil {
			return nil, err
		}
		if keep {
			if err := d.hold(16); err != nil {
				return nil, err
			}
			a.Values = append(a.Values, v)
		}
	}
	return a, nil
}

func (d *decoder) tensor() (Tensor, error) {
	name, err := d.string("tensor name", maxKey)
	if err != nil {
		return Tensor{}, err
	}
	at := d.pos
	n, err := d.uint(4, "number of dimensions")
	if err != nil {
		return Tensor{}, err
	}
	if n < 1 || n > maxDims {
		return Tensor{}, fail(at, "%s has %d dimensions; accepted are 1 to %d", name, n, maxDims)
	}
	t := Tensor{Name: name, Dims: make([]int64, n)}
	for i := range t.Dims {
		v, err := d.uint(8, "dimension")
		if err != nil {
			return Tensor{}, err
		}
		t.Dims[i] = int64(v)
	}
	at = d.pos
	typ, err := d.uint(4, "tensor type")
	if err != nil {
		return Tensor{}, err
	}
	t.Type = Type(typ)
	if t.Elements, t.Bytes, err = t.Type.bytes(t.Dims); err != nil {
		return Tensor{}, fail(at, "%s: %w", name, err)
	}
	at = d.pos
	offset, err := d.uint(8, "tensor offset")
	if err != nil {
		return Tensor{}, err
	}
	if t.Offset = int64(offset); t.Offset < 0 || t.Offset > d.size {
		return Tensor{}, fail(at, "%s: data offset %d lies beyond the file of %d bytes: %w", name, offset, d.size, errTruncated)
	}
	return t, d.hold(int64(len(name)) + 64)
}

// place turns offsets relative to the data section into offsets in the file
// and holds every tensor against the file's size and its predecessor, as
// llama.cpp does.
func (d *decoder) place(f *File) error {
	data := d.pos
	if len(f.Tensors) > 0 {
		data = alignUp(d.pos, f.Alignment)
	}
	f.Parts = []Part{{Size: d.size, DataOffset: data}}
	var next int64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Offset != next {
			return fail(data+t.Offset, "tensor %s begins at %d of the data, want %d: offsets overlap or leave gaps", t.Name, t.Offset, next)
		}
		if t.Bytes > d.size-data-t.Offset {
			return fail(data+t.Offset, "tensor %s needs %d bytes up to offset %d, but the file has %d bytes: %w",
				t.Name, t.Bytes, data+t.Offset+t.Bytes, d.size, errTruncated)
		}
		next = alignUp(t.Offset+t.Bytes, f.Alignment)
		t.Offset += data
	}
	return uniqueNames(f.Tensors)
}

func uniqueNames(tensors []Tensor) error {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		if seen[t.Name] {
			return fmt.Errorf("tensor %s appears twice", t.Name)
		}
		seen[t.Name] = true
	}
	return nil
}

func alignment(m Metadata) (int64, error) {
	const key = "general.alignment"
	if _, ok := m.Value(key); !ok {
		return defaultAlignment, nil
	}
	n, ok := m.Int(key)
	if !ok || n <= 0 || n > maxAlignment || n&(n-1) != 0 {
		v, _ := m.Value(key)
		return 0, fmt.Errorf("%s is %v; accepted are powers of two up to %d", key, v, maxAlignment)
	}
	return n, nil
}

func alignUp(n, to int64) int64 { return (n + to - 1) / to * to }

// string reads a length and that many bytes.
func (d *decoder) string(what string, limit int64) (string, error) {
	at := d.pos
	n, err := d.count(what+" length", 1, limit)
	if err != nil {
		return "", err
	}
	if err := d.hold(n); err != nil {
		return "", fail(at, "%s: %w", what, err)
	}
	b := make([]byte, n)
	if err := d.bytes(b, what); err != nil {
		return "", err
	}
	return string(b), nil
}

func (d *decoder) skipString(what string) error {
	n, err := d.count("string length", 1, d.size)
	if err != nil {
		return err
	}
	return d.skip(n, what)
}

// hold accounts for memory kept, so that a header of many legal strings
// cannot exhaust it.
func (d *decoder) hold(n int64) error {
	if d.kept += n; d.kept > maxKept {
		return fail(d.pos, "metadata takes more than %d bytes of memory", maxKept)
	}
	return nil
}

// uint reads a little-endian number of width 1, 2, 4 or 8.
func (d *decoder) uint(width int, what string) (uint64, error) {
	var b [8]byte
	if err := d.bytes(b[:width], what); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

func (d *decoder) bytes(b []byte, what string) error {
	n, err := io.ReadFull(d.r, b)
	d.pos += int64(n)
	return d.ended(err, what, int64(len(b)))
}

func (d *decoder) skip(n int64, what string) error {
	for n > 0 {
		step := int(min(n, 1<<30)) // Discard takes an int, which may be 32 bits wide
		m, err := d.r.Discard(step)
		d.pos += int64(m)
		if err != nil {
			return d.ended(err, what, n)
		}
		n -= int64(step)
	}
	return nil
}

func (d *decoder) ended(err error, what string, want int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fail(d.pos, "expected %s of %d bytes: %w", what, want, errTruncated)
	}
	if err != nil {
		return fail(d.pos, "reading %s: %w", what, err)
	}
	return nil
}
