package estimator

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// GiB is 2^30 bytes.
const GiB = 1 << 30

// Deployment is one replica: a model in a precision on an engine over a group
// of equal accelerators. Zero sizes mean "as the engine defaults"; [Resolve]
// fills them in.
type Deployment struct {
	Model   *catalog.Model
	Shape   *Shape // of the model; nil: worked out anew
	Weights *catalog.Precision
	KV      *catalog.Precision

	Engine  *catalog.Engine
	Version *catalog.EngineVersion
	Release string // the version as the user wrote it

	Device Device

	// TP accelerators share every layer, PP stages share the layers, and
	// AttentionDP groups within TP hold whole sequences each (attention runs
	// at TP/AttentionDP). EP spreads whole experts over EP accelerators of the
	// TP group. DP counts replicas; the ledger is that of one.
	TP, PP, EP, DP, AttentionDP int

	Options Options

	// File is a real GGUF file, exact tensor by tensor; nil: by the mix's rule.
	File *GGUFLayout

	explain bool // write out the ledger's lines
}

// Shape is what a model's architecture comes to. Working it out once serves
// any number of deployments of the model, and several goroutines.
type Shape struct {
	tensors []catalog.Tensor
	kinds   []catalog.LayerKind
	layouts sync.Map // mix to *GGUFLayout by the mix's rule, each worked out when first asked for: a score at most
}

// NewShape lists a model's tensors and layer kinds.
func NewShape(m *catalog.Model) (*Shape, error) {
	tensors, err := m.Tensors()
	if err != nil {
		return nil, fmt.Errorf("estimator: %s: %w", m.ID, err)
	}
	kinds, err := m.Arch.LayerKinds()
	if err != nil {
		return nil, fmt.Errorf("estimator: %s: %w", m.ID, err)
	}
	return &Shape{tensors: tensors, kinds: kinds}, nil
}

// Prepare works out what every placement of the deployment has in common, so
// that trying many costs little.
func Prepare(d Deployment) (Deployment, error) {
	if d.Shape == nil {
		shape, err := NewShape(d.Model)
		if err != nil {
			return d, err
		}
		d.Shape = shape
	}
	return d, nil
}

// layout is the model as a GGUF file: the file itself, or by the mix's rule.
func (d *Deployment) layout() *GGUFLayout {
	if d.File != nil {
		return d.File
	}
	mix := d.Weights.GGUFMix
	if known, ok := d.Shape.layouts.Load(mix); ok {
		return known.(*GGUFLayout)
	}
	file := ggufLayout(d.Model, d.Shape.tensors, mix)
	d.Shape.layouts.Store(mix, file)
	return file
}

// Device is one accelerator of the group, or a host's memory when the engine
// runs on the CPU.
type Device struct {
	Accelerator *catalog.Accelerator
	MemoryBytes int64 // total that the driver reports
	FreeBytes   int64 // free now
	Link        catalog.Link

	// Host memory that partial offload may use; 0 none.
	HostFreeBytes int64
	HostBandwidth float64 // decimal GB/s; 0 unknown

	// PeakBasis is how the accelerator's peaks are known when they are not
	// from the catalog's datasheet: modelled from the driver, or assumed.
	PeakBasis catalog.Basis
}

// linkGBps is the rate between accelerators, decimal GB/s per direction: of
// their link, or of PCIe without one; 0 unknown.
func (d *Device) linkGBps() float64 {
	return cmp.Or(d.Link.GBps, d.Accelerator.PCIeGBps)
}

// Options are engine settings; zero is the engine's default.
type Options struct {
	MaxModelLen      int     // tokens of one sequence, prompt and output
	MaxSeqs          int     // sequences at once (llama.cpp: slots)
	MaxBatchedTokens int     // tokens of one step (llama.cpp: ubatch)
	MemoryFraction   float64 // of the device's memory, 0 < f <= 1
	EnforceEager     bool    // no CUDA graphs
	Speculation      Speculation
	ContextParallel  int // ranks of an attention group that share each sequence's cache for decoding (decode context parallelism); 0 or 1: none

	GPULayers        int  // llama.cpp: layers on the accelerator, counting the output as one; 0 all that fit
	NoFlashAttention bool // llama.cpp
}

// World is the number of accelerators of one replica.
func (d *Deployment) World() int { return d.TP * d.PP }

// Assumption is a default that shapes the answer and that the user may change.
type Assumption struct {
	Name  string `json:"name"` // flag or option: "max_num_seqs"
	Value string `json:"value"`
	Why   string `json:"why"`
}

// UnsupportedError says why a deployment cannot run at all, whatever the
// memory, and what would make it possible.
type UnsupportedError struct {
	Reason string
	Change string // smallest change that would admit it, empty none
}

func (e *UnsupportedError) Error() string {
	if e.Change == "" {
		return e.Reason
	}
	return e.Reason + "; " + e.Change
}

func unsupported(change, format string, args ...any) error {
	return &UnsupportedError{Reason: fmt.Sprintf(format, args...), Change: change}
}

// Resolve fills in what the engine would default to on this device, checks
// that engine, precision, accelerator and topology go together, and returns
// the defaults it applied. Errors are [*UnsupportedError] when the combination
// cannot run, and plain errors when the deployment is incomplete.
func Resolve(d Deployment) (Deployment, []Assumption, error) {
	if d.Model == nil || d.Weights == nil || d.Engine == nil || d.Version == nil || d.Device.Accelerator == nil {
		return d, nil, errors.New("estimator: a deployment needs a model, a weight precision, an engine with its version and a device")
	}
	for _, n := range []*int{&d.TP, &d.PP, &d.EP, &d.DP, &d.AttentionDP} {
		if *n < 0 {
			return d, nil, errors.New("estimator: parallel sizes must be positive")
		}
		*n = max(*n, 1)
	}
	d, err := Prepare(d)
	if err != nil {
		return d, nil, err
	}
	var notes []Assumption
	assume := func(name string, value float64, why ...string) { // parts, joined only when they are wanted
		if d.explain {
			notes = append(notes, Assumption{name, fmt.Sprint(value), strings.Join(why, "")})
		}
	}
	o := &d.Options
	if err := o.check(); err != nil {
		return d, nil, err
	}
	if o.MaxModelLen == 0 {
		o.MaxModelLen = d.Model.MaxContext
		assume("max_model_len", float64(o.MaxModelLen), "the model's own maximum")
	}
	if o.MaxModelLen > d.Model.MaxContext && d.Model.MaxContext > 0 {
		return d, notes, unsupported(fmt.Sprintf("ask for at most %d tokens", d.Model.MaxContext),
			"%s has a context of %d tokens, %d asked", d.Model.ID, d.Model.MaxContext, o.MaxModelLen)
	}
	if batch, ok := batchDefault(&d); ok {
		if o.MaxSeqs == 0 {
			o.MaxSeqs = batch.MaxSeqs
			assume("max_num_seqs", float64(o.MaxSeqs), d.Engine.ID, " default on this device")
		}
		if o.MaxBatchedTokens == 0 && batch.MaxBatchedTokens > 0 {
			o.MaxBatchedTokens = batch.MaxBatchedTokens
			assume("max_num_batched_tokens", float64(o.MaxBatchedTokens), d.Engine.ID, " default on this device")
		}
	}
	if o.MaxBatchedTokens == 0 && d.Engine.StaticBatch {
		o.MaxBatchedTokens = o.MaxModelLen
		assume("max_num_batched_tokens", float64(o.MaxBatchedTokens), d.Engine.Name, " computes a prompt in one pass")
	}
	o.MaxSeqs, o.MaxBatchedTokens = max(o.MaxSeqs, 1), max(o.MaxBatchedTokens, 1)
	if o.MemoryFraction == 0 && d.Version.MemoryFraction > 0 {
		o.MemoryFraction = d.Version.MemoryFraction
		assume("memory_fraction", o.MemoryFraction, d.Engine.ID, " ", d.Version.From, " default")
	}
	if tokens := int64(o.MaxModelLen) * int64(o.MaxSeqs); tokens > maxTokens {
		return d, notes, fmt.Errorf("estimator: %d sequences of %d tokens are %d tokens; accepted are up to %d", o.MaxSeqs, o.MaxModelLen, tokens, int64(maxTokens))
	}
	if err := o.Speculation.check(); err != nil {
		return d, notes, err
	}
	if d.explain {
		notes = append(notes, o.Speculation.notes()...)
	}
	return d, notes, d.check()
}

// Bounds of what a user may ask for, far beyond any engine's, so that bytes
// stay within an int64.
const (
	maxSize   = 1 << 30 // tokens of a sequence or of a step, sequences
	maxTokens = 1 << 36 // sequences x tokens of each
)

// check refuses sizes that mean nothing.
func (o *Options) check() error {
	for _, size := range []struct {
		name  string
		value int
	}{{"max_model_len", o.MaxModelLen}, {"max_num_seqs", o.MaxSeqs}, {"max_num_batched_tokens", o.MaxBatchedTokens}, {"gpu_layers", o.GPULayers}, {"decode_context_parallel_size", o.ContextParallel}} {
		if size.value < 0 || size.value > maxSize {
			return fmt.Errorf("estimator: %s %d; accepted are 1 to %d, or 0 for the default", size.name, size.value, maxSize)
		}
	}
	if !(o.MemoryFraction >= 0 && o.MemoryFraction <= 1) { // so that NaN fails
		return fmt.Errorf("estimator: memory fraction %g is outside 0 to 1", o.MemoryFraction)
	}
	return nil
}

// batchDefault is the first default of the engine version that applies to the
// device.
func batchDefault(d *Deployment) (catalog.BatchDefault, bool) {
	for _, b := range d.Version.Defaults {
		if d.Device.MemoryBytes >= b.MinMemory && !contains(b.Except, d.Device.Accelerator.Architecture) {
			return b, true
		}
	}
	return catalog.BatchDefault{}, false
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
