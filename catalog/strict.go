package catalog

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// DecodeStrict reads TOML into v, a pointer to a struct with toml tags. It
// refuses what would otherwise be ignored or bent to fit: unknown keys, keys
// in another case, wrong types, numbers out of range, NaN and infinities.
// file only names the text in errors.
//
// The error is a [Problems] with every problem found (a syntax error stops
// the reading, so it comes alone), each with file, line and key.
//
// Supported are structs (also embedded), pointers, slices, maps with string
// keys, strings, numbers, booleans, time.Time, any, and types that implement
// encoding.TextUnmarshaler.
func DecodeStrict(file string, data []byte, v any) error {
	faults, err := decode(data, v)
	if err != nil {
		return syntaxProblem(file, data, err)
	}
	if len(faults) > 0 {
		return locate(file, data, faults)
	}
	return nil
}

// decode parses data into v. The error is a syntax error; everything else
// that is wrong comes back as faults.
func decode(data []byte, v any) ([]fault, error) {
	var tree map[string]any
	if _, err := toml.Decode(string(data), &tree); err != nil {
		return nil, err
	}
	d := &treeDecoder{structs: map[reflect.Type]*structFields{}}
	d.set(reflect.ValueOf(v).Elem(), tree)
	return d.faults, nil
}

func syntaxProblem(file string, data []byte, err error) Problems {
	p := Problem{File: file, Message: strings.TrimPrefix(err.Error(), "toml: ")}
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		// The parser's own line is that of the character it stumbled over,
		// which may be the next one; the offset is where the item starts.
		start := min(max(syntax.Position.Start, 0), len(data))
		p.Line = 1 + bytes.Count(data[:start], []byte{'\n'})
		p.Key = syntax.LastKey
		if syntax.Message != "" {
			p.Message = syntax.Message
		}
	}
	return Problems{p}
}

// treeDecoder stores a parsed TOML tree into Go values by toml tags.
type treeDecoder struct {
	path    []step
	faults  []fault
	structs map[reflect.Type]*structFields
}

// step is one key, or one position in an array, of the path to a value.
type step struct {
	key   string
	index int    // of an array element, -1 for a key
	id    string // the element's own id, shown in place of its position
}

// structFields are the keys that a struct accepts.
type structFields struct {
	byKey map[string][]int // field index path
	keys  []string         // in the order of the fields
}

var (
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	timeType = reflect.TypeFor[time.Time]()
)

// set stores a parsed value in dst.
func (d *treeDecoder) set(dst reflect.Value, value any) {
	if dst.Kind() == reflect.Pointer {
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
		d.set(dst.Elem(), value)
		return
	}
	if t, ok := value.(time.Time); ok && dst.Type() == timeType {
		dst.Set(reflect.ValueOf(t))
		return
	}
	if dst.CanAddr() && dst.Addr().Type().Implements(textType) {
		d.setText(dst, value)
		return
	}
	switch dst.Kind() {
	case reflect.Struct:
		d.setStruct(dst, value)
	case reflect.Map:
		d.setMap(dst, value)
	case reflect.Slice:
		d.setSlice(dst, value)
	case reflect.Interface:
		dst.Set(reflect.ValueOf(value))
	default:
		d.setScalar(dst, value)
	}
}

func (d *treeDecoder) setText(dst reflect.Value, value any) {
	s, ok := value.(string)
	if !ok {
		d.mismatch(value, "a string")
		return
	}
	if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.fail("%v", err)
	}
}

func (d *treeDecoder) setStruct(dst reflect.Value, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		d.mismatch(value, "a table")
		return
	}
	fields := d.fields(dst.Type())
	for key, v := range table {
		d.path = append(d.path, step{key: key, index: -1})
		if index, ok := fields.byKey[key]; ok {
			d.set(dst.FieldByIndex(index), v)
		} else {
			d.unknownKey(key, fields.keys)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *treeDecoder) unknownKey(key string, accepted []string) {
	hint := ""
	if n := nearest(key, accepted); n != "" {
		hint = fmt.Sprintf(", did you mean %q?", n)
	}
	d.fail("unknown key%s; accepted: %s", hint, strings.Join(accepted, ", "))
}

func (d *treeDecoder) setMap(dst reflect.Value, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		d.mismatch(value, "a table")
		return
	}
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(table)))
	for key, v := range table {
		d.path = append(d.path, step{key: key, index: -1})
		element := reflect.New(dst.Type().Elem()).Elem()
		d.set(element, v)
		dst.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), element)
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *treeDecoder) setSlice(dst reflect.Value, value any) {
	var n int
	var at func(i int) any
	switch list := value.(type) {
	case []map[string]any:
		n, at = len(list), func(i int) any { return list[i] }
	case []any:
		n, at = len(list), func(i int) any { return list[i] }
	default:
		d.mismatch(value, "an array")
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), n, n))
	for i := range n {
		v := at(i)
		here := step{index: i}
		if table, ok := v.(map[string]any); ok {
			here.id, _ = table["id"].(string)
		}
		d.path = append(d.path, here)
		d.set(dst.Index(i), v)
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *treeDecoder) setScalar(dst reflect.Value, value any) {
	switch kind := dst.Kind(); {
	case kind == reflect.String:
		if s, ok := value.(string); ok {
			dst.SetString(s)
			return
		}
		d.mismatch(value, "a string")
	case kind == reflect.Bool:
		if b, ok := value.(bool); ok {
			dst.SetBool(b)
			return
		}
		d.mismatch(value, "true or false")
	case dst.CanInt():
		n, ok := value.(int64)
		if !ok {
			d.mismatch(value, "an integer")
		} else if dst.OverflowInt(n) {
			d.fail("%d does not fit %d bits", n, dst.Type().Bits())
		} else {
			dst.SetInt(n)
		}
	case dst.CanUint():
		n, ok := value.(int64)
		if !ok {
			d.mismatch(value, "an integer")
		} else if n < 0 || dst.OverflowUint(uint64(n)) {
			d.fail("%d is outside 0 .. %d", n, uint64(math.MaxUint64)>>(64-dst.Type().Bits()))
		} else {
			dst.SetUint(uint64(n))
		}
	case dst.CanFloat():
		d.setFloat(dst, value)
	default:
		panic("catalog: DecodeStrict into unsupported type " + dst.Type().String())
	}
}

func (d *treeDecoder) setFloat(dst reflect.Value, value any) {
	var f float64
	switch n := value.(type) {
	case float64:
		f = n
	case int64:
		f = float64(n)
	default:
		d.mismatch(value, "a number")
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || dst.OverflowFloat(f) {
		d.fail("%v is not a finite number", f)
		return
	}
	dst.SetFloat(f)
}

// fields lists the keys that a struct type accepts.
func (d *treeDecoder) fields(t reflect.Type) *structFields {
	if f, ok := d.structs[t]; ok {
		return f
	}
	f := &structFields{byKey: map[string][]int{}}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		promoted := field.Anonymous && name == ""
		if !field.IsExported() || name == "-" || promoted {
			continue
		}
		if name == "" {
			name = field.Name
		}
		f.byKey[name] = field.Index
		f.keys = append(f.keys, name)
	}
	d.structs[t] = f
	return f
}

func (d *treeDecoder) mismatch(value any, accepted string) {
	var is string
	switch v := value.(type) {
	case string:
		is = "the string " + strconv.Quote(shorten(v))
	case int64, float64, bool:
		is = fmt.Sprint(v)
	case map[string]any:
		is = "a table"
	case []any, []map[string]any:
		is = "an array"
	default:
		is = "a date or time"
	}
	d.fail("is %s; accepted: %s", is, accepted)
}

// shorten keeps an error message on one line.
func shorten(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "..."
}

func (d *treeDecoder) fail(format string, args ...any) {
	var at, key string
	for _, s := range d.path {
		if s.index < 0 {
			at, key = join(at, s.key), join(key, s.key)
			continue
		}
		position := strconv.Itoa(s.index)
		at += "[" + position + "]"
		if s.id != "" {
			position = s.id
		}
		key += "[" + position + "]"
	}
	d.faults = append(d.faults, fault{at: at, key: key, message: fmt.Sprintf(format, args...)})
}
