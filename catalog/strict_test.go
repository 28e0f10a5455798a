package catalog

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

type strictInner struct {
	Layers int     `toml:"layers"`
	Hidden int     `toml:"hidden,omitempty"`
	Scale  float64 `toml:"scale"`
	Byte   uint8   `toml:"byte"`
}

type strictEntry struct {
	ID    string            `toml:"id"`
	Arch  *strictInner      `toml:"arch"`
	Tags  []string          `toml:"tags"`
	Trust Trust             `toml:"trust"`
	Links map[string]string `toml:"links"`
	On    bool              `toml:"on"`
	When  time.Time         `toml:"when"`
	Raw   any               `toml:"raw"`
}

type strictBase struct {
	Schema string `toml:"schema"`
}

type strictFile struct {
	strictBase
	Models []strictEntry `toml:"model"`
}

func TestDecodeStrictReadsEveryKind(t *testing.T) {
	const text = `
schema = "plimsoll.test/v1"
[[model]]
id = "a/b"
tags = ["x", "y"]
trust = "B"
on = true
when = 2026-11-23T10:00:00Z
raw = [1, "two"]
links = { "node 0" = "pcie" }
[model.arch]
layers = 36
scale = 2
byte = 255
`
	var got strictFile
	if err := DecodeStrict("f.toml", []byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := []strictEntry{{
		ID: "a/b", Arch: &strictInner{Layers: 36, Scale: 2, Byte: 255}, Tags: []string{"x", "y"}, Trust: "B", On: true,
		When: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Raw: []any{int64(1), "two"}, Links: map[string]string{"node 0": "pcie"},
	}}
	if diff := cmp.Diff(want, got.Models); diff != "" {
		t.Error(diff)
	}
	if got.Schema != "plimsoll.test/v1" {
		t.Errorf("embedded field: %q", got.Schema)
	}
}

func TestDecodeStrictProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"unknown key in an entry with an id", "[[model]]\nid = \"a\"\n[[model]]\nid = \"Qwen/Qwen3-8B\"\n[model.arch]\nlayrs = 3\n",
			[]string{`f.toml:6: key "model[Qwen/Qwen3-8B].arch.layrs": unknown key, did you mean "layers"?; accepted: layers, hidden, scale, byte`}},
		{"unknown key far from all others", "[[model]]\nsomething_else = 1\n",
			[]string{`f.toml:2: key "model[0].something_else": unknown key; accepted: id, arch, tags, trust, links, on, when, raw`}},
		{"key in another case", "[[model]]\nID = \"a\"\n",
			[]string{`f.toml:2: key "model[0].ID": unknown key, did you mean "id"?; accepted: id, arch, tags, trust, links, on, when, raw`}},
		{"every problem, by line", "[[model]]\nid = 7\non = 1\ntags = [\"x\",\n 3]\narch = { layers = \"x\", scale = inf, byte = 256 }\n", []string{
			`f.toml:2: key "model[0].id": is 7; accepted: a string`,
			`f.toml:3: key "model[0].on": is 1; accepted: true or false`,
			`f.toml:5: key "model[0].tags[1]": is 3; accepted: a string`,
			`f.toml:6: key "model[0].arch.byte": 256 is outside 0 .. 255`,
			`f.toml:6: key "model[0].arch.layers": is the string "x"; accepted: an integer`,
			`f.toml:6: key "model[0].arch.scale": +Inf is not a finite number`,
		}},
		{"float for an integer", "[[model]]\n[model.arch]\nlayers = 3.5\n", []string{`f.toml:3: key "model[0].arch.layers": is 3.5; accepted: an integer`}},
		{"table for an array", "[model]\nid = \"a\"\n", []string{`f.toml:1: key "model": is a table; accepted: an array`}},
		{"text type", "[[model]]\ntrust = \"E\"\n", []string{`f.toml:2: key "model[0].trust": trust "E": accepted are A, B, C, D`}},
		{"after multi-line strings", "schema = \"\"\"\n[[model]]\nx = 1\n\"\"\"\n[[model]]\nraw = '''\n\n'''\nx = 1\n",
			[]string{`f.toml:9: key "model[0].x": unknown key; accepted: id, arch, tags, trust, links, on, when, raw`}},
		{"syntax", "schema = \"a\"\n[[model]\n", []string{`f.toml:2: expected end of table array name delimiter`}},
		{"duplicate key", "schema = \"a\"\nschema = \"b\"\n", []string{`f.toml:2: key "schema": Key 'schema' has already been defined.`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var v strictFile
			err := DecodeStrict("f.toml", []byte(test.text), &v)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v is not Problems", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("got\n%s\nwant\n%s", err, strings.Join(test.want, "\n"))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got  %s\nwant %s", lines[i], want)
				}
			}
		})
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"layrs", "layers", 1}, {"abc", "abc", 0}} {
		if got := EditDistance(test.a, test.b); got != test.want {
			t.Errorf("EditDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// FuzzDecodeStrict holds two properties: nothing panics or hangs, and the
// line scanner finds every key that the TOML parser found.
func FuzzDecodeStrict(f *testing.F) {
	for _, seed := range []string{
		"", "schema = \"x\"", "[[model]]\nid = \"a\"\narch = {layers = 1, scale = 2.5}\n[[model.x]]\ny = [1, [2, {z = 3}]]\n",
		"a.b.\"c d\" = '''x\n'''''\n[e.\"f.g\"]\nh = \"\"\"\\\n  \"\"\" # c\r\n", "x = [ # c\n 1,\n]\n[y]\n", "[[model]\n", "\"\\u00e9\" = 1", "\"\\e09\" = 0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v strictFile
		err := DecodeStrict("f.toml", []byte(text), &v)
		var problems Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("error %v is not Problems", err)
		}
		lines := scanLines(text)
		var tree map[string]any
		if _, err := toml.Decode(text, &tree); err == nil {
			requireLines(t, lines, "", tree)
		}
	})
}

func requireLines(t *testing.T, lines lineMap, path string, value any) {
	t.Helper()
	if _, ok := lines[path]; !ok && path != "" {
		t.Errorf("no line for %s in %v", path, lines)
	}
	element := func(i int) string { return path + "[" + strconv.Itoa(i) + "]" }
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			requireLines(t, lines, join(path, key), inner)
		}
	case []map[string]any:
		for i, inner := range v {
			requireLines(t, lines, element(i), inner)
		}
	case []any:
		for i, inner := range v {
			requireLines(t, lines, element(i), inner)
		}
	}
}
