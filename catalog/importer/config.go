package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// Limits that no published model comes near; they keep products of dimensions
// within 64 bits.
const (
	maxJSON    = 64 << 20 // bytes; per-module quantisation lists reach 3 MB
	maxDim     = 1 << 20
	maxLayers  = 1000
	maxExperts = 4096
	maxContext = 1 << 30
)

// config reads keys of one JSON object and remembers what was missing or of
// the wrong kind, so that a family's reader needs no error handling of its
// own.
type config struct {
	path string // "" for the top level, else "text_config."
	keys map[string]any
	errs *[]error
}

// readConfig parses a JSON file that must hold one object.
func readConfig(file string) (*config, error) {
	data, err := readBounded(file, maxJSON)
	if err != nil {
		return nil, err
	}
	return parseConfig(data)
}

// parseConfig accepts the Infinity and NaN that Python's json writes, as null.
func parseConfig(data []byte) (*config, error) {
	d := json.NewDecoder(bytes.NewReader(plainNumbers(data)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", atLine(data, err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not valid JSON: more than one value")
	}
	keys, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("holds %s, want an object with model_type", jsonKind(v))
	}
	return &config{keys: keys, errs: new([]error)}, nil
}

func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: larger than %d bytes", file, limit)
	}
	return data, nil
}

// plainNumbers replaces Infinity, -Infinity and NaN outside of strings by
// null of the same length, so that offsets in errors stay true.
func plainNumbers(data []byte) []byte {
	out := bytes.Clone(data)
	inString := false
	for i := 0; i < len(out); i++ {
		switch {
		case inString && out[i] == '\\':
			i++
		case out[i] == '"':
			inString = !inString
		case !inString:
			for _, word := range []string{"-Infinity", "Infinity", "NaN"} {
				if bytes.HasPrefix(out[i:], []byte(word)) {
					// NaN is shorter than null: 0 stands in for it.
					blank := "0" + strings.Repeat(" ", len(word)-1)
					if len(word) > 3 {
						blank = "null" + strings.Repeat(" ", len(word)-4)
					}
					copy(out[i:], blank)
				}
			}
		}
	}
	return out
}

// atLine adds the line to errors that know their byte offset.
func atLine(data []byte, err error) error {
	offset := int64(-1)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		offset = int64(len(data))
	}
	if offset < 0 || offset > int64(len(data)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:offset], []byte{'\n'}), err)
}

func jsonKind(v any) string {
	switch v.(type) {
	case []any:
		return "a list"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	case nil:
		return "null"
	}
	return "an object"
}

// err joins what went wrong so far.
func (c *config) err() error { return errors.Join(*c.errs...) }

func (c *config) fail(format string, args ...any) {
	*c.errs = append(*c.errs, fmt.Errorf(format, args...))
}

// has reports whether a key is present and not null.
func (c *config) has(key string) bool { return c.keys[key] != nil }

// find returns the first of several spellings of a key that is present.
func (c *config) find(keys []string) (string, any) {
	for _, k := range keys {
		if v := c.keys[k]; v != nil {
			return k, v
		}
	}
	return "", nil
}

// need reads a positive number; several keys are spellings of one.
func (c *config) need(keys ...string) int {
	k, v := c.find(keys)
	if v == nil {
		also := ""
		if len(keys) > 1 {
			also = " (also accepted: " + strings.Join(keys[1:], ", ") + ")"
		}
		c.fail("missing key %s%s%s", c.path, keys[0], also)
		return 0
	}
	n := c.number(k, v)
	if n == 0 {
		c.fail("%s%s is 0, want a positive number", c.path, k)
	}
	return n
}

// opt reads a number or returns the default.
func (c *config) opt(def int, keys ...string) int {
	if k, v := c.find(keys); v != nil {
		return c.number(k, v)
	}
	return def
}

func (c *config) number(key string, v any) int {
	n, ok := v.(json.Number)
	f, err := n.Float64()
	limit := maxDim
	if strings.Contains(key, "position") || strings.Contains(key, "seq_len") || strings.Contains(key, "seqlen") ||
		strings.Contains(key, "window") || strings.Contains(key, "chunk") || strings.Contains(key, "context") {
		limit = maxContext
	}
	if !ok || err != nil || f != math.Trunc(f) || f < 0 || f > float64(limit) {
		c.fail("%s%s is %v, want a whole number from 0 to %d", c.path, key, shown(v), limit)
		return 0
	}
	return int(f)
}

func (c *config) float(def float64, key string) float64 {
	n, ok := c.keys[key].(json.Number)
	if !ok {
		return def
	}
	f, err := n.Float64()
	if err != nil {
		return def
	}
	return f
}

func (c *config) bool(def bool, keys ...string) bool {
	k, v := c.find(keys)
	if v == nil {
		return def
	}
	b, ok := v.(bool)
	if !ok {
		c.fail("%s%s is %v, want true or false", c.path, k, shown(v))
	}
	return b
}

func (c *config) str(key string) string {
	v := c.keys[key]
	s, ok := v.(string)
	if v != nil && !ok {
		c.fail("%s%s is %v, want a string", c.path, key, shown(v))
	}
	return s
}

// sub returns a nested object, nil when absent.
func (c *config) sub(keys ...string) *config {
	k, v := c.find(keys)
	if v == nil {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		c.fail("%s%s is %s, want an object", c.path, k, jsonKind(v))
		return nil
	}
	return &config{path: c.path + k + ".", keys: m, errs: c.errs}
}

// ints reads a list of whole numbers or of true and false.
func (c *config) ints(key string) []int {
	list, _ := c.list(key)
	out := make([]int, 0, len(list))
	for _, v := range list {
		if b, ok := v.(bool); ok {
			v = json.Number("0")
			if b {
				v = json.Number("1")
			}
		}
		out = append(out, c.number(key, v))
	}
	return out
}

func (c *config) strs(key string) []string {
	list, _ := c.list(key)
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			c.fail("%s%s holds %s, want strings", c.path, key, jsonKind(v))
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (c *config) list(key string) ([]any, bool) {
	v := c.keys[key]
	list, ok := v.([]any)
	if v != nil && !ok {
		c.fail("%s%s is %s, want a list", c.path, key, jsonKind(v))
	}
	return list, ok
}

// names lists the keys, for errors.
func (c *config) names(limit int) string {
	names := make([]string, 0, len(c.keys))
	for k := range c.keys {
		names = append(names, k)
	}
	slices.Sort(names)
	if len(names) > limit {
		names = append(names[:limit], "...")
	}
	return strings.Join(names, ", ")
}

// number is a JSON number of that text.
func number(text string) json.Number { return json.Number(text) }

func shown(v any) string {
	s := fmt.Sprint(v)
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return s
}
