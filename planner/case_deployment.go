package planner

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Deployment resolves the names of a case through the catalog and completes it:
//
//	engine       vLLM, or llama.cpp where vLLM does not run or the weights are a GGUF mix; the version planned with
//	precision    as the checkpoint's name says, else as published; for llama.cpp its usual mix
//	tp           see [caseBuilder.smallest] (llama.cpp, which splits by layer: pp)
//	dp           accelerators / (tp x pp), 1 when accelerators are not given
//	max_model_len the model's own, or the request's length where that does not fit
//
// What was chosen is in the assumptions. A disaggregated case gives one replica
// of its decode side. Errors are of the case, of a name that the catalog does
// not have, or [*estimator.UnsupportedError].
func (k Case) Deployment(c *catalog.Catalog) (estimator.Deployment, estimator.Load, []estimator.Assumption, error) {
	p, load, assumptions := NewEvaluator(c).plan(&k)
	return p.d, load, assumptions, p.err
}

// assumptions collects what was chosen for a case.
type assumptions []estimator.Assumption

func (a *assumptions) add(name string, value any, format string, args ...any) {
	*a = append(*a, estimator.Assumption{Name: name, Value: fmt.Sprint(value), Why: fmt.Sprintf(format, args...)})
}

// named is what the names of a case come to: everything of a deployment but
// its sizes and options.
type named struct {
	d           estimator.Deployment
	count       int // of accelerators that the name states, 0 none
	assumptions assumptions
	err         error
}

// resolve looks up the names of a case. What it has is there after an error too.
func (e *Evaluator) resolve(k *namesKey) *named {
	r := &resolver{names: e.names, k: k}
	for _, step := range []func() error{r.findAccelerator, r.findModel, r.findEngine, r.findPrecisions, func() error { return r.prepare(e.shape) }} {
		if r.err = step(); r.err != nil {
			break
		}
	}
	return &r.named
}

type resolver struct {
	named
	names      *names
	k          *namesKey
	checkpoint checkpoint
}

// findAccelerator takes a name of the catalog, or a description of hardware for
// parts that are sold with several memory sizes ("M4 Max 64GB").
func (r *resolver) findAccelerator() error {
	hw := r.names.accelerator(r.k.accelerator)
	if hw.err != nil {
		return hw.err
	}
	node := hw.node
	places, _ := placesOf(node)
	if len(places) != 1 {
		return fmt.Errorf("accelerator %q: accepted is one kind of accelerator", r.k.accelerator)
	}
	p := places[0]
	r.d.Device = p.device
	if len(node.Groups) == 1 {
		r.d.Device.Link = node.Groups[0].Accelerator.BuiltInLink()
	}
	r.assumptions = append(r.assumptions, p.assumptions...)
	if hw.read != "" {
		r.assumptions.add("accelerator", p.name, "%s", hw.read)
	}
	if p.count > 1 {
		r.count = p.count
	}
	return nil
}

func (r *resolver) findModel() (err error) {
	if r.checkpoint, err = r.names.model(r.k.model); err != nil {
		return err
	}
	r.d.Model = r.checkpoint.model
	if r.checkpoint.read != "" {
		r.assumptions.add("model", r.d.Model.ID, "%s", r.checkpoint.read)
	}
	return nil
}

func (r *resolver) findEngine() (err error) {
	spec, version := r.names.engine(r.k.engine)
	version = cmp.Or(r.k.version, version)
	gguf := r.checkpoint.gguf || r.names.isGGUF(r.k.precision)
	switch {
	case spec == "" && gguf:
		spec = estimator.LlamaCpp
		r.assumptions.add("engine", spec, "the weights are a GGUF file")
	case spec == "":
		spec = r.names.usualEngine(r.d.Device.Accelerator)
		r.assumptions.add("engine", spec, "the usual one for %s", r.d.Device.Accelerator.Name)
	}
	if version == "" {
		if r.d.Engine, r.d.Version, r.d.Release, err = r.names.catalog.Engine(spec); err == nil {
			r.assumptions.add("engine_version", r.d.Release, "the version planned with where none is named")
		}
		return err
	}
	r.d.Engine, r.d.Version, r.d.Release, err = r.names.catalog.Engine(spec + "@" + version)
	if errors.As(err, new(*catalog.VersionError)) {
		name := spec
		if release := releaseOf(version); release != "" {
			name += "@" + release
		}
		if r.d.Engine, r.d.Version, r.d.Release, err = r.names.catalog.Engine(name); err == nil {
			r.assumptions.add("engine_version", r.d.Release, "%q is not a release", version)
		}
	}
	if err != nil {
		return err
	}
	if _, note, err := r.d.Engine.At(r.d.Release); err == nil && note != "" {
		r.assumptions.add("engine_version", r.d.Release, "%s", note)
	}
	return nil
}

func (r *resolver) findPrecisions() (err error) {
	choice := precisionChoice{r.k.precision, r.checkpoint.precision, r.d.Model, r.d.Engine, r.d.Device.Accelerator}
	id, why := choice.id()
	if r.d.Weights, err = r.names.catalog.Precision(id); err != nil {
		return err
	}
	if why != "" {
		r.assumptions.add("precision", r.d.Weights.ID, "%s", why)
	}
	r.d.KV, err = r.names.cache(r.k.kv, r.checkpoint.kv, r.d.Engine)
	if err == nil && r.d.KV != nil && r.k.kv == "" {
		r.assumptions.add("kv_precision", r.d.KV.ID, "as the checkpoint's name says")
	}
	return err
}

func (r *resolver) prepare(shape func(*catalog.Model) (*estimator.Shape, error)) (err error) {
	if r.d.Shape, err = shape(r.d.Model); err == nil {
		r.d, err = estimator.Prepare(r.d)
	}
	return err
}
