package planner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// best takes, among the options whose score is within closeEnough of the
// highest, the one on the engine that suits the hardware, then the fastest,
// then the one that needs least memory: half a per cent of quality is below
// what any benchmark resolves, a serving engine or twice the speed is not.
// Precisions that keep less than usable of the quality count only where no
// better one fits: what three bits cost varies too much by task to trade for
// speed. Among usable ones, accelerators that hold the whole model go before
// offload, and offload before the CPU.
func (p *pass) best(options []*option, q *Quality) choice {
	// When none is fast enough the caller rejects the model, naming its fastest option.
	fast := keep(options, func(o *option) bool { return o.speed.TokensPerSUser.Value >= p.req.MinTokensPerS })
	fast = keep(fast, func(o *option) bool { return retention(o.deployment.Model, o.weights) >= usable })
	for _, t := range []tier{wholeOnAccelerators, partlyOnHost} {
		if whole := keep(fast, func(o *option) bool { return o.tier() == t }); whole[0].tier() == t {
			fast = whole
			break
		}
	}
	highest := 0.0
	for _, o := range fast {
		highest = max(highest, p.score(o, q))
	}
	near := keep(fast, func(o *option) bool { return p.score(o, q) >= closeEnough*highest })
	top := slices.MaxFunc(near, func(a, b *option) int {
		return cmp.Or(
			cmp.Compare(p.engineFit(a), p.engineFit(b)),
			cmp.Compare(b.deployment.World(), a.deployment.World()),
			cmp.Compare(a.speed.TokensPerSUser.Value, b.speed.TokensPerSUser.Value),
			cmp.Compare(b.ledger.NeedBytes, a.ledger.NeedBytes),
		)
	})
	return choice{option: top, quality: q, score: p.score(top, q), others: options}
}

// keep returns the options that satisfy want, or all when none does.
func keep(options []*option, want func(*option) bool) []*option {
	kept := slices.DeleteFunc(slices.Clone(options), func(o *option) bool { return !want(o) })
	if len(kept) == 0 {
		return options
	}
	return kept
}

const (
	closeEnough = 0.995
	usable      = 0.95
)

// engineFit prefers a serving engine on data-centre parts and llama.cpp
// elsewhere; when the user listed engines, in the order of the list.
func (p *pass) engineFit(o *option) int {
	if len(p.req.Engines) > 0 {
		return -slices.IndexFunc(p.engines, func(e engineChoice) bool { return e.engine == o.deployment.Engine })
	}
	serving := o.deployment.Engine.ID != estimator.LlamaCpp
	if serving == (o.deployment.Device.Accelerator.Class == "datacenter") {
		return 1
	}
	return 0
}

// score is quality times what the precision keeps of it times how far the
// answer comes in comfortable time; a model without a published score counts
// on precision and speed alone and ranks below every scored one.
//
//	comfort = min(1, comfortable E2E / E2E)^(1/2),  comfortable E2E = 2 s + output / comfortable tokens/s
//
// and, where the first token takes longer than people wait, times that patience over the TTFT.
func (p *pass) score(o *option, q *Quality) float64 {
	s := retention(o.deployment.Model, o.weights) * p.comfort(&o.speed) * min(1, 1000*p.patience(o.deployment.Model)/o.speed.TTFTMs.Value)
	if q == nil {
		return s
	}
	return q.Value * s
}

func (p *pass) comfort(s *estimator.Speed) float64 {
	want := p.use.MinTokensPerS
	if want == 0 {
		want = 20
	}
	comfortable := 2 + float64(p.req.OutputTokens)/want
	e2e := (s.TTFTMs.Value + float64(p.req.OutputTokens)*s.TPOTMs.Value) / 1000
	return math.Sqrt(min(1, comfortable/e2e))
}

// compareChoices puts scored models first, of them those that are no stopgap,
// best score first, then by id so that the order never depends on chance.
func compareChoices(a, b choice) int {
	known := func(c choice) int {
		if c.quality != nil {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(known(a), known(b)),
		cmp.Compare(rankOf(a.stopgap), rankOf(b.stopgap)),
		cmp.Compare(b.score, a.score),
		cmp.Compare(a.deployment.Model.ID, b.deployment.Model.ID),
	)
}

func rankOf(stopgap bool) int {
	if stopgap {
		return 1
	}
	return 0
}

// stopgap says that an option is not what data-centre parts are for: whoever runs
// them has many users, whom offload and llama.cpp serve one after another.
func stopgap(o *option) bool {
	return o.deployment.Device.Accelerator.Class != "datacenter" || o.deployment.Engine.ID == estimator.LlamaCpp || o.tier() != wholeOnAccelerators
}

// candidate writes a choice out, with the full ledger and the reasons.
func (p *pass) candidate(ch choice, rank int) (Candidate, error) {
	d := ch.deployment
	m := d.Model
	ledger, err := estimator.Memory(d)
	if err != nil {
		return Candidate{}, err
	}
	params, err := m.Params()
	if err != nil {
		return Candidate{}, err
	}
	active, err := m.ActiveParams()
	if err != nil {
		return Candidate{}, err
	}
	maxContext, err := longest(d, ledger)
	if err != nil {
		return Candidate{}, err
	}
	out := Candidate{
		Rank: rank, Model: m.ID, Params: params, Active: active, Licence: orUnknown(m.Licence),
		Precision: ch.weights.ID, KV: cacheFormat(d), Engine: d.Engine.ID + " " + d.Release, EngineName: d.Engine.Name,
		Placement: placement(ch), Memory: ledger, Speed: ch.speed, Context: d.Options.MaxModelLen,
		MaxContext: maxContext, Quality: ch.quality, Score: ch.score,
	}
	if q := ch.quality; q != nil {
		withLoss := *q
		withLoss.Loss = lossText(ch.weights)
		out.Quality = &withLoss
	}
	out.Reasons, out.Notes = p.reasons(ch, ledger), notesOf(ch)
	if over := upperNeed(ledger) - d.Device.FreeBytes; over > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("tight: at the upper end of the intervals %.0f MiB are missing", math.Ceil(float64(over)/(1<<20))))
	}
	for _, o := range ch.others {
		if o.weights == ch.weights && o.deployment.Engine == d.Engine && o.place == ch.place {
			continue
		}
		out.Alternatives = append(out.Alternatives, Alternative{
			Precision: o.weights.ID, Engine: o.deployment.Engine.ID, Placement: describe(o.deployment),
			NeedBytes: o.ledger.NeedBytes, TokensPerS: o.speed.TokensPerSUser.Value,
		})
	}
	return out, nil
}

// cacheFormat is what the engine keeps by default: its first format, or FP16
// on NVIDIA parts before Ampere, which have no BF16.
func cacheFormat(d estimator.Deployment) string {
	if len(d.Engine.KV) == 0 {
		return "bf16" // what the ledger counts with
	}
	if d.Engine.KV[0] == "bf16" && !hasBF16(d.Device.Accelerator) && slices.Contains(d.Engine.KV, "fp16") {
		return "fp16"
	}
	return d.Engine.KV[0]
}

func placement(ch choice) Placement {
	d := ch.deployment
	p := Placement{Accelerator: ch.place.name, TP: d.TP, PP: d.PP, Replicas: 1, Summary: describe(d)}
	if ch.place.count > 0 {
		p.Count = d.World()
		p.Replicas = ch.place.count / p.Count
	}
	p.Offload = ch.tier() == partlyOnHost
	if p.Offload {
		p.Summary += fmt.Sprintf(", %d of %d layers, the rest on the CPU", ch.ledger.GPULayers, ch.ledger.TotalLayers)
	}
	if p.Replicas > 1 {
		p.Summary += fmt.Sprintf(" (%d replicas fit)", p.Replicas)
	}
	return p
}

// longest is the largest context of one sequence that fits with as many layers
// on the accelerators as now.
func longest(d estimator.Deployment, l estimator.Ledger) (int, error) {
	d.Options.GPULayers = l.GPULayers
	return estimator.LongestContext(d)
}

func (p *pass) reasons(ch choice, l estimator.Ledger) []string {
	free := float64(ch.deployment.Device.FreeBytes)
	out := []string{fmt.Sprintf("needs %.1f of %.1f GiB free with %d tokens of context", float64(l.NeedBytes)/estimator.GiB, free/estimator.GiB, ch.deployment.Options.MaxModelLen)}
	if q := ch.quality; q != nil {
		text := fmt.Sprintf("%s (%s), %.0f %% of this use case's benchmarks published", q.Benchmark, q.Source, 100*q.Coverage)
		if q.Linked != "" {
			text += "; " + q.Linked
		}
		out = append(out, text)
	} else {
		out = append(out, "no published score for use case "+p.use.ID)
	}
	s := ch.speed
	if ch.deployment.Model.Kind == catalog.Generative {
		out = append(out, fmt.Sprintf("%.0f tokens/s for one user, first token after %.1f s; bound by %s", s.TokensPerSUser.Value, s.TTFTMs.Value/1000, s.Bound))
	} else {
		out = append(out, fmt.Sprintf("%.0f input tokens/s, an answer after %.3f s", s.TokensPerSUser.Value, s.TTFTMs.Value/1000))
	}
	if better := p.passedOver(ch); better != "" {
		out = append(out, better)
	}
	return out
}

// passedOver says why a wider precision that fits was not taken.
func (p *pass) passedOver(ch choice) string {
	for _, o := range ch.others {
		if o.place == ch.place && retention(o.deployment.Model, o.weights) > retention(o.deployment.Model, ch.weights) {
			return fmt.Sprintf("%s fits too, at %.0f tokens/s", o.weights.Name, o.speed.TokensPerSUser.Value)
		}
	}
	return ""
}

// upperNeed is the need when every line but the pool lies at the upper end of
// its interval.
func upperNeed(l estimator.Ledger) int64 {
	need := l.NeedBytes
	for _, line := range l.Lines {
		if line.ID != "kv_cache" && line.ID != "headroom" {
			need += line.High - line.Bytes
		}
	}
	return need
}

// notesOf tells what a user has to bring.
func notesOf(ch choice) []string {
	var notes []string
	m, w := ch.deployment.Model, ch.weights
	if w.ID != m.Checkpoint && w.GGUFMix == "" && !strings.HasPrefix(w.ID, "fp8") && w.Bits < 16 {
		notes = append(notes, w.Name+" needs a checkpoint published in that format; the model's own is "+m.Checkpoint)
	}
	if f := ch.deployment.Options.MemoryFraction; f > 0 && f != ch.deployment.Version.MemoryFraction {
		notes = append(notes, fmt.Sprintf("memory fraction lowered to %.2f: that is what is free, less the CUDA graphs and the context beside it", f))
	}
	if a := ch.deployment.Device.PeakBasis; a == catalog.Assumed {
		notes = append(notes, "memory bandwidth is assumed, not known: measure it for a firm speed")
	}
	if ch.stopgap {
		notes = append(notes, "no serving engine holds it on these accelerators: ranked below the models that one holds")
	}
	return notes
}
