package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNotFound says that the engine is not on this machine.
var ErrNotFound = errors.New("not found")

// Run times an engine. It fails for bad options, for an engine that is not there
// ([ErrNotFound]) and for one that fails; what had been measured by then is
// returned beside the error, as it is when ctx ends.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, fmt.Errorf("engine: %w", err)
	}
	r := Report{Engine: o.Engine, Model: filepath.Base(o.Model), GPULayers: o.GPULayers, Threads: o.Threads, Tests: o.tests()}
	for i := range r.Tests {
		r.Tests[i].Unknown = "not measured"
	}
	limited, stop := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("longer than %v", o.Timeout))
	defer stop()
	run := &run{opts: &o, report: &r}
	var err error
	switch o.Engine {
	case LlamaBench:
		err = run.llamaBench(limited)
	case LlamaServer:
		err = run.llamaServer(limited)
	case Ollama:
		err = run.ollama(limited)
	}
	if err != nil {
		if cause := context.Cause(limited); cause != nil && !errors.Is(err, ErrNotFound) {
			err = cause
		}
		return r, fmt.Errorf("engine: %s: %w", o.Engine, err)
	}
	return r, nil
}

// run is one run under way.
type run struct {
	opts   *Options
	report *Report
}

// ended tells of a test that has ended.
func (r *run) ended(t *Test) {
	t.Unknown = ""
	if r.opts.Progress != nil {
		r.opts.Progress(*t, r.report)
	}
}

// program finds the engine's program.
func (r *run) program() (string, error) {
	if r.opts.Program != "" {
		info, err := os.Stat(r.opts.Program)
		switch {
		case err != nil:
			return "", fmt.Errorf("%w: %w", ErrNotFound, err)
		case info.IsDir():
			return "", fmt.Errorf("%w: %s is a directory", ErrNotFound, r.opts.Program)
		}
		return r.opts.Program, nil
	}
	path, err := exec.LookPath(string(r.opts.Engine))
	if err != nil {
		return "", fmt.Errorf("%w on PATH: it comes with llama.cpp (github.com/ggml-org/llama.cpp)", ErrNotFound)
	}
	return path, nil
}
