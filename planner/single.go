package planner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Ask is one deployment as a user describes it. What is left out is chosen by
// [Single].
type Ask struct {
	Model     *catalog.Model
	File      *estimator.GGUFLayout // the model comes from this file
	Engine    string                // id, optionally with a version: "vllm@0.19"
	Precision string                // of the weights
	KV        string                // precision of the cache
	Named     Checkpoint            // what the name of the model says of the weights

	TP, PP, EP, DP, AttentionDP int // 0: one

	Options estimator.Options
}

// Single completes a deployment on a node with what the user did not say, and
// returns what it chose as assumptions. It does not search: sizes left out are
// one, the engine is the first of the usual ones that runs this model on this
// hardware, and weights are as published (for llama.cpp Q4_K_M, its most
// downloaded mix).
//
// A combination that cannot run is an [*estimator.UnsupportedError]; names that
// the catalog does not know are its errors.
func Single(c *catalog.Catalog, node catalog.Node, ask Ask) (estimator.Deployment, []estimator.Assumption, error) {
	if ask.Model == nil {
		return estimator.Deployment{}, nil, errors.New("planner: a deployment needs a model")
	}
	places, _ := placesOf(node)
	if len(places) == 0 {
		return estimator.Deployment{}, nil, errNoPlace
	}
	s := single{catalog: c, ask: ask}
	specs := []string{ask.Engine}
	if ask.Engine == "" {
		specs = defaultEngines[:]
		if ask.File != nil || ask.Named.GGUF {
			specs = []string{estimator.LlamaCpp}
		}
	}
	var refused error
	for _, spec := range specs {
		s.assumptions = nil
		d, err := s.on(places, spec)
		if err == nil {
			err = s.enough(d)
		}
		if err == nil {
			_, _, err = estimator.Resolve(d)
		}
		if err == nil {
			err = s.fraction(&d)
		}
		var unsupported *estimator.UnsupportedError
		switch {
		case err == nil:
			return d, s.assumptions, nil
		case !errors.As(err, &unsupported):
			return d, nil, err
		}
		refused = cmp.Or(refused, err)
	}
	return estimator.Deployment{}, nil, refused
}

var errNoPlace = errors.New("planner: the hardware has neither an accelerator nor host memory that a model could use")

// single completes one deployment.
type single struct {
	catalog     *catalog.Catalog
	ask         Ask
	place       *place
	assumptions []estimator.Assumption
}

func (s *single) assume(name, value, why string) {
	s.assumptions = append(s.assumptions, estimator.Assumption{Name: name, Value: value, Why: why})
}

// on sets the deployment up with one engine, in the place that suits it.
func (s *single) on(places []place, spec string) (d estimator.Deployment, err error) {
	d = estimator.Deployment{
		Model: s.ask.Model, File: s.ask.File, Options: s.ask.Options,
		TP: s.ask.TP, PP: s.ask.PP, EP: s.ask.EP, DP: s.ask.DP, AttentionDP: s.ask.AttentionDP,
	}
	if d.Engine, d.Version, d.Release, err = s.catalog.Engine(spec); err != nil {
		return d, err
	}
	if !strings.Contains(s.ask.Engine, "@") {
		s.assume("engine", d.Engine.ID+"@"+d.Release, "the version planned with where none is named")
	}
	if _, note, err := d.Engine.At(d.Release); err == nil && note != "" {
		s.assume("engine_version", d.Release, note)
	}
	pl := placeFor(places, d.Engine)
	s.place = pl
	d.Device = pl.device
	s.assumptions = append(s.assumptions, pl.assumptions...)
	if len(places) > 1 && pl.count > 0 && places[1].count > 0 {
		s.assume("accelerator", pl.name, "the group with the most memory of those named")
	}
	if d.Weights, err = s.weights(d.Engine); err != nil {
		return d, err
	}
	if s.ask.KV != "" {
		d.KV, err = s.catalog.Precision(s.ask.KV)
	}
	return d, err
}

// fraction lowers the engine's default memory fraction to what is free, where
// that is less: with the default the engine would not start.
func (s *single) fraction(d *estimator.Deployment) (err error) {
	if *d, err = estimator.Prepare(*d); err != nil {
		return err
	}
	asked := d.Options.MemoryFraction
	if *d = started(*d); d.Options.MemoryFraction != asked {
		s.assume("memory_fraction", fmt.Sprint(d.Options.MemoryFraction), fmt.Sprintf("what is free, less the CUDA graphs and the context; %s's default %g is more", d.Engine.Name, d.Version.MemoryFraction))
	}
	return nil
}

// placeFor takes the group of accelerators with the most memory among those
// that the engine runs on; without one the first place, which the engine then
// refuses with a reason.
func placeFor(places []place, e *catalog.Engine) *place {
	best := &places[0]
	size := func(p *place) int64 {
		vendor := p.device.Accelerator.Vendor
		switch {
		case p.count == 0 && slices.Contains(e.Vendors, "cpu"):
			return 1 // only where there is nothing better
		case p.count == 0 || !slices.Contains(e.Vendors, vendor):
			return 0
		}
		return int64(p.count) * p.device.MemoryBytes
	}
	for i := range places {
		if size(&places[i]) > size(best) {
			best = &places[i]
		}
	}
	return best
}

func (s *single) weights(e *catalog.Engine) (*catalog.Precision, error) {
	id, why := s.ask.Precision, ""
	switch {
	case id != "":
	case s.ask.File != nil:
		id, why = strings.ToLower(s.ask.File.Mix), "the mix of the file"
	case s.ask.Named.Precision != "":
		id, why = precisionChoice{stated: s.ask.Named.Precision, model: s.ask.Model, engine: e, part: s.place.device.Accelerator}.id()
	default:
		id, why = usualPrecision(s.ask.Model, e, s.place.device.Accelerator)
	}
	if why != "" {
		s.assume("precision", id, why)
	}
	return s.catalog.Precision(id)
}

// enough refuses a deployment that is larger than its group.
func (s *single) enough(d estimator.Deployment) error {
	tp, pp, dp := max(d.TP, 1), max(d.PP, 1), max(d.DP, 1)
	need, have := tp*pp*dp, max(s.place.count, 1)
	if need <= have {
		return nil
	}
	return &estimator.UnsupportedError{
		Reason: fmt.Sprintf("TP %d x PP %d x DP %d needs %d accelerators, the hardware has %d of %s", tp, pp, dp, need, have, s.place.name),
		Change: fmt.Sprintf("name %d of them with --on, or ask for fewer", need),
	}
}
