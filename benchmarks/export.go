package benchmarks

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// WriteGo writes results in the format of Go's benchmarks, a line for each
// sample, for benchstat and whatever else reads it
// (https://go.dev/design/14313-benchmark-format). Configuration lines carry the
// conditions of each result.
func WriteGo(w io.Writer, results []*Result) error {
	out := bufio.NewWriter(w)
	for _, r := range results {
		fmt.Fprintf(out, "pkg: plimsoll/%s\n", r.Kind)
		fmt.Fprintf(out, "run: %s\n", r.ID)
		fmt.Fprintf(out, "fingerprint: %s\n", r.Context.Fingerprint)
		for _, f := range r.Context.Facts {
			fmt.Fprintf(out, "%s: %s\n", configKey(f.Name), oneLine(f.Value))
		}
		for i := range r.Metrics {
			m := &r.Metrics[i]
			samples := m.Samples
			if len(samples) == 0 {
				samples = []float64{m.Value}
			}
			for _, v := range samples {
				fmt.Fprintf(out, "Benchmark%s %d %s %s\n", benchmarkName(m.Key()), 1, strconv.FormatFloat(v, 'g', -1, 64), strings.ReplaceAll(m.Unit, " ", "_"))
			}
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// WriteLines writes results as JSON, a document a line.
func WriteLines(w io.Writer, results []*Result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, r := range results {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// benchmarkName begins with a capital letter and holds no space.
func benchmarkName(key string) string {
	name := []rune(strings.ReplaceAll(key, " ", "_"))
	name[0] = unicode.ToUpper(name[0])
	return string(name)
}

// configKey begins with a lower-case letter and holds neither capitals nor spaces.
func configKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", "-"))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
