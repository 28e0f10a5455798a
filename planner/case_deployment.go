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

// Deployment resolves the names of a case through the catalog and completes it:
//
//	engine       vLLM, or llama.cpp where vLLM does not run; the version planned with
//	precision    as published; for llama.cpp its usual mix
//	tp           the smallest power of two that holds the model and one request
//	             (llama.cpp, which splits by layer: pp)
//	dp           accelerators / (tp x pp), 1 when accelerators are not given
//	max_model_len the model's own, or the request's length where that does not fit
//
// What was chosen is in the assumptions. A disaggregated case gives one replica
// of its decode side. Errors are of the case, of a name that the catalog does
// not have, or [*estimator.UnsupportedError].
func (k Case) Deployment(c *catalog.Catalog) (estimator.Deployment, estimator.Load, []estimator.Assumption, error) {
	b, err := k.build(c, estimator.NewShape)
	return b.d, b.load, b.assumptions, err
}

// build completes the case as far as it can be; what it has is there after an
// error too.
func (k *Case) build(c *catalog.Catalog, shape func(*catalog.Model) (*estimator.Shape, error)) (*caseBuilder, error) {
	b := &caseBuilder{catalog: c, k: k, load: k.load(), shape: shape}
	for _, step := range []func() error{k.check, b.accelerator, b.engine, b.model, b.precisions, b.options, b.prepare, b.topology, b.length} {
		if err := step(); err != nil {
			return b, err
		}
	}
	return b, nil
}

// caseBuilder turns a case into a deployment, step by step.
type caseBuilder struct {
	catalog     *catalog.Catalog
	k           *Case
	d           estimator.Deployment
	load        estimator.Load
	shape       func(*catalog.Model) (*estimator.Shape, error)
	count       int // accelerators of the deployment, 0 not given
	assumptions []estimator.Assumption
	ledger      estimator.Ledger // of the complete deployment
}

func (b *caseBuilder) assume(name string, value any, format string, args ...any) {
	b.assumptions = append(b.assumptions, estimator.Assumption{Name: name, Value: fmt.Sprint(value), Why: fmt.Sprintf(format, args...)})
}

// accelerator takes a name of the catalog, or a description of hardware for
// parts that are sold with several memory sizes ("M4 Max 64GB").
func (b *caseBuilder) accelerator() error {
	b.count = b.k.Accelerators
	acc, err := b.catalog.Accelerator(b.k.Accelerator)
	if err == nil && acc.Class != "cpu" && !acc.Unified {
		b.d.Device = estimator.Device{Accelerator: acc, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes, Link: acc.Link}
		return nil
	}
	node, hardware := b.catalog.ParseHardware(b.k.Accelerator)
	if hardware != nil {
		return cmp.Or(err, hardware)
	}
	places, _ := placesOf(node)
	if len(places) != 1 {
		return fmt.Errorf("accelerator %q: accepted is one kind of accelerator", b.k.Accelerator)
	}
	b.d.Device = places[0].device
	b.assumptions = append(b.assumptions, places[0].assumptions...)
	if note := node.Host.Note; note != "" && places[0].count == 0 {
		b.assume("accelerator", b.k.Accelerator, "%s", note)
	}
	if places[0].count > 1 && b.count == 0 {
		b.count = places[0].count
	}
	return nil
}

func (b *caseBuilder) engine() (err error) {
	spec, version, _ := strings.Cut(b.k.Engine, "@")
	version = cmp.Or(b.k.EngineVersion, version)
	if spec == "" {
		spec = b.usualEngine()
		b.assume("engine", spec, "the usual one for %s", b.d.Device.Accelerator.Name)
	}
	if version == "" {
		if b.d.Engine, b.d.Version, b.d.Release, err = b.catalog.Engine(spec); err == nil {
			b.assume("engine_version", b.d.Release, "the version planned with where none is named")
		}
		return err
	}
	b.d.Engine, b.d.Version, b.d.Release, err = b.catalog.Engine(spec + "@" + version)
	var malformed *catalog.VersionError
	if !errors.As(err, &malformed) {
		return err
	}
	// Builds of the day and doubled suffixes ("1.2.0rc6.post2") are judged by their release.
	name := spec
	if release := releaseOf(version); release != "" {
		name += "@" + release
	}
	if b.d.Engine, b.d.Version, b.d.Release, err = b.catalog.Engine(name); err == nil {
		b.assume("engine_version", b.d.Release, "%q is not a release", version)
	}
	return err
}

// releaseOf cuts what follows the numbers of a version; empty when there are
// none in front.
func releaseOf(version string) string {
	v := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(version)), "v")
	end := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		v = v[:end]
	}
	return strings.Trim(v, ".")
}

// usualEngine is the first of the default engines that runs on the device.
func (b *caseBuilder) usualEngine() string {
	vendor := b.d.Device.Accelerator.Vendor
	if b.d.Device.Accelerator.Class == "cpu" {
		vendor = "cpu"
	}
	for _, id := range defaultEngines {
		if e, _, _, err := b.catalog.Engine(id); err == nil && slices.Contains(e.Vendors, vendor) {
			return id
		}
	}
	return estimator.LlamaCpp
}

func (b *caseBuilder) model() (err error) {
	b.d.Model, err = b.catalog.Model(b.k.Model)
	return err
}

func (b *caseBuilder) precisions() (err error) {
	id := b.k.Precision
	if id == "" {
		var why string
		id, why = usualPrecision(b.d.Engine, b.d.Model)
		b.assume("precision", id, "%s", why)
	}
	if b.d.Weights, err = b.catalog.Precision(id); err != nil {
		return err
	}
	if kv := b.k.KVPrecision; kv != "" && !strings.EqualFold(kv, "auto") {
		b.d.KV, err = b.catalog.Precision(kv)
	}
	return err
}

// usualPrecision is what a model is served in when nothing is asked for.
func usualPrecision(e *catalog.Engine, m *catalog.Model) (id, why string) {
	switch {
	case e.ID == estimator.LlamaCpp && m.Checkpoint == "mxfp4":
		return "mxfp4-gguf", "as published"
	case e.ID == estimator.LlamaCpp:
		return "q4_k_m", "the usual mix of llama.cpp"
	default:
		return cmp.Or(m.Checkpoint, "bf16"), "as published"
	}
}

func (b *caseBuilder) options() error {
	o := b.k.EngineOptions
	b.d.Options = estimator.Options{MaxModelLen: o.MaxModelLen, MaxSeqs: o.MaxNumSeqs, MaxBatchedTokens: o.MaxNumBatchedTokens, MemoryFraction: o.MemoryFraction}
	if o.PrefixCaching != nil && !*o.PrefixCaching && b.load.PrefixHit > 0 {
		b.load.PrefixHit = 0
		b.assume("prefix_hit", 0, "prefix caching is off")
	}
	return nil
}

func (b *caseBuilder) prepare() (err error) {
	if b.d.Shape, err = b.shape(b.d.Model); err == nil {
		b.d, err = estimator.Prepare(b.d)
	}
	return err
}

// topology fills in the parallel sizes and holds them against the number of
// accelerators.
func (b *caseBuilder) topology() error {
	k, d := b.k, &b.d
	d.TP, d.PP, d.EP, d.DP, d.AttentionDP = k.TP, k.PP, k.EP, k.DP, k.AttentionDP
	if s := k.Disaggregated; s != nil {
		d.TP, d.EP, d.AttentionDP, d.DP = s.Decode.TP, s.Decode.EP, s.Decode.AttentionDP, s.Decode.Replicas
		return nil
	}
	split := &d.TP // llama.cpp shares a model by layers
	name := "tp"
	if d.Engine.ID == estimator.LlamaCpp {
		split, name = &d.PP, "pp"
	}
	if *split == 0 {
		if err := b.smallest(split, name); err != nil {
			return err
		}
	}
	one := max(d.TP, 1) * max(d.PP, 1)
	switch {
	case b.count == 0 || d.DP > 0 && one*d.DP == b.count:
	case d.DP > 0:
		return fmt.Errorf("tp %d x pp %d x dp %d are %d accelerators, accelerators says %d", max(d.TP, 1), max(d.PP, 1), d.DP, one*d.DP, b.count)
	case b.count%one != 0:
		return fmt.Errorf("tp %d x pp %d = %d accelerators a replica do not divide accelerators %d", max(d.TP, 1), max(d.PP, 1), one, b.count)
	default:
		if d.DP = b.count / one; d.DP > 1 {
			b.assume("dp", d.DP, "%d accelerators in replicas of %d", b.count, one)
		}
	}
	return nil
}

// largestReplica bounds the search for a size that fits.
const largestReplica = 64

// smallest sets a parallel size to the first power of two that holds the model
// and one request. Where none does it stays at the largest that can run, and
// the ledger says what is missing.
func (b *caseBuilder) smallest(size *int, name string) error {
	least, most := max(b.k.EP, b.k.AttentionDP, 1), largestReplica
	if b.count > 0 {
		most = max(b.count/max(b.k.DP, 1)/max(b.k.PP, 1), least)
	}
	context := b.d.Options.MaxModelLen
	defer func() { b.d.Options.MaxModelLen = context }()
	if context == 0 {
		b.d.Options.MaxModelLen = b.request()
	}
	var refused error
	runs := 0
	for n := least; n <= most; n *= 2 {
		*size = n
		l, err := estimator.Fit(b.d)
		switch {
		case err == nil && l.Fits:
			b.assume(name, n, "the smallest that holds the model and one request")
			return nil
		case err == nil:
			runs = n
		default:
			refused = cmp.Or(refused, err)
		}
	}
	if runs == 0 {
		return refused
	}
	*size = runs
	b.assume(name, runs, "no size holds the model")
	return nil
}

// request is the length of one request of the workload, within the model's context.
func (b *caseBuilder) request() int {
	n := int(math.Ceil(b.load.InputTokens + b.load.OutputTokens))
	if most := b.d.Model.MaxContext; most > 0 {
		n = min(n, most)
	}
	return n
}

// length leaves the maximal length to the engine, which takes the model's own,
// unless a cache that long does not fit while the workload's requests do: no
// engine would start then, and its user would lower it.
func (b *caseBuilder) length() (err error) {
	b.ledger, err = estimator.Fit(b.d)
	if err != nil || b.ledger.Fits || b.d.Options.MaxModelLen > 0 {
		return err
	}
	short := b.d
	short.Options.MaxModelLen = b.request()
	l, err := estimator.Fit(short)
	if err != nil || !l.Fits {
		return err
	}
	b.d, b.ledger = short, l
	b.assume("max_model_len", b.d.Options.MaxModelLen, "a request of the workload; the model's own maximum of %d does not fit", b.d.Model.MaxContext)
	return nil
}
