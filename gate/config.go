package gate

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// ConfigFile is where a gate's rules are looked for.
const ConfigFile = "plimsoll.toml"

// Config is the [gate] section of a [ConfigFile].
type Config struct {
	Rules []Rule // slo, regression, budget, exact, each in the order of the file

	// OnInconclusive is fail or warn: what noise that hides the answer does to the gate.
	OnInconclusive string
	Alpha          float64 // chance of a false failure of the whole gate, over all of its tests
	MinRuns        int     // of each side of a regression
	Baseline       BaselineConfig
	Noise          NoiseConfig
	Plan           PlanConfig
}

// BaselineConfig says what runs are held against.
type BaselineConfig struct {
	File   string   // of a [Baseline]; empty: none
	Window int      // the last so many runs of the same conditions and load
	Ignore []string // conditions that may differ: "engine version"
}

// NoiseConfig says when an environment is unfit to measure in.
type NoiseConfig struct {
	MaxCV float64 // of the runs, as a share; 0: any
}

// PlanConfig says what a deployment that is only written down is held against.
type PlanConfig struct {
	File     string   // the plan: a lock, a request, or a manifest; empty: the command line names it
	On       []string // hardware, where a manifest names none: "8x H100 SXM5 80GB"
	Workload string   // file of the load; empty: that of the plan
}

// Defaults of a [Config].
const (
	DefaultAlpha   = 0.01
	DefaultMinRuns = 5
	DefaultWindow  = 30
)

type configFile struct {
	Gate gateTable `toml:"gate"`
}

type gateTable struct {
	OnInconclusive string        `toml:"on_inconclusive"`
	Alpha          *float64      `toml:"alpha"`
	MinRuns        *int          `toml:"min_runs"`
	SLO            []ruleTable   `toml:"slo"`
	Regression     []ruleTable   `toml:"regression"`
	Budget         []ruleTable   `toml:"budget"`
	Exact          []ruleTable   `toml:"exact"`
	Baseline       baselineTable `toml:"baseline"`
	Noise          noiseTable    `toml:"noise"`
	Plan           planTable     `toml:"plan"`
}

type ruleTable struct {
	Rule  string         `toml:"rule"`
	Where map[string]any `toml:"where"`
	Warn  bool           `toml:"warn"`
}

type baselineTable struct {
	File   string   `toml:"file"`
	Window *int     `toml:"window"`
	Ignore []string `toml:"ignore"`
}

type noiseTable struct {
	MaxCV string `toml:"max_cv"` // "5%"
}

type planTable struct {
	File     string   `toml:"file"`
	On       []string `toml:"on"`
	Workload string   `toml:"workload"`
}

// DefaultConfig has no rules.
func DefaultConfig() Config {
	return Config{OnInconclusive: string(Fail), Alpha: DefaultAlpha, MinRuns: DefaultMinRuns, Baseline: BaselineConfig{Window: DefaultWindow}}
}

// ParseConfig reads a gate's section, strictly. What is wrong is a [catalog.Problems],
// each with its line and key; file names the text in them.
func ParseConfig(file string, data []byte) (Config, error) {
	var f configFile
	if err := catalog.DecodeStrict(file, data, &f); err != nil {
		return Config{}, err
	}
	p := &configParser{file: file, data: data, config: DefaultConfig()}
	p.settings(&f.Gate)
	for _, list := range []struct {
		kind Kind
		of   []ruleTable
	}{{SLO, f.Gate.SLO}, {Regression, f.Gate.Regression}, {Budget, f.Gate.Budget}, {Exact, f.Gate.Exact}} {
		for i := range list.of {
			p.rule(list.kind, i, &list.of[i])
		}
	}
	if len(p.problems) > 0 {
		return Config{}, p.problems
	}
	return p.config, nil
}

// CheckForEndpoint says which rules could not be checked on any endpoint, before it is
// measured; compared says that there is something to compare with.
func (c *Config) CheckForEndpoint(compared bool) error {
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.Kind != SLO && r.Kind != Regression || r.ofPlans() {
			continue
		}
		at := cmp.Or(r.At.Key, "--rule")
		if r.At.File != "" {
			at = fmt.Sprintf("%s:%d: key %q", r.At.File, r.At.Line, r.At.Key)
		}
		if m := metricNamed(r.Metric); m == nil || !m.measured() {
			return fmt.Errorf("%s: rule %q: no endpoint has %s: accepted are %s", at, r.Text, r.Name(), names((*metric).measured))
		}
		if r.Kind == Regression && !compared {
			return fmt.Errorf("%s: rule %q: there is no baseline to compare with: --against, --baseline or [gate.baseline] names it", at, r.Text)
		}
	}
	return nil
}

type configParser struct {
	file     string
	data     []byte
	config   Config
	problems catalog.Problems
}

func (p *configParser) at(key string) Position {
	return Position{File: p.file, Line: catalog.LineOf(p.data, key), Key: key}
}

func (p *configParser) fail(key, format string, args ...any) {
	at := p.at(key)
	p.problems = append(p.problems, catalog.Problem{File: at.File, Line: at.Line, Key: key, Message: fmt.Sprintf(format, args...)})
}

func (p *configParser) settings(t *gateTable) {
	c := &p.config
	switch t.OnInconclusive {
	case "":
	case string(Fail), string(Warn):
		c.OnInconclusive = t.OnInconclusive
	default:
		p.fail("gate.on_inconclusive", "%q: accepted are %s and %s", t.OnInconclusive, Fail, Warn)
	}
	if t.Alpha != nil {
		if c.Alpha = *t.Alpha; !(c.Alpha > 0 && c.Alpha <= 0.2) {
			p.fail("gate.alpha", "%g: accepted are chances of a false failure above 0, up to 0.2", c.Alpha)
		}
	}
	if t.MinRuns != nil {
		if c.MinRuns = *t.MinRuns; c.MinRuns < 2 || c.MinRuns > mostRuns {
			p.fail("gate.min_runs", "%d: accepted are 2 to %d", c.MinRuns, mostRuns)
		}
	}
	if t.Baseline.Window != nil {
		if c.Baseline.Window = *t.Baseline.Window; c.Baseline.Window < 2 || c.Baseline.Window > mostRuns {
			p.fail("gate.baseline.window", "%d: accepted are 2 to %d runs", c.Baseline.Window, mostRuns)
		}
	}
	if t.Noise.MaxCV != "" {
		m := metric{name: "max_cv", dim: share}
		v, unit, err := (&ruleParser{rest: t.Noise.MaxCV}).number()
		if err == nil {
			c.Noise.MaxCV, err = m.value(v, unit)
		}
		if err != nil || !(c.Noise.MaxCV > 0 && c.Noise.MaxCV <= 1) {
			p.fail("gate.noise.max_cv", "%q: accepted are shares such as 5%%, above 0 and up to 100%%", t.Noise.MaxCV)
		}
	}
	c.Baseline.File, c.Baseline.Ignore = t.Baseline.File, t.Baseline.Ignore
	c.Plan = PlanConfig(t.Plan)
}

// mostRuns bounds windows: exact tests of more take long and tell no more.
const mostRuns = 200

func (p *configParser) rule(kind Kind, i int, t *ruleTable) {
	key := fmt.Sprintf("gate.%s[%d]", kind, i)
	if t.Rule == "" {
		p.fail(key, "rule is missing; %s", ruleForms)
		return
	}
	r, err := ParseRule(t.Rule)
	if err == nil {
		r.Kind, r.Warn, r.At = kind, t.Warn, p.at(key+".rule")
		err = r.Check()
	}
	if err != nil {
		p.fail(key+".rule", "%v", err)
		return
	}
	for name, v := range t.Where {
		word, err := labelText(v)
		switch _, twice := r.Where[name]; {
		case err != nil:
			p.fail(key+".where."+name, "%v", err)
		case twice:
			p.fail(key+".where."+name, "the rule itself has %s: accepted is one of both", name)
		}
		r.Where[name] = word
	}
	p.config.Rules = append(p.config.Rules, r)
}

// labelText is a label's value as results write it.
func labelText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	return "", fmt.Errorf("%v: accepted are texts and numbers", v)
}
