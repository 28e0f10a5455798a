package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
)

// writers write a request as a line of each format.
var writers = map[Format]struct {
	header string
	line   func(Request) string
}{
	Azure: {"TIMESTAMP,ContextTokens,GeneratedTokens\n", func(r Request) string {
		at := time.Date(2023, 11, 16, 23, 59, 0, 0, time.UTC).Add(r.At)
		return fmt.Sprintf("%s,%d,%d", at.Format("2006-01-02 15:04:05.000000000"), r.InputTokens, r.OutputTokens)
	}},
	BurstGPT: {"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n", func(r Request) string {
		return fmt.Sprintf("%.9f,GPT-4,%d,%d,%d,API log", r.At.Seconds(), r.InputTokens, r.OutputTokens, r.InputTokens+r.OutputTokens)
	}},
	Mooncake: {"", func(r Request) string {
		blocks, _ := json.Marshal(r.Blocks)
		return fmt.Sprintf(`{"timestamp": %.6f, "input_length": %d, "output_length": %d, "hash_ids": %s}`, r.At.Seconds()*1000, r.InputTokens, r.OutputTokens, blocks)
	}},
	Plimsoll: {"", func(r Request) string {
		return fmt.Sprintf(`{"at_s":%.9f,"input_tokens":%d,"output_tokens":%d}`, r.At.Seconds(), r.InputTokens, r.OutputTokens)
	}},
	AIPerf: {"", func(r Request) string {
		return fmt.Sprintf(`{"metadata":{"request_start_ns":%d,"benchmark_phase":"profiling"},"metrics":{"input_sequence_length":{"value":%d,"unit":"tokens"},"output_sequence_length":{"value":%d,"unit":"tokens"}},"error":null}`, r.At.Nanoseconds(), r.InputTokens, r.OutputTokens)
	}},
	Samples: {"", func(r Request) string {
		line, _ := json.Marshal(endpoint.Record{Index: r.Line, StartS: r.At.Seconds(), InputTokens: int64(r.InputTokens), OutputTokens: int64(r.OutputTokens)})
		return string(line)
	}},
}

// documents write requests as one document of each format.
var documents = map[Format]func([]Request) string{
	InferencePerf: func(requests []Request) string {
		return listed(requests, func(r Request) string {
			return fmt.Sprintf(`{"start_time":%.9f,"end_time":1e9,"request":"{}","info":{"input_tokens":%d,"output_tokens":%d},"error":null}`, r.At.Seconds(), r.InputTokens, r.OutputTokens)
		})
	},
	GuideLLM: func(requests []Request) string {
		return `{"benchmarks":[{"requests":{"successful":` + listed(requests, func(r Request) string {
			return fmt.Sprintf(`{"prompt_tokens":%d,"output_tokens":%d,"request_start_time":%.9f}`, r.InputTokens, r.OutputTokens, r.At.Seconds())
		}) + `,"errored":[],"incomplete":[],"total":null}}]}`
	},
	VLLM: func(requests []Request) string { // the clock of vLLM never stands at 0
		return `{"request_rate":"inf","input_lens":` + listed(requests, func(r Request) string { return strconv.Itoa(r.InputTokens) }) +
			`,"output_lens":` + listed(requests, func(r Request) string { return strconv.Itoa(r.OutputTokens) }) +
			`,"start_times":` + listed(requests, func(r Request) string { return fmt.Sprintf("%.9f", r.At.Seconds()+1) }) + "}"
	},
}

func listed(requests []Request, one func(Request) string) string {
	var list []string
	for _, r := range requests {
		list = append(list, one(r))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// TestWhatIsWrittenIsRead holds that every format gives the same requests, in
// order and from zero on, whatever the order of the file.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		written := make([]Request, 1+rng.IntN(50))
		for i := range written {
			at := time.Duration(rng.Int64N(int64(time.Hour))).Round(time.Duration(1 + 999*rng.IntN(2))) // ns or µs
			if i > 0 && rng.IntN(4) == 0 {
				at = written[i-1].At
			}
			written[i] = Request{At: at, InputTokens: 1 + rng.IntN(MaxTokens), OutputTokens: 1 + rng.IntN(MaxTokens)}
		}
		for name, w := range writers {
			text := w.header
			numbered := slices.Clone(written)
			for i := range numbered {
				numbered[i].Line = i + 1 + strings.Count(w.header, "\n")
				text += w.line(numbered[i]) + "\n"
			}
			holdsRead(t, name, text, numbered)
		}
		for name, write := range documents {
			numbered := slices.Clone(written)
			for i := range numbered {
				numbered[i].Line = i + 1
			}
			holdsRead(t, name, write(numbered), numbered)
		}
	}
}

// holdsRead holds that the text gives the requests, and the same ones twice.
func holdsRead(t *testing.T, name Format, text string, want []Request) {
	t.Helper()
	slices.SortStableFunc(want, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	got, err := Read(strings.NewReader(text), Options{})
	if err != nil || got.Format != name || len(got.Requests) != len(want) || got.BadLines+got.Passed != 0 {
		t.Fatalf("%s: %+v, %v", name, got, err)
	}
	for i, r := range got.Requests {
		w := want[i]
		if r.At != w.At-want[0].At || r.Line != w.Line || r.InputTokens != w.InputTokens || r.OutputTokens != w.OutputTokens {
			t.Errorf("%s: request %d is %+v, want %+v less %v", name, i, r, w, want[0].At)
		}
	}
	if again, err := Read(strings.NewReader(text), Options{}); err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("%s: read again, %+v, %v", name, again, err)
	}
}

// TestRecordsAreSamples holds that the keys read are those that the load
// generator writes.
func TestRecordsAreSamples(t *testing.T) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	for _, r := range []endpoint.Record{
		{Index: 0, Warmup: true, StartS: 1, AskedInput: 1, AskedOutput: 1, InputTokens: 1, OutputTokens: 1},
		{Index: 1, StartS: 2, AskedInput: 90, AskedOutput: 16, InputTokens: 100, OutputTokens: 10},
		{Index: 2, StartS: 2.5, AskedInput: 200, AskedOutput: 20, Failure: &endpoint.Failure{Kind: endpoint.TimedOut}},
	} {
		if err := e.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(strings.NewReader(text.String()), Options{})
	if err != nil || got.Format != Samples || got.Passed != 1 || len(got.Requests) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := got.Requests[0]; r.InputTokens != 100 || r.OutputTokens != 10 {
		t.Errorf("%+v", r)
	}
	if r := got.Requests[1]; r.InputTokens != 200 || r.OutputTokens != 20 || r.At != 500*time.Millisecond {
		t.Errorf("%+v", r)
	}
}

// FuzzRead holds of every format that a trace is in order, begins at zero, keeps
// its bounds, and that no line is lost.
func FuzzRead(f *testing.F) {
	for _, file := range allFiles {
		f.Add(file.text, "", true, 0)
		f.Add(file.text, string(file.want.Format), false, 2)
	}
	f.Fuzz(func(t *testing.T, text, format string, skip bool, limit int) {
		got, err := Read(strings.NewReader(text), Options{Format: Format(format), SkipBad: skip, Limit: limit})
		if err != nil {
			if got != nil {
				t.Errorf("a trace beside the error %v", err)
			}
			return
		}
		last := Request{}
		for i := range got.Requests {
			r := got.Requests[i]
			if r.At < last.At || r.At == last.At && r.Line <= last.Line || r.check() != nil || r.Blocks != nil && len(r.Blocks) != (r.InputTokens+got.BlockTokens-1)/got.BlockTokens {
				t.Errorf("%+v after %+v", r, last)
			}
			last = r
		}
		if got.Requests[0].At != 0 || len(got.Bad) != min(got.BadLines, MaxBad) || !skip && got.BadLines > 0 {
			t.Errorf("%+v", got)
		}
		if limit > 0 && len(got.Requests) >= limit || strings.HasPrefix(text, "\x1f\x8b") {
			return // lines behind the limit are not read
		}
		if n := len(got.Requests) + got.Passed + got.BadLines; n != requestLines(text, got.Format) {
			t.Errorf("%d lines became %d", requestLines(text, got.Format), n)
		}
	})
}

// requestLines counts the lines that are neither blank nor the names of columns,
// or the requests of a document.
func requestLines(text string, f Format) int {
	text = strings.TrimPrefix(text, "\ufeff")
	if documents[f] != nil {
		return requestsOf(text, f)
	}
	n := 0
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	if f == Azure || f == BurstGPT {
		n--
	}
	return n
}

// requestsOf counts the requests of a document, with all of it in memory.
func requestsOf(text string, f Format) int {
	var whole any
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		return -1
	}
	of := func(value any, key string) any {
		object, _ := value.(map[string]any)
		return object[key]
	}
	length := func(value any) int {
		list, _ := value.([]any)
		return len(list)
	}
	switch f {
	case InferencePerf:
		return length(whole)
	case VLLM:
		return length(of(whole, "input_lens"))
	}
	n := 0
	list, _ := of(whole, "benchmarks").([]any)
	for _, b := range list {
		requests := of(b, "requests")
		n += length(of(requests, "successful")) + length(of(requests, "errored")) + length(of(requests, "incomplete"))
	}
	return n
}

// BenchmarkRead gives the requests per second of one core.
func BenchmarkRead(b *testing.B) {
	const n = 20_000
	blocks := []uint64{0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 1120, 1121, 1122} // of 7000 tokens
	texts := map[Format]string{}
	var requests []Request
	for i := range n {
		requests = append(requests, Request{At: time.Duration(i) * 10 * time.Millisecond, InputTokens: 7000, OutputTokens: 50, Blocks: blocks, Line: i + 1})
	}
	for name, w := range writers {
		var text strings.Builder
		text.WriteString(w.header)
		for _, r := range requests {
			text.WriteString(w.line(r) + "\n")
		}
		texts[name] = text.String()
	}
	for name, write := range documents {
		texts[name] = write(requests)
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b.Run(string(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(strings.NewReader(texts[name]), Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
