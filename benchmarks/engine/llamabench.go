package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// llamaBench runs llama-bench, which writes a line for each test that has ended.
func (r *run) llamaBench(ctx context.Context) error {
	program, err := r.program()
	if err != nil {
		return err
	}
	cmd, errs := command(ctx, program, r.benchArgs()...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := r.benchLines(out)
	discard(out) // a program that cannot write does not end
	if err := cmd.Wait(); err != nil {
		return failed(err, errs)
	}
	if readErr != nil {
		return readErr
	}
	for i := range r.report.Tests {
		if t := &r.report.Tests[i]; t.Unknown != "" {
			return failed(fmt.Errorf("no line for %s of %d tokens after %d", t.Phase, t.Tokens, t.Depth), errs)
		}
	}
	return nil
}

func (r *run) benchArgs() []string {
	o := r.opts
	args := []string{
		"-m", o.Model, "-o", "jsonl", "-r", strconv.Itoa(o.Repetitions),
		"-p", joined(o.Prompts), "-n", joined(o.Outputs),
	}
	if len(o.Depths) > 1 || o.Depths[0] > 0 { // older versions have no -d
		args = append(args, "-d", joined(o.Depths))
	}
	if o.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(o.Threads))
	}
	if o.GPULayers >= 0 {
		args = append(args, "-ngl", strconv.Itoa(o.GPULayers))
	}
	args = append(args, o.Flags...)
	r.report.Flags = strings.Join(args[2:], " ")
	return args
}

func joined(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

// maxLine bounds a line of llama-bench; samples of many repetitions are long.
const maxLine = 4 << 20

// benchLines reads the lines; those that are no JSON object are a build's notes.
func (r *run) benchLines(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(text, "{") {
			continue
		}
		b, err := parseBenchLine([]byte(text))
		if err != nil {
			return err
		}
		r.takeBench(b)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("its output: %w", err)
	}
	return nil
}

// benchLine is a line of llama-bench -o jsonl, as far as it is used.
type benchLine struct {
	BuildCommit string    `json:"build_commit"`
	BuildNumber int       `json:"build_number"`
	Backends    string    `json:"backends"`
	ModelType   string    `json:"model_type"`
	Batch       int       `json:"n_batch"`
	UBatch      int       `json:"n_ubatch"`
	Threads     int       `json:"n_threads"`
	TypeK       string    `json:"type_k"`
	TypeV       string    `json:"type_v"`
	GPULayers   int       `json:"n_gpu_layers"`
	Prompt      int       `json:"n_prompt"`
	Gen         int       `json:"n_gen"`
	Depth       int       `json:"n_depth"`
	AvgNs       float64   `json:"avg_ns"`
	SamplesNs   []float64 `json:"samples_ns"`
}

func parseBenchLine(text []byte) (*benchLine, error) {
	var b benchLine
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("its line %.80q: %w", text, err)
	}
	if len(b.SamplesNs) == 0 && b.AvgNs > 0 { // a version without samples
		b.SamplesNs = []float64{b.AvgNs}
	}
	for _, ns := range b.SamplesNs {
		if !(ns > 0) {
			return nil, fmt.Errorf("a test of %d and %d tokens took %g ns", b.Prompt, b.Gen, ns)
		}
	}
	if b.Prompt < 0 || b.Gen < 0 || b.Depth < 0 || len(b.SamplesNs) == 0 {
		return nil, fmt.Errorf("its line %.80q: accepted is a line of -o jsonl with n_prompt, n_gen and samples_ns", text)
	}
	return &b, nil
}

// takeBench puts a line in its place. A test of prompt and answer together was
// asked for by further flags and has none.
func (r *run) takeBench(b *benchLine) {
	rep := r.report
	rep.Version = fmt.Sprintf("b%d (%s)", b.BuildNumber, b.BuildCommit)
	rep.Description, rep.Backend, rep.Threads, rep.GPULayers = b.ModelType, b.Backends, b.Threads, b.GPULayers
	rep.Batch, rep.UBatch, rep.KeyType, rep.ValueType = b.Batch, b.UBatch, b.TypeK, b.TypeV
	phase, tokens := Prefill, b.Prompt
	if b.Prompt == 0 {
		phase, tokens = Decode, b.Gen
	} else if b.Gen > 0 {
		return
	}
	t := rep.test(phase, tokens, b.Depth)
	if t == nil {
		return
	}
	t.Seconds = nil
	for _, ns := range b.SamplesNs {
		t.Seconds = append(t.Seconds, ns/1e9)
	}
	r.ended(t)
}
