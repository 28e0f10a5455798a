package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// llamaServer asks a llama.cpp server that runs, or starts one for the run.
func (r *run) llamaServer(ctx context.Context) (err error) {
	root := strings.TrimRight(r.opts.URL, "/")
	if root == "" {
		stop := func() error { return nil }
		if root, stop, err = r.startServer(ctx); err != nil {
			return err
		}
		defer func() {
			if stopped := stop(); err == nil {
				err = stopped
			}
		}()
	}
	var props struct {
		Build   string `json:"build_info"`
		Default struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if err := ask(ctx, root+"/props", nil, &props); err != nil {
		return err
	}
	r.report.Version = props.Build
	for i := range r.report.Tests {
		if err := r.serve(ctx, root, &r.report.Tests[i]); err != nil {
			return err
		}
	}
	return nil
}

// startServer starts llama-server on a free port of the loopback interface and
// waits until it has loaded the model.
func (r *run) startServer(ctx context.Context) (root string, stop func() error, err error) {
	program, err := r.program()
	if err != nil {
		return "", nil, err
	}
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	serving, end := context.WithCancel(ctx)
	cmd, errs := command(serving, program, r.serverArgs(port)...)
	started := time.Now()
	if err := cmd.Start(); err != nil {
		end()
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	root = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := loaded(ctx, root, ended); err != nil {
		end()
		return "", nil, failed(err, errs)
	}
	r.report.LoadSeconds = time.Since(started).Seconds()
	return root, func() error {
		end()
		<-ended // it was told to end: how it did says nothing
		return nil
	}, nil
}

func (r *run) serverArgs(port int) []string {
	o := r.opts
	longest := 0
	for _, t := range r.report.Tests {
		longest = max(longest, t.Depth+t.Tokens)
	}
	args := []string{"-m", o.Model, "--host", "127.0.0.1", "--port", strconv.Itoa(port), "-np", "1", "-c", strconv.Itoa(longest + contextSpare)}
	if o.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(o.Threads))
	}
	if o.GPULayers >= 0 {
		args = append(args, "-ngl", strconv.Itoa(o.GPULayers))
	}
	args = append(args, o.Flags...)
	r.report.Flags = strings.Join(args[6:], " ")
	return args
}

// contextSpare is room for the token that a prompt's test answers with, and for
// the start token.
const contextSpare = 64

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// loaded waits until a server is well, or has ended.
func loaded(ctx context.Context, root string, ended <-chan error) error {
	for {
		var health struct{}
		if ask(ctx, root+"/health", nil, &health) == nil {
			return nil
		}
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if err == nil || errors.As(err, &exit) {
				return fmt.Errorf("it ended before it had loaded the model (%v)", err)
			}
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// timings are what llama-server says of a request.
type timings struct {
	PromptN     int     `json:"prompt_n"`
	PromptMs    float64 `json:"prompt_ms"`
	PredictedN  int     `json:"predicted_n"`
	PredictedMs float64 `json:"predicted_ms"`
	CacheN      int     `json:"cache_n"`
}

// firstWord is a token that is none of the control tokens that vocabularies begin
// with, nor of the bytes that follow them.
const firstWord = 300

// serve repeats one test. A prompt of a depth is sent first and stays in the
// server's cache; the test's own tokens follow it.
func (r *run) serve(ctx context.Context, root string, t *Test) error {
	source := rand.New(rand.NewPCG(r.opts.Seed, uint64(t.Depth)))
	for range r.opts.Repetitions {
		before := words(source, max(t.Depth, 1))
		if _, err := complete(ctx, root, before, 1); err != nil {
			return err
		}
		prompt, predict := append(before, words(source, t.Tokens)...), 1
		if t.Phase == Decode {
			prompt, predict = append(before, words(source, 1)...), t.Tokens+1
		}
		if t.Phase == Prefill && t.Depth == 0 {
			prompt = words(source, t.Tokens)
		}
		x, err := complete(ctx, root, prompt, predict)
		if err != nil {
			return err
		}
		s, err := x.seconds(t)
		if err != nil {
			return err
		}
		t.Seconds = append(t.Seconds, s)
	}
	r.ended(t)
	return nil
}

// words are random tokens.
func words(source *rand.Rand, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = firstWord + source.IntN(10_000)
	}
	return list
}

// seconds takes from the timings what a test asked for. The first token of an
// answer comes out of its prompt: the time of the answer begins with it, so that
// it is that of the others.
func (x *timings) seconds(t *Test) (float64, error) {
	n, ms := x.PromptN, x.PromptMs
	if t.Phase == Decode {
		n, ms = x.PredictedN-1, x.PredictedMs
	}
	if n < 1 || !(ms > 0) {
		return 0, fmt.Errorf("its timings say %d tokens in %g ms for %s of %d", n, ms, t.Phase, t.Tokens)
	}
	return ms / 1e3 * float64(t.Tokens) / float64(n), nil
}

func complete(ctx context.Context, root string, prompt []int, predict int) (*timings, error) {
	var answer struct {
		Timings timings `json:"timings"`
	}
	err := ask(ctx, root+"/completion", map[string]any{
		"prompt": prompt, "n_predict": predict, "temperature": 0, "ignore_eos": true, "cache_prompt": true, "stream": false,
	}, &answer)
	return &answer.Timings, err
}
