package accuracy

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Override is what the user says in place of the log, or beside it. Empty
// fields leave the word to the log.
type Override struct {
	Node      *catalog.Node // the machine: --on or --machine
	Model     string        // catalog names
	Engine    string        // "vllm@0.19"
	Precision string        // of the weights
	KV        string        // precision of the KV cache
}

// Deployment is the deployment that a start-up log describes: the model and
// the precisions as the catalog knows them, the topology and the options as
// the engine printed them, the device as the user names it or as the log
// gives it away. The notes say what was read into the log and what it does
// not say. The error names what is missing and how to supply it.
func Deployment(c *catalog.Catalog, l *enginelog.Log, o Override) (estimator.Deployment, []string, error) {
	b := builder{catalog: c, log: l, over: o, notes: append([]string{}, l.Notes...)}
	for _, step := range []func() error{b.engine, b.model, b.weights, b.cache, b.topology, b.options, b.device} {
		if err := step(); err != nil {
			return estimator.Deployment{}, b.notes, fmt.Errorf("accuracy: %w", err)
		}
	}
	return b.d, b.notes, nil
}

type builder struct {
	catalog *catalog.Catalog
	log     *enginelog.Log
	over    Override
	d       estimator.Deployment
	notes   []string
}

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// release cuts build suffixes: "0.19.2rc1.dev8+g4b7f" is judged as 0.19.2.
var release = regexp.MustCompile(`^b?\d+(?:\.\d+)*`)

func (b *builder) engine() (err error) {
	spec := b.over.Engine
	if spec == "" {
		spec = b.log.Engine
		if v := release.FindString(b.log.Version.Value); v != "" {
			spec += "@" + v
		} else {
			b.note("the log does not state the engine's version: the catalog's default is assumed")
		}
	}
	b.d.Engine, b.d.Version, b.d.Release, err = b.catalog.Engine(spec)
	if err != nil {
		return err
	}
	if _, note, err := b.d.Engine.At(b.d.Release); err == nil && note != "" {
		b.notes = append(b.notes, note)
	}
	if b.log.Fork != "" {
		b.note("the log is of %s: it is judged as %s", b.log.Fork, b.d.Engine.Name)
	}
	return nil
}

func (b *builder) model() (err error) {
	if b.over.Model != "" {
		b.d.Model, err = b.catalog.Model(b.over.Model)
		return err
	}
	names := modelNames(b.log)
	if len(names) == 0 {
		return errors.New("the log does not name the model: name it with --model")
	}
	var miss error
	for _, name := range names {
		m, err := b.catalog.Model(name)
		if err == nil {
			b.d.Model = m
			if m.ID != b.log.Model.Value {
				b.note("%q of the log is taken for %s", b.log.Model.Value, m.ID)
			}
			return nil
		}
		if miss == nil {
			miss = err
		}
	}
	return fmt.Errorf("the model %q of line %d of the log is not in the catalog, name it with --model: %w", names[0], b.log.Model.Line, miss)
}

var (
	// the directory of the Hugging Face cache: models--Qwen--Qwen3-8B/snapshots/<hash>
	hubCache = regexp.MustCompile(`models--([^/\\]+?)--([^/\\]+)`)
	shard    = regexp.MustCompile(`-\d{5}-of-\d{5}$`)
	// what makers of quantised checkpoints append to the model's name
	quantSuffix = regexp.MustCompile(`(?i)[-_.](?:GGUF|AWQ|GPTQ|INT4|INT8|FP8|FP4|NVFP4|MXFP4|W8A8|W4A16|W4A4|BNB|[48]BIT|DYNAMIC|BLOCK|QUANTIZED|CHANNEL|UNSLOTH|IMAT|I1|UD|Marlin|G128|BF16|F16|FP16|F32|(?:I?Q\d[\w]*))$`)
)

// modelNames lists what the model may be called in the catalog, the most
// literal name first.
func modelNames(l *enginelog.Log) []string {
	var names []string
	add := func(s string) {
		s = strings.TrimSpace(s)
		for _, n := range names {
			if n == s {
				return
			}
		}
		if s != "" {
			names = append(names, s)
		}
	}
	for _, s := range []string{l.Model.Value, l.Settings.ServedName.Value, l.File.Name.Value} {
		if m := hubCache.FindStringSubmatch(s); m != nil {
			add(m[1] + "/" + m[2])
		}
		if path := strings.TrimRight(strings.ReplaceAll(s, `\`, "/"), "/"); strings.Count(path, "/") == 1 && !strings.HasPrefix(path, "/") {
			add(path)
		}
	}
	for _, s := range []string{l.Model.Value, l.Settings.ServedName.Value, l.File.Name.Value} {
		path := strings.TrimRight(strings.ReplaceAll(s, `\`, "/"), "/")
		base := path[strings.LastIndexByte(path, '/')+1:]
		base = shard.ReplaceAllString(strings.TrimSuffix(base, ".gguf"), "")
		add(base)
		for quantSuffix.MatchString(base) {
			base = quantSuffix.ReplaceAllString(base, "")
			add(base)
		}
	}
	return names
}

func (b *builder) topology() error {
	s := b.log.Settings
	b.d.TP, b.d.PP, b.d.DP, b.d.EP, b.d.AttentionDP = 1, 1, 1, 1, 1
	if s.TP.Known() {
		b.d.TP = s.TP.Value
	}
	if s.PP.Known() {
		b.d.PP = s.PP.Value
	}
	if s.DP.Known() {
		b.d.DP = s.DP.Value
	}
	switch {
	case s.EP.Known():
		b.d.EP = s.EP.Value
	case s.ExpertParallel.Value:
		b.d.EP = b.d.TP
		if b.d.DP > 1 {
			b.note("experts are spread over data-parallel replicas too: the ledger spreads them over TP alone")
		}
	}
	if s.ContextParallel.Value > 1 {
		b.note("decode context parallelism %d multiplies the tokens of the cache: the ledger does not model it", s.ContextParallel.Value)
	}
	if b.log.Engine == enginelog.LlamaCpp {
		b.d.PP = 0
		for _, r := range b.log.Devices() {
			if r.Weights.Known() {
				b.d.PP++
			}
		}
		b.d.PP = max(b.d.PP, 1)
	}
	return nil
}

func (b *builder) options() error {
	s, o := b.log.Settings, &b.d.Options
	o.MaxModelLen, o.MaxSeqs, o.MaxBatchedTokens = s.MaxModelLen.Value, s.MaxSeqs.Value, s.MaxBatchedTokens.Value
	o.MemoryFraction, o.EnforceEager = s.MemoryFraction.Value, s.EnforceEager.Value
	if b.log.Engine == enginelog.LlamaCpp {
		b.llamaOptions()
	}
	// An engine that runs has accepted the length: the rotary tables follow it.
	if limit := b.d.Model.MaxContext; limit > 0 && o.MaxModelLen > limit {
		longer := *b.d.Model
		longer.MaxContext = o.MaxModelLen
		b.d.Model = &longer
		b.note("the log allows %d tokens, the catalog's %s %d: the log is followed", o.MaxModelLen, longer.ID, limit)
	}
	return nil
}

// llamaOptions turns the context of all slots into slots of equal length.
func (b *builder) llamaOptions() {
	s, o := b.log.Settings, &b.d.Options
	o.MemoryFraction = 0
	if s.Context.Known() && o.MaxModelLen > 0 {
		o.MaxSeqs = max(1, s.Context.Value/o.MaxModelLen)
		if s.MaxSeqs.Value > o.MaxSeqs {
			b.note("%d slots share one cache of %d tokens; recurrent state is counted for %d", s.MaxSeqs.Value, s.Context.Value, o.MaxSeqs)
		}
	}
	o.GPULayers = s.GPULayers.Value
	o.NoFlashAttention = s.FlashAttention.Known() && !s.FlashAttention.Value
}

// device takes the accelerator from the user or from the name that the log
// prints, and its memory from the log where it says what it saw.
func (b *builder) device() error {
	dev, err := b.namedDevice()
	if err != nil {
		return err
	}
	b.d.Device = dev
	total, free := int64(math.MaxInt64), int64(math.MaxInt64)
	for _, r := range b.log.Devices() {
		if r.Total.Known() {
			total = min(total, r.Total.Value)
		}
		if r.Free.Known() {
			free = min(free, r.Free.Value)
		}
	}
	d := &b.d.Device
	loaded := b.log.Engine == enginelog.SGLang // it prints what is left once its libraries are loaded
	if loaded && total == math.MaxInt64 && free < math.MaxInt64 {
		total = free + int64(b.d.NonTorch())
	}
	if total < math.MaxInt64 {
		seen := total + int64(b.d.VisibleReserve()) // an engine prints what its runtime sees, less than the driver's total
		if math.Abs(float64(seen-d.MemoryBytes)) > 0.05*float64(d.MemoryBytes) {
			b.note("the log saw %.2f GiB, %s has %.2f GiB: the log is followed", float64(total)/gib, d.Accelerator.Name, float64(d.MemoryBytes)/gib)
		}
		d.MemoryBytes, d.FreeBytes = seen, seen
		if free < total && !loaded {
			d.FreeBytes = free
			if b.log.Engine != enginelog.LlamaCpp { // vLLM looks once it has its context
				d.FreeBytes = min(seen, free+int64(b.d.Version.Memory.Context))
			}
		}
	}
	return nil
}

func (b *builder) namedDevice() (estimator.Device, error) {
	onHost := b.log.Engine == enginelog.LlamaCpp && !b.offloaded()
	if n := b.over.Node; n != nil {
		if !onHost && len(n.Groups) > 0 {
			g := n.Groups[0]
			if world := b.d.World(); g.Count > 0 && g.Count < world {
				b.note("the log is of %d accelerators, the machine has %d", world, g.Count)
			}
			if acc, name, _ := b.loggedDevice(); acc != nil && acc.ID != g.Accelerator.ID {
				b.note("the log names the accelerator %q, the machine has %s", name, g.Accelerator.Name)
			}
			return estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.MemoryBytes, Link: g.Link, HostFreeBytes: n.Host.FreeBytes}, nil
		}
		if n.Host.CPU != nil {
			return estimator.Device{Accelerator: n.Host.CPU, MemoryBytes: n.Host.MemoryBytes, FreeBytes: n.Host.FreeBytes}, nil
		}
		return estimator.Device{}, errors.New("the machine has no accelerator, and its CPU is not in the catalog: name the hardware with --on")
	}
	if onHost {
		return estimator.Device{}, errors.New("the log is of a CPU that it does not name: name the hardware with --on or --machine")
	}
	acc, name, err := b.loggedDevice()
	switch {
	case err != nil:
		return estimator.Device{}, fmt.Errorf("the log names the accelerator %q, name it with --on: %w", name, err)
	case acc == nil:
		return estimator.Device{}, errors.New("the log does not say which accelerator it ran on: name it with --on or --machine")
	}
	return estimator.Device{Accelerator: acc, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes, Link: acc.Link}, nil
}

// loggedDevice is the accelerator that the log names; nil when it names none.
func (b *builder) loggedDevice() (acc *catalog.Accelerator, name string, err error) {
	for _, r := range b.log.Devices() {
		if !r.Device.Known() {
			continue
		}
		name = r.Device.Value
		if match, _, ok := b.catalog.MatchDevice(catalog.DeviceFacts{Name: name, MemoryBytes: r.Total.Value}); ok {
			return match, name, nil
		}
		acc, err = b.catalog.Accelerator(name)
		return acc, name, err
	}
	return nil, "", nil
}

// offloaded reports whether any weights lie, or were to lie, on an accelerator.
func (b *builder) offloaded() bool {
	if b.log.Settings.GPULayers.Value > 0 {
		return true
	}
	for _, r := range b.log.Devices() {
		if r.Weights.Value > 0 {
			return true
		}
	}
	return false
}
