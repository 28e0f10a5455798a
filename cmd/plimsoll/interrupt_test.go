package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
)

// TestInterruptedVerify: an engine that runs on keeps its log open; an
// interrupt does not wait for the end of it.
func TestInterruptedVerify(t *testing.T) {
	log, engine := io.Pipe()
	defer engine.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var out, problems bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, env{Args: []string{"verify", "--log", "-"}, Stdin: log, Stdout: &out, Stderr: &problems, LookupEnv: os.LookupEnv, Now: time.Now})
	}()
	if _, err := io.WriteString(engine, "INFO vLLM API server version 0.19.0\n"); err != nil { // returns once it is read
		t.Fatal(err)
	}
	cancel()
	select {
	case status := <-done:
		if status != exitInterrupted || problems.String() != "plimsoll: interrupted\n" || out.Len() > 0 {
			t.Errorf("status %d, stderr %q, %d bytes on stdout", status, problems.String(), out.Len())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still reading")
	}
}

// TestInterruptedLoad: what was measured is shown and kept.
func TestInterruptedLoad(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var served atomic.Int32
	fake := &endpointtest.Server{ITL: time.Millisecond}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if served.Add(1) == 30 { // the load is well under way
			cancel()
		}
		fake.ServeHTTP(w, q)
	}))
	defer server.Close()
	store := t.TempDir()
	var out, problems bytes.Buffer
	status := Run(ctx, env{
		Args:   []string{"bench", "endpoint", server.URL, "--duration", "1m", "--output-tokens", "4", "--input-tokens", "5", "--store", store, "-o", "json"},
		Stdout: &out, Stderr: &problems, LookupEnv: os.LookupEnv, Now: time.Now,
	})
	said := problems.String()
	if status != exitInterrupted || !strings.Contains(said, "interrupted: above is what was measured until then") || !strings.Contains(said, "kept as") {
		t.Errorf("status %d, stderr %q", status, said)
	}
	r, err := benchmarks.OpenStore(store).Get("latest")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := benchmarks.Parse(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || len(r.Metrics) == 0 || len(shown.Metrics) != len(r.Metrics) {
		t.Errorf("kept %d figures, shown %d, interrupted %v", len(r.Metrics), len(shown.Metrics), r.Interrupted)
	}
}

// TestSignalEndsTheProgram sends the real program, which waits for its
// standard input, the signals of an impatient user.
func TestSignalEndsTheProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows sends no signals to other processes")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "verify", "--log", "-")
	cmd.Args[0] = "plimsoll" // TestMain runs the command of that name
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted && !strings.HasPrefix(exit.String(), "signal: interrupt") {
				t.Errorf("ended with %v", err)
			}
			return
		case <-time.After(200 * time.Millisecond):
			if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		case <-deadline:
			_ = cmd.Process.Kill()
			t.Fatal("signals did not end it")
		}
	}
}

// TestOnce: a list takes many values, everything else one.
func TestOnce(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // in the error, "" none
	}{
		{[]string{"recommend", "--limit", "1", "--limit", "2"}, "given before"},
		{[]string{"recommend", "--limit", "1", "--limit=1"}, ""},
		{[]string{"recommend", "--licence", "mit", "--licence", "apache-2.0"}, ""},
		{[]string{"--wide", "recommend", "--wide=false"}, "given before"},
		{[]string{"-o", "json", "recommend", "-o", "csv"}, "given before"},
		{[]string{"recommend", "--min-quality", "1e1", "--min-quality", "10"}, ""},
	} {
		_, stderr, status := run(t, nil, append(test.args, "--on", "1x L40S")...)
		if refused := status == exitUsage; refused != (test.want != "") || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: status %d, %s", test.args, status, stderr)
		}
	}
}
