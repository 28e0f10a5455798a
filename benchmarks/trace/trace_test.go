package trace

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const ms = time.Millisecond

// traceFile is a small file, and what is in it.
type traceFile struct {
	name string
	text string
	want Trace
}

// allFiles are those of services, ours, and those of load tools.
var allFiles = slices.Concat(files, toolFiles)

// files are a small file of each kind. Lines, times and notes were counted by hand.
var files = []traceFile{
	{"azure of 2023",
		"TIMESTAMP,ContextTokens,GeneratedTokens\n" +
			"2023-11-16 23:59:59.7500001,100,10\n" +
			"2023-11-17 00:00:00.0000000,200,20\n" +
			"2023-11-17 00:00:01.7500001,300,30\n",
		Trace{Format: Azure, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Line: 2},
			{At: 249_999_900, InputTokens: 200, OutputTokens: 20, Line: 3},
			{At: 2000 * ms, InputTokens: 300, OutputTokens: 30, Line: 4},
		}}},
	{"azure of 2024, CRLF, byte order mark, out of order, with a failed request and blank lines",
		"\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\r\n" +
			"2024-05-12 00:00:01+00:00,200,20\r\n\r\n" +
			"2024-05-12 02:00:00.000250+02:00,100,10\r\n" +
			"2024-05-12 00:00:00.500000+00:00,999,0\r\n" +
			"2024-05-12T00:00:01Z,300,30\r\n\r\n",
		Trace{Format: Azure, Passed: 1, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Line: 4},
			{At: 999_750_000, InputTokens: 200, OutputTokens: 20, Line: 2},
			{At: 999_750_000, InputTokens: 300, OutputTokens: 30, Line: 6},
		}, Notes: []string{
			"earlier than the line before, sorted: 1 line",
			"without output tokens, as failed requests are, passed over: 1 line",
		}}},
	{"azure with images",
		"TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-15 00:00:00,2,100,10",
		Trace{Format: Azure, Requests: []Request{{InputTokens: 100, OutputTokens: 10, Line: 2}},
			Notes: []string{`columns that are not used: "NumImages"`}}},
	{"burstgpt, the first",
		"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
			"86400,ChatGPT,100,10,110,Conversation log\n" +
			"86400,GPT-4,0,0,0,API log\n" +
			"86401.5,GPT-4,0,5,5,API log\n" +
			"86402,GPT-4,200.0,20.0,220.0,API log\n",
		Trace{Format: BurstGPT, Passed: 2, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Class: "ChatGPT, Conversation log", Line: 2},
			{At: 2000 * ms, InputTokens: 200, OutputTokens: 20, Class: "GPT-4, API log", Line: 5},
		}, Notes: []string{
			"without output tokens, as failed requests are, passed over: 1 line",
			"without input tokens, passed over: 1 line",
		}}},
	{"burstgpt, the third",
		"Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
			"20000000.0,s-1,30,GPT-4,100,10,110,Conversation log\n" +
			"20000001.0,,4,ChatGPT,200,20,220,API log\n" +
			"20000002.25,s-1,5,\"GPT-4\",300,30,330,Conversation log\n",
		Trace{Format: BurstGPT, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Session: "s-1", Class: "GPT-4, Conversation log", Line: 2},
			{At: 1000 * ms, InputTokens: 200, OutputTokens: 20, Class: "ChatGPT, API log", Line: 3},
			{At: 2250 * ms, InputTokens: 300, OutputTokens: 30, Session: "s-1", Class: "GPT-4, Conversation log", Line: 4},
		}}},
	{"mooncake",
		`{"timestamp": 5999, "input_length": 513, "output_length": 10, "hash_ids": [0, 1]}` + "\n" +
			`{"timestamp": 6000.5, "input_length": 512, "output_length": 20, "hash_ids": [18446744073709551615]}` + "\n" +
			`{"timestamp": 9000, "input_length": 512, "output_length": 30, "hash_ids": [0, 1, 2, 3, 4, 5, 6, 7]}` + "\n" +
			`{"timestamp": 9000, "input_length": 1, "output_length": 1}`,
		Trace{Format: Mooncake, BlockTokens: 512, Requests: []Request{
			{InputTokens: 513, OutputTokens: 10, Blocks: []uint64{0, 1}, Line: 1},
			{At: 1500 * time.Microsecond, InputTokens: 512, OutputTokens: 20, Blocks: []uint64{1<<64 - 1}, Line: 2},
			{At: 3001 * ms, InputTokens: 512, OutputTokens: 30, Line: 3},
			{At: 3001 * ms, InputTokens: 1, OutputTokens: 1, Line: 4},
		}, Notes: []string{"hash_ids that do not fit blocks of 512 tokens, left out: 1 line"}}},
	{"plimsoll",
		`{"at_s":10.25,"input_tokens":100,"output_tokens":10,"session":"a","class":"chat"}` + "\n" +
			`{"output_tokens":20,"prompt":"\"input_length\": 5","at_s":10.5}` + "\n" +
			`{"at_s":1e1,"input_tokens":7,"output_tokens":30,"prompt":"counted"}`,
		Trace{Format: Plimsoll, Requests: []Request{
			{InputTokens: 7, OutputTokens: 30, Prompt: "counted", Line: 3},
			{At: 250 * ms, InputTokens: 100, OutputTokens: 10, Session: "a", Class: "chat", Line: 1},
			{At: 500 * ms, OutputTokens: 20, Prompt: `"input_length": 5`, Line: 2},
		}, Notes: []string{"earlier than the line before, sorted: 1 line"}}},
	{"samples, by the end of requests",
		`{"index":0,"warmup":true,"start_s":0,"asked_output_tokens":9,"input_tokens":9,"output_tokens":9}` + "\n" +
			`{"index":3,"start_s":2.5,"send_lag_ms":0.1,"asked_input_tokens":98,"asked_output_tokens":16,"input_tokens":100,"output_tokens":10,"good":true}` + "\n" +
			`{"index":1,"start_s":1,"asked_input_tokens":200,"asked_output_tokens":20,"failure":{"kind":"timeout"}}` + "\n" +
			`{"index":2,"start_s":1.5,"asked_output_tokens":20,"output_tokens":5,"input_from":"unknown","failure":null}` + "\n",
		Trace{Format: Samples, Passed: 2, Requests: []Request{
			{InputTokens: 200, OutputTokens: 20, Line: 3},
			{At: 1500 * ms, InputTokens: 100, OutputTokens: 10, Line: 2},
		}, Notes: []string{
			"of the warm-up, passed over: 1 line",
			"failed, taken with the lengths that they asked for: 1 line",
			"with an input of unknown length, passed over: 1 line",
		}}},
}

func TestRead(t *testing.T) {
	for _, f := range allFiles {
		for _, asked := range []Format{"", f.want.Format} {
			got, err := Read(strings.NewReader(f.text), Options{Format: asked})
			if err != nil {
				t.Errorf("%s: %v", f.name, err)
			} else if !reflect.DeepEqual(got, &f.want) {
				t.Errorf("%s:\n%+v, want\n%+v", f.name, *got, f.want)
			}
		}
	}
}

// TestInTime holds that seconds since 1970 are as good as their float64.
func TestInTime(t *testing.T) {
	for seconds, want := range map[float64]time.Duration{
		0: 0, 1e-9: 1, 0.9999999999: time.Second, 1750000001.5: 1750000001*time.Second + 500*ms, maxTime: maxTime * time.Second,
	} {
		if got, err := inTime(seconds); err != nil || got != want {
			t.Errorf("%g s: %v, %v", seconds, got, err)
		}
	}
}

func TestReadUnpacks(t *testing.T) {
	for _, f := range allFiles {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		io.WriteString(w, f.text)
		w.Close()
		whole := packed.Bytes()
		got, err := Read(bytes.NewReader(whole), Options{})
		if err != nil || !reflect.DeepEqual(got, &f.want) {
			t.Errorf("%s: %+v, %v", f.name, got, err)
		}
		for _, n := range []int{5, len(whole) - 1} { // in the header, and in the checksum
			if got, err := Read(bytes.NewReader(whole[:n]), Options{SkipBad: true}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %d of %d bytes: %+v, %v", f.name, n, len(whole), got, err)
			}
		}
	}
}

func TestReadReportsTheReader(t *testing.T) {
	broken := errors.New("disk")
	text := files[0].text
	_, err := Read(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), Options{SkipBad: true})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 5: ") {
		t.Errorf("%v", err)
	}
	if _, err := Read(iotest.ErrReader(broken), Options{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if got, err := Read(iotest.OneByteReader(strings.NewReader(text)), Options{}); err != nil || !reflect.DeepEqual(got, &files[0].want) {
		t.Errorf("byte by byte: %+v, %v", got, err)
	}
}

func TestLimit(t *testing.T) {
	text := `{"at_s":9,"input_tokens":1,"output_tokens":1}` + "\n" + `{"at_s":5,"input_tokens":2,"output_tokens":1}` + "\nnot read"
	got, err := Read(strings.NewReader(text), Options{Limit: 2})
	if err != nil || len(got.Requests) != 2 || got.Requests[0].InputTokens != 2 || got.Requests[1].At != 4*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Read(strings.NewReader(text), Options{Limit: -1}); err == nil {
		t.Error("a negative limit")
	}
}

func TestSkipBad(t *testing.T) {
	text := `{"at_s":0,"input_tokens":1,"output_tokens":1}` + "\n" + strings.Repeat("broken\n", 12) +
		strings.Repeat("x", MaxLine) + "\n" + `{"at_s":1,"input_tokens":2,"output_tokens":1}`
	got, err := Read(strings.NewReader(text), Options{SkipBad: true})
	if err != nil || len(got.Requests) != 2 || got.Requests[1].Line != 15 || got.BadLines != 13 || len(got.Bad) != MaxBad || got.Bad[9].Line != 11 {
		t.Errorf("%+v, %v", got, err)
	}

	// A stray quote spoils its own line only.
	text = files[0].text + "\"2023-11-17 00:00:03,1,2\n2023-11-17 00:00:04,1,2\n2023-11-17 00:00:05,1\"\",2\n2023-11-17 00:00:06,1,2\n"
	got, err = Read(strings.NewReader(text), Options{SkipBad: true})
	if err != nil || len(got.Requests) != 5 || got.BadLines != 2 || got.Bad[0].Line != 5 || got.Bad[1].Line != 7 {
		t.Errorf("%+v, %v", got, err)
	}

	var line *LineError
	if _, err := Read(strings.NewReader("{\"at_s\":1}\n{}\n"), Options{SkipBad: true}); !errors.As(err, &line) || line.Line != 1 {
		t.Errorf("only bad lines: %v", err)
	}
	two := `{"index":0,"start_s":0,"input_tokens":1,"output_tokens":1}` + "\n"
	if _, err := Read(strings.NewReader(two+two), Options{SkipBad: true}); !errors.As(err, &line) || line.Line != 2 {
		t.Errorf("samples of a sweep: %v", err)
	}
}

func TestErrors(t *testing.T) {
	azure, mooncake, plimsoll, samples := files[0].text, files[5].text+"\n", files[6].text+"\n", files[7].text
	burst := files[3].text
	for _, c := range []struct {
		text, want string
		format     Format
	}{
		{text: "", want: "the trace is empty"},
		{text: "\ufeff\r\n \n", want: "the trace is empty"},
		{text: "\x1f\x8bno", want: "begins as gzip does"},
		{text: "10\n20\n", want: `line 1: "10" is no trace that is known: accepted are azure (CSV`},
		{text: `{"text":"x"}`, want: "timestamp); plimsoll (JSON Lines, with at_s"},
		{text: "[\n", want: "is no trace that is known"},
		{text: "{\n\"at_s\":1}", want: "unexpected end of JSON input"},
		{text: "\n\na,\"b", want: "line 3: \"a,\\\"b\" is no trace that is known (column"},
		{text: azure, format: "csv", want: `line 1: format "csv": accepted are azure`},
		{text: azure, format: BurstGPT, want: `lack "Request tokens", "Response tokens", "Timestamp"`},
		{text: azure, format: Mooncake, want: "line 1: invalid character 'T'"},
		{text: "ContextTokens,GeneratedTokens\n1,2", want: `line 1: the columns of azure lack "TIMESTAMP"`},
		{text: "TIMESTAMP,ContextTokens,GeneratedTokens\n", want: "no request"},
		{text: "Timestamp,Request tokens,Response tokens\n1,5,0\n", want: "none of 1 lines is a request to replay; without output tokens"},

		{text: azure + "x,1,2", want: `line 5: column TIMESTAMP: "x": accepted is a date and time`},
		{text: azure + "2023-11-17 00:00:99,1,2", want: `line 5: column TIMESTAMP`},
		{text: azure + "1969-12-31 23:59:59,1,2", want: "accepted are the years 1970 to 2254"},
		{text: azure + "2300-01-01 00:00:00,1,2", want: "accepted are the years 1970 to 2254"},
		{text: azure + "2023-11-17 00:00:02,1,2,3", want: "line 5: 4 columns: accepted are the 3"},
		{text: azure + "2023-11-17 00:00:02,1\",2", want: `line 5: column 22: bare "`},
		{text: azure + "2023-11-17 00:00:02,-1,2", want: `line 5: column ContextTokens: "-1": accepted is a whole number, at most 10000000`},
		{text: azure + "2023-11-17 00:00:02,1,10000001", want: `line 5: column GeneratedTokens: "10000001"`},
		{text: burst + "-1,m,1,2,3,l", want: `line 6: column Timestamp: "-1": accepted are 0 to 9e+09 s`},
		{text: burst + "NaN,m,1,2,3,l", want: `line 6: column Timestamp: "NaN"`},
		{text: burst + "1,m,1.5,2,3,l", want: `line 6: column Request tokens: "1.5"`},
		{text: burst + "1,m,1,,3,l", want: `line 6: column Response tokens: ""`},

		{text: mooncake + `{"input_length":1,"output_length":1}`, want: "line 5: key timestamp is missing"},
		{text: mooncake + `{"timestamp":"1","input_length":1,"output_length":1}`, want: "line 5: key timestamp: string: accepted is a number"},
		{text: mooncake + `{"timestamp":1,"input_length":1.5,"output_length":1}`, want: "line 5: key input_length: number 1.5: accepted is a whole number"},
		{text: mooncake + `{"timestamp":1,"input_length":1}`, want: "line 5: key output_length is missing: accepted is a number of tokens"},
		{text: mooncake + `{"timestamp":1,"input_length":-1,"output_length":1}`, want: "line 5: -1 input tokens: accepted are 1 to 10000000"},
		{text: mooncake + `{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[-1]}`, want: "line 5: key hash_ids: number -1: accepted is a whole number"},
		{text: mooncake + `{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":{}}`, want: "key hash_ids: object: accepted is a list of whole numbers"},
		{text: plimsoll + `{"at_s":9.1e9,"input_tokens":1,"output_tokens":1}`, want: "line 4: key at_s: 9.1e+09: accepted are 0 to 9e+09 s"},
		{text: plimsoll + `{"at_s":1,"output_tokens":1}`, want: "line 4: key input_tokens is missing"},
		{text: plimsoll + `{"at_s":1,"input_tokens":1,"output_tokens":0}`, want: "line 4: 0 output tokens: accepted are 1 to 10000000"},
		{text: plimsoll + `{"at_s":1,"input_tokens":1,"output_tokens":1,"promt":"x"}`, want: `line 4: key "promt" is not known: accepted are at_s, input_tokens, output_tokens, prompt, session, class`},
		{text: plimsoll + `{"at_s":1,"input_tokens":1,"output_tokens":1,"prompt":5}`, want: "line 4: key prompt: number: accepted is a text"},
		{text: plimsoll + `{"at_s":1,"input_tokens":1,"output_tokens":1} {}`, want: "line 4: more follows the object"},
		{text: plimsoll + `5`, want: "line 4: cannot unmarshal number"},
		{text: samples + `{"index":4,"warmup":"no"}`, want: "line 5: key warmup: string: accepted is true or false"},
		{text: samples + samples, want: "line 5: the samples of another run begin here"},
		{text: samples + `{"index":4,"start_s":1,"input_tok`, want: "line 5: unexpected end of JSON input"},
	} {
		if got, err := Read(strings.NewReader(c.text), Options{Format: c.format}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, error\n%v, want\n%s", c.text, got, err, c.want)
		}
	}
}

// TestLineLength holds the longest line, and one byte more, and that a line
// longer than a buffer is read whole.
func TestLineLength(t *testing.T) {
	const request = `{"at_s":0,"input_tokens":1,"output_tokens":1}`
	filled := func(n int) string { return request + strings.Repeat(" ", n-len(request)-1) + "\n" }
	prompt := strings.Repeat("0123456789", 20<<10)
	text := filled(MaxLine) + `{"at_s":1,"output_tokens":1,"prompt":"` + prompt + "\"}\n" + request
	got, err := Read(strings.NewReader(text), Options{})
	if err != nil || len(got.Requests) != 3 || got.Requests[2].Line != 2 || got.Requests[2].Prompt != prompt {
		t.Errorf("%v", err)
	}
	for _, text := range []string{filled(MaxLine + 1), strings.TrimSuffix(filled(MaxLine+2), "\n")} {
		_, err = Read(strings.NewReader(text), Options{})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line 1: %d bytes: accepted are lines of at most", MaxLine+1)) {
			t.Errorf("%v", err)
		}
	}
}
