package ci

import (
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// kind says what a kind of rule is, for people who meet it in a list of alerts.
type kind struct {
	kind  gate.Kind
	short string // after the metric
	full  string
	help  string // what to do
}

// kinds of rules. The last is what none of them is.
var kinds = [...]kind{
	{gate.SLO, "misses its objective", "A measured or promised figure is held against an absolute bound.",
		"Look at what was observed and at the interval around it. Mend the deployment, or change the bound in plimsoll.toml if the objective itself has moved."},
	{gate.Regression, "is worse than its baseline", "Runs are held against those of a baseline, by a test that is corrected over all rules of the gate.",
		"Look at the size of the effect first, then at its interval. If the change is wanted, `plimsoll gate baseline add` takes the runs into the baseline."},
	{gate.Budget, "takes more than its budget", "A figure of the plan is held against what it may take.",
		"Make the deployment smaller, or raise the budget in plimsoll.toml: a review sees either."},
	{gate.Exact, "is not what it has to be", "A fact of the plan, which has no noise, is held against what is accepted.",
		"Set the flag that the message names back, or change the rule in plimsoll.toml."},
	{gate.Fact, "cannot run as it is written", "What has to hold of any deployment does not: it fits in memory, and the engine runs it.",
		"The message names what is missing and, where it is known, the smallest change that mends it."},
	{gate.Promise, "is not what the plan promised", "A measurement is held against the interval of a plan.",
		"The message says which of hardware, engine and estimate is off, as far as the runs tell."},
	{wholeGate, "does not pass", "The gate as a whole.", "The message says why the gate could not be decided."},
}

func kindOf(k gate.Kind) gate.Kind { return kinds[kindIndex(k)].kind }

func kindIndex(k gate.Kind) int {
	if i := slices.IndexFunc(kinds[:], func(o kind) bool { return o.kind == k }); i >= 0 {
		return i
	}
	return len(kinds) - 1
}

// meanings of metrics that a short name does not tell.
var meanings = map[string]string{
	"ttft":           "ttft is the time from the arrival of a request to its first output token.",
	"tpot":           "tpot is the time per output token after the first: (e2e - ttft) / (output tokens - 1).",
	"itl":            "itl is the gap between two successive output tokens.",
	"e2e":            "e2e is the time from the arrival of a request to its last output token.",
	"goodput_per_s":  "goodput_per_s counts the requests that keep all objectives.",
	"max_rate_per_s": "max_rate_per_s is the highest rate of requests that the deployment keeps up with.",
	"kv_tokens":      "kv_tokens is how many tokens the KV cache holds.",
	"memory_need":    "memory_need is the memory that an accelerator has to have.",
}

// rule is what alerts are listed under: a kind and a metric, whatever the bound.
type rule struct {
	id     string // "slo/ttft.p95"
	metric string // "ttft.p95"; empty: not known
	kind   *kind
}

// ruleOf is the rule of a check. The same check has the same whatever its verdict and
// bound, or alerts would open anew.
func ruleOf(k *check) rule {
	kind := &kinds[kindIndex(k.Kind)]
	if r, err := gate.ParseRule(k.Rule); err == nil {
		id := string(kind.kind) + "/" + r.Name()
		if strings.HasSuffix(k.ID, "/drift") {
			id += "/drift"
		}
		return rule{id: clip(id, mostName), metric: clip(r.Name(), mostName), kind: kind}
	}
	// The ID is the kind, the metric, and what tells alike ones apart.
	name := strings.TrimPrefix(oneLine(k.ID), string(kind.kind)+"/")
	if at := strings.IndexAny(name, "{><=!"); at >= 0 {
		name = name[:at]
	}
	if name = strings.TrimSpace(name); name == "" || name == string(kind.kind) {
		return rule{id: string(kind.kind), kind: kind}
	}
	name = clip(name, mostName-len("regression/")-len("… (9999999999 characters more)"))
	return rule{id: string(kind.kind) + "/" + name, metric: name, kind: kind}
}

// short is the rule in a few words.
func (r *rule) short() string {
	subject := r.metric
	if subject == "" {
		subject = "This"
	}
	return subject + " " + r.kind.short
}

// help is what to do, with the meaning of the metric and of each verdict.
func (r *rule) help() string {
	parts := []string{r.kind.full}
	metric, _, _ := strings.Cut(r.metric, ".")
	if text, ok := meanings[metric]; ok {
		parts = append(parts, text)
	}
	return strings.Join(append(parts, r.kind.help), " ")
}

// verdictsText says what the verdicts that may be alerts mean.
func verdictsText() string {
	var b strings.Builder
	for i := range looks {
		if l := &looks[i]; l.level != "" {
			b.WriteString("\n- " + string(l.verdict) + ": the rule " + l.says + ".")
		}
	}
	return b.String()
}
