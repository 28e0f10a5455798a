package accuracy

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// explain looks for the reasons of what the lines show, most telling first.
func (r *reconciler) explain() {
	if f := r.log.Failure; f != nil {
		text := fmt.Sprintf("line %d of the log: %s", f.Line, f.Reason)
		if f.MaxTokens > 0 {
			text += fmt.Sprintf("; the engine itself suggests at most %d tokens", f.MaxTokens)
		}
		r.say("%s", text)
	}
	if _, note, err := r.d.Engine.At(r.d.Release); err == nil && note != "" {
		r.because([]string{"activations", "communication", "cuda_graphs"}, "%s", note)
	}
	r.settings()
	r.weights()
	if r.log.Engine == enginelog.VLLM {
		r.fraction()
		r.pool()
	}
	r.tokens()
	r.neighbours()
}

func (r *reconciler) say(format string, args ...any) {
	r.out.Explanations = append(r.out.Explanations, fmt.Sprintf(format, args...))
}

// because says the reason why lines differ.
func (r *reconciler) because(lines []string, format string, args ...any) {
	for _, id := range lines {
		r.reasons[id] = true
	}
	r.say(format, args...)
}

// What a reason may cover.
var (
	everything = []string{"*"}
	ofWeights  = []string{"weights", "consumed", "file_size", "host_weights"}
	ofPool     = []string{"kv_cache", "kv_tokens", "max_sequences"}
)

// settings names what the deployment and the log state differently.
func (r *reconciler) settings() {
	s, o := r.log.Settings, r.d.Options
	integer := func(name string, f enginelog.Fact[int], have int) {
		if f.Known() && f.Value != have {
			r.because(everything, "line %d of the log shows %s %d, the estimate is for %d", f.Line, name, f.Value, have)
		}
	}
	if f := s.MemoryFraction; f.Known() && math.Abs(f.Value-o.MemoryFraction) > 0.0051 {
		r.because(everything, "line %d of the log shows a memory fraction of %g, the estimate is for %g", f.Line, f.Value, o.MemoryFraction)
	}
	integer("tensor parallelism", s.TP, r.d.TP)
	integer("pipeline parallelism", s.PP, r.d.PP)
	if r.log.Engine == enginelog.LlamaCpp {
		integer("a context of", s.Context, o.MaxModelLen*o.MaxSeqs)
		integer("ubatch", s.MaxBatchedTokens, o.MaxBatchedTokens)
		return
	}
	integer("max_model_len", s.MaxModelLen, o.MaxModelLen)
	integer("max_num_seqs", s.MaxSeqs, o.MaxSeqs)
	integer("max_num_batched_tokens", s.MaxBatchedTokens, o.MaxBatchedTokens)
	if f := s.EnforceEager; f.Known() && f.Value != o.EnforceEager {
		r.because(everything, "line %d of the log shows enforce_eager=%t, the estimate is for %t", f.Line, f.Value, o.EnforceEager)
	}
}

// part is something that an engine may load or leave out.
type part struct {
	bytes     float64
	more, too string // why the log shows more, why it shows less
}

// weights looks for a part of the model, or another precision, that is just
// as large as the difference.
func (r *reconciler) weights() {
	c := r.out.Line("weights")
	if c == nil || c.Status == Exact || math.Abs(c.Difference()) < 2*c.Rounding+4*mib {
		return
	}
	over := c.Observed - c.Predicted
	for _, p := range r.parts() {
		if p.bytes > 0 && math.Abs(math.Abs(over)-p.bytes) <= math.Max(2*c.Rounding, 0.01*p.bytes) {
			if over > 0 && p.more != "" {
				r.because(ofWeights, "weights differ by exactly %s: %s", gibs(p.bytes), p.more)
				return
			}
			if over < 0 && p.too != "" {
				r.because(ofWeights, "weights differ by exactly %s: %s", gibs(-p.bytes), p.too)
				return
			}
		}
	}
	if c.Status != Outside {
		return
	}
	if p := r.otherPrecision(c); p != nil {
		r.because(ofWeights, "the weights are as large as those in %s (%s), not %s", p.Name, p.ID, r.d.Weights.Name)
	}
}

func (r *reconciler) parts() []part {
	m, tp := r.d.Model, float64(max(r.d.TP, 1))
	float := 2.0
	if r.d.Weights.Float == "fp32" || r.d.Weights.ID == "fp32" {
		float = 4
	}
	head := float64(m.Arch.Vocab) * float64(m.Arch.Hidden) * float / tp
	list := []part{{head, "an output matrix of its own", "the output matrix is shared with the embedding"}}
	if m.Arch.TieEmbeddings {
		list[0].more = "the tied output matrix is loaded a second time"
	}
	if v := m.Arch.Vision; v != nil {
		list = append(list, part{float64(v.Params) * float / tp, "", "the vision tower is not loaded"})
		list = append(list, part{float64(v.Params) * float * (1 - 1/tp), "the vision tower is replicated on every rank", ""})
	}
	if n, err := m.MTPParams(); err == nil && n > 0 {
		list = append(list, part{float64(n) * float / tp, "the multi-token-prediction module is loaded too", ""})
	}
	rotary := m.Arch.RopeDim
	if rotary == 0 {
		rotary = m.Arch.AttentionOf(catalog.FullAttention).HeadDim
	}
	return append(list, part{float64(m.MaxContext) * float64(rotary) * float, "a second rotary table", "no rotary table is kept"})
}

// otherPrecision returns the precision in which the ledger's weights equal
// the log's, or nil.
func (r *reconciler) otherPrecision(c *Comparison) *catalog.Precision {
	d := r.d
	var best *catalog.Precision
	least := math.Max(2*c.Rounding, 0.003*c.Observed)
	for i := range r.alternatives {
		p := &r.alternatives[i]
		d.Weights = p
		if p.ID == r.d.Weights.ID {
			continue
		}
		l, err := r.weightsOf(d)
		if err != nil {
			continue
		}
		if off := math.Abs(float64(l) - c.Observed); off < least {
			best, least = p, off
		}
	}
	return best
}

// weightsOf is the weights line of another deployment, counted as in the
// comparison.
func (r *reconciler) weightsOf(d estimator.Deployment) (int64, error) {
	if r.log.Engine != enginelog.LlamaCpp {
		l, err := estimator.StageMemory(d, 0)
		return l.WeightsBytes, err
	}
	d.PP = 1
	d.Device.MemoryBytes, d.Device.FreeBytes = roomy, roomy
	l, err := estimator.Memory(d)
	return l.WeightsBytes, err
}

// fraction checks that the log's own figures add up to the fraction that it
// states, and names the one that fits where it states none.
func (r *reconciler) fraction() {
	stated := r.log.Settings.MemoryFraction
	for _, k := range r.log.Devices() {
		if !k.Total.Known() || !k.Weights.Known() || !k.Activation.Known() || !k.NonTorch.Known() || !k.KVPool.Known() || k.Total.Value == 0 {
			continue
		}
		used := k.Weights.Value + k.Activation.Value + k.NonTorch.Value + k.KVPool.Value
		if r.log.Settings.GraphsReserved.Value {
			used += k.GraphsEstimated.Value
		}
		closes, have := float64(used)/float64(k.Total.Value), r.d.Options.MemoryFraction
		if stated.Known() {
			have = stated.Value
		}
		if math.Abs(closes-have) > 0.01 {
			r.because(ofPool, "the figures of the log add up to %.3f of the memory that the engine sees, the memory fraction is %g", closes, have)
		}
		return
	}
	c, visible := r.out.Line("kv_cache"), r.d.Visible()
	if stated.Known() || c == nil || c.Status != Outside || visible <= 0 {
		return
	}
	if fits := r.d.Options.MemoryFraction + (c.Observed-c.Predicted)/visible; fits > 0 && fits < 1 {
		r.because(ofPool, "the log does not state the memory fraction: a pool of %s fits one of %.2f, the estimate is for %g",
			strings.TrimPrefix(gibs(c.Observed), "+"), fits, r.d.Options.MemoryFraction)
	}
}

// pool traces a difference of the pool back to the lines that it is the
// remainder of.
func (r *reconciler) pool() {
	c := r.out.Line("kv_cache")
	if c == nil || c.Status == Exact || math.Abs(c.Difference()) < 0.02*gib || r.reasons["kv_cache"] {
		return
	}
	over := c.Observed - c.Predicted
	left := over
	type cause struct {
		name  string
		bytes float64 // by which it makes the observed pool larger
	}
	var causes []cause
	take := func(id, name string, share float64) {
		if l := r.out.Line(id); l != nil {
			effect := share * (l.Observed - l.Predicted)
			left -= effect
			causes = append(causes, cause{name, effect})
		}
	}
	take("weights", "weights", -1)
	take("activations", "activations", -1)
	take("communication", "non-torch", -1)
	if r.d.Version.Memory.GraphReserved {
		take("cuda_graphs_estimated", "reserved CUDA graphs", -1)
	}
	take("visible", "memory of the device", r.d.Options.MemoryFraction)
	causes = append(causes, cause{"what the log does not itemise", left})
	sort.SliceStable(causes, func(i, j int) bool { return math.Abs(causes[i].bytes) > math.Abs(causes[j].bytes) })
	var parts []string
	for _, x := range causes {
		if math.Abs(x.bytes) >= 0.01*gib {
			parts = append(parts, x.name+" "+gibs(x.bytes))
		}
	}
	word := "larger"
	if over < 0 {
		word = "smaller"
	}
	format := "the KV pool is %s %s than estimated: %s"
	args := []any{strings.TrimLeft(gibs(over), "+-"), word, strings.Join(parts, ", ")}
	if math.Abs(left) < 0.2*math.Abs(over) {
		r.because(ofPool, format, args...)
	} else {
		r.say(format, args...)
	}
}

// tokens says whether bytes per token agree, or by which factor they do not.
func (r *reconciler) tokens() {
	c := r.out.Line("pool_tokens")
	if c == nil || c.Predicted == 0 {
		return
	}
	switch ratio := c.Observed / c.Predicted; {
	case c.Status != Outside:
		r.say("the tokens are exactly what the observed pool holds at %.0f bytes per token", r.whole.KVBytesPerToken)
	case r.log.Settings.ContextParallel.Value > 1 && near(ratio, float64(r.log.Settings.ContextParallel.Value)):
		r.because([]string{"kv_tokens", "max_sequences", "pool_tokens"}, "decode context parallelism multiplies the tokens by %d", r.log.Settings.ContextParallel.Value)
	case near(ratio, 2):
		r.because([]string{"kv_tokens", "max_sequences", "pool_tokens"}, "the pool holds twice the tokens: the cache is kept in half the bytes (an 8-bit KV cache)")
	case near(ratio, 0.5):
		r.because([]string{"kv_tokens", "max_sequences", "pool_tokens"}, "the pool holds half the tokens: the cache is kept in twice the bytes (a wider KV cache)")
	}
}

func near(v, want float64) bool { return math.Abs(v/want-1) < 0.01 }

// neighbours reports memory that was in use before the engine started, beyond
// what a driver context takes.
func (r *reconciler) neighbours() {
	for _, k := range r.log.Devices() {
		if used := k.Total.Value - k.Free.Value; k.Total.Known() && k.Free.Known() && used > 2.5*gib {
			r.say("%s of the device were in use before the engine started (line %d)", strings.TrimPrefix(gibs(float64(used)), "+"), k.Free.Line)
			return
		}
	}
}

// gibs prints a signed size.
func gibs(bytes float64) string { return fmt.Sprintf("%+.2f GiB", bytes/gib) }
