package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is how an engine is run.
type Kind string

// Kinds of engines.
const (
	LlamaBench  Kind = "llama-bench"  // llama.cpp's own benchmark; the most exact
	LlamaServer Kind = "llama-server" // llama.cpp's server, started here or running
	Ollama      Kind = "ollama"       // a server that runs
)

// Kinds lists them all, the preferred first.
func Kinds() []Kind { return []Kind{LlamaBench, LlamaServer, Ollama} }

// Defaults of [Options].
const (
	DefaultPrompt      = 512
	DefaultOutput      = 128
	DefaultRepetitions = 5
	DefaultTimeout     = 30 * time.Minute
)

// maxTokens bounds each length.
const maxTokens = 1 << 20

// Options say what to run.
type Options struct {
	Engine  Kind
	Program string // path of llama-bench or llama-server; empty: the one on PATH
	URL     string // of a server that runs: llama-server or Ollama; empty: llama-server is started, Ollama is on its usual port
	Model   string // GGUF file; Ollama: the name that it gave the model

	Prompts     []int // lengths of prompts, tokens; nil: 512
	Outputs     []int // lengths of answers, tokens; nil: 128
	Depths      []int // tokens cached before either; nil: 0
	Repetitions int   // of each test; 0: 5

	Threads   int      // 0: the engine's choice
	GPULayers int      // -1: the engine's choice
	Flags     []string // further flags of llama-bench and llama-server, as they are

	Timeout time.Duration // of the whole run; 0: 30 minutes
	Seed    uint64        // of prompts

	// Progress is called with every test that has ended, and the report so far.
	Progress func(Test, *Report)
}

// check returns what is wrong with the options, and fills in defaults.
func (o *Options) check() error {
	if !slices.Contains(Kinds(), o.Engine) {
		return fmt.Errorf("engine %q: accepted are %v", o.Engine, Kinds())
	}
	if o.Model == "" {
		return fmt.Errorf("no model: a GGUF file, or for %s the name of a model", Ollama)
	}
	for _, l := range []struct {
		name  string
		list  *[]int
		def   int
		least int
	}{{"prompt", &o.Prompts, DefaultPrompt, 1}, {"output", &o.Outputs, DefaultOutput, 1}, {"depth", &o.Depths, 0, 0}} {
		if *l.list == nil {
			*l.list = []int{l.def}
		}
		for _, n := range *l.list {
			if n < l.least || n > maxTokens {
				return fmt.Errorf("%s of %d tokens: accepted are %d to %d", l.name, n, l.least, maxTokens)
			}
		}
	}
	switch {
	case o.Repetitions < 0 || o.Threads < 0 || o.GPULayers < -1 || o.Timeout < 0:
		return fmt.Errorf("%d repetitions, %d threads, %d layers on the GPU, at most %v: none may be negative", o.Repetitions, o.Threads, o.GPULayers, o.Timeout)
	case o.Engine == LlamaBench && o.URL != "":
		return fmt.Errorf("llama-bench has no URL: it is a program")
	case o.Engine == Ollama && (o.Program != "" || len(o.Flags) > 0 || slices.Max(o.Depths) > 0):
		return fmt.Errorf("ollama is asked over its URL: a program, flags and depths mean nothing to it")
	case o.URL != "" && !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://"):
		return fmt.Errorf("URL %q: accepted are http:// and https://", o.URL)
	}
	if o.Repetitions == 0 {
		o.Repetitions = DefaultRepetitions
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return nil
}

// tests lists what is run: prompts first, then answers, each after every depth.
func (o *Options) tests() (list []Test) {
	for _, phase := range []Phase{Prefill, Decode} {
		lengths := o.Prompts
		if phase == Decode {
			lengths = o.Outputs
		}
		for _, depth := range o.Depths {
			for _, n := range lengths {
				list = append(list, Test{Phase: phase, Tokens: n, Depth: depth})
			}
		}
	}
	return list
}
