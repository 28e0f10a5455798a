package planner

import (
	"errors"
	"fmt"
	"sync"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Result answers a [Case]. Without OK the error says why; the memory is there
// when the deployment can run but does not fit.
type Result struct {
	ID     string      `json:"id"`
	OK     bool        `json:"ok"`
	Error  *CaseError  `json:"error,omitempty"`
	Memory *CaseMemory `json:"memory,omitempty"`

	*estimator.Performance
	Percentiles *Percentiles `json:"percentiles,omitempty"` // where they were asked for

	Assumptions []estimator.Assumption `json:"assumptions,omitempty"` // of names, sizes, memory and time together
}

// CaseMemory is the ledger of the fullest accelerator in figures. KVTokens and
// MaxSequences are of one replica.
type CaseMemory struct {
	WeightsBytes    int64   `json:"weights_bytes"`
	KVCacheBytes    int64   `json:"kv_cache_bytes"`
	KVBytesPerToken float64 `json:"kv_bytes_per_token"`
	KVTokens        int64   `json:"kv_tokens"`
	MaxSequences    float64 `json:"max_sequences"` // of the maximal length
	ActivationBytes int64   `json:"activation_bytes"`
	OverheadBytes   int64   `json:"overhead_bytes"` // graphs, context, communication
	TotalBytes      int64   `json:"total_bytes"`
}

// CaseError says why a case has no answer.
type CaseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Codes of a [CaseError].
const (
	CodeInvalid     = "invalid_case"  // keys or values
	CodeUnknownName = "unknown_name"  // the catalog has no such entry, or several
	CodeUnsupported = "unsupported"   // cannot run, whatever the memory
	CodeDoesNotFit  = "does_not_fit"  // memory
	CodeUnknown     = "speed_unknown" // nothing is known of the class
	CodeInternal    = "internal"      // a fault of ours
)

// Serve predicts what a deployment delivers under a load; it is
// estimator.Serve but for tests.
type Serve func(*catalog.Catalog, estimator.Deployment, estimator.Load) (estimator.Performance, error)

// Evaluator answers cases from one catalog and keeps what cases have in common
// between them. It may be used by several goroutines.
type Evaluator struct {
	catalog *catalog.Catalog
	serve   Serve
	names   *names
	shapes  sync.Map // *catalog.Model to *estimator.Shape

	// Percentiles asks for a simulation of each case that has an answer.
	Percentiles bool

	named   *memo[namesKey, *named]
	planned *memo[planKey, *planned]
}

// How many results an evaluator keeps: names are few in any batch, plans differ
// with lengths and sizes. A plan takes about 2 KiB.
const (
	keptNames = 1024
	keptPlans = 4096
)

// NewEvaluator answers cases with the estimator's time model.
func NewEvaluator(c *catalog.Catalog) *Evaluator { return NewEvaluatorWith(c, estimator.Serve) }

// NewEvaluatorWith answers cases with a time model of the caller's choice.
func NewEvaluatorWith(c *catalog.Catalog, serve Serve) *Evaluator {
	return &Evaluator{catalog: c, serve: serve, names: newNames(c), named: newMemo[namesKey, *named](keptNames), planned: newMemo[planKey, *planned](keptPlans)}
}

func (e *Evaluator) shape(m *catalog.Model) (*estimator.Shape, error) {
	if s, ok := e.shapes.Load(m); ok {
		return s.(*estimator.Shape), nil
	}
	s, err := estimator.NewShape(m)
	if err != nil {
		return nil, err
	}
	e.shapes.Store(m, s)
	return s, nil
}

// plan completes the deployment of a case, and says what it is to serve.
func (e *Evaluator) plan(k *Case) (*planned, estimator.Load, []estimator.Assumption) {
	load := k.load()
	if err := k.check(); err != nil {
		return &planned{err: err}, load, nil
	}
	key := namesKeyOf(k)
	n := e.named.get(key, func() *named { return e.resolve(&key) })
	if n.err != nil {
		return &planned{d: n.d, assumptions: n.assumptions, err: n.err}, load, n.assumptions
	}
	p := e.planned.get(planKeyOf(k, key), func() *planned { return complete(n, k) })
	list := p.assumptions[:len(p.assumptions):len(p.assumptions)] // shared: appending copies
	if o := k.EngineOptions; o.PrefixCaching != nil && !*o.PrefixCaching && load.PrefixHit > 0 {
		load.PrefixHit = 0
		list.add("prefix_hit", 0, "prefix caching is off")
	}
	return p, load, list
}

// Performance predicts what the deployment of a case delivers. The deployment
// is complete as far as it could be resolved when there is an error.
func (e *Evaluator) Performance(k Case) (estimator.Deployment, estimator.Performance, error) {
	p, load, _ := e.plan(&k)
	if p.err != nil {
		return p.d, estimator.Performance{}, p.err
	}
	perf, err := e.perform(&k, p, load)
	return p.d, perf, err
}

func (e *Evaluator) perform(k *Case, p *planned, load estimator.Load) (estimator.Performance, error) {
	prefill := k.prefill(&p.d)
	if prefill == nil {
		return e.serve(e.catalog, p.d, load)
	}
	return estimator.ServeDisaggregated(e.catalog, *prefill, p.d, load)
}

// prefill is the deployment of the replicas that only prefill; nil: there are none.
func (k *Case) prefill(decode *estimator.Deployment) *estimator.Deployment {
	s := k.Disaggregated
	if s == nil {
		return nil
	}
	d := *decode
	d.TP, d.EP, d.AttentionDP, d.DP = s.Prefill.TP, s.Prefill.EP, s.Prefill.AttentionDP, s.Prefill.Replicas
	return &d
}

// Evaluate answers one case; what is wrong with it is part of the answer.
func (e *Evaluator) Evaluate(k Case) Result {
	p, load, assumptions := e.plan(&k)
	r := Result{ID: k.ID, Assumptions: assumptions}
	if p.err != nil {
		return r.failed(p.err, CodeInvalid)
	}
	r.Memory = memoryOf(&p.ledger)
	if !p.ledger.Fits {
		return r.failed(shortage(p.d), CodeDoesNotFit)
	}
	perf, err := e.perform(&k, p, load)
	if err != nil {
		return r.failed(err, CodeUnknown)
	}
	r.Assumptions = append(r.Assumptions, perf.Assumptions...)
	r.OK, r.Performance = true, &perf
	if e.Percentiles {
		r.Percentiles = PercentilesOf(e.catalog, p.d, k.prefill(&p.d), load)
	}
	return r
}

// shortage says what a deployment that does not fit lacks.
func shortage(d estimator.Deployment) error {
	l, err := estimator.Memory(d) // with the words that the quick ledger leaves out
	if err != nil {
		return err
	}
	if l.Change == "" {
		return errors.New(l.Reason)
	}
	return fmt.Errorf("%s; it would with: %s", l.Reason, l.Change)
}

func memoryOf(l *estimator.Ledger) *CaseMemory {
	return &CaseMemory{
		WeightsBytes: l.WeightsBytes, KVCacheBytes: l.KVPoolBytes, KVBytesPerToken: l.KVBytesPerToken, KVTokens: l.KVTokens,
		MaxSequences: l.MaxSequences, ActivationBytes: l.ActivationBytes, OverheadBytes: l.OverheadBytes,
		TotalBytes: l.WeightsBytes + l.KVPoolBytes + l.ActivationBytes + l.OverheadBytes,
	}
}

// failed is the result with the error, under the code of its kind.
func (r Result) failed(err error, code string) Result {
	var unknown *catalog.NotFoundError
	var ambiguous *catalog.AmbiguousError
	var unsupported *estimator.UnsupportedError
	switch {
	case errors.As(err, &unknown), errors.As(err, &ambiguous):
		code = CodeUnknownName
	case errors.As(err, &unsupported):
		code = CodeUnsupported
	}
	r.Error = &CaseError{Code: code, Message: err.Error()}
	return r
}

// Internal is the result of a case that a fault of ours keeps from an answer.
func Internal(id string, err error) Result {
	return Result{ID: id, Error: &CaseError{Code: CodeInternal, Message: err.Error()}}
}

// Invalid is the result of a line that is not a case.
func Invalid(id string, err error) Result {
	return Result{ID: id}.failed(err, CodeInvalid)
}
