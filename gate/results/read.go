package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// format is one kind of file.
type format struct {
	name string
	what string // the file, in words
	// is reports whether the first object of a file is one of this kind, by its keys.
	is func(object map[string]json.RawMessage) bool
	// list reports whether a file may be a list of objects.
	list bool
	// read makes runs of all objects of a file. It reports errors to d.
	read func(d *document, objects []node) []Run
}

// formats are all that are known, the most particular first.
func formats() []format {
	return []format{plimsoll(), guideLLM(), inferencePerf(), llamaBench(), vLLM(), aiPerf(), genaiPerf()}
}

// Formats lists the names that [Read] accepts.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// accepted lists the formats, for messages.
func accepted() string {
	var list []string
	for _, f := range formats() {
		list = append(list, fmt.Sprintf("%s (%s)", f.name, f.what))
	}
	return "accepted are " + strings.Join(list, ", ")
}

// Read reads the runs of a file, at least one, in their order. A file is one JSON
// document, or one after another, as where runs are appended. An empty format means that
// the content tells; else it is one of [Formats]. file names the file in sources and in
// errors, which say where in it: a line, or the path of a key.
func Read(file string, data []byte, format string) ([]Run, error) {
	d := &document{file: file}
	data = withoutNotes(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err := notJSON(data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	values, err := split(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	f, err := choose(format, values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	runs := f.read(d, d.objects(f, values))
	switch {
	case d.err != nil:
		return nil, d.err
	case len(runs) == 0:
		return nil, fmt.Errorf("%s: it holds no run", file)
	}
	for i := range runs {
		runs[i].Source = file
		if len(runs) > 1 {
			runs[i].Source = fmt.Sprintf("%s#%d", file, i+1)
		}
		if len(runs[i].Readings) == 0 {
			return nil, fmt.Errorf("%s has no figures: nothing was measured", runs[i].Source)
		}
	}
	return runs, nil
}

// withoutNotes empties the lines that builds of llama.cpp write before their results, so
// that numbers of lines stay.
func withoutNotes(data []byte) []byte {
	if !bytes.HasPrefix(data, []byte("ggml_")) && !bytes.HasPrefix(data, []byte("load_backend: ")) {
		return data
	}
	for at := 0; at < len(data); {
		if data[at] == '{' || data[at] == '[' {
			return append(bytes.Repeat([]byte("\n"), bytes.Count(data[:at], []byte("\n"))), data[at:]...)
		}
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return data
}

// notJSON says what a file is that does not even begin as JSON does.
func notJSON(data []byte) error {
	begin := bytes.TrimSpace(data[:min(len(data), 512)])
	switch {
	case len(begin) == 0:
		return errors.New("the file is empty: " + accepted())
	case bytes.IndexByte(begin, 0) >= 0 || begin[0] < ' ' || begin[0] > '~':
		return errors.New("the file is binary: " + accepted())
	case begin[0] == '<':
		return errors.New("the file is HTML or XML: " + accepted() + "; tools write JSON beside it")
	case begin[0] != '{' && begin[0] != '[':
		return fmt.Errorf("the file begins with %.20q and is no JSON: %s", begin, accepted())
	}
	return nil
}

// value is one JSON document of a file.
type value struct {
	line int // that it begins in
	raw  json.RawMessage
}

// split takes the documents of a file apart. Its errors begin with a line.
func split(data []byte) (list []value, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	line, at := 1, 0
	for {
		before := int(d.InputOffset())
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, syntax(data, before, err)
		}
		begin := before + len(data[before:]) - len(bytes.TrimLeft(data[before:], " \t\r\n"))
		line += bytes.Count(data[at:begin], []byte("\n"))
		at = begin
		list = append(list, value{line, raw})
	}
}

// syntax says where a document breaks; before is the end of the one before it.
func syntax(data []byte, before int, err error) error {
	at := len(data)
	var wrong *json.SyntaxError
	if errors.As(err, &wrong) {
		at = min(max(int(wrong.Offset), before), len(data))
	}
	hint := ""
	if bytes.HasPrefix(data[max(at-1, 0):], []byte("NaN")) || bytes.HasPrefix(data[max(at-1, 0):], []byte("Inf")) {
		hint = "; JSON has neither NaN nor Infinity: a figure was not measured"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the document ends early: the file is cut off")
	}
	return fmt.Errorf("%d: %w%s", 1+bytes.Count(data[:at], []byte("\n")), err, hint)
}

// choose finds the format of a file.
func choose(name string, values []value) (*format, error) {
	for _, f := range formats() {
		if f.name == name {
			return &f, nil
		}
	}
	if name != "" {
		return nil, fmt.Errorf("format %q: accepted are %s", name, strings.Join(Formats(), ", "))
	}
	first, listed := firstObject(values[0].raw)
	if first == nil {
		return nil, errors.New("the file holds no object with results: " + accepted())
	}
	for _, f := range formats() {
		if f.is(first) && (f.list || !listed) {
			return &f, nil
		}
	}
	if why := relative(first, listed); why != "" {
		return nil, errors.New(why)
	}
	return nil, fmt.Errorf("results of a tool that is not known, with the keys %s: %s", keysOf(first), accepted())
}

// firstObject is a document, or the first of a list; nil: there is none.
func firstObject(raw json.RawMessage) (object map[string]json.RawMessage, listed bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		if len(list) == 0 {
			return nil, true
		}
		raw, listed = list[0], true
	}
	if json.Unmarshal(raw, &object) != nil || len(object) == 0 {
		return nil, listed
	}
	return object, listed
}

// relative tells of files that tools write beside their results.
func relative(object map[string]json.RawMessage, listed bool) string {
	has := func(key string) bool { return has(object, key) }
	switch {
	case listed && has("start_time") && has("info"):
		return "these are requests of inference-perf: accepted is its summary_lifecycle_metrics.json or a stage_N_lifecycle_metrics.json"
	case has("metadata") && has("metrics") && !has("benchmarks"):
		return "this is another file of aiperf: accepted is its profile_export_aiperf.json"
	case has("mean_e2e_latency_ms"):
		return "this is a result of SGLang's bench_serving, which has other names: " + accepted()
	case has("experiments"):
		return "these are requests of genai-perf: accepted is its profile_export_genai_perf.json"
	}
	return ""
}

// keysOf lists a few keys of an object, for messages.
func keysOf(object map[string]json.RawMessage) string {
	keys := sortedKeys(object)
	const most = 8
	if len(keys) > most {
		keys = append(keys[:most], "...")
	}
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%.40s", k)
	}
	return strings.Join(keys, ", ")
}
