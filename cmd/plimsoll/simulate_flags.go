package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// simulateOptions are the flags of simulate.
type simulateOptions struct {
	deploymentFlags
	load simulatedLoad

	routing                    string
	prefillReplicas, prefillTP int
	fail, join                 []string
	requests                   int
	duration                   time.Duration
	warmup                     float64
	seed                       uint64
	stable, find               string
	samples, series, html      string
	chart                      bool
	objectives                 []workload.Objective
	events                     []simulator.Event
	stableStatistic            *workload.Objective
	stableHalf                 float64
}

// Runs that nothing else bounds.
const (
	defaultRequests = 10_000
	mostSimulated   = 5_000_000
	defaultWarmup   = 0.1
)

// Searches of --find.
const (
	findRate     = "rate"
	findUsers    = "users"
	findReplicas = "replicas"
)

func (o *simulateOptions) addTo(f *pflag.FlagSet) {
	o.deploymentFlags.addTo(f)
	o.load.addTo(f, "open loop: requests a second (default 70 % of the most that is sustained)")
	o.load.addReplay(f)
	f.StringVar(&o.routing, "routing", "", "how requests find a replica: "+routings()+" (default "+string(simulator.Routings()[0])+")")
	f.IntVar(&o.prefillReplicas, "prefill-replicas", 0, "replicas that only prefill, beside --dp that only decode (default none)")
	f.IntVar(&o.prefillTP, "prefill-tp", 0, "tensor parallel size of those (default: that of --tp)")
	f.StringSliceVar(&o.fail, "fail", nil, "`REPLICA@TIME[+DOWN]` that fails, and comes up again after DOWN: 2@10m+5m (repeatable)")
	f.StringSliceVar(&o.join, "join", nil, "`REPLICA@TIME` that comes up only then: a cold start (repeatable)")
	f.IntVar(&o.requests, "requests", 0, "end after `N` requests (default 10000 without --duration)")
	f.DurationVar(&o.duration, "duration", 0, "end after so much simulated `TIME`")
	f.Float64Var(&o.warmup, "warmup", defaultWarmup, "`SHARE` of the requests, the first to come, that figures leave out (of a trace, a profile or with events: 0)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of arrivals and lengths: the same one gives the same figures")
	f.StringVar(&o.stable, "until-stable", "", "go on until a statistic is known well enough: `ttft.p99=5%`")
	f.StringVar(&o.find, "find", "", "search for the most that keeps the objectives: rate, users, or the fewest replicas")
	f.StringVar(&o.samples, "samples", "", "write every request to `FILE` as CSV")
	f.StringVar(&o.series, "series", "", "write what went on over time to `FILE` as CSV")
	f.StringVar(&o.html, "html", "", "write a page with charts to `FILE`")
	f.BoolVar(&o.chart, "chart", false, "draw charts in the terminal")
}

func routings() string {
	var list []string
	for _, r := range simulator.Routings() {
		list = append(list, string(r))
	}
	return strings.Join(list, ", ")
}

// check reads what the flags say, and refuses what would have to be ignored.
func (o *simulateOptions) check(given func(string) bool) error {
	if err := o.deploymentFlags.check(given); err != nil {
		return err
	}
	if err := o.load.check(given); err != nil {
		return err
	}
	if err := o.checkNumbers(given); err != nil {
		return err
	}
	var err error
	if o.objectives, err = objectivesOf("--objective", o.load.objectives); err != nil {
		return err
	}
	if o.events, err = eventsOf(o.fail, o.join, max(o.dp, 1)); err != nil {
		return err
	}
	if o.stable != "" {
		if o.stableStatistic, o.stableHalf, err = stability(o.stable); err != nil {
			return err
		}
	}
	return o.conflicts(given)
}

func (o *simulateOptions) checkNumbers(given func(string) bool) error {
	switch {
	case o.routing != "" && !slices.Contains(simulator.Routings(), simulator.Routing(o.routing)):
		return usagef("--routing %q: accepted are %s", o.routing, routings())
	case o.requests < 0 || o.requests > mostSimulated || o.requests == 0 && given("requests"):
		return usagef("--requests %d: accepted are 1 to %d", o.requests, mostSimulated)
	case o.duration < 0 || o.duration == 0 && given("duration"):
		return usagef("--duration %s: accepted is more than 0", o.duration)
	case !(o.warmup >= 0 && o.warmup < 1):
		return usagef("--warmup %g: accepted is a share from 0 to less than 1", o.warmup)
	case o.prefillReplicas < 0 || o.prefillReplicas == 0 && given("prefill-replicas") || o.prefillTP < 0 || o.prefillTP == 0 && given("prefill-tp"):
		return usagef("--prefill-replicas and --prefill-tp: accepted are positive numbers")
	case given("prefill-tp") && o.prefillReplicas == 0:
		return usagef("--prefill-tp means nothing without --prefill-replicas")
	}
	return nil
}

func (o *simulateOptions) conflicts(given func(string) bool) error {
	one := func(flags ...string) error {
		var first string
		for _, f := range flags {
			if given(f) && first != "" {
				return usagef("--%s and --%s exclude each other", first, f)
			} else if given(f) {
				first = f
			}
		}
		return nil
	}
	if err := cmp.Or(one("until-stable", "duration"), one("until-stable", "replay"), one("find", "until-stable"), one("find", "replay"), one("find", "duration"),
		one("find", "samples"), one("find", "series"), one("prefill-replicas", "fail"), one("prefill-replicas", "join")); err != nil {
		return err
	}
	closed := given("concurrency")
	switch {
	case o.find == "":
		return nil
	case !slices.Contains([]string{findRate, findUsers, findReplicas}, o.find):
		return usagef("--find %q: accepted are %s, %s, %s", o.find, findRate, findUsers, findReplicas)
	case o.find == findRate && closed:
		return usagef("--find rate is for an open loop: with --concurrency it is --find users")
	case o.find == findUsers && !closed && o.load.file == "":
		return usagef("--find users is for a closed loop: --concurrency says where to begin")
	case o.find == findReplicas && (given("dp") && o.prefillReplicas == 0 || len(o.events) > 0):
		return usagef("--find replicas finds what --dp would say, of replicas that stay up: leave out --dp (but for the proportion to --prefill-replicas), --fail and --join")
	case o.find == findReplicas && !given("rate") && !closed && o.load.file == "":
		return usagef("--find replicas needs the load that they shall carry: --rate, --concurrency or --workload")
	}
	return nil
}

// objectivesOf reads objectives.
func objectivesOf(flag string, texts []string) (list []workload.Objective, err error) {
	for _, text := range texts {
		o, err := workload.ParseObjective(text)
		if err != nil {
			return nil, usage(fmt.Errorf("%s: %w", flag, err))
		}
		list = append(list, o)
	}
	return list, nil
}

// stability reads "ttft.p99=5%".
func stability(text string) (*workload.Objective, float64, error) {
	name, share, _ := strings.Cut(text, "=")
	o, err := workload.ParseStatistic(name)
	percent, isPercent := strings.CutSuffix(share, "%")
	v, errShare := strconv.ParseFloat(percent, 64)
	if err != nil || errShare != nil || !isPercent || !(v > 0 && v < 100) || o.Stat == "max" || o.Metric == "itl" {
		return nil, 0, usagef("--until-stable %q: accepted is METRIC.STAT=HALF%%, such as ttft.p99=5%%, with the metrics ttft, tpot and e2e, and mean or a percentile", text)
	}
	return &o, v / 100, nil
}

// eventsOf reads replicas that fail and come up, in order of time; people count
// replicas from 1.
func eventsOf(fail, join []string, replicas int) ([]simulator.Event, error) {
	var list []simulator.Event
	for _, text := range fail {
		at, down, again := strings.Cut(text, "+")
		e, err := eventOf(at, replicas)
		if err != nil {
			return nil, usagef("--fail %q: %v; accepted is REPLICA@TIME[+DOWN], such as 2@10m+5m", text, err)
		}
		list = append(list, e)
		if !again {
			continue
		}
		d, err := time.ParseDuration(down)
		if err != nil || d <= 0 {
			return nil, usagef("--fail %q: %q is no time to be down for; accepted is REPLICA@TIME[+DOWN], such as 2@10m+5m", text, down)
		}
		list = append(list, simulator.Event{At: e.At + float64(d.Microseconds()), Replica: e.Replica, Up: true})
	}
	for _, text := range join {
		e, err := eventOf(text, replicas)
		if err != nil {
			return nil, usagef("--join %q: %v; accepted is REPLICA@TIME, such as 3@30s", text, err)
		}
		e.Up = true
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b simulator.Event) int { return cmp.Compare(a.At, b.At) })
	return list, nil
}

func eventOf(text string, replicas int) (simulator.Event, error) {
	name, at, ok := strings.Cut(text, "@")
	n, err := strconv.Atoi(name)
	if !ok || err != nil || n < 1 || n > replicas {
		return simulator.Event{}, fmt.Errorf("replicas are 1 to %d (--dp)", replicas)
	}
	d, err := time.ParseDuration(at)
	if err != nil || d < 0 {
		return simulator.Event{}, fmt.Errorf("%q is no time", at)
	}
	return simulator.Event{At: float64(d.Microseconds()), Replica: n - 1}, nil
}

// files refuses a file that is written twice over.
func (o *simulateOptions) files() error {
	seen := map[string]string{}
	for flag, file := range map[string]string{"--samples": o.samples, "--series": o.series, "--html": o.html} {
		if file == "" {
			continue
		}
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			return usagef("%s %s is a directory; accepted is a file", flag, file)
		}
		if other, twice := seen[file]; twice {
			return usagef("%s and %s name the same file, %s", min(flag, other), max(flag, other), file)
		}
		seen[file] = flag
	}
	return nil
}
