package catalog

import (
	"fmt"
	"reflect"
	"strings"
)

// Bounds of the dimensions of an architecture. None is near any model that
// exists; they keep products of three from overflowing, and typing errors from
// becoming answers.
const (
	maxDimension  = 1 << 20 // width, count or rank
	maxParameters = 1e15    // of a model, and of a part that states its own number
)

// dimensionBounds are those of keys that may be larger, or must be smaller.
var dimensionBounds = map[string]float64{
	"layers": 2000, "mtp.layers": 2000, "vision.layers": 2000, "audio.layers": 2000, "norms": 64, "experts.count": 1 << 16, "experts.identity": 1 << 16,
	"vocab": 1 << 26, "attention.window": maxContext, "rope_positions": 1 << 34,
}

// maxContext bounds the tokens of a context.
const maxContext = 1 << 30

func (e entry) architecture(a *Architecture) {
	before := len(e.v.faults)
	for _, d := range []struct {
		key   string
		value int
	}{{"layers", a.Layers}, {"hidden", a.Hidden}, {"vocab", a.Vocab}} {
		if d.value == 0 {
			e.fail("arch."+d.key, "is 0; accepted: 1 to %s", plain(dimensionBound(d.key)))
		}
	}
	e.dimensions("", reflect.ValueOf(a).Elem())
	if x := a.Experts; x != nil {
		e.count("arch.experts.count", x.Count, 1)
		e.count("arch.experts.ffn", x.FFN, 1)
		if most := x.Count + x.Identity; x.PerToken < 1 || x.PerToken > most {
			e.fail("arch.experts.per_token", "is %d; accepted: 1 to %d, the experts that there are", x.PerToken, most)
		}
	}
	e.oneOf("arch.attention.qk_norm", a.Attention.QKNorm, "", "head", "full")
	e.divisions(a)
	if len(e.v.faults) > before {
		return // the layers cannot be told before these are right
	}
	if _, err := a.LayerKinds(); err != nil {
		e.fail(architectureKey(err.Error()), "%s", err)
		return
	}
	e.total(a)
}

// dimensions holds every number of an architecture against its bound; negative
// ones are refused elsewhere.
func (e entry) dimensions(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int:
		if bound := dimensionBound(path); float64(v.Int()) > bound {
			e.fail("arch."+path, "is %d; accepted: up to %s", v.Int(), plain(bound))
		}
	case reflect.Int64:
		if v.Int() > maxParameters {
			e.fail("arch."+path, "is %d; accepted: up to %s", v.Int(), plain(maxParameters))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			e.dimensions(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			e.dimensions(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
			e.dimensions(strings.TrimPrefix(path+"."+key, "."), v.Field(i))
		}
	}
}

func dimensionBound(key string) float64 {
	if bound, own := dimensionBounds[key]; own {
		return bound
	}
	return maxDimension
}

// divisions requires that heads which share something divide evenly.
func (e entry) divisions(a *Architecture) {
	into := func(key string, n int, by string, d int) {
		if n > 0 && d > 0 && n%d != 0 {
			e.fail("arch."+key, "is %d, which %d %s do not divide; accepted: a multiple", n, d, by)
		}
	}
	t := a.Attention
	if a.MLA == nil { // whose latent has no heads
		into("attention.heads", t.Heads, "kv_heads", t.KVHeads)
	}
	if t.GlobalHeads > 0 || t.GlobalKVHeads > 0 {
		key := "attention.global_kv_heads"
		if t.GlobalHeads > 0 {
			key = "attention.global_heads"
		}
		g := a.AttentionOf(FullAttention)
		if g.KVHeads > 0 && g.Heads%g.KVHeads != 0 {
			e.fail("arch."+key, "comes to %d heads, which %d KV heads do not divide; accepted: a multiple", g.Heads, g.KVHeads)
		}
	}
	if s := a.SSM; s != nil {
		into("ssm.heads", s.Heads, "groups", s.Groups)
	}
	if l := a.Linear; l != nil {
		into("linear.v_heads", l.VHeads, "k_heads", l.KHeads)
	}
	if x := a.Compressed; x != nil {
		into("attention.heads", t.Heads, "compressed.o_groups", x.Groups)
	}
	if t.SharedKVLayers > max(a.Layers, 0) {
		e.fail("arch.attention.shared_kv_layers", "is %d; accepted: up to the %d layers", t.SharedKVLayers, a.Layers)
	}
}

// total bounds the parameters that all dimensions together come to.
func (e entry) total(a *Architecture) {
	m := Model{Arch: *a}
	tensors, err := m.Tensors()
	if err != nil {
		e.fail("arch", "%s", err)
		return
	}
	var sum float64 // the integer could overflow
	for _, t := range tensors {
		sum += float64(t.Rows) * float64(t.Cols) * float64(t.Count())
	}
	if !(sum <= maxParameters) {
		e.fail("arch", "comes to %.3g parameters; accepted: up to %.3g", sum, float64(maxParameters))
	}
}

// architectureKey finds the key that an error about layers speaks of.
func architectureKey(message string) string {
	for _, key := range []string{"mixers", "ffns"} {
		if strings.HasPrefix(message, key+" ") {
			return "arch." + key
		}
	}
	return "arch"
}

// CheckModel holds a model that comes from elsewhere than a catalog file
// against what is checked there. file names it in the [Problems], which have
// no lines.
func (c *Catalog) CheckModel(file string, m *Model) error {
	over := &Catalog{Models: []Model{*m}}
	faults := validate(over, c.merge(over))
	if len(faults) == 0 {
		return nil
	}
	problems := make(Problems, len(faults))
	for i, f := range faults {
		problems[i] = Problem{File: file, Key: f.key, Message: f.message}
	}
	return problems
}
