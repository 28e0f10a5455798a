package trace

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var files = map[string]string{
	"azure":    "\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:04.2500000,100,10\r\n2023-11-16 18:17:03.5000000,200,20\r\n\r\n2023-11-16 18:17:05.5000000,300,30\r\n",
	"azure z":  "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-12 00:00:00.750000+00:00,100,10\n2024-05-12 00:00:00+00:00,200,20\n2024-05-12 00:00:02.000000+00:00,300,30\n",
	"burstgpt": "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,200,20,220,Conversation log\n5.75,GPT-4,100,10,110,API log\n6,GPT-4,999,0,999,API log\n7,ChatGPT,300.0,30,330,Conversation log\n",
	"mooncake": `{"timestamp": 0, "input_length": 200, "output_length": 20, "hash_ids": [1,2]}` + "\n" + `{"timestamp": 750, "input_length": 100, "output_length": 10, "hash_ids": []}` + "\n" + `{"timestamp": 2000, "input_length": 300, "output_length": 30}`,
	"plimsoll": `{"at_s":10,"input_tokens":200,"output_tokens":20}` + "\n" + `{"at_s":12,"input_tokens":300,"output_tokens":30}` + "\n" + `{"at_s":10.75,"input_tokens":100,"output_tokens":10}` + "\n",
	"samples": `{"index":0,"warmup":true,"start_s":0,"input_tokens":9,"output_tokens":9}` + "\n" + `{"index":1,"start_s":1,"input_tokens":200,"output_tokens":20}` + "\n" +
		`{"index":2,"start_s":1.5,"input_tokens":5,"failure":{"kind":"timeout"}}` + "\n" + `{"index":3,"start_s":1.75,"input_tokens":100,"output_tokens":10}` + "\n" + `{"index":4,"start_s":3,"input_tokens":300,"output_tokens":30}`,
}

func TestRead(t *testing.T) {
	for name, text := range files {
		got, err := Read(strings.NewReader(text), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []Request{{At: 0, InputTokens: 200, OutputTokens: 20}, {At: 750 * time.Millisecond, InputTokens: 100, OutputTokens: 10}, {At: 2 * time.Second, InputTokens: 300, OutputTokens: 30}}
		for i := range got.Requests {
			r := got.Requests[i]
			r.At, r.Line = r.At.Round(time.Microsecond), 0 // of times in seconds since 1970, a float holds so much
			if i >= len(want) || r != want[i] {
				t.Errorf("%s: request %d is %+v", name, i, r)
			}
		}
		if len(got.Requests) != 3 || !strings.HasPrefix(name, got.Format) && name != "samples" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got, err := Read(strings.NewReader(files["burstgpt"]), Options{})
	if err != nil || got.Passed != 1 || got.Requests[2].Line != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = Read(strings.NewReader(files["mooncake"]), Options{Limit: 2}); err != nil || len(got.Requests) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Read(strings.NewReader(`{"at_s":0,"prompt":"hello there","output_tokens":5}`), Options{})
	if err != nil || got.Requests[0].Prompt != "hello there" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBadLines(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "is empty",
		"a,b,c\n1,2,3":                      "line 1: \"a,b,c\" is no trace that is known",
		"TIMESTAMP,Tokens\n1,2":             "line 1: column ContextTokens, GeneratedTokens is missing",
		`{"at_s":1}`:                        "line 1: 0 input tokens",
		`{"start_s":"x"}`:                   "line 1",
		`{"input_length":5}`:                "line 1: accepted is an object with timestamp",
		files["azure"] + "x,1,2":            "line 6: TIMESTAMP \"x\"",
		files["burstgpt"] + "9,m,1,2\n":     "line 6: 4 columns, the first line names 6",
		files["burstgpt"] + "9,m,x,2,3,l\n": "line 6: Request tokens \"x\"",
		files["mooncake"] + "\n{\"timestamp\":1,\"input_length\":1,\"output_length\":0}": "line 4: 0 output tokens",
		files["plimsoll"] + `{"at_s":-1,"input_tokens":5,"output_tokens":5}`:             "line 4: time -1 s",
		"Timestamp,Model,Request tokens,Response tokens\n1,m,5,0\n":                      "no request to replay",
	} {
		if got, err := Read(strings.NewReader(text), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, error %v, want %q", text, got, err, want)
		}
	}
	got, err := Read(strings.NewReader(files["mooncake"]+"\nbroken\n{}\n"), Options{SkipBad: true})
	if err != nil || len(got.Requests) != 3 || len(got.Bad) != 2 || got.Bad[0].Line != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	var line *LineError
	if _, err := Read(strings.NewReader("{\"at_s\":}\n"), Options{SkipBad: true}); !errors.As(err, &line) || line.Line != 1 {
		t.Errorf("only bad lines: %v", err)
	}
}

// FuzzRead holds that what is read is in order, begins at zero, and that no line
// is lost.
func FuzzRead(f *testing.F) {
	for _, text := range files {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, skip bool) {
		got, err := Read(strings.NewReader(text), Options{SkipBad: skip})
		if err != nil {
			return
		}
		if got.Requests[0].At != 0 || !slices.IsSortedFunc(got.Requests, func(a, b Request) int { return int(a.At - b.At) }) {
			t.Errorf("%+v", got.Requests)
		}
		lines := 0
		for line := range strings.Lines(text) {
			if strings.TrimSpace(strings.TrimPrefix(line, "\ufeff")) != "" {
				lines++
			}
		}
		header := 0
		if got.Format == "azure" || got.Format == "burstgpt" {
			header = 1
		}
		if n := len(got.Requests) + got.Passed + len(got.Bad) + header; n != lines {
			t.Errorf("%d lines became %d", lines, n)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, `{"timestamp": %d, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 2353, 2354]}`+"\n", i)
	}
	for b.Loop() {
		if _, err := Read(strings.NewReader(text.String()), Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "lines/s")
}
