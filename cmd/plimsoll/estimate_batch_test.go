package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// batchOf writes n cases, as a study over models, parts, sizes and loads has them.
func batchOf(n int) string {
	models := []string{"Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Meta-Llama-3.1-70B-Instruct", "Qwen/Qwen3-32B-FP8", "nvidia/DeepSeek-R1-0528-FP4", "openai/gpt-oss-120b", "Qwen/Qwen3-30B-A3B", "mistralai/Mixtral-8x7B-Instruct-v0.1"}
	parts := []string{"H100 SXM5 80GB", "H200", "B200", "NVIDIA A100-SXM4-80GB", "L40S", "MI300X"}
	loads := []string{`"concurrency": %d`, `"request_rate": %d`, `"batch": %d`, `"concurrency": 1%d`}
	var b strings.Builder
	for i := range n {
		size := ""
		if tp := i / 7 % 5; tp > 0 {
			size = fmt.Sprintf(`"tp": %d, `, 1<<(tp-1))
		}
		load := fmt.Sprintf(loads[i/3%len(loads)], 1+i%100)
		fmt.Fprintf(&b, `{"id": "case-%d", "model": %q, "accelerator": %q, "engine": "vllm", "engine_version": "0.19", %s"workload": {"input_tokens": %d, "output_tokens": %d, %s}}`+"\n",
			i, models[i%len(models)], parts[i/len(models)%len(parts)], size, 128<<(i%6), 64<<(i/11%5), load)
	}
	return b.String()
}

// runBatch answers lines of cases in a form.
func runBatch(t testing.TB, lines, form string) (stdout, stderr string, status int) {
	t.Helper()
	return run(t, func(e *env) { e.Stdin = strings.NewReader(lines) }, "estimate", "--from", "-", "-o", form)
}

func resultLines(t testing.TB, lines string) (list []planner.Result) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var r planner.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, r)
	}
	return list
}

// TestBatchKeepsOrder answers more cases than are in flight at once.
func TestBatchKeepsOrder(t *testing.T) {
	const n = 1500
	out, stderr, status := runBatch(t, batchOf(n), jsonLines)
	list := resultLines(t, out)
	if status != exitOK || len(list) != n {
		t.Fatalf("status %d, %d results, stderr %s", status, len(list), stderr)
	}
	unanswered := 0
	for i, r := range list {
		if want := fmt.Sprintf("case-%d", i); r.ID != want {
			t.Fatalf("result %d is of %q, want %q", i, r.ID, want)
		}
		if r.OK == (r.Error != nil) || r.OK != (r.Performance != nil) || r.OK && r.Memory == nil {
			t.Fatalf("%s: ok %v beside error %v, performance %v", r.ID, r.OK, r.Error, r.Performance)
		}
		if !r.OK {
			unanswered++
		}
	}
	if want := fmt.Sprintf("plimsoll: %d of %d cases have no answer\n", unanswered, n); unanswered == 0 || unanswered == n || stderr != want {
		t.Errorf("stderr %q, want %q", stderr, want)
	}
}

// TestBatchForms holds every form against the lines of JSON.
func TestBatchForms(t *testing.T) {
	const n = 60
	lines := batchOf(n) + "nonsense\n"
	out, _, _ := runBatch(t, lines, jsonLines)
	list := resultLines(t, out)
	total := batchTotal{}
	for _, r := range list {
		total.count(r)
	}
	var whole bytes.Buffer
	if err := report.WriteJSON(&whole, estimatesDocument{estimatesSchema, toolName(), list, total.answered, total.unanswered, false}); err != nil {
		t.Fatal(err)
	}
	if out, _, _ := runBatch(t, lines, "json"); out != whole.String() {
		t.Errorf("the document differs from one written whole:\n%.2000s\nwant\n%.2000s", out, whole.String())
	}
	out, _, _ = runBatch(t, lines, "csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != n+2 {
		t.Fatalf("CSV has %d rows (%v), want a heading and %d", len(rows), err, n+1)
	}
	for i, row := range rows[1:] {
		if row[0] != list[i].ID || row[1] != fmt.Sprint(list[i].OK) || list[i].OK != (row[2] == "") {
			t.Errorf("CSV row %d is %q, the result %q, %v", i, row[:4], list[i].ID, list[i].OK)
		}
	}
	for _, form := range []string{"table", "markdown"} {
		out, _, status := runBatch(t, lines, form)
		if lead := fmt.Sprintf("%d of %d cases answered.", total.answered, n+1); status != exitOK || !strings.HasPrefix(out, lead) || !strings.Contains(out, "case-59") {
			t.Errorf("%s: status %d\n%.500s", form, status, out)
		}
	}
}

// TestEmptyBatch holds that no case is an answer in every form.
func TestEmptyBatch(t *testing.T) {
	for form, want := range map[string]string{
		jsonLines: "",
		"json":    "{\n  \"schema\": \"plimsoll.estimates/v1\",\n  \"tool\": \"" + toolName() + "\",\n  \"estimates\": [],\n  \"answered\": 0,\n  \"unanswered\": 0\n}\n",
		"table":   "0 of 0 cases answered.\n\n",
	} {
		if out, stderr, status := runBatch(t, "\n \r\n", form); status != exitOK || out != want || stderr != "" {
			t.Errorf("%s: status %d, %q, stderr %q", form, status, out, stderr)
		}
	}
}

// TestInterruptedBatch holds that an interrupt keeps what was answered, though
// the input is still open.
func TestInterruptedBatch(t *testing.T) {
	in, feed := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	out := &notifying{until: 3, then: interrupt}
	go feed.Write([]byte(batchOf(3)))
	defer feed.Close()
	var problems bytes.Buffer
	status := Run(ctx, env{Args: []string{"estimate", "--from", "-", "-o", jsonLines}, Stdin: in, Stdout: out, Stderr: &problems, LookupEnv: os.LookupEnv, Now: time.Now})
	if status != exitInterrupted || len(resultLines(t, out.text.String())) != 3 {
		t.Errorf("status %d, %q, stderr %q", status, out.text.String(), problems.String())
	}
	if !strings.HasSuffix(problems.String(), "plimsoll: interrupted\n") {
		t.Errorf("stderr %q", problems.String())
	}
}

// notifying calls then once it has seen a number of lines.
type notifying struct {
	text  bytes.Buffer
	until int
	then  func()
}

func (w *notifying) Write(p []byte) (int, error) {
	w.text.Write(p)
	if bytes.Count(w.text.Bytes(), []byte("\n")) >= w.until {
		w.then()
	}
	return len(p), nil
}

// TestBatchToABrokenPipe holds that a reader that has enough is no error.
func TestBatchToABrokenPipe(t *testing.T) {
	out, w := io.Pipe()
	out.Close()
	_, stderr, status := run(t, func(e *env) { e.Stdin, e.Stdout = strings.NewReader(batchOf(50)), w }, "estimate", "--from", "-", "-o", jsonLines)
	if status != exitOK || stderr != "" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

// TestUnreadableBatch ends in an error after the lines that could be read.
func TestUnreadableBatch(t *testing.T) {
	in := io.MultiReader(strings.NewReader(batchOf(2)), failing{})
	out, stderr, status := run(t, func(e *env) { e.Stdin = in }, "estimate", "--from", "-", "-o", jsonLines)
	if status != exitUsage || len(resultLines(t, out)) != 2 || !strings.Contains(stderr, "--from: line 3: the disk is gone") {
		t.Errorf("status %d, %q, stderr %q", status, out, stderr)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// TestAnswerLineSurvivesFaults holds that a fault in one case is its answer.
func TestAnswerLineSurvivesFaults(t *testing.T) {
	line := caseLine{number: 7, text: []byte(strings.TrimSpace(batchOf(1)))}
	plain := func(r planner.Result) ([]byte, error) { return encodeResult(r, "", "") }
	calls := 0
	r, encoded := answerLine(nil, line, plain) // a nil evaluator panics
	if r.ID != "case-0" || r.Error.Code != planner.CodeInternal || !strings.HasPrefix(r.Error.Message, "line 7: internal error: ") || !bytes.Contains(encoded, []byte(`"ok":false`)) {
		t.Errorf("after a panic: %+v, %s", r, encoded)
	}
	r, encoded = answerLine(nil, caseLine{number: 8, text: []byte("{")}, func(r planner.Result) ([]byte, error) {
		if calls++; calls == 1 {
			return nil, errors.New("NaN")
		}
		return plain(r)
	})
	if r.Error.Code != planner.CodeInternal || !bytes.Contains(encoded, []byte("line 8: internal error: NaN")) {
		t.Errorf("after a failed encoding: %+v, %s", r, encoded)
	}
}

// TestInOrderHoldsAWindow holds that input is read only as far ahead as the
// window, however slowly answers are taken.
func TestInOrderHoldsAWindow(t *testing.T) {
	var read, emitted atomic.Int64
	const n = 5000
	next := func() (int, bool) { i := int(read.Add(1)); return i, i <= n }
	err := inOrder(t.Context(), next, func(i int) int { return 2 * i }, func(out int) error {
		done := emitted.Add(1)
		if int64(out) != 2*done {
			t.Fatalf("answer %d is %d", done, out)
		}
		if ahead := read.Load() - done; ahead > 4096 {
			t.Fatalf("%d items in flight", ahead)
		}
		return nil
	}, func() error { return nil })
	if err != nil || emitted.Load() != n {
		t.Errorf("%d answers, %v", emitted.Load(), err)
	}
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", longestLine)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"a\nb", "1:a 2:b "},
		{"\ufeffa\r\n\r\n  \t\n b \n", "1:a 4:b "},
		{"a\n\xff\xfe\nb\n", "1:a 2:!not UTF-8 3:b "},
		{"a\n" + long + "yy\nb\n", "1:a 2:!longer than 1048576 bytes 3:b "},
		{long + "yy", "1:!longer than 1048576 bytes "},
		{strings.Repeat(" ", longestLine*2) + "\nb", "1:!longer than 1048576 bytes 2:b "},
	} {
		r, got := newLineReader(strings.NewReader(tt.text)), ""
		for l, ok := r.next(); ok; l, ok = r.next() {
			got += fmt.Sprintf("%d:", l.number) + string(l.text)
			if l.err != nil {
				got += "!" + l.err.Error()
			}
			got += " "
		}
		if got != tt.want || r.err != nil {
			t.Errorf("%.40q: %q (%v), want %q", tt.text, got, r.err, tt.want)
		}
	}
	if l, ok := newLineReader(strings.NewReader(long + "\n")).next(); !ok || l.err != nil || len(l.text) != longestLine {
		t.Errorf("the longest line: %d bytes, %v", len(l.text), l.err)
	}
}

// FuzzBatch holds that any input is answered with a result for each line that
// is not blank, in order, and nothing else. Goroutines and kept names make its
// coverage vary: fuzz with -fuzzminimizetime 1x, or it minimises all the time.
func FuzzBatch(f *testing.F) {
	f.Add([]byte(batchOf(2)))
	f.Add([]byte("\ufeff{}\r\n\n[1]\nnull\n{\"id\": \"a\", \"tp\": NaN}\n\xff\n" + strings.Repeat("[", 20000) + "\n"))
	f.Add([]byte(`{"id":"x","model":"Qwen/Qwen3-8B-FP8-KV","accelerator":"2x H100 (80G)","engine":"vLLM 0.9.","tp":3,"ep":7,"attention_dp":2,"dp":5,"workload":{"input_tokens":1e7,"output_tokens":1,"saturate":true}}`))
	c, err := (&app{}).loadCatalog()
	if err != nil {
		f.Fatal(err)
	}
	e := planner.NewEvaluator(c)
	f.Fuzz(func(t *testing.T, input []byte) {
		want := 0
		for line := range bytes.Lines(bytes.TrimPrefix(input, []byte("\ufeff"))) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		var b bytes.Buffer
		out := newLinesWriter(&b)
		total, err := answerLines(t.Context(), bytes.NewReader(input), e, out)
		if err := errors.Join(err, out.close(total)); err != nil {
			t.Fatal(err)
		}
		if list := resultLines(t, b.String()); len(list) != want || total.answered+total.unanswered != want || total.internal > 0 {
			t.Fatalf("%d results of %d lines, total %+v:\n%s", len(list), want, total, b.String())
		}
	})
}

// BenchmarkBatch10k answers 10,000 cases, the start of the program included.
func BenchmarkBatch10k(b *testing.B) {
	lines := batchOf(10000)
	b.ReportAllocs()
	for b.Loop() {
		if _, stderr, status := runBatch(b, lines, jsonLines); status != exitOK {
			b.Fatalf("status %d: %s", status, stderr)
		}
	}
}
