package manifest

import (
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// kind is what an option takes.
type kind int

const (
	value1   kind = iota // one value
	switch1              // none; --no-NAME turns it off
	perhaps1             // a value, or none
	several              // words up to the next option
)

// Settings that options make, whatever an engine calls them.
const (
	setModel       = "model"
	setTP          = "tp"
	setPP          = "pp"
	setDP          = "dp"
	setDPLocal     = "dp_local"
	setDPAttention = "dp_attention"
	setEP          = "ep"
	setContextTP   = "dcp"
	setNodes       = "nodes"
	setMaxLen      = "max_model_len"
	setMaxSeqs     = "max_num_seqs"
	setMaxTokens   = "max_num_batched_tokens"
	setFraction    = "memory_fraction"
	setType        = "dtype"
	setQuantise    = "quantization"
	setCache       = "kv_cache"
	setEager       = "eager"
	setPrefix      = "prefix_cache"
	setNoPrefix    = "no_prefix_cache"
	setChunked     = "chunked_prefill"
	setSpeculate   = "speculative_config"
	setSpecTokens  = "speculative_tokens"
	setSpecSteps   = "speculative_steps"
	setDraft       = "draft"
	setConfig      = "config"
	setHeadless    = "headless"
	setNodeRank    = "node_rank"
	setDPRank      = "dp_rank"
	setTransfer    = "kv_transfer"
	setBackend     = "backend"
	setRope        = "rope"

	// llama.cpp's own
	setHFRepo    = "hf_repo"
	setHFFile    = "hf_file"
	setContext   = "ctx"
	setUnified   = "kv_unified"
	setBatch     = "batch"
	setUBatch    = "ubatch"
	setLayers    = "gpu_layers"
	setCacheK    = "cache_k"
	setCacheV    = "cache_v"
	setSplitMode = "split_mode"
	setSplit     = "tensor_split"
	setDevices   = "devices"
	setFlash     = "flash_attention"
	setURL       = "model_url"
	setDocker    = "docker_repo"
	setFit       = "fit"
)

// option of an engine's command line. Names are with dashes, the usual one first.
type option struct {
	set   string // "": it changes nothing that is counted
	kind  kind
	names []string
	env   string // variable that sets it too; empty none
	apart bool   // it changes memory or speed in a way that nothing here holds
}

// engine is how an engine's server is started.
type engine struct {
	id, name   string // id as in the catalog
	options    []option
	dashes     bool // underscores in names are read as dashes
	abbreviate bool // the beginning of a name stands for it, where only one begins so
	positional bool // a word without an option is the model
}

// opt makes an option; names stand in one string.
func opt(set string, k kind, names string) option {
	return option{set: set, kind: k, names: strings.Fields(names)}
}

// plain are options that change nothing that is counted, listed so that they are
// not taken for others that are spelt alike.
func plain(k kind, names string) []option {
	var list []option
	for _, name := range strings.Fields(names) {
		list = append(list, option{kind: k, names: []string{name}})
	}
	return list
}

// apart are options that matter, but that no field of a service holds.
func apart(k kind, names string) []option {
	list := plain(k, names)
	for i := range list {
		list[i].apart = true
	}
	return list
}

// join is one list of several.
func join(lists ...[]option) []option { return slices.Concat(lists...) }

// engines that are read.
func engines() []*engine { return []*engine{vllm, sglang, llamaCpp, tensorRT} }

// normal is a name as the engine compares it.
func (e *engine) normal(name string) string {
	if e.dashes && strings.HasPrefix(name, "--") {
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

// find is the option of a name, and whether the name turns it off.
func (e *engine) find(name string) (o *option, off bool) {
	name = e.normal(name)
	if o := e.exact(name); o != nil {
		return o, false
	}
	if rest, ok := strings.CutPrefix(name, "--no-"); ok {
		if o := e.exact("--" + rest); o != nil && o.kind == switch1 {
			return o, true
		}
	}
	if e.abbreviate && len(name) > 4 && strings.HasPrefix(name, "--") {
		return e.begins(name), false
	}
	return nil, false
}

func (e *engine) exact(name string) *option {
	for i := range e.options {
		if slices.Contains(e.options[i].names, name) {
			return &e.options[i]
		}
	}
	return nil
}

// begins is the only option that begins so; nil none, or several.
func (e *engine) begins(name string) *option {
	var found *option
	for i := range e.options {
		for _, n := range e.options[i].names {
			if strings.HasPrefix(n, name) {
				if found != nil && found != &e.options[i] {
					return nil
				}
				found = &e.options[i]
			}
		}
	}
	return found
}

// usual is the engine's name of a setting; "" it has none.
func (e *engine) usual(set string) string {
	for _, o := range e.options {
		if o.set == set {
			return o.names[0]
		}
	}
	return ""
}

// near is a name with an effect that was probably meant; "" none is close.
func (e *engine) near(name string) string {
	name = strings.TrimLeft(e.normal(name), "-")
	best, least := "", 4
	for _, o := range e.options {
		for _, n := range o.names {
			n := strings.TrimLeft(n, "-")
			most := max(len(name), len(n)) / 5
			if o.set == "" || len(n) < 6 || most == 0 {
				continue
			}
			d := distance(name, n)
			if rest, longer := strings.CutPrefix(name, n); longer && len(n) >= 8 && !strings.ContainsAny(rest, "-_") {
				d = min(d, most)
			}
			if d <= most && d < least {
				best, least = "--"+n, d
			}
		}
	}
	return best
}

// longest is the bytes of a name that may be meant for another.
const longest = 64

func distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	return catalog.EditDistance(a, b)
}
