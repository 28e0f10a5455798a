package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
)

func (a *app) benchEndpointCommand(keep *keepFlags) *cobra.Command {
	var o endpointFlags
	cmd := &cobra.Command{
		Use:   "endpoint URL",
		Short: "Offer load to an OpenAI-compatible server and measure what comes back",
		Long: `Offer load to an OpenAI-compatible server with streamed answers: a closed loop
of requests in flight, arrivals at a rate, or a trace. Latencies count from when
a request should have been sent, so that a server that stalls cannot hide it, and
the client measures its own lag. Several levels, or --sweep, raise the load until
the server saturates. Requests go to URL and nowhere else.

--on and --machine say on what the server runs, for comparisons; a server on this
machine runs on this machine.

Exit status beside those of all commands: 20 when no request succeeded.`,
		Example: `  plimsoll bench endpoint http://localhost:8000 --concurrency 16 --requests 200
  plimsoll bench endpoint http://localhost:8000/v1 --sweep --input-tokens 1024 --output-tokens 256
  plimsoll bench endpoint https://llm.example/v1 --key-env LLM_KEY --rate 4 --duration 2m --ttft-ms 500`,
		Args: exactly(1, "the URL of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.benchEndpoint(cmd, keep, &o, args[0])
		},
	}
	o.addTo(cmd.Flags())
	return cmd
}

// endpointDetail is the detail of a result: a run or a sweep.
type endpointDetail struct {
	Run   *endpoint.Result      `json:"run,omitempty"`
	Sweep *endpoint.SweepResult `json:"sweep,omitempty"`
}

// Metrics are those of whichever there is.
func (d endpointDetail) Metrics() []benchmarks.Metric {
	switch {
	case d.Sweep != nil:
		return d.Sweep.Metrics()
	case d.Run != nil:
		return d.Run.Metrics()
	}
	return nil
}

// warnings of all runs, each once with the levels that it was given at.
func (d endpointDetail) warnings() (list []string) {
	if d.Run != nil {
		return d.Run.Warnings
	}
	if d.Sweep == nil {
		return nil
	}
	levels := map[string][]string{}
	for _, s := range d.Sweep.Steps {
		for _, w := range s.Result.Warnings {
			if levels[w] == nil {
				list = append(list, w)
			}
			levels[w] = append(levels[w], fmt.Sprintf("%g", s.Level))
		}
	}
	for i, w := range list {
		list[i] = "at " + strings.Join(levels[w], ", ") + ": " + w
	}
	return list
}

// completed counts the requests that succeeded.
func (d endpointDetail) completed() (n int) {
	if d.Run != nil {
		n += d.Run.Counts.Completed
	}
	if d.Sweep != nil {
		for _, s := range d.Sweep.Steps {
			n += s.Result.Counts.Completed
		}
	}
	return n
}

func (a *app) benchEndpoint(cmd *cobra.Command, keep *keepFlags, o *endpointFlags, address string) error {
	ctx, given := cmd.Context(), cmd.Flags().Changed
	load, err := a.endpointLoad(ctx, o, address, given)
	if err != nil {
		return err
	}
	if !given("seed") {
		load.cfg.Seed = someSeed()
	}
	run, err := a.startLoad(keep, load)
	if err != nil {
		return err
	}
	if o.replayed != "" {
		a.tell("%s", o.replayed)
	}
	return run.end(ctx, run.offer(ctx, load))
}

// someSeed has 53 bits: what every reader of JSON keeps whole.
func someSeed() uint64 { return rand.Uint64() >> 11 }

// endpointLoad is what flags ask to offer to a server.
type endpointLoad struct {
	cfg    endpoint.Config
	levels []float64 // of a sweep
	sweep  bool
	refine int
	where  benchmarks.Context
}

func (a *app) endpointLoad(ctx context.Context, o *endpointFlags, address string, given func(string) bool) (*endpointLoad, error) {
	l := &endpointLoad{refine: o.refine}
	var err error
	if l.cfg, l.levels, err = o.config(given); err != nil {
		return nil, err
	}
	l.sweep = o.sweep || len(l.levels) > 1
	if l.cfg.Target, err = a.target(&o.target, address); err != nil {
		return nil, err
	}
	if l.where, err = a.servedBy(ctx, address, o.target.model); err != nil {
		return nil, err
	}
	if o.replayed != "" {
		l.where.Facts = append(l.where.Facts, benchmarks.Fact{Name: "replay", Value: o.replayed})
	}
	return l, nil
}

// startLoad begins a run, which can be kept, before anything is sent.
func (a *app) startLoad(keep *keepFlags, l *endpointLoad) (*endpointRun, error) {
	r, err := a.record(keep, benchmarks.Endpoint, l.where, l.cfg.Seed)
	if err != nil {
		return nil, err
	}
	run := &endpointRun{recording: r, line: a.progress()}
	return run, run.journal()
}

// servedBy describes what a server runs on.
func (a *app) servedBy(ctx context.Context, address, model string) (benchmarks.Context, error) {
	c, err := a.loadCatalog()
	if err != nil {
		return benchmarks.Context{}, err
	}
	u, err := url.Parse(address)
	local := err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
	switch {
	case len(a.global.on) > 0:
		node, err := c.ParseHardware(a.global.on...)
		if err != nil {
			return benchmarks.Context{}, usage(fmt.Errorf("--on: %w", err))
		}
		return benchmarks.ContextNamed(node.Name), nil
	case a.global.machine != "" || local:
		m, _, err := a.machine(ctx, c)
		if err != nil {
			return benchmarks.Context{}, err
		}
		return benchmarks.ContextOf(m), nil
	}
	sum := sha256.Sum256([]byte(address + "\n" + model)) // the address itself may be nobody else's business
	return benchmarks.ContextNamed("a server of which nothing is known (" + hex.EncodeToString(sum[:3]) + ")"), nil
}

// endpointRun is a load under way.
type endpointRun struct {
	*recording
	line    *progressLine
	samples *benchmarks.Journal // nil: not kept
	detail  endpointDetail
	level   string // of a sweep's step, for the progress
	told    time.Time
}

func (r *endpointRun) journal() (err error) {
	if r.store != nil {
		r.samples, err = r.store.Journal(r.result.ID)
	}
	return usage(err)
}

// watch lets a run tell how far it is, and keep what it measured.
func (r *endpointRun) watch(cfg *endpoint.Config) {
	cfg.OnProgress = func(p endpoint.Progress) { r.line.show("%s%s", r.level, progressText(p)) }
	cfg.OnRecord = func(rec endpoint.Record) {
		if r.samples != nil {
			r.samples.Append(rec)
		}
	}
}

// interim keeps a result now and then.
func (r *endpointRun) interim(d endpointDetail) {
	const every = 5 * time.Second
	if now := r.app.Now(); now.Sub(r.told) >= every {
		r.told = now
		if r.take(d, nil, d.warnings()) == nil {
			_ = r.put() // told at the end
		}
	}
}

// offer sends the load, once or at several levels.
func (r *endpointRun) offer(ctx context.Context, l *endpointLoad) error {
	if l.sweep {
		return r.sweep(ctx, endpoint.Sweep{Base: l.cfg, Levels: l.levels, Refine: l.refine})
	}
	return r.once(ctx, l.cfg)
}

func (r *endpointRun) once(ctx context.Context, cfg endpoint.Config) (err error) {
	r.watch(&cfg)
	cfg.OnInterim = func(so *endpoint.Result) { r.interim(endpointDetail{Run: so}) }
	r.detail.Run, err = endpoint.Run(ctx, cfg)
	return err
}

func (r *endpointRun) sweep(ctx context.Context, s endpoint.Sweep) (err error) {
	r.watch(&s.Base)
	so := &endpoint.SweepResult{Steps: []endpoint.Step{}, Stopped: endpoint.SweepInterrupted}
	s.OnStep = func(step endpoint.Step) {
		so.Steps = append(so.Steps, step)
		r.interim(endpointDetail{Sweep: so})
		r.line.clear()
		if r.line.out != nil {
			r.app.tell("%s", stepText(&step))
		}
		r.level = fmt.Sprintf("after %g: ", step.Level)
	}
	r.detail.Sweep, err = endpoint.RunSweep(ctx, s)
	return err
}

// settle puts what was measured into the result. A run that measured nothing is taken
// out of the store again, and is an error.
func (r *endpointRun) settle(ctx context.Context, err error) error {
	r.line.clear()
	if r.samples != nil {
		if failed := r.samples.Close(); failed != nil {
			r.app.tell("the samples are not kept whole: %v", failed)
			r.app.status = exitUnfit
		}
	}
	if r.detail.Run == nil && (r.detail.Sweep == nil || len(r.detail.Sweep.Steps) == 0) {
		r.drop()
		if err == nil {
			err = ctx.Err()
		}
		return endpointError(err)
	}
	return r.take(r.detail, nil, r.detail.warnings())
}

// end shows what was measured.
func (r *endpointRun) end(ctx context.Context, err error) error {
	if failed := r.settle(ctx, err); failed != nil {
		return failed
	}
	if err == nil {
		err = ctx.Err()
	}
	if failed := r.finish(ctx, err); failed != nil {
		return failed
	}
	if r.detail.completed() == 0 && ctx.Err() == nil {
		r.app.status = exitUnreachable
	}
	return nil
}

// endpointError says whose fault it is that there was no run.
func endpointError(err error) error {
	var f *endpoint.Failure
	if !errors.As(err, &f) {
		return usage(err)
	}
	var hints []string
	switch {
	case f.Kind == endpoint.Refused:
		hints = append(hints, "nothing listens there: is the server up, and the port right?")
	case f.Kind == endpoint.HTTPStatus && f.Status/100 == 4 && strings.Contains(err.Error(), "models"):
		hints = append(hints, "name the model with --model")
	case f.Status == 401 || f.Status == 403:
		hints = append(hints, "--key-env VARIABLE names the variable that holds the API key")
	case f.Status == 404:
		hints = append(hints, "URL is the server or its API root, such as http://localhost:8000/v1")
	case f.Kind == endpoint.TLSFailed:
		hints = append(hints, "--ca FILE trusts a certificate of your own")
	}
	return &unreachableError{inputError{err, hints}}
}

// unreachableError marks an endpoint that gave no answer: exit status 20.
type unreachableError struct{ inputError }

func progressText(p endpoint.Progress) string {
	if p.Warmup {
		return fmt.Sprintf("%.0f s, warming up, %d in flight", p.ElapsedS, p.InFlight)
	}
	text := fmt.Sprintf("%.0f s, %d done, %d in flight, %.0f tokens/s, TTFT p50 %.0f ms, p99 %.0f ms, TPOT p50 %.1f ms",
		p.ElapsedS, p.Completed, p.InFlight, p.OutputPerS, p.TTFTP50Ms, p.TTFTP99Ms, p.TPOTP50Ms)
	if p.Failed > 0 {
		text += fmt.Sprintf(", %d failed, last: %s", p.Failed, p.LastFailure)
	}
	return text
}

// stepText is a step of a sweep in one line.
func stepText(s *endpoint.Step) string {
	text := fmt.Sprintf("at %g: %.1f tokens/s, %.2f requests/s", s.Level, s.OutputS, s.RequestsS)
	if t := s.Result.TTFT; t != nil {
		text += fmt.Sprintf(", TTFT p50 %.0f ms, p99 %.0f ms", t.P50, t.P99)
	}
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}
