package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

func sample() *Report {
	t := Table{
		Title: "Fits",
		Columns: []Column{
			{Name: "model", Key: "model"},
			{Name: "need", Key: "need_bytes", Align: Right},
			{Name: "tok/s", Align: Right, Where: ForPeople},
			{Name: "tok/s", Key: "tokens_per_s", Where: ForData},
			{Name: "why", Key: "reason"},
		},
		Notes: []string{"Figures are for one user."},
	}
	t.Add(Text("Qwen/Qwen3-8B"), Size(16_400_000_000), Text("42 (35-50)"), Number(42.125, ""), Text(`fits | "well", with room`))
	t.Add(Text("通义千问 模型"), SizeOrUnknown(0), Unknown(), NumberOrUnknown(0, ""), Text("too big for this card by a wide margin"))
	return &Report{Lead: []string{"2 models."}, Tables: []Table{t}, Document: struct {
		Schema string `json:"schema"`
		Sign   string `json:"sign"`
	}{"plimsoll.test/v1", "a < b & c"}}
}

func render(t *testing.T, r *Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPlain(t *testing.T) {
	got := render(t, sample(), Options{Format: Plain, Width: 120})
	want := strings.Join([]string{
		"2 models.",
		"",
		"Fits",
		"model              need       tok/s  why",
		`Qwen/Qwen3-8B  15.3 GiB  42 (35-50)  fits | "well", with room`,
		"通义千问 模型         -           -  too big for this card by a wide margin",
		"Figures are for one user.",
		"",
	}, "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestPlainNeverHides holds, at every width, that no line is too wide, none
// ends in a space and every character of every cell is there.
func TestPlainNeverHides(t *testing.T) {
	r := sample()
	for width := 16; width < 140; width++ {
		got := render(t, r, Options{Format: Plain, Width: width})
		for _, line := range strings.Split(got, "\n") {
			if w := twwidth.Width(line); w > width {
				t.Errorf("width %d: line of %d: %q", width, w, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("width %d: line ends in a space: %q", width, line)
			}
		}
		for _, row := range r.Tables[0].Rows {
			for i, c := range row {
				if r.Tables[0].Columns[i].Where == ForData {
					continue
				}
				if missing := lettersMissing(got, c.Text); missing != "" {
					t.Errorf("width %d: %q lost %q", width, c.Text, missing)
				}
			}
		}
	}
}

// lettersMissing returns the non-space characters of text that all does not
// hold often enough.
func lettersMissing(all, text string) string {
	var missing strings.Builder
	for _, r := range text {
		if r != ' ' && strings.Count(all, string(r)) < strings.Count(text, string(r)) {
			missing.WriteRune(r)
		}
	}
	return missing.String()
}

func TestPlainNarrowIsRecords(t *testing.T) {
	got := render(t, sample(), Options{Format: Plain, Width: 30})
	if !strings.Contains(got, "model  Qwen/Qwen3-8B\nneed   15.3 GiB\ntok/s  42 (35-50)\n") {
		t.Errorf("no record in\n%s", got)
	}
}

func TestWideDoesNotWrap(t *testing.T) {
	got := render(t, sample(), Options{Format: Plain, Width: 20, Wide: true})
	if !strings.Contains(got, "too big for this card by a wide margin\n") {
		t.Errorf("wrapped:\n%s", got)
	}
}

func TestColorOnlyWhenAsked(t *testing.T) {
	r := &Report{Tables: []Table{{Columns: []Column{{Name: "fits"}}}}}
	r.Tables[0].Add(Text("yes").Marked(Good))
	if got := render(t, r, Options{}); strings.Contains(got, "\x1b") {
		t.Errorf("escape in %q", got)
	}
	if got := render(t, r, Options{Color: true}); !strings.Contains(got, "\x1b[32myes\x1b[0m") {
		t.Errorf("no green in %q", got)
	}
}

func TestCSVHasRawValues(t *testing.T) {
	records, err := csv.NewReader(strings.NewReader(render(t, sample(), Options{Format: CSV}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"model", "need_bytes", "tokens_per_s", "reason"},
		{"Qwen/Qwen3-8B", "16400000000", "42.125", `fits | "well", with room`},
		{"通义千问 模型", "", "", "too big for this card by a wide margin"},
	}
	if d := cmp.Diff(want, records); d != "" {
		t.Error(d)
	}
}

func TestJSONIsTheDocument(t *testing.T) {
	got := render(t, sample(), Options{Format: JSON})
	if want := "{\n  \"schema\": \"plimsoll.test/v1\",\n  \"sign\": \"a < b & c\"\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("not JSON")
	}
	var b bytes.Buffer
	if err := (&Report{Document: func() {}}).Write(&b, Options{Format: JSON}); err == nil || b.Len() > 0 {
		t.Errorf("err %v with %d bytes written; want an error and none", err, b.Len())
	}
}

func TestMarkdownEscapes(t *testing.T) {
	got := render(t, sample(), Options{Format: Markdown})
	for _, want := range []string{
		"2 models.\n\n## Fits\n\n| model | need | tok/s | why |\n| --- | ---: | ---: | --- |\n",
		`| fits \| "well", with room |`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, line := range strings.Split(got, "\n") {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 0 && n != 5 {
			t.Errorf("%d bars in %q, want 5", n, line)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, s := range Formats() {
		if f, err := ParseFormat(s); err != nil || string(f) != s {
			t.Errorf("ParseFormat(%q) = %q, %v", s, f, err)
		}
	}
	if _, err := ParseFormat("yaml"); err == nil || !strings.Contains(err.Error(), "table, json, csv, markdown") {
		t.Errorf("error %v does not list the forms", err)
	}
}

func TestTerminalWidth(t *testing.T) {
	for columns, want := range map[string]int{"72": 72, "0": 0, "-3": 0, "wide": 0, "999999": 0} {
		lookup := func(string) (string, bool) { return columns, true }
		if got := TerminalWidth(devNull(t), lookup); got != want {
			t.Errorf("COLUMNS=%s: %d, want %d", columns, got, want)
		}
	}
	if IsTerminal(devNull(t)) {
		t.Error("the null device is taken for a terminal")
	}
}
