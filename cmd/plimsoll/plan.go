package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// planOptions are the flags of plan.
type planOptions struct {
	file   planner.PlanFile
	load   simulatedLoad
	growth string
	cost   []string

	ownership         string
	perHour, purchase float64
	currency          string
	offers            planner.OffersTable
	nodes, limit      int
	lock, check, api  string
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [FILE]",
		Short: "Choose model, hardware and topology for a load within a budget",
		Long: `Choose what to deploy for a load: the cheapest model, hardware, precision,
topology and number of replicas that keep the objectives at the peak, within the
limits, and with so many replicas to spare. What comes out first is what to buy or
rent; then how it behaves, what it costs, what breaks first, what else there was and
why not that.

The request comes from flags, or from a TOML FILE (see the documentation). Hardware
is what --on names, in nodes of that many accelerators, or else all offers of the
catalog. Prices are those of the catalog, dated, or your own.

Exit status beside those of all commands: 3 when nothing is feasible.`,
		Example: `  plimsoll plan --min-quality 60 --rate 10 --objective ttft.p95=1s --objective tpot.p95=50ms --spare 1
  plimsoll plan --model llama-3.3-70b-instruct --on "8x H100 SXM5 80GB" --rate 20 --peak 2.5 --objective e2e.p95=15s
  plimsoll plan plan.toml -o json`,
		Args: atMost(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.plan(cmd.Context(), args, &o, cmd.Flags())
		},
	}
	o.addTo(cmd.Flags())
	return cmd
}

func (o *planOptions) addTo(f *pflag.FlagSet) {
	o.addShared(f)
	f.StringVar(&o.offers.Term, "term", "", "offers to take: on_demand, spot, reserved (default on_demand)")
	f.StringSliceVar(&o.offers.Providers, "provider", nil, "offers of this `PROVIDER` only (repeatable)")
	f.StringVar(&o.offers.Trust, "price-trust", "", "worst grade of a price: A, B, C (default B)")
	f.StringSliceVar(&o.file.Regions, "region", nil, "accepted `REGION` of offers (repeatable; default anywhere)")
	f.StringVar(&o.lock, "lock", "", "write the plan to `FILE` as a lock, for --check and for gates")
	f.StringVar(&o.check, "check", "", "plan again what the lock in `FILE` asked, and say what has changed")
	f.IntVar(&o.limit, "limit", 12, "losers to show, 0 for all")
}

// addShared adds the flags that compare has too.
func (o *planOptions) addShared(f *pflag.FlagSet) {
	p := &o.file
	f.StringSliceVar(&p.Models, "model", nil, "only this `MODEL` (repeatable)")
	f.StringVar(&p.UseCase, "use-case", defaultUseCase, "what the model is for (see catalog list use-cases)")
	f.Float64Var(&p.MinQuality, "min-quality", 0, "lowest acceptable quality for the use case, 0 to 100")
	f.IntVar(&p.Context, "context", 0, "`TOKENS` of the longest sequence (default: what the load needs)")
	f.StringSliceVar(&p.Engines, "engine", nil, "`ENGINE` to plan with, optionally with its version (repeatable; default vllm)")
	f.StringSliceVar(&p.Precisions, "precision", nil, "accepted `PRECISION` of the weights (repeatable; default all that the engine loads)")
	f.StringSliceVar(&p.Licences, "licence", nil, "accepted `LICENCE`, an SPDX id or \"permissive\" (repeatable)")
	o.load.addTo(f, "open loop: requests a second, in the mean over a day")
	f.Float64Var(&p.Peak, "peak", 0, "highest load of a day over its mean (default that of --profile, or 1)")
	f.StringVar(&o.growth, "growth", "", "growth of the load a month: `5%`")
	f.IntVar(&p.Months, "months", 0, "months that the plan shall carry the load for")
	f.IntVar(&p.Spare, "spare", 0, "replicas that may be down while the objectives hold")
	f.BoolVar(&p.Aggregated, "aggregated", false, "no replicas that only prefill")
	f.Uint64Var(&p.Seed, "seed", 1, "seed of arrivals and lengths: the same one gives the same plan")
	f.IntVar(&o.nodes, "nodes", 0, "nodes of --on that there are (default as many as it takes)")
	f.StringVar(&o.ownership, "ownership", "", "of --on: owned, bought, rented")
	f.Float64Var(&o.perHour, "per-hour", 0, "rent of an accelerator of --on an hour (default the catalog's, on demand)")
	f.Float64Var(&o.purchase, "purchase", 0, "price of an accelerator of --on with its share of the node")
	f.StringVar(&o.currency, "currency", "", "of --per-hour, --purchase and the budgets (default USD)")
	b := &p.Budget
	f.Float64Var(&b.PerMonth, "max-per-month", 0, "budget a month")
	f.Float64Var(&b.Capital, "max-capital", 0, "budget at the start")
	f.Float64Var(&b.PerMTokens, "max-per-mtok", 0, "budget for a million output tokens, over those that are served")
	f.Float64Var(&b.Watts, "max-watts", 0, "budget of power, of the accelerators")
	f.IntVar(&b.Accelerators, "max-accelerators", 0, "most accelerators")
	f.Float64Var(&b.RackUnits, "max-rack-units", 0, "most rack units, of hardware that says how many it takes")
	f.StringVar(&o.api, "api-price", "", "hold the plan against an API at `IN,OUT` for a million tokens: 0.15,0.6")
	f.StringArrayVar(&o.cost, "cost", nil, "economic assumption, `KEY=VALUE`: years=3, pue=1.2, electricity_per_kwh=0.1 (repeatable)")
}

// planDocument is a plan with the request that it answers.
type planDocument struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	planner.Plan
	Launch *launchCommand `json:"launch"` // of one replica; null: nothing is chosen, or the engine has no options for it
}

// launchCommand is how a replica is started; export writes more forms.
type launchCommand struct {
	Command []string `json:"command"`                   // the program first; where prompts are computed apart, of the replicas that decode
	Prefill []string `json:"prefill_command,omitempty"` // of the replicas that compute prompts
	Notes   []string `json:"notes"`                     // what the reader must do or know
}

func (a *app) plan(ctx context.Context, args []string, o *planOptions, flags *pflag.FlagSet) error {
	if o.check != "" {
		if err := onlyCheck(args, flags); err != nil {
			return err
		}
		return a.checkLock(ctx, o.check)
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	file, err := a.planFile(c, args, o, flags)
	if err != nil {
		return err
	}
	request, err := file.Request(c)
	if err != nil {
		return usage(err)
	}
	if o.limit < 0 {
		return usagef("--limit %d: accepted is 0 (all) or more", o.limit)
	}
	plan, err := a.makePlan(ctx, c, request)
	if err != nil {
		return err
	}
	if o.lock != "" {
		if err := a.writeLock(o.lock, plan, file); err != nil {
			return err
		}
	}
	var command *launchCommand
	var text string
	if plan.Chosen == nil {
		a.status = exitInfeasible
	} else {
		plan.Warnings = append(plan.Warnings, a.stalePrice(request.Hardware, plan.Chosen.Hardware)...)
		if command, text, err = launchOf(plan.Chosen); err != nil {
			plan.Warnings = append(plan.Warnings, "it has no command: "+err.Error())
		}
	}
	a.warn(plan.Warnings)
	d := &planDocument{Schema: "plimsoll.plan/v1", Tool: toolName(), Plan: *plan, Launch: command}
	return a.answer(planReport(d, o.limit, text))
}

// launchOf is how the replicas of a choice are started, and the same in words. The error
// says why an engine has no options for it.
func launchOf(o *planner.Option) (*launchCommand, string, error) {
	list, notes, err := launch.Processes(chosenService(o))
	if err != nil {
		return nil, "", err
	}
	last := list[len(list)-1]
	l := &launchCommand{Command: last.Argv, Notes: append([]string{}, notes...)}
	if last.Config != nil {
		l.Notes = append(l.Notes, "export writes "+last.Config.Name+", which the command names")
	}
	const more = "(export writes it for compose, Kubernetes and others):\n\n"
	if len(list) == 1 {
		return l, "Start each replica with " + more + last.Shell() + "\n", nil
	}
	l.Prefill = list[0].Argv
	return l, "Start each replica that computes prompts with " + more + list[0].Shell() + "\n\nand each that decodes with:\n\n" + last.Shell() + "\n", nil
}

// makePlan searches, and can be interrupted.
func (a *app) makePlan(ctx context.Context, c *catalog.Catalog, request planner.PlanRequest) (plan *planner.Plan, err error) {
	line := a.progress()
	line.show("searching ...")
	defer line.clear()
	err = interruptibly(ctx, func() (err error) {
		plan, err = planner.MakePlan(ctx, c, request)
		return err
	})
	return plan, usage(err)
}

// onlyCheck refuses a request beside the lock's.
func onlyCheck(args []string, flags *pflag.FlagSet) error {
	if len(args) > 0 {
		return usagef("--check and a file exclude each other: the lock holds the request")
	}
	return onlyFlags(flags, "--check and --%s exclude each other: the lock holds the request", "check")
}

// stale is how many days a price is taken for today's without a word.
const stale = 90

// stalePrice warns of the price that the choice rests on.
func (a *app) stalePrice(list []planner.Hardware, name string) []string {
	for i := range list {
		h := &list[i]
		if h.Name != name {
			continue
		}
		if h.Trust > "B" {
			return []string{fmt.Sprintf("the price of %s has trust %s: recalled or a third party's copy, not read at the provider", name, h.Trust)}
		}
		at, err := time.Parse(time.DateOnly, h.Date)
		if days := int(a.Now().Sub(at).Hours() / 24); err == nil && days > stale {
			return []string{fmt.Sprintf("the price of %s is of %s, %d days ago (%s): ask for today's", name, h.Date, days, h.Source)}
		}
	}
	return nil
}

// planFile is the request of a file, or of flags.
func (a *app) planFile(c *catalog.Catalog, args []string, o *planOptions, flags *pflag.FlagSet) (*planner.PlanFile, error) {
	if len(args) == 0 {
		return a.planOfFlags(c, o, flags.Changed)
	}
	if err := onlyFlags(flags, "a file and --%s exclude each other: the file says the request", "lock"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return nil, usage(err)
	}
	f, err := planner.ParsePlanFile(args[0], data)
	return f, usage(err)
}

// onlyFlags refuses flags other than those of the output and some.
func onlyFlags(flags *pflag.FlagSet, refusal string, some ...string) (err error) {
	allowed := append([]string{"output", "catalog", "wide", "no-color", "limit"}, some...)
	flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(allowed, f.Name) && err == nil {
			err = usagef(refusal, f.Name)
		}
	})
	return err
}

// planOfFlags is the request as a file would have it.
func (a *app) planOfFlags(c *catalog.Catalog, o *planOptions, given func(string) bool) (*planner.PlanFile, error) {
	f := o.file
	if err := o.load.check(given); err != nil {
		return nil, err
	}
	if !given("rate") && !given("concurrency") && !given("workload") {
		return nil, usagef("plan needs the load: --rate, --concurrency or --workload")
	}
	list, err := objectivesOf("--objective", o.load.objectives)
	if err != nil {
		return nil, err
	}
	load, err := o.load.offered(list)
	if err != nil {
		return nil, err
	}
	f.Workload = workload.TableOf(&load.spec)
	if o.growth != "" {
		percent, ok := strings.CutSuffix(o.growth, "%")
		v, err := strconv.ParseFloat(percent, 64)
		if !ok || err != nil {
			return nil, usagef("--growth %q: accepted is a share a month, such as 5%%", o.growth)
		}
		f.Growth = v / 100
	}
	if (f.Growth != 0) != (f.Months > 0) {
		return nil, usagef("--growth and --months go together")
	}
	if f.Cost, err = costOf(o.cost); err != nil {
		return nil, err
	}
	if o.api != "" {
		in, out, ok := strings.Cut(o.api, ",")
		a, errIn := strconv.ParseFloat(in, 64)
		b, errOut := strconv.ParseFloat(out, 64)
		if !ok || errIn != nil || errOut != nil || !(a >= 0 && b >= 0) {
			return nil, usagef("--api-price %q: accepted is IN,OUT for a million tokens, such as 0.15,0.6", o.api)
		}
		f.API = &planner.APITable{Input: a, Output: b}
	}
	return &f, a.planHardware(c, o, &f, given)
}

// costOf reads KEY=VALUE.
func costOf(texts []string) (map[string]float64, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	m := map[string]float64{}
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			return nil, usagef("--cost %q: accepted is KEY=NUMBER, such as pue=1.2", text)
		}
		if _, twice := m[key]; twice {
			return nil, usagef("--cost %s is given twice", key)
		}
		m[key] = v
	}
	return m, nil
}

// planHardware takes hardware from --on, or the offers.
func (a *app) planHardware(c *catalog.Catalog, o *planOptions, f *planner.PlanFile, given func(string) bool) error {
	if o.currency != "" {
		f.Currency = o.currency
	}
	if len(a.global.on) == 0 {
		for _, flag := range []string{"nodes", "ownership", "per-hour", "purchase"} {
			if given(flag) {
				return usagef("--%s means nothing without --on", flag)
			}
		}
		f.Offers = &o.offers
		return nil
	}
	for _, flag := range []string{"term", "provider", "price-trust", "region"} {
		if given(flag) {
			return usagef("--%s is of offers, and means nothing to --on", flag)
		}
	}
	if len(a.global.on) > 1 && (given("per-hour") || given("purchase")) {
		return usagef("--per-hour and --purchase are of one --on: name several in a file")
	}
	for _, on := range a.global.on {
		t := planner.HardwareTable{On: on, Nodes: o.nodes, Ownership: o.ownership, PerHour: o.perHour, Purchase: o.purchase, Currency: o.currency}
		if o.ownership == "" && o.perHour == 0 && o.purchase == 0 {
			if err := catalogPrice(c, &t); err != nil {
				return err
			}
		}
		f.Hardware = append(f.Hardware, t)
	}
	return nil
}

// catalogPrice gives hardware without a price that of the catalog, on demand.
func catalogPrice(c *catalog.Catalog, t *planner.HardwareTable) error {
	node, err := c.ParseHardware(t.On)
	if err != nil {
		return usage(fmt.Errorf("--on: %w", err))
	}
	if len(node.Groups) == 0 {
		return usagef("--on %q: it names no accelerator", t.On)
	}
	q, err := planner.UsualPrice(c, node.Groups[0].Accelerator.ID)
	if err != nil {
		return usage(err)
	}
	if q != nil {
		t.PerHour, t.Currency, t.Provider, t.Region = q.PerHour, q.Currency, q.Provider, q.Region
		t.Date, t.Source, t.Trust = q.Date, q.Source, q.Trust
	}
	return nil
}
