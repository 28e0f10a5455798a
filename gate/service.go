package gate

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// ServiceAsk is what the services of manifests are looked at with.
type ServiceAsk struct {
	Catalog *catalog.Catalog
	// Request has the load, what it costs, and the hardware that there is. Without
	// classes of requests there is no load, and without hardware each service must name
	// its own.
	Request planner.PlanRequest
}

// SubjectOfService looks at a service as a plan does. What the engine would refuse, or
// what does not fit, is a failed check at the flag that is to blame, and the service
// then promises nothing. The error is one of the context alone.
func SubjectOfService(ctx context.Context, s *manifest.Service, ask *ServiceAsk) (*Subject, error) {
	l := &looking{ask: ask, service: s, catalog: ask.Catalog, subject: &Subject{Name: s.Name, Positions: map[string]Position{}}}
	err := l.model()
	for name, at := range s.Positions { // which the model settles too
		l.subject.Positions[name] = Position(at)
	}
	if err != nil {
		l.check("model", Broken, l.at("model"), "name the model as published, or add it to a catalog of your own (plimsoll catalog import, --catalog)", "%v", err)
	}
	for i := range s.Problems {
		p := &s.Problems[i]
		l.check("settings", problemVerdicts[p.Kind], Position(p.At), p.Change, "%s", p.Message)
	}
	var plan *planner.Plan
	if s.Ask.Model != nil {
		plan = l.plan(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if plan == nil {
		l.subject.Facts = l.said()
	} else {
		lock := planner.LockOf(plan, nil)
		l.subject.Facts = lock.Facts
		if !l.subject.wrong() {
			l.subject.Figures = lock.Figures
		}
		l.idle()
	}
	l.licence()
	switch {
	case len(s.Problems) > 0:
	case len(s.Unchecked) > 0:
		l.check("settings", Pass, l.at(), "", "every flag that is known here is one that the engine takes; not known, and not checked: %s", strings.Join(s.Unchecked, ", "))
	default:
		l.check("settings", Pass, l.at(), "", "every flag is one that the engine takes")
	}
	return l.subject, nil
}

// licence holds that of the model against the request.
func (l *looking) licence() {
	m, r := l.service.Ask.Model, &l.ask.Request
	if m == nil || len(r.Licences) == 0 {
		return
	}
	k := Check{ID: string(Exact) + "/licence" + whereText(l.where()), Rule: "the request accepts the licence", Kind: Exact, Where: l.where(), At: l.at("model")}
	verdict := Pass
	if !r.Accepts(m.Licence) {
		verdict = Fail
	}
	l.subject.Own = append(l.subject.Own, k.is(verdict, "the licence of %s is %s, accepted are %s", m.ID, m.Licence, strings.Join(r.Licences, ", ")))
}

// idle counts accelerators that are asked for and stay idle, which no plan has: what they
// cost is not known.
func (l *looking) idle() {
	s := l.service
	if !slices.ContainsFunc(s.Problems, func(p manifest.Problem) bool { return p.Kind == manifest.Doubtful }) {
		return
	}
	asked := s.AcceleratorsPerNode * max(s.NodesPerReplica, 1) * max(s.Replicas, 1)
	for i := range l.subject.Facts {
		f := &l.subject.Facts[i]
		if n, err := strconv.Atoi(f.Value); f.Name != "accelerators" || err != nil || n >= asked {
			continue
		}
		f.Value = strconv.Itoa(asked)
		l.subject.Facts = slices.DeleteFunc(l.subject.Facts, func(f planner.Fact) bool { return f.Name == "nodes" })
		l.subject.Figures = slices.DeleteFunc(l.subject.Figures, func(f planner.Figure) bool {
			return slices.Contains([]string{"per_month", "capital", "power_w", "per_million_output_tokens"}, f.Name)
		})
		l.subject.Lacks = "it asks for accelerators that stay idle, whose cost no estimate has"
		return
	}
}

// problemVerdicts are what problems of a file come to: what only wastes something, or says it
// twice, runs all the same.
var problemVerdicts = map[manifest.ProblemKind]Verdict{manifest.Refused: Fail, manifest.Unknown: Broken, manifest.Doubtful: Warn}

// said are the facts that the file itself says, where nothing else is known.
func (l *looking) said() (facts []planner.Fact) {
	s, a := l.service, &l.service.Ask
	number := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	model, licence := s.Model, ""
	if a.Model != nil {
		model, licence = a.Model.ID, a.Model.Licence
	}
	for _, f := range []planner.Fact{
		{Name: "model", Value: model}, {Name: "licence", Value: licence}, {Name: "engine", Value: a.Engine}, {Name: "precision", Value: a.Precision}, {Name: "kv_precision", Value: a.KV},
		{Name: "accelerator", Value: s.Accelerator}, {Name: "tp", Value: number(float64(a.TP))}, {Name: "pp", Value: number(float64(a.PP))}, {Name: "ep", Value: number(float64(a.EP))},
		{Name: "attention_dp", Value: number(float64(a.AttentionDP))}, {Name: "replicas", Value: number(float64(s.Replicas))},
		{Name: "accelerators", Value: number(float64(s.AcceleratorsPerNode * max(s.NodesPerReplica, 1) * max(s.Replicas, 1)))},
		{Name: "max_model_len", Value: number(float64(a.Options.MaxModelLen))}, {Name: "max_num_seqs", Value: number(float64(a.Options.MaxSeqs))},
		{Name: "max_num_batched_tokens", Value: number(float64(a.Options.MaxBatchedTokens))}, {Name: "memory_fraction", Value: number(a.Options.MemoryFraction)},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// looking is a service under way to its plan.
type looking struct {
	ask      *ServiceAsk
	service  *manifest.Service
	catalog  *catalog.Catalog
	subject  *Subject
	hardware planner.Hardware
	wants    planner.Ask
}

func (l *looking) where() map[string]string { return map[string]string{"service": l.service.Name} }

// at is the place of the first of some settings that the file says, else the service.
func (l *looking) at(names ...string) Position {
	for _, name := range append(names, "") {
		if at, ok := l.subject.Positions[name]; ok {
			return at
		}
	}
	return Position{}
}

func (l *looking) check(id string, v Verdict, at Position, change, format string, args ...any) {
	k := Check{ID: string(Fact) + "/" + id + whereText(l.where()), Rule: factRules[id], Kind: Fact, Where: l.where(), At: at, Change: change}
	l.subject.Own = append(l.subject.Own, k.is(v, format, args...))
}

// factRules are what must hold of any deployment, in words.
var factRules = map[string]string{
	"settings": "the engine accepts its flags",
	"model":    "the catalog knows the model",
	"hardware": "the hardware is known, and enough",
	"runs":     "the engine runs the model as it is asked to",
	"fits":     "the model and a sequence of full length fit in memory",
	"spare":    "replicas that may be down are not all of them",
	"context":  "the longest request of the load is accepted",
}

// plan is the service as a plan; nil where something keeps it from being one.
func (l *looking) plan(ctx context.Context) *planner.Plan {
	if !l.found() {
		return nil
	}
	node := catalog.Node{Groups: []catalog.Group{l.hardware.Node}}
	several := max(l.service.NodesPerReplica, 1)
	node.Groups[0].Count *= several
	d, ok := l.runs(node)
	if !ok {
		return nil
	}
	request := l.ask.Request
	request.Hardware = []planner.Hardware{l.hardware}
	if several > 1 || l.subject.wrong() {
		request.Workload.Classes = nil
	}
	if several > 1 {
		l.subject.Lacks = "a replica over several nodes waits for the network between them, which the estimate does not know"
	} else if len(request.Workload.Classes) == 0 {
		l.subject.Lacks = "no load is said: --request names a file with a [workload]"
	}
	if l.service.NoPrefixCache {
		request.Workload.Classes = slices.Clone(request.Workload.Classes)
		for i := range request.Workload.Classes {
			request.Workload.Classes[i].PrefixHit, request.Workload.Classes[i].SharedPrefix, request.Workload.Classes[i].Prefixes = 0, 0, 0
		}
	}
	replicas := l.replicas()
	if spare := request.Spare; spare > 0 && replicas <= spare {
		request.Spare = replicas - 1
		l.check("spare", Fail, l.at("replicas"), fmt.Sprintf("run %d", spare+1), "%d %s run, and %d of them may be down", replicas, noun(replicas, "replica"), spare)
	}
	plan, err := planner.Assess(ctx, l.catalog, request, d, replicas-request.Spare)
	if err != nil {
		l.check("runs", Broken, l.at(), "", "%v", err)
		return nil
	}
	return plan
}

// replicas are those that take requests: copies of the service, and of the whole model
// in each of them.
func (l *looking) replicas() int { return max(l.service.Replicas, 1) * max(l.service.Ask.DP, 1) }

// model finds what the engine loads, and settles what depends on it. Without a name
// there is none, which is a problem of the file and told there.
func (l *looking) model() error {
	name := l.service.Model
	if name == "" {
		return nil
	}
	m, named, err := planner.NamedCheckpoint(l.catalog, name)
	if base := strings.TrimSuffix(path.Base(name), path.Ext(name)); err != nil && strings.ContainsAny(name, `/\`) && base != "" { // a path, which often ends in the name
		var other error
		if m, named, other = planner.NamedCheckpoint(l.catalog, base); other == nil {
			err = nil
		}
	}
	if err == nil {
		l.service.SetModel(m, named)
	}
	l.wants = l.service.Ask
	l.wants.DP = 1
	return err
}

// runs completes the deployment, and holds it against the engine and the memory.
func (l *looking) runs(node catalog.Node) (d estimator.Deployment, ok bool) {
	d, ledger, err := deploy(l.catalog, node, l.wants)
	if err != nil {
		var unsupported *estimator.UnsupportedError
		verdict, change := Broken, ""
		if errors.As(err, &unsupported) {
			verdict, change = Fail, unsupported.Change
		}
		why := strings.TrimSuffix(err.Error(), "; "+change) // which the error says too
		l.check("runs", verdict, l.culprit(node, func(_ *estimator.Ledger, err error) bool { return err == nil }), change, "%s", why)
		return d, false
	}
	l.check("runs", Pass, l.at("engine"), "", "%s %s runs %s in %s on %s", d.Engine.Name, d.Release, d.Model.ID, d.Weights.ID, d.Device.Accelerator.Name)
	if !ledger.Fits && l.lowers(node) {
		l.check("fits", Warn, l.at("max_model_len", "model"), "say the context (-c) and the layers on accelerators (-ngl)", "%s; the engine lowers what the file leaves to it until it fits, so that what it serves is not known", ledger.Reason)
		l.subject.Lacks = "the engine lowers what the file leaves to it until it fits"
		return d, false
	} else if !ledger.Fits {
		at := l.culprit(node, func(now *estimator.Ledger, err error) bool { return err == nil && now.Fits })
		if unsure := uncertain(ledger); ledger.ShortBytes <= unsure {
			l.check("fits", Inconclusive, at, "start it once to see, or: "+ledger.Change, "%s; that is %s short, and the estimate is sure of %s alone", ledger.Reason, Quantity(float64(ledger.ShortBytes), "bytes"), Quantity(float64(unsure), "bytes"))
		} else {
			l.check("fits", Fail, at, ledger.Change, "%s", ledger.Reason)
		}
	} else {
		l.check("fits", Pass, l.at("memory_fraction", "max_model_len"), "", "it needs %s of %s on each accelerator, and its cache holds %d tokens", Quantity(float64(ledger.NeedBytes), "bytes"), Quantity(float64(ledger.CapacityBytes), "bytes"), ledger.KVTokens)
	}
	need, free := float64(ledger.NeedBytes), float64(ledger.FreeBytes)
	k := &l.subject.Own[len(l.subject.Own)-1]
	k.Observed, k.Bound, k.Unit, k.Basis = &Figure{Value: need, Low: need, High: need}, &free, "bytes", "modelled"
	accepted := max(d.Options.MaxModelLen, l.service.SharedContext)
	if longest := l.ask.Request.Longest(); longest > accepted {
		l.check("context", Fail, l.at("max_model_len"), fmt.Sprintf("accept %d tokens", longest), "requests of the load are up to %d tokens long, and it accepts %d", longest, accepted)
	} else if longest > 0 {
		l.check("context", Pass, l.at("max_model_len"), "", "requests of the load are up to %d tokens long, and it accepts %d", longest, accepted)
	}
	return d, true
}

// uncertain is how much less a deployment may take than is estimated: the intervals of all
// lines, which share causes and so add up.
func uncertain(ledger *estimator.Ledger) (bytes int64) {
	for i := range ledger.Lines {
		if line := &ledger.Lines[i]; line.ID != "kv_cache" && line.ID != "headroom" {
			bytes += max(line.Bytes-line.Low, 0)
		}
	}
	return bytes
}

// lowers reports a deployment that does not fit as it is written, and that the engine makes
// fit by itself.
func (l *looking) lowers(node catalog.Node) bool {
	fit := l.service.Fits
	if fit.Layers || fit.Context == 0 {
		return fit.Layers
	}
	ask := l.wants
	ask.Options.MaxModelLen = fit.Context
	_, ledger, err := deploy(l.catalog, node, ask)
	return err == nil && ledger.Fits
}

// deploy is a deployment with every size that the engine would choose, and its ledger.
func deploy(c *catalog.Catalog, node catalog.Node, ask planner.Ask) (estimator.Deployment, *estimator.Ledger, error) {
	d, _, err := planner.Single(c, node, ask)
	if err != nil {
		return d, nil, err
	}
	ledger, err := estimator.Memory(d)
	if err != nil {
		return d, nil, err
	}
	d, _, err = estimator.Resolve(d)
	return d, &ledger, err
}

// culprit is the place of the one setting without which all would be well, or else of
// the first of two. Where the file says none that helps, it is that of what decides most.
func (l *looking) culprit(node catalog.Node, well func(*estimator.Ledger, error) bool) Position {
	var said []int
	for i := range settings {
		if _, ok := l.subject.Positions[settings[i].name]; ok {
			said = append(said, i)
		}
	}
	without := func(dropped ...int) bool {
		ask := l.wants
		for _, i := range dropped {
			settings[i].drop(&ask)
		}
		_, ledger, err := deploy(l.catalog, node, ask)
		return well(ledger, err)
	}
	for _, i := range said {
		if without(i) {
			return l.at(settings[i].name)
		}
	}
	for n, i := range said {
		for _, j := range said[n+1:] {
			if without(i, j) {
				return l.at(settings[i].name)
			}
		}
	}
	return l.at("tp", "accelerators", "precision", "model")
}

// settings that a service may be asked to drop, in the order in which a person would.
var settings = []struct {
	name string
	drop func(*planner.Ask)
}{
	{"max_model_len", func(a *planner.Ask) { a.Options.MaxModelLen = min(a.Options.MaxModelLen, shortest) }},
	{"max_num_batched_tokens", func(a *planner.Ask) { a.Options.MaxBatchedTokens = 0 }},
	{"max_num_seqs", func(a *planner.Ask) { a.Options.MaxSeqs = min(a.Options.MaxSeqs, 1) }},
	{"memory_fraction", func(a *planner.Ask) { a.Options.MemoryFraction = 0 }},
	{"kv_precision", func(a *planner.Ask) { a.KV = "" }},
	{"precision", func(a *planner.Ask) { a.Precision = "" }},
	{"ep", func(a *planner.Ask) { a.EP = 0 }},
	{"attention_dp", func(a *planner.Ask) { a.AttentionDP = 0 }},
	{"pp", func(a *planner.Ask) { a.PP = 0 }},
	{"tp", func(a *planner.Ask) { a.TP = 0 }},
	{"engine", func(a *planner.Ask) { a.Engine, _, _ = strings.Cut(a.Engine, "@") }},
}

// shortest is a sequence that fits where anything does.
const shortest = 2048
