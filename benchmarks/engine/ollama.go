package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
)

// ollamaURL is where Ollama listens unless it was told otherwise.
const ollamaURL = "http://127.0.0.1:11434"

// ollama asks a server of Ollama that runs. It counts in its own tokens, and a
// prompt of words has about as many: the test says how many it had.
func (r *run) ollama(ctx context.Context) error {
	root := strings.TrimRight(r.opts.URL, "/")
	if root == "" {
		root = ollamaURL
	}
	var version struct {
		Version string `json:"version"`
	}
	if err := ask(ctx, root+"/api/version", nil, &version); err != nil {
		return fmt.Errorf("%w: nothing answers at %s: %w", ErrNotFound, root, err)
	}
	r.report.Version, r.report.Model = version.Version, r.opts.Model
	source := rand.New(rand.NewPCG(r.opts.Seed, 0))
	for i := range r.report.Tests {
		t := &r.report.Tests[i]
		for n := range r.opts.Repetitions + 1 { // the first loads the model
			x, err := r.generate(ctx, root, source, t)
			if err != nil {
				return err
			}
			if n == 0 {
				r.report.LoadSeconds = max(r.report.LoadSeconds, x.Load/1e9)
				continue
			}
			s, err := x.seconds(t)
			if err != nil {
				return err
			}
			t.Seconds = append(t.Seconds, s)
		}
		r.ended(t)
	}
	return nil
}

// generated are the durations of an answer of Ollama, in nanoseconds.
type generated struct {
	Load        float64 `json:"load_duration"`
	PromptCount int     `json:"prompt_eval_count"`
	Prompt      float64 `json:"prompt_eval_duration"`
	EvalCount   int     `json:"eval_count"`
	Eval        float64 `json:"eval_duration"`
}

// generate asks for one answer to a prompt of words that were not sent before, so
// that none of it is cached.
func (r *run) generate(ctx context.Context, root string, source *rand.Rand, t *Test) (*generated, error) {
	prompt, predict := 16, t.Tokens
	if t.Phase == Prefill {
		prompt, predict = t.Tokens, 1
	}
	options := map[string]any{"num_predict": predict, "num_ctx": prompt*3 + predict + contextSpare, "temperature": 0, "seed": 1}
	if r.opts.Threads > 0 {
		options["num_thread"] = r.opts.Threads
	}
	if r.opts.GPULayers >= 0 {
		options["num_gpu"] = r.opts.GPULayers
	}
	var b strings.Builder
	for range prompt {
		fmt.Fprintf(&b, " %s", commonWords[source.IntN(len(commonWords))])
	}
	var x generated
	err := ask(ctx, root+"/api/generate", map[string]any{"model": r.opts.Model, "prompt": b.String(), "raw": true, "stream": false, "options": options}, &x)
	return &x, err
}

// commonWords are a token each in most vocabularies.
var commonWords = strings.Fields("time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car city name team minute idea body back parent face level office door health person art war history party result change morning reason research girl guy moment air teacher force education")

// seconds scales what Ollama timed to the tokens of the test.
func (x *generated) seconds(t *Test) (float64, error) {
	n, ns := x.PromptCount, x.Prompt
	if t.Phase == Decode {
		n, ns = x.EvalCount, x.Eval
	}
	if n < 1 || !(ns > 0) {
		return 0, fmt.Errorf("it says %d tokens in %g ns for %s of %d", n, ns, t.Phase, t.Tokens)
	}
	if short := t.Phase == Decode && n < t.Tokens/2; short {
		return 0, fmt.Errorf("its answer ended after %d of %d tokens", n, t.Tokens)
	}
	return ns / 1e9 * float64(t.Tokens) / float64(n), nil
}
