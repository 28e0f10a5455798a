package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// document is a file that is being read. It keeps the first error, so that readers need
// not look at each; the figures after it do not matter.
type document struct {
	file string
	err  error
}

// fail reports what is wrong at a place in the file.
func (d *document) fail(at, message string, args ...any) {
	if d.err == nil {
		if at != "" {
			at += ": "
		}
		d.err = fmt.Errorf("%s: %s%s", d.file, at, fmt.Sprintf(message, args...))
	}
}

// objects are the documents of a file, or the elements of its lists.
func (d *document) objects(f *format, values []value) (list []node) {
	for _, v := range values {
		at := ""
		if len(values) > 1 {
			at = fmt.Sprintf("line %d", v.line)
		}
		var elements []json.RawMessage
		if !f.list || json.Unmarshal(v.raw, &elements) != nil {
			list = append(list, d.object(at, v.raw))
			continue
		}
		if len(elements) == 0 {
			d.fail(at, "an empty list")
		}
		for i, raw := range elements {
			list = append(list, d.object(fmt.Sprintf("%s[%d]", at, i), raw))
		}
	}
	return list
}

// object is a JSON object whose values are decoded when they are asked for: lists of
// every request are large, and nobody asks for them.
func (d *document) object(at string, raw json.RawMessage) node {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		d.fail(at, "%.40s: accepted is an object", raw)
	}
	return node{d, at, object}
}

// node is a value in a document, and where it is.
type node struct {
	d  *document
	at string
	v  any // nil: absent or null
}

// get walks down keys; what is not there is a node without a value.
func (n node) get(keys ...string) node {
	for _, key := range keys {
		next := node{d: n.d, at: join(n.at, key)}
		switch object := n.v.(type) {
		case map[string]any:
			next.v = object[key]
		case map[string]json.RawMessage:
			if raw, ok := object[key]; ok {
				if err := json.Unmarshal(raw, &next.v); err != nil { // a number that float64 cannot hold
					n.d.fail(next.at, "%.40s: accepted are numbers that float64 holds", raw)
				}
			}
		}
		n = next
	}
	return n
}

// raw is an object below, undecoded as far as it goes.
func (n node) raw(key string) node {
	if object, ok := n.v.(map[string]json.RawMessage); ok {
		if raw, ok := object[key]; ok && string(raw) != "null" {
			return n.d.object(join(n.at, key), raw)
		}
	}
	return node{d: n.d, at: join(n.at, key)}
}

// objects are the elements of a list of objects below.
func (n node) objects(key string) (list []node) {
	object, _ := n.v.(map[string]json.RawMessage)
	var elements []json.RawMessage
	if raw, ok := object[key]; ok {
		if json.Unmarshal(raw, &elements) != nil {
			n.d.fail(join(n.at, key), "%.40s: accepted is a list", raw)
		}
	}
	for i, raw := range elements {
		list = append(list, n.d.object(fmt.Sprintf("%s[%d]", join(n.at, key), i), raw))
	}
	return list
}

func join(at, key string) string {
	switch {
	case at == "":
		return key
	case strings.HasPrefix(at, "line ") && !strings.Contains(at, ", "):
		return at + ", " + key
	}
	return at + "." + key
}

func (n node) has() bool { return n.v != nil }

func (n node) fail(message string, args ...any) { n.d.fail(n.at, message, args...) }

// keys of an object, sorted.
func (n node) keys() []string {
	switch object := n.v.(type) {
	case map[string]any:
		return sortedKeys(object)
	case map[string]json.RawMessage:
		return sortedKeys(object)
	}
	return nil
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// elements of a list.
func (n node) elements() (list []node) {
	values, _ := n.v.([]any)
	for i, v := range values {
		list = append(list, node{n.d, fmt.Sprintf("%s[%d]", n.at, i), v})
	}
	return list
}

// number is a figure, and where it is.
type number struct {
	at string
	v  float64
}

// number is a finite number that is not negative; nil: there is none.
func (n node) number() *number {
	if n.v == nil {
		return nil
	}
	v, ok := n.v.(float64)
	switch {
	case !ok:
		n.fail("%s: accepted is a number", kindOf(n.v))
		return nil
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0:
		n.fail("%g: accepted are numbers from 0", v)
		return nil
	}
	return &number{n.at, v}
}

// times is the number in another unit.
func (x *number) times(factor float64) *number {
	if x == nil {
		return nil
	}
	return &number{x.at, x.v * factor}
}

// mostRequests bounds counts: what float64 holds exactly.
const mostRequests = 1 << 53

// count is a whole number.
func (n node) count() *number {
	x := n.number()
	if x != nil && (x.v != math.Trunc(x.v) || x.v > mostRequests) {
		n.fail("%g: accepted is a whole number", x.v)
		return nil
	}
	return x
}

// text is a text; empty: there is none, or it is something else.
func (n node) text() string {
	s, _ := n.v.(string)
	return strings.TrimSpace(s)
}

// plain is a text, number or truth value as text; empty: it is nothing of these.
func (n node) plain() string {
	switch v := n.v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return plain(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// plain is a number as labels have it.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %.40q", v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	}
	return "an object"
}

// first is the first text of several places.
func first(places ...node) string {
	for _, n := range places {
		if s := n.plain(); s != "" {
			return s
		}
	}
	return ""
}

// unix is a time in seconds since 1970; zero: none, or one that cannot be.
func (n node) unix() time.Time {
	v, ok := n.v.(float64)
	if !ok || !(v > 0 && v < 1e10) {
		return time.Time{}
	}
	return time.UnixMicro(int64(v * 1e6)).UTC()
}

// clock is a time in one of the layouts; zero: none.
func (n node) clock(layouts ...string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, n.text()); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
