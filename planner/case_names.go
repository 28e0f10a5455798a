package planner

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// names resolves what cases call things, where people write more than the
// catalog's names: a quantised checkpoint by its own id, a part with its memory
// and board, an engine with its version. It may be used by several goroutines.
type names struct {
	catalog      *catalog.Catalog
	models       *memo[string, checkpoint]
	accelerators *memo[string, part]
}

func newNames(c *catalog.Catalog) *names {
	return &names{
		catalog: c,
		models:  newMemo[string, checkpoint](keptNames), accelerators: newMemo[string, part](keptNames),
	}
}

// checkpoint is a model as a checkpoint's name means it.
type checkpoint struct {
	model     *catalog.Model
	precision string // that the name states, as [names.precision] takes it; empty none
	kv        string // the same of the cache
	gguf      bool
	read      string // how the name was read, empty when it is one of the catalog's
	err       error
}

// model finds a model by the catalog's rules, or else by the name of a
// checkpoint of it: with the directory or organisation before it cut off, and
// what says how it was quantised after it.
func (n *names) model(name string) (checkpoint, error) {
	c := n.models.get(name, func() (c checkpoint) {
		c, err := n.findModel(name)
		c.err = err
		return c
	})
	return c, c.err
}

func (n *names) findModel(name string) (checkpoint, error) {
	m, err := n.catalog.Model(name)
	switch {
	case err == nil && calledSo(m, name):
		return checkpoint{model: m}, nil
	case err == nil:
		return checkpoint{model: m, read: fmt.Sprintf("%q is read as it", name)}, nil
	}
	name = strings.ReplaceAll(name, `\`, "/")
	c := suffixes(name)
	for _, short := range []string{name, c.read} {
		var tried error
		if c.model, tried = n.catalog.Model(short); tried == nil {
			c.read = fmt.Sprintf("%q is read as a checkpoint of it", name)
			return c, nil
		}
	}
	var several *catalog.AmbiguousError // what the name says without its organisation
	tail := c.read[strings.LastIndexByte(c.read, '/')+1:]
	if _, tried := n.catalog.Model(tail); errors.As(tried, &several) {
		several.Name = name
		err = several
	}
	return checkpoint{}, err
}

// calledSo reports whether a name is the model's own: its id or an alias, with
// or without the organisation.
func calledSo(m *catalog.Model, name string) bool {
	return slices.ContainsFunc(append([]string{m.ID}, m.Aliases...), func(own string) bool {
		_, tail, _ := strings.Cut(own, "/")
		return strings.EqualFold(own, name) || strings.EqualFold(tail, name)
	})
}

// suffix is a part at the end of a checkpoint's name.
type suffix struct {
	part          *regexp.Regexp
	precision, kv string
}

func ending(pattern, precision string) suffix {
	return suffix{part: regexp.MustCompile(`(?i)[-_. ](?:` + pattern + `)$`), precision: precision}
}

// checkpointSuffixes are what publishers append, the longer ones first. A
// precision of "" says nothing of the weights.
var checkpointSuffixes = []suffix{
	ending(`\d{5}-of-\d{5}`, ""),
	ending(`gguf`, ggufFile),
	ending(`qat|preview|base|pt|99(?:\.9)?|edge|finetuned`, ""),
	{ending(`fp8[-_]kv`, "").part, "fp8", "fp8"},
	ending(`fp8[-_]dyn(?:amic)?|quantized\.fp8|fp8[-_]channel`, "fp8-dynamic"),
	ending(`fp8[-_]block(?:wise)?|block[-_]fp8`, "fp8-block"),
	ending(`fp8(?:[-_](?:pre|trtllm|quark|static|tensor|e4m3))?`, "fp8"),
	ending(`nvfp4(?:[-_](?:v\d+|preview|w4a4))*`, "nvfp4"),
	ending(`(?:w)?mxfp4(?:[-_](?:v\d+|preview))*`, "mxfp4"),
	ending(`fp4(?:[-_](?:v\d+|preview))*`, "fp4"),
	ending(`awq(?:[-_](?:int4|4bit|w4a16))?|(?:int4|4bit|w4a16)[-_]awq`, "awq-int4"),
	ending(`gptq(?:[-_](?:int4|4bit|w4a16))?|(?:int4|4bit|w4a16)[-_]gptq|(?:quantized\.)?w4a16(?:[-_]g128)?`, "gptq-int4"),
	ending(`(?:quantized\.)?w8a8(?:[-_]int8)?|int8(?:[-_]w8a8)?`, "int8"),
	ending(`(?:unsloth[-_])?bnb[-_]4bit|nf4`, "bnb-nf4"),
	ending(`int4(?:[-_]autoround)?|autoround(?:[-_]int4)?`, "int4"),
	ending(`(?:ud[-_]|i1[-_])*(?:i?q\d_(?:k_(?:xl|[sml])|k|[01]|xxs|xs|nl|[sm])|tq[12]_0)`, ggufMix),
	ending(`bf16`, "bf16"),
	ending(`fp?16`, "fp16"),
}

// What a suffix says when it is not a precision: that the checkpoint is a GGUF
// file, and that the suffix itself names the mix.
const (
	ggufFile = "gguf"
	ggufMix  = "mix"
)

// suffixes cuts a checkpoint's name down to the model's, which is left in read.
func suffixes(name string) checkpoint {
	c := checkpoint{read: strings.TrimSpace(brackets.ReplaceAllString(name, " "))}
	publisher, _, _ := strings.Cut(strings.ToLower(name), "/")
	for cut := true; cut; {
		cut = false
		for _, s := range checkpointSuffixes {
			at := s.part.FindStringIndex(c.read)
			if at == nil || at[0] == 0 {
				continue
			}
			said := c.read[at[0]+1:]
			c.read, cut = c.read[:at[0]], true
			switch precision := s.precision; precision {
			case ggufFile:
				c.gguf = true
			case ggufMix:
				c.gguf, c.precision = true, cmp.Or(c.precision, said)
			case "fp8":
				c.precision = cmp.Or(c.precision, publishedFP8[publisher], "fp8")
			case "fp4":
				c.precision = cmp.Or(c.precision, publishedFP4[publisher], "fp4")
			default:
				c.precision = cmp.Or(c.precision, precision)
			}
			c.kv = cmp.Or(c.kv, s.kv)
			break
		}
	}
	return c
}

var brackets = regexp.MustCompile(`\s*[(\[][^)\]]*[)\]]\s*`)

// What publishers mean by a suffix that does not tell: the layouts of their
// checkpoints' quantization_config.
var (
	publishedFP8 = map[string]string{"qwen": "fp8-block", "deepseek-ai": "fp8-block", "zai-org": "fp8-dynamic", "meta-llama": "fp8-dynamic"}
	publishedFP4 = map[string]string{"nvidia": "nvfp4", "amd": "mxfp4"}
)

// Parts of an accelerator's name that do not tell parts apart.
var (
	sizeWithoutB = regexp.MustCompile(`(?i)\b(\d+)G\b`)
	sizeOfMemory = regexp.MustCompile(`(?i)\b(\d+)\s?Gi?B\b`)
	appleCores   = regexp.MustCompile(`(?i)\s*\d+P\+\d+E(?:\+(\d+)GPU)?|\s*(\d+)[- ]core GPU`)
	partNoise    = regexp.MustCompile(`(?i)\bHBM\d\w*|\bG?DDR\d\w*|@.*$|\bGraphics\b|\bVirtualized\b|\bSuperchip\b|\bGrace Hopper\b|\bGPU\b|\bNPS\d\b|\bSPX\b|\b\d+W\b|\bCTS\b`)
)

// part is hardware as a name means it.
type part struct {
	node catalog.Node
	read string // how a name was read that is not one of the catalog's
	err  error
}

// accelerator finds a part, of the name's memory size where it states one.
func (n *names) accelerator(name string) part {
	return n.accelerators.get(name, func() part { return n.findAccelerator(name) })
}

func (n *names) findAccelerator(name string) part {
	tidy := strings.NewReplacer("_", " ", "-", " ").Replace(brackets.ReplaceAllString(name, " "))
	tidy = sizeOfMemory.ReplaceAllString(sizeWithoutB.ReplaceAllString(tidy, "${1}GB"), "${1}GB")
	cores := appleCores.ReplaceAllStringFunc(tidy, func(s string) string {
		if m := appleCores.FindStringSubmatch(s); m[1] != "" || m[2] != "" {
			return " (" + cmp.Or(m[1], m[2]) + "-core)"
		}
		return ""
	})
	short := partNoise.ReplaceAllString(appleCores.ReplaceAllString(tidy, ""), " ")
	sizeless := sizeOfMemory.ReplaceAllString(short, "")
	tries := []string{name, tidy, cores, short, sizeless}
	if within := brackets.FindString(name); within != "" { // "Mac Studio (M3 Ultra 512GB)"
		tries = append(tries, strings.Trim(within, " ()[]"))
	}
	var err error
	tried := map[string]bool{}
	for _, try := range tries {
		if try = strings.Join(strings.Fields(try), " "); tried[try] {
			continue
		}
		tried[try] = true
		node, problem := n.hardware(try)
		if problem == nil {
			if problem = sameSize(node, name, try); problem == nil {
				return part{node: node, read: readAs(node, name)}
			}
		}
		if err == nil || errors.As(err, new(*catalog.NotFoundError)) && !errors.As(problem, new(*catalog.NotFoundError)) {
			err = problem
		}
	}
	if cpu, ok := n.catalog.MatchCPU(name); ok {
		node, err := n.hardware(cpu.ID)
		return part{node, fmt.Sprintf("%q is read as it", name), err}
	}
	return part{err: err}
}

// hardware finds one kind of accelerator, or hardware with a count or a size.
func (n *names) hardware(name string) (catalog.Node, error) {
	acc, err := n.catalog.Accelerator(name)
	if err == nil {
		return n.catalog.ParseHardware(acc.ID)
	}
	node, problem := n.catalog.ParseHardware(name)
	if problem != nil && !errors.As(problem, new(*catalog.HardwareError)) {
		return node, err
	}
	return node, problem
}

// sameSize holds a memory size that was cut off a name against the part: within
// a tenth, since vendors and drivers count differently.
func sameSize(node catalog.Node, name, tried string) error {
	m := sizeOfMemory.FindStringSubmatch(sizeWithoutB.ReplaceAllString(name, "${1}GB"))
	if m == nil || sizeOfMemory.MatchString(tried) || len(node.Groups) != 1 {
		return nil
	}
	acc := node.Groups[0].Accelerator
	var size float64
	if _, err := fmt.Sscan(m[1], &size); err != nil || acc.MemoryNominalGB == 0 {
		return nil
	}
	if off := size/acc.MemoryNominalGB - 1; off > 0.1 || off < -0.1 {
		return &catalog.HardwareError{Spec: name, Reason: fmt.Sprintf("%s has %g GB", acc.Name, acc.MemoryNominalGB)}
	}
	return nil
}

// readAs says what a name means that is neither id nor name of the part.
func readAs(node catalog.Node, name string) string {
	if len(node.Groups) == 1 && strings.EqualFold(node.Groups[0].Accelerator.ID, name) || strings.EqualFold(node.Name, name) {
		return ""
	}
	return fmt.Sprintf("%q is read as it", name)
}

// engine finds an engine's name and splits a version off it: "vllm@0.19",
// "vLLM 0.15.1". Of a phrase ("ollama/llama.cpp") it takes the first word that
// is one; a name that is none comes back as it is.
func (n *names) engine(spec string) (name, version string) {
	name, version, given := strings.Cut(spec, "@")
	if given || name == "" || n.isEngine(name) {
		return name, version
	}
	name = strings.TrimSpace(brackets.ReplaceAllString(name, " "))
	if m := versionAtEnd.FindStringSubmatch(name); m != nil {
		name, version = m[1], m[2]
	}
	if n.isEngine(name) {
		return name, version
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '/' }) {
		if n.isEngine(word) {
			return word, version
		}
	}
	return spec, ""
}

func (n *names) isEngine(name string) bool {
	_, _, _, err := n.catalog.Engine(name)
	return err == nil
}

var versionAtEnd = regexp.MustCompile(`(?i)^(.*\S)[ :=-]+(v?\d[\w.+-]*|b\d+)$`)

// releaseOf cuts what follows the numbers of a version: builds of the day, and
// doubled suffixes ("1.2.0rc6.post2"). It is empty where there are none in
// front, as in a commit's hash.
func releaseOf(version string) string {
	v := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(version)), "v")
	if end := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		v = v[:end]
	}
	if v = strings.Trim(v, "."); !strings.Contains(v, ".") {
		return ""
	}
	return v
}

// usualEngine is the first of the default engines that runs on the part.
func (n *names) usualEngine(acc *catalog.Accelerator) string {
	for _, id := range defaultEngines {
		if e, _, _, err := n.catalog.Engine(id); err == nil && runsOn(e, acc) {
			return id
		}
	}
	return estimator.LlamaCpp
}

// runsOn reports whether an engine runs on a part at all.
func runsOn(e *catalog.Engine, acc *catalog.Accelerator) bool {
	platform := acc.Platform()
	if !slices.Contains(e.Vendors, platform) {
		return false
	}
	switch platform {
	case "cpu":
		return true
	case "nvidia":
		capability, known := acc.Capability()
		return !known || capability >= e.MinCapability
	}
	return len(e.OtherArchitectures) == 0 || slices.Contains(e.OtherArchitectures, acc.Architecture)
}
