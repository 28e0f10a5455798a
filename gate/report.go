package gate

// Verdict is what became of a rule, or of all of them.
type Verdict string

// Verdicts, the worst first: that is their order in a [Report], and the worst of its
// checks is the verdict of the whole.
const (
	Broken        Verdict = "error"          // the rule could not be checked: no such metric, no samples
	Fail          Verdict = "fail"           // it is broken, beyond what noise explains
	Unfit         Verdict = "unfit"          // the environment was not fit to measure in
	NotComparable Verdict = "not_comparable" // the baseline is of other hardware, another engine, another load
	Inconclusive  Verdict = "inconclusive"   // noise hides the answer
	Warn          Verdict = "warn"           // it would not pass, and the rule only warns
	Pass          Verdict = "pass"
)

// Verdicts lists them, the worst first.
func Verdicts() []Verdict {
	return []Verdict{Broken, Fail, Unfit, NotComparable, Inconclusive, Warn, Pass}
}

// Kind is what a rule holds against what.
type Kind string

// Kinds of rules.
const (
	SLO        Kind = "slo"        // a measured or promised figure against an absolute bound
	Regression Kind = "regression" // runs against those of a baseline
	Budget     Kind = "budget"     // a figure of the plan against what it may take
	Exact      Kind = "exact"      // a fact of the plan, which has no noise
	Fact       Kind = "fact"       // what must hold of any deployment: it fits, the engine runs it
	Promise    Kind = "promise"    // a measurement against the interval of a plan
)

// Position is a place in a file. The zero value is no place.
type Position struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"` // from 1; 0: the file as a whole
	Key  string `json:"key,omitempty"`  // "--max-model-len", "gate.slo[2].max"
}

// Check is one rule, checked.
type Check struct {
	ID      string            `json:"id"`    // stable from run to run: "slo/ttft.p95", with what it is about
	Rule    string            `json:"rule"`  // as it reads: "ttft.p95 < 500 ms"
	Kind    Kind              `json:"kind"`  //
	Where   map[string]string `json:"where"` // runs that it is about; empty: all
	Verdict Verdict           `json:"verdict"`
	Message string            `json:"message"`          // why, in a sentence
	Change  string            `json:"change,omitempty"` // what would mend it
	At      Position          `json:"at"`               // of what breaks it: a flag of a manifest, else the rule

	Unit     string    `json:"unit,omitempty"`     // of all figures below
	Observed *Figure   `json:"observed,omitempty"` // null: nothing was
	Bound    *float64  `json:"bound,omitempty"`    // that it is held against
	Baseline *Figure   `json:"baseline,omitempty"` // of a regression
	Test     *Test     `json:"test,omitempty"`     // of what has noise
	Basis    string    `json:"basis,omitempty"`    // measured, modelled, ...
	Samples  []float64 `json:"samples,omitempty"`  // a run each, in their order

	warn bool // it only warns
}

// Figure is a value with its interval.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"` // equal to Value where there is no interval
	High  float64 `json:"high"`
	Runs  int     `json:"runs,omitempty"` // behind it
}

// Test is how sure a verdict is.
type Test struct {
	P          float64 `json:"p"`           // adjusted for the number of rules
	Effect     float64 `json:"effect"`      // share by which it is worse (above 0) or better than the baseline
	EffectLow  float64 `json:"effect_low"`  // interval of it
	EffectHigh float64 `json:"effect_high"` //
	Confidence float64 `json:"confidence"`  // of the interval
	Detectable float64 `json:"detectable"`  // least effect that as many runs tell, four times in five
	RunsNeeded int     `json:"runs_needed"` // to tell, of a regression of each side; 0: those at hand do, or no number would
}

// Report is all rules, checked.
type Report struct {
	Mode     string   `json:"mode"`    // plan, bench, endpoint
	Subject  string   `json:"subject"` // what was judged: a file, a URL
	Verdict  Verdict  `json:"verdict"`
	Summary  string   `json:"summary"` // in a sentence
	Checks   []Check  `json:"checks"`  // the worst first, else in the order of their rules
	Warnings []string `json:"warnings,omitempty"`
}

// Exit statuses of a gate: design of the interface that scripts rely on.
const (
	ExitPass          = 0
	ExitBroken        = 2
	ExitObjective     = 10
	ExitRegression    = 11
	ExitFact          = 12
	ExitInconclusive  = 13
	ExitNotComparable = 14
	ExitUnfit         = 15
)

// ExitCode is the status that a gate ends with: that of the worst verdict. Of several
// failures one that keeps a deployment from running comes first, then an objective, a
// regression, and a budget or a fact of the plan.
func (r *Report) ExitCode() int {
	switch r.Verdict {
	case Broken:
		return ExitBroken
	case Unfit:
		return ExitUnfit
	case NotComparable:
		return ExitNotComparable
	case Inconclusive:
		return ExitInconclusive
	case Fail:
		code := ExitFact
		for i := range r.Checks {
			k := &r.Checks[i]
			if k.Verdict != Fail {
				continue
			}
			if k.Kind == Fact {
				return ExitFact
			}
			if of, ok := exitOf[k.Kind]; ok {
				code = min(code, of)
			}
		}
		return code
	}
	return ExitPass
}

var exitOf = map[Kind]int{SLO: ExitObjective, Promise: ExitObjective, Regression: ExitRegression, Budget: ExitFact, Exact: ExitFact}
