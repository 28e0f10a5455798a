package planner

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Recommend ranks every model of the catalog on the node's free memory: for
// each the best precision, engine and placement that satisfy the request.
//
// Cost: one pass over models x engines x precisions x placements, each a
// ledger and a speed of some ten microseconds, divided by the processors;
// nothing grows with the square of anything.
// Errors are those of the request; that nothing fits is an answer.
func Recommend(c *catalog.Catalog, node catalog.Node, r Request) (*Recommendation, error) {
	p, err := newPass(c, node, r)
	if err != nil {
		return nil, err
	}
	out := &Recommendation{
		UseCase: p.use.ID, Context: p.req.Context, InputTokens: p.req.InputTokens, OutputTokens: p.req.OutputTokens,
		Candidates: []Candidate{}, Rejected: []Rejection{}, Assumptions: p.assumptions, Warnings: p.warnings,
	}
	var models []*catalog.Model
	for i := range c.Models {
		if m := &c.Models[i]; p.relevant(m) {
			models = append(models, m)
		}
	}
	out.Considered = len(models)
	var chosen []choice
	for _, v := range p.considerAll(models) {
		if v.rejection != nil {
			out.Rejected = append(out.Rejected, *v.rejection)
		} else {
			chosen = append(chosen, v.best)
		}
	}
	markStopgaps(chosen, p)
	slices.SortStableFunc(chosen, compareChoices)
	if r.Limit > 0 && len(chosen) > r.Limit {
		chosen = chosen[:r.Limit]
	}
	for i, ch := range chosen {
		candidate, err := p.candidate(ch, i+1)
		if err != nil {
			return nil, err
		}
		if limit := p.patience(ch.deployment.Model); ch.speed.TTFTMs.Value > 1000*limit {
			candidate.Notes = append(candidate.Notes, fmt.Sprintf("slow to begin: the first token takes %.0f s, people wait about %.0f s for it; ranked down for that", ch.speed.TTFTMs.Value/1000, limit))
		}
		out.Candidates = append(out.Candidates, candidate)
	}
	slices.SortStableFunc(out.Rejected, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(a.gap, b.gap), cmp.Compare(a.Model, b.Model))
	})
	return out, nil
}

// Gaps of rejections that nothing measures come after those that something does.
const (
	gapOfWish    = math.MaxFloat64 / 2 // a licence that the user does not accept, a score that nobody published
	gapOfSupport = math.MaxFloat64     // no engine runs it on this hardware
)

// gapOf is how much more of something is needed than there is, as a share of
// what there is.
func gapOf(needed, there float64) float64 {
	if there <= 0 {
		return gapOfWish
	}
	return needed/there - 1
}

// pass holds what is the same for every model.
type pass struct {
	catalog     *catalog.Catalog
	use         *catalog.UseCase
	req         Request
	places      []place
	engines     []engineChoice
	precisions  map[string]*catalog.Precision // by id
	scale       *qualityScale
	assumptions []estimator.Assumption
	warnings    []string
}

// engineChoice is an engine at the version to plan with.
type engineChoice struct {
	engine  *catalog.Engine
	version *catalog.EngineVersion
	release string
}

func newPass(c *catalog.Catalog, node catalog.Node, r Request) (*pass, error) {
	p := &pass{catalog: c, req: r, use: r.UseCase}
	if p.use == nil {
		return nil, errors.New("planner: a request needs a use case")
	}
	assume := func(name string, value any, why string) {
		p.assumptions = append(p.assumptions, estimator.Assumption{Name: name, Value: fmt.Sprint(value), Why: why})
	}
	if p.req.Context == 0 {
		p.req.Context = p.use.Context
		assume("context", p.req.Context, "use case "+p.use.ID)
	}
	if err := p.shapeRequest(assume); err != nil {
		return nil, err
	}
	if p.req.MaxTrust == "" {
		p.req.MaxTrust = "B"
	}
	if err := p.addEngines(); err != nil {
		return nil, err
	}
	p.places, p.warnings = placesOf(node)
	for _, pl := range p.places {
		for _, a := range pl.assumptions {
			if !slices.Contains(p.assumptions, a) { // the host serves all of them
				p.assumptions = append(p.assumptions, a)
			}
		}
	}
	if len(p.places) == 0 {
		return nil, errNoPlace
	}
	p.precisions = make(map[string]*catalog.Precision, len(c.Precisions))
	for i := range c.Precisions {
		p.precisions[c.Precisions[i].ID] = &c.Precisions[i]
	}
	p.scale = newQualityScale(c, p.use)
	return p, nil
}

// shapeRequest takes what was left out of the request from the use case. Where
// the context is shorter than the use case's request, its shape is kept.
func (p *pass) shapeRequest(assume func(name string, value any, why string)) error {
	r, why := &p.req, "use case "+p.use.ID
	in, out := p.use.InputTokens, p.use.OutputTokens
	if whole := in + out; whole > r.Context {
		in = max(1, r.Context*in/whole)
		out = min(out, r.Context-in)
		why += ", shortened to the context"
	}
	if r.InputTokens == 0 {
		r.InputTokens = min(in, r.Context-r.OutputTokens)
		assume("input_tokens", r.InputTokens, why)
	}
	if r.OutputTokens == 0 {
		r.OutputTokens = min(out, r.Context-r.InputTokens)
		assume("output_tokens", r.OutputTokens, why)
	}
	least := 0
	if p.use.Kind == catalog.Generative {
		least = 1
	}
	if r.InputTokens < 1 || r.InputTokens+r.OutputTokens > r.Context || r.OutputTokens < least {
		return fmt.Errorf("planner: a request of %d tokens in and %d out does not fit a context of %d", r.InputTokens, max(r.OutputTokens, least), r.Context)
	}
	return nil
}

// defaultEngines are planned with when the user names none: the most widely
// deployed serving engine, and the one that runs everywhere.
var defaultEngines = [...]string{"vllm", estimator.LlamaCpp}

func (p *pass) addEngines() error {
	specs := p.req.Engines
	if len(specs) == 0 {
		specs = defaultEngines[:]
	}
	for _, spec := range specs {
		e, v, release, err := p.catalog.Engine(spec)
		if err != nil {
			return err
		}
		p.engines = append(p.engines, engineChoice{e, v, release})
	}
	return nil
}

// relevant says whether a model is of the kind that the use case asks for;
// others are not rejected, they are another subject.
func (p *pass) relevant(m *catalog.Model) bool {
	if len(p.req.Models) > 0 {
		return slices.Contains(p.req.Models, m.ID)
	}
	if m.Kind != p.use.Kind || m.Trust > p.req.MaxTrust {
		return false
	}
	return p.use.Modality == "" || strings.Contains(m.Modality, p.use.Modality)
}

// markStopgaps tells the choices that are only stopgaps on data-centre parts,
// where there are others.
func markStopgaps(chosen []choice, p *pass) {
	if len(p.req.Engines) > 0 || !slices.ContainsFunc(p.places, func(pl place) bool { return pl.count > 0 && pl.device.Accelerator.Class == "datacenter" }) {
		return
	}
	if !slices.ContainsFunc(chosen, func(ch choice) bool { return !stopgap(ch.option) }) {
		return
	}
	for i := range chosen {
		chosen[i].stopgap = stopgap(chosen[i].option)
	}
}

// verdict is the best option of a model, or why there is none.
type verdict struct {
	best      choice
	rejection *Rejection
}

// considerAll judges models on all processors, each by itself, and returns the
// verdicts in the order of the models.
func (p *pass) considerAll(models []*catalog.Model) []verdict {
	verdicts := make([]verdict, len(models))
	qualities := make([]*Quality, len(models))
	for i, m := range models { // the scale keeps what models share: one at a time
		qualities[i] = p.scale.of(m)
	}
	inParallel(len(models), func(i int) {
		v := &verdicts[i]
		v.best, v.rejection = p.consider(models[i], qualities[i])
	})
	return verdicts
}

// consider finds the best option of a model or says why there is none. A model
// that is not what is asked for must fit too where the change admits it.
func (p *pass) consider(m *catalog.Model, quality *Quality) (choice, *Rejection) {
	wish := p.wish(m, quality)
	best, fails := p.fit(m, quality)
	if wish == nil {
		return best, fails
	}
	if fails != nil {
		wish.gap = max(wish.gap, fails.gap)
		if fails.Change == "" {
			wish.Change = ""
		} else {
			wish.Change += ", and " + fails.Change
		}
	}
	return choice{}, wish
}

// wish says in what a model is not what is asked for, whatever the hardware.
func (p *pass) wish(m *catalog.Model, quality *Quality) *Rejection {
	reject := func(gap float64, reason, change string) *Rejection {
		return &Rejection{Model: m.ID, Reason: reason, Change: change, gap: gap}
	}
	if !licenceAccepted(m.Licence, p.req.Licences) {
		return reject(gapOfWish, fmt.Sprintf("licence %s is not among %s", orUnknown(m.Licence), strings.Join(p.req.Licences, ", ")), "accept that licence")
	}
	if m.MaxContext > 0 && m.MaxContext < p.req.Context && m.Kind == catalog.Generative {
		return reject(gapOf(float64(p.req.Context), float64(m.MaxContext)), fmt.Sprintf("its context is %d tokens, %d asked", m.MaxContext, p.req.Context), fmt.Sprintf("--context %d", m.MaxContext))
	}
	if p.req.MinQuality > 0 {
		if quality == nil {
			return reject(gapOfWish, "no published score for use case "+p.use.ID, "drop --min-quality")
		}
		if quality.Value < p.req.MinQuality {
			return reject(gapOf(p.req.MinQuality, quality.Value), fmt.Sprintf("quality %.1f is below %.1f", quality.Value, p.req.MinQuality), fmt.Sprintf("--min-quality %.0f", math.Floor(quality.Value)))
		}
	}
	return nil
}

// fit finds the best option of a model on the hardware or says why there is none.
func (p *pass) fit(m *catalog.Model, quality *Quality) (choice, *Rejection) {
	options, near := p.options(m)
	if len(options) == 0 {
		r := p.explain(m, near)
		r.gap = gapOfSupport
		if r.ShortBytes > 0 {
			free := float64(near.deployment.Device.FreeBytes)
			r.gap = gapOf(free+float64(r.ShortBytes), free)
		}
		return choice{}, r
	}
	best := p.best(options, quality)
	if p.req.MinTokensPerS > 0 && best.speed.TokensPerSUser.Value < p.req.MinTokensPerS {
		fastest := slices.MaxFunc(options, func(a, b *option) int {
			return cmp.Compare(a.speed.TokensPerSUser.Value, b.speed.TokensPerSUser.Value)
		})
		most := fastest.speed.TokensPerSUser.Value
		return choice{}, &Rejection{Model: m.ID, gap: gapOf(p.req.MinTokensPerS, most),
			Reason: fmt.Sprintf("%.1f tokens/s at best (%s), %.1f asked", most, fastest.weights.Name, p.req.MinTokensPerS),
			Change: fmt.Sprintf("--min-tokens-per-s %.1f", math.Floor(10*most)/10)}
	}
	return best, nil
}

// People turn away from a screen that stays empty for ten seconds (Nielsen,
// Usability Engineering, 1993); for a long prompt they are assumed to grant a
// millisecond for each of its tokens.
const (
	attentionS       = 10
	patiencePerToken = 1e-3
)

// patience is how long users of the use case wait for the first token of a
// model, in seconds. What is no dialogue is held to no such limit.
func (p *pass) patience(m *catalog.Model) float64 {
	if m.Kind != catalog.Generative {
		return math.Inf(1)
	}
	return max(attentionS, patiencePerToken*float64(p.req.InputTokens))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// permissive licences allow commercial use without further terms.
var permissive = []string{"apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "isc", "cc-by-4.0", "cc0-1.0"}

// licenceAccepted matches ids without regard to case; "permissive" stands for
// the licences above.
func licenceAccepted(licence string, accepted []string) bool {
	if len(accepted) == 0 {
		return true
	}
	for _, a := range accepted {
		if strings.EqualFold(a, licence) || strings.EqualFold(a, "permissive") && slices.Contains(permissive, strings.ToLower(licence)) {
			return true
		}
	}
	return false
}
