package gguf

import (
	"math"
	"slices"
)

// Array is a metadata array. Long ones (token lists, merges) are counted but
// not kept: then Values is nil while Len is not zero.
type Array struct {
	Len    int64
	Values []any // as scalars of [Metadata], at most [MaxArray] of them
}

// MaxArray is the longest array whose values are kept. Per-layer lists have
// as many entries as the model has layers.
const MaxArray = 4096

// Metadata is the key-value part of a header. Scalars are int64 (every signed
// and unsigned width), float64, bool or string; arrays are [Array].
type Metadata struct {
	values map[string]any
}

// Keys returns all keys, sorted.
func (m Metadata) Keys() []string {
	keys := make([]string, 0, len(m.values))
	for k := range m.values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Value returns the raw value of a key.
func (m Metadata) Value(key string) (any, bool) {
	v, ok := m.values[key]
	return v, ok
}

// Int returns an integer; ok is false when the key is absent or of another type.
func (m Metadata) Int(key string) (n int64, ok bool) {
	n, ok = m.values[key].(int64)
	return n, ok
}

// Float returns a floating-point number or an integer as one.
func (m Metadata) Float(key string) (f float64, ok bool) {
	switch v := m.values[key].(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// Bool returns a boolean.
func (m Metadata) Bool(key string) (b, ok bool) {
	b, ok = m.values[key].(bool)
	return b, ok
}

// String returns a string.
func (m Metadata) String(key string) (s string, ok bool) {
	s, ok = m.values[key].(string)
	return s, ok
}

// Ints returns an array of integers or booleans (as 0 and 1), or a scalar
// integer as a list of one.
func (m Metadata) Ints(key string) (list []int64, ok bool) {
	switch v := m.values[key].(type) {
	case int64:
		return []int64{v}, true
	case Array:
		list = make([]int64, 0, len(v.Values))
		for _, e := range v.Values {
			switch e := e.(type) {
			case int64:
				list = append(list, e)
			case bool:
				n := int64(0)
				if e {
					n = 1
				}
				list = append(list, n)
			default:
				return nil, false
			}
		}
		return list, len(list) > 0
	}
	return nil, false
}

// ArrayLen returns the length of an array, kept or not.
func (m Metadata) ArrayLen(key string) (n int64, ok bool) {
	a, ok := m.values[key].(Array)
	return a.Len, ok
}

// kind is the number of a metadata value type.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// width is the size of a scalar in bytes; for strings and arrays that of the
// shortest encoding; 0 for an unknown kind.
func (k kind) width() int64 {
	switch k {
	case kindUint8, kindInt8, kindBool:
		return 1
	case kindUint16, kindInt16:
		return 2
	case kindUint32, kindInt32, kindFloat32:
		return 4
	case kindUint64, kindInt64, kindFloat64, kindString:
		return 8
	case kindArray:
		return 12
	}
	return 0
}

// scalar decodes a little-endian scalar that was read into the low bytes of v.
func (k kind) scalar(v uint64) any {
	switch k {
	case kindInt8:
		return int64(int8(v))
	case kindInt16:
		return int64(int16(v))
	case kindInt32:
		return int64(int32(v))
	case kindFloat32:
		return float64(math.Float32frombits(uint32(v)))
	case kindFloat64:
		return math.Float64frombits(v)
	case kindBool:
		return v != 0
	}
	return int64(v) // unsigned widths up to 32 bits, and int64; uint64 above 2^63 wraps and no key has such
}
