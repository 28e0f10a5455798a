package endpoint

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// wholeStream is one answer of n tokens as vLLM frames them.
func wholeStream(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "data: {\"id\":\"cmpl-0123456789abcdef\",\"object\":\"text_completion\",\"created\":1700000000,\"model\":\"meta-llama/Llama-3.1-8B-Instruct\",\"choices\":[{\"index\":0,\"text\":\" word%d\",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null}],\"usage\":null}\n\n", i)
	}
	b.WriteString("data: [DONE]\n\n")
	return b.Bytes()
}

// BenchmarkSSE reads and parses events: bytes/s, and allocations per answer of
// 1,000 tokens.
func BenchmarkSSE(b *testing.B) {
	data := wholeStream(1000)
	var e eventReader
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	pieces := 0
	for b.Loop() {
		e.reset(bytes.NewReader(data), DefaultMaxEvent, func(int, time.Time) {})
		for {
			ev, err := e.next()
			if err == io.EOF || string(ev.data) == "[DONE]" {
				break
			}
			if c := parseChunk(ev.data); c.text > 0 {
				pieces++
			}
		}
	}
	b.ReportMetric(float64(pieces)/b.Elapsed().Seconds(), "tokens/s")
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	v := time.Duration(1)
	for b.Loop() {
		v = v*5 + 1
		h.Add(v & (1<<34 - 1))
	}
}

// serveFor is the environment variable that makes the test binary a server.
const serveFor = "PLIMSOLL_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveFor) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// serve is a server in a process of its own, so that what it needs is not the
// client's. It ends with its standard input.
func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(steady), ErrorLog: quiet()}
	go func() { _ = server.Serve(l) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// steady answers with 40 tokens, the first after 100 ms and one every 50 ms.
func steady(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	piece := []byte("data: {\"choices\":[{\"index\":0,\"text\":\" word\",\"finish_reason\":null}]}\n\n")
	time.Sleep(50 * time.Millisecond)
	for range 40 {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write(piece)
		w.(http.Flusher).Flush()
	}
	_, _ = w.Write([]byte("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":40,\"total_tokens\":60}}\n\ndata: [DONE]\n\n"))
}

// startServer starts a server process and returns its URL.
func startServer(tb testing.TB) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveFor+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

// thousand runs 1,000 concurrent streams, 20,000 tokens/s, for some seconds.
func thousand(tb testing.TB, url string, load Load, duration time.Duration) *Result {
	tb.Helper()
	res, err := Run(tb.Context(), Config{
		Target: Target{URL: url, API: Completions, Model: "m"}, Load: load,
		Input: workload.Tokens(20), Output: workload.Tokens(40), Tokenizer: exactTokenizer,
		Warmup: 2500 * time.Millisecond, Duration: duration,
	})
	if err != nil {
		tb.Fatal(err)
	}
	if res.Counts.Failed > 0 {
		tb.Fatalf("failures: %+v", res.Failures)
	}
	return res
}

// BenchmarkThousandStreams reports how late the client is with 1,000 streams
// from two cores that the server needs too. One iteration takes some ten seconds.
func BenchmarkThousandStreams(b *testing.B) {
	url := startServer(b)
	for name, load := range map[string]Load{
		"closed": {Kind: ClosedLoop, Concurrency: 1000},
		"open":   {Kind: Poisson, Rate: 476}, // times 2.1 s each: 1,000 in flight
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				res := thousand(b, url, load, 8*time.Second)
				b.ReportMetric(res.Client.Send.P99, "send-lag-p99-ms")
				b.ReportMetric(res.Client.Sleep.P99, "sleep-lag-p99-ms")
				b.ReportMetric(*res.Client.SchedulerP99, "scheduler-lag-p99-ms")
				b.ReportMetric(res.InFlight.Mean, "in-flight")
				b.ReportMetric(res.Steady.OutputS, "tokens/s")
				b.ReportMetric(res.ITL.P99, "itl-p99-ms")
				b.ReportMetric(res.ITL.P50, "itl-p50-ms")
			}
		})
	}
}

// TestThousandStreams: all of them are served at once. Times are the
// benchmark's business; here they are only known.
func TestThousandStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	res := thousand(t, startServer(t), Load{Kind: ClosedLoop, Concurrency: 1000}, 3*time.Second)
	if res.Counts.Completed < 1000 || res.InFlight.Mean < 900 || res.Client.Send == nil || res.Client.Sleep == nil {
		t.Errorf("%+v, %+v", res.Counts, res.InFlight)
	}
}
