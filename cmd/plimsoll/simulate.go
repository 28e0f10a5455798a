package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func (a *app) simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate MODEL",
		Short: "Queue requests over a deployment: percentiles, overload, capacity",
		Long: `Simulate how requests queue over a deployment, step by step as its engine would
schedule them: percentiles of TTFT, TPOT, ITL and E2E, goodput under objectives,
queues, batches and the KV cache over time, energy, and whether the system keeps
up at all. Every figure carries two intervals: what sampling leaves open, and how
far it reaches while steps are as much faster or slower as estimates are wrong.

The load is an open loop (--rate), a closed one (--concurrency), a trace (--replay)
or a file with several classes of requests (--workload). --find searches for the
highest rate, the most users or the fewest replicas that keep the objectives.
The same flags give the same figures.

Exit status beside those of all commands: 3 when --find finds nothing.`,
		Example: `  plimsoll simulate llama-3.3-70b-instruct --on "4x H100 SXM5 80GB" --tp 4 --precision fp8 --rate 4
  plimsoll simulate Qwen/Qwen3-8B --on "1x L40S" --find rate --objective ttft.p95=500ms --objective tpot.p95=40ms
  plimsoll simulate Qwen/Qwen3-8B --on "5x L40S" --dp 5 --rate 20 --fail 2@5m --chart
  plimsoll simulate Qwen/Qwen3-8B --on "1x L40S" --replay trace.csv --html run.html`,
		Args: exactly(1, "one model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.simulate(cmd.Context(), args[0], o, cmd.Flags().Changed)
		},
	}
	o.addTo(cmd.Flags())
	return cmd
}

// simulationDocument is a simulated run, or a search over several.
type simulationDocument struct {
	Schema     string             `json:"schema"`
	Tool       string             `json:"tool"`
	Hardware   hardware           `json:"hardware"`
	Deployment deploymentSummary  `json:"deployment"`
	Prefill    *deploymentSummary `json:"prefill,omitempty"` // replicas that only prefill; those of deployment then only decode
	Routing    simulator.Routing  `json:"routing"`
	Events     []replicaEvent     `json:"events,omitempty"`

	Workload *workload.Spec `json:"workload"` // null: a trace
	Trace    *traceSummary  `json:"trace"`    // null: drawn from workload
	Seed     uint64         `json:"seed"`

	Capacity *simulator.Capacity `json:"capacity,omitempty"` // with --find; the other figures are at its level
	Summary  *simulator.Summary  `json:"summary"`            // null: --find found nothing
	Reach    *simulator.Reach    `json:"reach,omitempty"`    // of the latencies, while the estimate is no more wrong than its error
	Phases   []simulator.Phase   `json:"phases,omitempty"`   // between events
	Stable   *stableSummary      `json:"stable,omitempty"`   // with --until-stable
	Series   *seriesSummary      `json:"series,omitempty"`

	Assumptions []estimator.Assumption `json:"assumptions"` // defaults that shape the answer

	trial *simulator.Trial // nil of a search
	basis catalog.Basis    // of the step times
}

// replicaEvent is a replica that fails or comes up.
type replicaEvent struct {
	AtS     float64 `json:"at_s"`
	Replica int     `json:"replica"` // from 1
	Up      bool    `json:"up"`
}

// stableSummary says how well the asked statistic is known.
type stableSummary struct {
	Statistic string              `json:"statistic"`
	Asked     float64             `json:"asked"`       // half of the interval, as a share of the value
	Reached   float64             `json:"reached"`     // the same, of this run; 0: unknown
	Met       bool                `json:"met"`         // it is narrow enough
	ValueMs   float64             `json:"value_ms"`    // of the statistic
	Interval  *simulator.Interval `json:"interval_ms"` // null: too few requests to say
	Requests  int                 `json:"requests"`
}

func (a *app) simulate(ctx context.Context, model string, o simulateOptions, given func(string) bool) error {
	if err := o.check(given); err != nil {
		return err
	}
	if err := o.files(); err != nil {
		return err
	}
	q, err := o.load.offered(o.objectives)
	if err != nil {
		return err
	}
	on, err := a.deploy(ctx, model, &o.deploymentFlags, given)
	if err != nil {
		return err
	}
	s := &simulation{app: a, options: &o, on: on, load: q, given: given}
	if err := s.prepare(); err != nil {
		return err
	}
	line := a.progress()
	line.show("simulating ...")
	err = interruptibly(ctx, s.run)
	line.clear()
	if err != nil {
		return err
	}
	if err := s.write(); err != nil {
		return err
	}
	a.warn(on.hardware.Warnings)
	r, err := simulationReport(&s.document, &o, a.Width)
	if err != nil {
		return err
	}
	return a.answer(r)
}

// interruptibly lets an interrupt end the wait for work that only computes.
func interruptibly(ctx context.Context, work func() error) error {
	type end struct {
		err   error
		cause any // of a panic
	}
	done := make(chan end, 1)
	go func() {
		e := end{cause: "the work ended without returning"}
		defer func() {
			if cause := recover(); cause != nil {
				e.cause = cause
			}
			done <- e
		}()
		e = end{err: work()}
	}()
	select {
	case e := <-done:
		if e.cause != nil {
			panic(e.cause)
		}
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// simulation is one run of the command.
type simulation struct {
	app      *app
	options  *simulateOptions
	on       *deployed
	load     *offered
	given    func(string) bool
	system   simulator.System
	warmup   float64
	document simulationDocument
}

// prepare makes the system and the load whole.
func (s *simulation) prepare() error {
	o, on := s.options, s.on
	s.document = simulationDocument{
		Schema: "plimsoll.simulation/v1", Tool: toolName(), Hardware: on.hardware, Deployment: summarise(on.deployment), Seed: o.seed,
		Trace: s.load.trace, Assumptions: slices.Concat(on.chosen, on.ledger.Assumptions, on.hardware.Calibration.assumption()),
	}
	for _, e := range o.events {
		s.document.Events = append(s.document.Events, replicaEvent{AtS: e.At / 1e6, Replica: e.Replica + 1, Up: e.Up})
	}
	prefill, err := s.prefillSide()
	if err != nil {
		return err
	}
	if err := s.fillRate(prefill); err != nil {
		return err
	}
	if err := s.checkLengths(); err != nil {
		return err
	}
	if s.load.trace == nil {
		s.document.Workload = &s.load.spec
	}
	// What a trace, a profile or an event says of the beginning is meant.
	if s.warmup = o.warmup; !s.given("warmup") && (s.load.trace != nil || len(s.load.spec.Arrivals.Profile) > 0 || len(o.events) > 0) {
		s.warmup = 0
	}
	input, output := s.load.means()
	if s.system, err = simulator.NewSystem(on.catalog, on.deployment, prefill, input, output); err != nil {
		return usage(err)
	}
	if s.system.Prefill != nil && s.system.TransferUs == nil {
		s.assume("transfer", "0", "the link between accelerators is unknown: the cache of a prompt takes no time to cross")
	}
	s.system.Events = o.events
	if o.routing != "" {
		s.system.Routing = simulator.Routing(o.routing)
	}
	s.document.Routing, s.document.basis = s.system.Routing, s.system.Basis
	return nil
}

// prefillSide is the deployment of the replicas that only prefill; nil: there are none.
func (s *simulation) prefillSide() (*estimator.Deployment, error) {
	o := s.options
	if o.prefillReplicas == 0 {
		return nil, nil
	}
	d := s.on.deployment
	d.DP = o.prefillReplicas
	if o.prefillTP > 0 {
		d.TP = o.prefillTP
	}
	resolved, _, err := estimator.Resolve(d)
	if err != nil {
		return nil, usage(fmt.Errorf("replicas that prefill: %w", err))
	}
	have := 0
	for _, g := range s.on.hardware.Node.Groups {
		if g.Accelerator.ID == d.Device.Accelerator.ID {
			have += g.Count
		}
	}
	need := s.on.deployment.World()*s.on.deployment.DP + resolved.World()*resolved.DP
	if need > have {
		return nil, usagef("%d replicas that prefill on %d accelerators each and %d that decode on %d need %d accelerators, the hardware has %d",
			resolved.DP, resolved.World(), s.on.deployment.DP, s.on.deployment.World(), need, have)
	}
	summary := summarise(resolved)
	s.document.Prefill = &summary
	return &resolved, nil
}

func (s *simulation) assume(name, value, why string) {
	s.document.Assumptions = append(s.document.Assumptions, estimator.Assumption{Name: name, Value: value, Why: why})
}

// defaultLoad is the share of the highest stable rate that a deployment is asked for
// where nobody says how much: what capacity is usually planned to.
const defaultLoad = 0.7

// fillRate gives an open loop without a rate one.
func (s *simulation) fillRate(prefill *estimator.Deployment) error {
	a := &s.load.spec.Arrivals
	if s.load.trace != nil || s.load.spec.Users > 0 || a.RatePerS > 0 {
		return nil
	}
	load := estimator.Load{RequestRate: 1e-3}
	load.InputTokens, load.OutputTokens = s.load.means()
	load.PrefixHit = s.load.spec.Classes[0].PrefixHit
	var p estimator.Performance
	var err error
	if prefill != nil {
		p, err = estimator.ServeDisaggregated(s.on.catalog, *prefill, s.on.deployment, load)
	} else {
		p, err = estimator.Serve(s.on.catalog, s.on.deployment, load)
	}
	if err != nil {
		return usage(err)
	}
	a.RatePerS = roundTo(defaultLoad*p.MaxStableRequestRate, 2)
	if s.options.find != findRate {
		s.assume("rate", strconv.FormatFloat(a.RatePerS, 'g', -1, 64), fmt.Sprintf("%g %% of the %.3g requests/s that are sustained; --rate says another", 100*defaultLoad, p.MaxStableRequestRate))
	}
	return nil
}

// roundTo so many significant digits.
func roundTo(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// checkLengths refuses a load that the longest sequence cannot hold in the mean.
func (s *simulation) checkLengths() error {
	in, out := s.load.means()
	if longest := s.on.deployment.Options.MaxModelLen; longest > 0 && in+out > float64(longest) {
		return usage(fmt.Errorf("requests of %.0f tokens in and %.0f out in the mean are longer than a sequence of %d", in, out, longest),
			"--input-tokens and --output-tokens make them shorter, --max-model-len the sequence longer")
	}
	return nil
}

// limit ends a run.
func (s *simulation) limit() simulator.Limit {
	l := simulator.Limit{Requests: s.options.requests, Us: float64(s.options.duration.Microseconds())}
	if l.Requests == 0 && l.Us == 0 && s.load.trace == nil {
		l.Requests = simulator.Enough(s.load.spec.Classes, s.warmup, defaultRequests)
	}
	if l.Requests == 0 && s.load.trace == nil {
		l.Requests = mostSimulated
	}
	return l
}

func (s *simulation) measure() simulator.Measure {
	return simulator.Measure{Warmup: s.warmup, Classes: s.load.spec.Classes, Open: s.load.open()}
}

// run simulates, or searches.
func (s *simulation) run() error {
	if s.options.find != "" {
		return s.search()
	}
	limit := s.limit()
	trial, err := s.trial(&limit)
	if err != nil {
		return usage(err)
	}
	d := &s.document
	d.trial, d.Summary = trial, trial.Summarise(s.measure())
	d.Phases = trial.Phases(&s.system)
	d.Series = seriesOf(trial)
	return s.reach(limit)
}

// trial makes the run, and says in limit how long it became.
func (s *simulation) trial(limit *simulator.Limit) (*simulator.Trial, error) {
	o := s.options
	if o.stableStatistic == nil {
		source, err := s.load.source(*limit, o.seed)
		if err != nil {
			return nil, err
		}
		return simulator.Run(s.system, source)
	}
	source := func(n int) (simulator.Source, error) { return s.load.source(simulator.Limit{Requests: n}, o.seed) }
	trial, stable, err := simulator.RunUntilStable(s.system, source, limit.Requests, s.measure(), *o.stableStatistic, o.stableHalf)
	if err != nil {
		return nil, err
	}
	limit.Requests = stable.Requests
	got := stable.Got
	sum := &stableSummary{Statistic: o.stableStatistic.Name(), Asked: o.stableHalf, Met: stable.Reached, ValueMs: got.ValueMs, Interval: got.Interval, Requests: stable.Requests}
	if i := got.Interval; i != nil && got.ValueMs > 0 {
		sum.Reached = (i.High - got.ValueMs) / got.ValueMs
	}
	s.document.Stable = sum
	return trial, nil
}

// reach runs the same requests with faster and slower steps.
func (s *simulation) reach(limit simulator.Limit) error {
	var ends [2]*simulator.Summary
	for i, pace := range []float64{s.system.Error.Fastest(), s.system.Error.Slowest()} {
		source, err := s.load.source(limit, s.options.seed)
		if err != nil {
			return err
		}
		trial, err := simulator.Run(s.system.Paced(pace), source)
		if err != nil {
			return err
		}
		ends[i] = trial.Summarise(s.measure())
	}
	s.document.Reach = s.document.Summary.Within(s.system.Error, ends[0], ends[1])
	return nil
}

// search finds the capacity.
func (s *simulation) search() error {
	o := s.options
	if o.find == findRate && s.load.spec.Users > 0 || o.find == findUsers && s.load.spec.Users == 0 {
		return usagef("--find %s does not suit the load of --workload: rate is for arrivals, users for users", o.find)
	}
	requests := o.requests
	if requests == 0 {
		requests = defaultRequests
	}
	find := simulator.Search{System: s.system, Spec: s.load.spec, Requests: requests, Seed: o.seed, Warmup: s.warmup}
	if o.find == findUsers && len(o.objectives) == 0 && o.load.file == "" {
		return usagef("--find users needs an objective: users wait for each other without end before a system fails them")
	}
	var err error
	d := &s.document
	switch o.find {
	case findRate:
		d.Capacity, err = find.MaxRate()
	case findUsers:
		d.Capacity, err = find.MaxUsers()
	default:
		d.Capacity, err = find.MinReplicas()
	}
	if err != nil {
		return usage(err)
	}
	if d.Summary = d.Capacity.Best; d.Summary == nil {
		s.app.status = exitInfeasible
		return nil
	}
	switch level := d.Capacity.Level; o.find {
	case findRate:
		s.load.spec.Arrivals.RatePerS = level
	case findUsers:
		s.load.spec.Users = int(math.Round(level))
	default:
		d.Deployment.DP = int(math.Round(level))
		if d.Prefill != nil {
			d.Prefill.DP = d.Capacity.PrefillReplicas
		}
	}
	return nil
}
