package accuracy

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Verdict says how a log and a ledger compare, as a whole.
type Verdict string

const (
	Agrees      Verdict = "agrees"         // every line is within its interval
	Explained   Verdict = "explained"      // lines are outside, and the log or the model says why
	Differs     Verdict = "differs"        // lines are outside for no reason that was found
	NotComplete Verdict = "not_comparable" // the log states nothing that the ledger predicts
	FailedStart Verdict = "failed_start"   // the engine did not come up
)

// Status says how one line compares.
type Status string

const (
	Exact   Status = "exact"   // equal within the rounding of the log
	Within  Status = "within"  // inside the interval of the estimate
	Outside Status = "outside" // neither
	Info    Status = "info"    // shown, not judged: the engine's own estimate
)

// Comparison is one line of the ledger beside what the engine printed.
// Figures are in Unit.
type Comparison struct {
	ID        string  `json:"id"` // of the ledger's line, or of a derived figure: "visible", "kv_tokens", "max_sequences"
	Name      string  `json:"name"`
	Rank      string  `json:"rank,omitempty"` // whose figure it is, when several printed one
	Unit      string  `json:"unit"`           // bytes, tokens, sequences
	Predicted float64 `json:"predicted"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Observed  float64 `json:"observed"`
	Rounding  float64 `json:"rounding"` // half of the last digit of the log
	Status    Status  `json:"status"`
	Line      int     `json:"line"` // of the log
	Raw       string  `json:"raw"`
}

// Difference is predicted less observed.
func (c Comparison) Difference() float64 { return c.Predicted - c.Observed }

// Relative is [Comparison.Difference] over the observed value; 0 when that is 0.
func (c Comparison) Relative() float64 {
	if c.Observed == 0 {
		return 0
	}
	return c.Difference() / c.Observed
}

// Reconciliation is the outcome of [Reconcile].
type Reconciliation struct {
	Engine       string                 `json:"engine"` // "vllm 0.19.0"
	Model        string                 `json:"model"`
	Precision    string                 `json:"precision"`
	Lines        []Comparison           `json:"lines"`
	Verdict      Verdict                `json:"verdict"`
	Explanations []string               `json:"explanations"` // most telling first
	Failure      *enginelog.Failure     `json:"failure,omitempty"`
	Assumptions  []estimator.Assumption `json:"assumptions,omitempty"` // defaults that the log does not confirm
	Ledger       estimator.Ledger       `json:"ledger"`                // of the deployment as a whole
}

// Line returns the comparison with the given id, or nil.
func (r *Reconciliation) Line(id string) *Comparison {
	for i := range r.Lines {
		if r.Lines[i].ID == id {
			return &r.Lines[i]
		}
	}
	return nil
}

// Reconcile compares what the engine printed with the ledger of the
// deployment, line by line and stage by stage, and looks for the reason of
// each difference. The deployment is usually that of [Deployment]; one that a
// user describes himself is compared just as well, and where its settings
// differ from the log's an explanation says so. The catalog supplies the
// precisions that the weights may turn out to be in. Errors are those of
// [estimator.Memory].
func Reconcile(c *catalog.Catalog, d estimator.Deployment, l *enginelog.Log) (*Reconciliation, error) {
	ledger, err := estimator.Memory(d)
	if err != nil {
		return nil, fmt.Errorf("accuracy: %w", err)
	}
	r := &reconciler{d: d, log: l, whole: ledger, alternatives: c.Precisions, reasons: map[string]bool{}, out: &Reconciliation{
		Engine: d.Engine.ID + " " + d.Release, Model: d.Model.ID, Precision: d.Weights.ID,
		Failure: l.Failure, Assumptions: ledger.Assumptions, Ledger: ledger,
	}}
	if resolved, _, err := estimator.Resolve(d); err == nil {
		r.d = resolved
	}
	if l.Engine == enginelog.LlamaCpp {
		r.llama()
	} else if err := r.serving(); err != nil {
		return nil, fmt.Errorf("accuracy: %w", err)
	}
	r.explain()
	r.out.Verdict = r.verdict()
	return r.out, nil
}

type reconciler struct {
	d      estimator.Deployment // resolved
	log    *enginelog.Log
	whole  estimator.Ledger
	stages []estimator.Ledger

	alternatives []catalog.Precision // that the weights may turn out to be in
	reasons      map[string]bool     // ids of lines whose difference has a reason; "*" all
	out          *Reconciliation
}

var stageOfRank = regexp.MustCompile(`PP(\d+)`)

// serving compares the ranks of vLLM and SGLang, each with its stage's ledger.
func (r *reconciler) serving() error {
	for i := range r.d.PP {
		l, err := estimator.StageMemory(r.d, i)
		if err != nil {
			return err
		}
		r.stages = append(r.stages, l)
	}
	visible := r.d.Visible()
	for i, stage := range r.stages {
		ranks := r.ranksOf(i)
		line := func(id string) estimator.Line {
			if l := stage.Line(id); l != nil {
				return *l
			}
			return estimator.Line{ID: id}
		}
		exact := estimator.Line{ID: "visible", Name: "Memory that the engine sees", Bytes: int64(visible), Low: int64(visible * 0.995), High: int64(visible * 1.005)}
		r.bytes(exact, ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Total })
		r.bytes(line("weights"), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Weights })
		r.bytes(line("activations"), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Activation })
		r.bytes(line("communication"), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.NonTorch })
		r.bytes(sum("consumed", "Weights and non-torch", line("weights"), line("communication")), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Consumed })
		r.bytes(line("cuda_graphs"), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Graphs })
		graphs := line("cuda_graphs")
		graphs.ID, graphs.Name = "cuda_graphs_estimated", "CUDA graphs, the engine's own estimate"
		r.bytes(graphs, ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.GraphsEstimated })
		r.bytes(line("kv_cache"), ranks, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.KVPool })
	}
	r.capacity()
	return nil
}

// ranksOf returns the ranks of a pipeline stage: by name where the log tells,
// all of them otherwise.
func (r *reconciler) ranksOf(stage int) []enginelog.Rank {
	var list []enginelog.Rank
	for _, k := range r.log.Devices() {
		of := 0
		if m := stageOfRank.FindStringSubmatch(k.Name); m != nil {
			of, _ = strconv.Atoi(m[1])
		}
		if of == stage {
			list = append(list, k)
		}
	}
	return list
}

// sum is a line for a figure that the engine prints in one.
func sum(id, name string, a, b estimator.Line) estimator.Line {
	return estimator.Line{ID: id, Name: name, Bytes: a.Bytes + b.Bytes, Low: a.Low + b.Low, High: a.High + b.High}
}

// bytes compares a line with the rank that deviates most from it.
func (r *reconciler) bytes(line estimator.Line, ranks []enginelog.Rank, of func(*enginelog.Rank) enginelog.Fact[int64]) {
	var worst *enginelog.Rank
	known := 0
	for i := range ranks {
		f := of(&ranks[i])
		if !f.Known() {
			continue
		}
		known++
		if worst == nil || math.Abs(float64(line.Bytes-f.Value)) > math.Abs(float64(line.Bytes-of(worst).Value)) {
			worst = &ranks[i]
		}
	}
	if worst == nil || line.Bytes == 0 && line.High == 0 {
		return // not printed, or not modelled for this engine
	}
	f := of(worst)
	c := Comparison{
		ID: line.ID, Name: line.Name, Unit: "bytes", Predicted: float64(line.Bytes), Low: float64(line.Low), High: float64(line.High),
		Observed: float64(f.Value), Rounding: f.Rounding, Line: f.Line, Raw: f.Raw,
	}
	if len(r.log.Devices()) > 1 {
		if c.Rank = worst.Name; c.Rank == "" {
			c.Rank = "driver"
		}
		if known > 1 {
			c.Rank += fmt.Sprintf(" (farthest of %d)", known)
		}
	}
	r.add(c)
}

func (r *reconciler) add(c Comparison) {
	slack := c.Rounding + 1e-9*math.Abs(c.Observed)
	switch {
	case c.ID == "cuda_graphs_estimated":
		c.Status = Info // the engine extrapolates from two graphs and is often far off
	case math.Abs(c.Difference()) <= slack:
		c.Status = Exact
	case c.Observed >= c.Low-slack && c.Observed <= c.High+slack:
		c.Status = Within
	default:
		c.Status = Outside
	}
	r.out.Lines = append(r.out.Lines, c)
}

// capacity compares tokens and sequences of the replica. Their interval is
// that of the pool.
func (r *reconciler) capacity() {
	cache := r.log.Cache
	spread := 0.02
	if pool := r.whole.Line("kv_cache"); pool != nil && pool.Bytes > 0 {
		spread = float64(pool.High-pool.Low) / 2 / float64(pool.Bytes)
	}
	within := func(v float64) (low, high float64) { return v * (1 - spread), v * (1 + spread) }
	if t := cache.Tokens; t.Known() {
		v := float64(r.whole.KVTokens)
		low, high := within(v)
		r.add(Comparison{ID: "kv_tokens", Name: "Tokens of KV cache", Unit: "tokens", Predicted: v, Low: low, High: high,
			Observed: float64(t.Value), Line: t.Line, Raw: t.Raw})
	}
	r.poolTokens()
	if x := cache.MaxConcurrency; x.Known() && int(cache.RequestTokens.Value) == r.d.Options.MaxModelLen {
		v := r.whole.MaxSequences
		low, high := within(v)
		r.add(Comparison{ID: "max_sequences", Name: fmt.Sprintf("Sequences of %d tokens", r.d.Options.MaxModelLen), Unit: "sequences",
			Predicted: v, Low: low, High: high, Observed: x.Value, Rounding: x.Rounding, Line: x.Line, Raw: x.Raw})
	}
}

// poolTokens holds the tokens of the log against the pools of the same log:
// whatever the estimate of the pool, bytes per token must agree. The stage
// that holds fewest tokens decides.
func (r *reconciler) poolTokens() {
	tokens := r.log.Cache.Tokens
	if !tokens.Known() {
		return
	}
	least := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)} // at the printed pool, at its lower and its upper rounding
	for stage := range r.d.PP {
		for _, k := range r.ranksOf(stage) {
			if !k.KVPool.Known() || k.KVPool.Value <= 0 {
				continue
			}
			for i, off := range [3]float64{0, -k.KVPool.Rounding, k.KVPool.Rounding} {
				least[i] = math.Min(least[i], r.tokensOf(stage, float64(k.KVPool.Value)+off))
			}
		}
	}
	v, low, high := least[0], least[1], least[2]
	if v == 0 || math.IsInf(v, 0) {
		return
	}
	r.add(Comparison{ID: "pool_tokens", Name: "Tokens of the observed pool", Unit: "tokens", Predicted: v,
		Low: 2*v - high, High: 2*v - low, Observed: float64(tokens.Value), Rounding: math.Max(high-v, v-low), Line: tokens.Line, Raw: tokens.Raw})
}

// tokensOf is what a pool of the stage holds; 0 when the estimator cannot say.
func (r *reconciler) tokensOf(stage int, pool float64) float64 {
	d, err := withPool(r.d, stage, int64(pool))
	if err != nil {
		return 0
	}
	l, err := estimator.StageMemory(d, stage)
	if err != nil {
		return 0
	}
	return float64(l.KVTokens * int64(d.AttentionDP))
}

// verdict judges the whole.
func (r *reconciler) verdict() Verdict {
	if f := r.log.Failure; f != nil && !f.WhileUp {
		return FailedStart
	}
	judged, outside := 0, 0
	for _, c := range r.out.Lines {
		if c.Status != Info {
			judged++
		}
		if c.Status == Outside {
			outside++
		}
	}
	switch {
	case judged == 0:
		return NotComplete
	case outside == 0:
		return Agrees
	}
	for _, c := range r.out.Lines {
		if c.Status == Outside && !r.reasons["*"] && !r.reasons[c.ID] {
			return Differs
		}
	}
	return Explained
}
