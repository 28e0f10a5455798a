package catalog

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// validate reports what is wrong with the entries of a file, given the catalog
// that they become part of: what is missing, out of range, given twice, or
// refers to nothing.
func validate(over, merged *Catalog) []fault {
	v := &validator{over: over, merged: merged}
	v.collectIDs()
	v.sources()
	v.precisions()
	v.tensorTypes()
	v.benchmarks()
	v.useCases()
	v.models()
	v.accelerators()
	v.engines()
	v.efficiencies()
	v.engineTimes()
	v.residuals()
	v.curves()
	v.prices()
	v.magnitudes()
	return v.faults
}

// validator holds what the checks of the sections share.
type validator struct {
	over, merged *Catalog
	faults       []fault

	sourceIDs, precisionIDs, acceleratorIDs, engineIDs, benchmarkIDs set

	vendors []string // of accelerators, and cpu
}

type set map[string]bool

func (v *validator) collectIDs() {
	v.sourceIDs = setOf(v.merged.Sources, func(s *Source) string { return s.ID })
	v.precisionIDs = setOf(v.merged.Precisions, func(p *Precision) string { return p.ID })
	v.acceleratorIDs = setOf(v.merged.Accelerators, func(a *Accelerator) string { return a.ID })
	v.engineIDs = setOf(v.merged.Engines, func(e *Engine) string { return e.ID })
	v.benchmarkIDs = setOf(v.merged.Benchmarks, func(b *Benchmark) string { return b.ID })
	v.vendors = []string{"cpu"}
	for i := range v.merged.Accelerators {
		if name := v.merged.Accelerators[i].Vendor; name != "" && !slices.Contains(v.vendors, name) {
			v.vendors = append(v.vendors, name)
		}
	}
	slices.Sort(v.vendors)
}

func setOf[T any](list []T, id func(*T) string) set {
	s := make(set, len(list))
	for i := range list {
		s[id(&list[i])] = true
	}
	return s
}

// checkEach runs a check over the entries of a section, and refuses an id that
// is missing or comes twice.
func checkEach[T any](v *validator, section string, list []T, id func(*T) string, check func(entry, *T)) {
	first := make(map[string]int, len(list))
	for i := range list {
		e := entry{v: v, section: section, i: i, id: id(&list[i])}
		e.text("id", e.id)
		if j, twice := first[e.id]; twice && e.id != "" {
			e.fail("id", "is also the id of entry %d of this file; accepted: each id once", j+1)
		}
		first[e.id] = i
		check(e, &list[i])
	}
}

// entry is an entry under check; it turns failures into faults.
type entry struct {
	v       *validator
	section string
	i       int
	id      string
}

func (e entry) fail(key, format string, args ...any) {
	shown := e.id
	if shown == "" {
		shown = fmt.Sprint(e.i)
	}
	e.v.faults = append(e.v.faults, fault{
		at:      fmt.Sprintf("%s[%d].%s", e.section, e.i, key),
		key:     fmt.Sprintf("%s[%s].%s", e.section, shown, key),
		message: fmt.Sprintf(format, args...),
	})
}

// failed reports whether a key has a fault already.
func (e entry) failed(key string) bool {
	at := fmt.Sprintf("%s[%d].%s", e.section, e.i, key)
	return slices.ContainsFunc(e.v.faults, func(f fault) bool { return f.at == at })
}

// text requires a text without blanks around it.
func (e entry) text(key, value string) {
	switch {
	case value == "":
		e.fail(key, "is missing; accepted: a text")
	case strings.TrimSpace(value) != value || strings.ContainsAny(value, "\n\r\t"):
		e.fail(key, "%q has blanks around it or line ends in it; accepted: one plain line", value)
	}
}

// within requires a number in a range.
func (e entry) within(key string, value, low, high float64, unit string) {
	if value < low || value > high {
		e.fail(key, "is %s; accepted: %s to %s%s", plain(value), plain(low), plain(high), strings.TrimRight(" "+unit, " "))
	}
}

// plain writes a number without an exponent.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// count requires an integer of at least low.
func (e entry) count(key string, value, low int) {
	if value < low {
		e.fail(key, "is %d; accepted: an integer of at least %d", value, low)
	}
}

// tokens requires a number of tokens from low to the longest context.
func (e entry) tokens(key string, value, low int) bool {
	if value >= low && value <= maxContext {
		return true
	}
	e.fail(key, "is %d; accepted: %d to %d tokens", value, low, maxContext)
	return false
}

func (e entry) oneOf(key, value string, accepted ...string) {
	if !slices.Contains(accepted, value) {
		list := strings.Join(slices.DeleteFunc(slices.Clone(accepted), func(s string) bool { return s == "" }), ", ")
		if value == "" {
			e.fail(key, "is missing; accepted: %s", list)
		} else {
			e.fail(key, "is %q; accepted: %s", value, list)
		}
	}
}

// refers requires the id of an entry that exists.
func (e entry) refers(key, id, kind string, ids set) {
	if ids[id] {
		return
	}
	known := make([]string, 0, len(ids))
	for k := range ids {
		known = append(known, k)
	}
	slices.Sort(known)
	hint := ""
	if n := nearest(id, known); n != "" {
		hint = fmt.Sprintf(", did you mean %q?", n)
	}
	e.fail(key, "no %s has the id %q%s", kind, id, hint)
}

// evidence requires where an entry comes from. A source is the id of a
// [Source] or a text of its own.
func (e entry) evidence(source string, trust Trust) {
	e.text("source", source)
	if trust == "" {
		e.fail("trust", "is missing; accepted: A, B, C, D")
	}
}

var isoDate = regexp.MustCompile(`^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$`)

func (e entry) date(key, value string) {
	if value != "" && !isoDate.MatchString(value) {
		e.fail(key, "is %q; accepted: 2026-11-23, 2026-11 or 2026", value)
	}
}

func (v *validator) sources() {
	checkEach(v, "source", v.over.Sources, func(s *Source) string { return s.ID }, func(e entry, s *Source) {
		e.text("title", s.Title)
		e.date("date", s.Date)
		if s.Trust == "" {
			e.fail("trust", "is missing; accepted: A, B, C, D")
		}
	})
}

// rates are the keys of [Peak].
var rates = []string{"fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4"}

func (v *validator) precisions() {
	checkEach(v, "precision", v.over.Precisions, func(p *Precision) string { return p.ID }, func(e entry, p *Precision) {
		e.text("name", p.Name)
		e.evidence(p.Source, p.Trust)
		if len(p.Use) == 0 {
			e.fail("use", "is missing; accepted: weights, kv")
		}
		for i, use := range p.Use {
			e.oneOf(fmt.Sprintf("use[%d]", i), use, "weights", "kv")
		}
		if p.GGUFMix == "" || slices.Contains(p.Use, "kv") {
			e.within("bits", p.Bits, 1, 64, "")
		}
		e.oneOf("compute", p.Compute, rates...)
		e.oneOf("float", p.Float, "", "bf16", "fp16", "fp32")
		e.oneOf("scope", p.Scope, "", "linear", "experts")
		e.oneOf("moe_scope", p.MoEScope, "", "linear", "experts", "ffn")
		if (p.Group > 0) != (p.GroupBytes > 0) {
			e.fail("group", "and group_bytes belong together; accepted: both or neither")
		}
		if (p.BlockRows > 0) != (p.BlockBytes > 0) || (p.BlockCols > 0) != (p.BlockBytes > 0) {
			e.fail("block_bytes", "belongs with block_rows and block_cols; accepted: all three or none")
		}
		if p.MaxCapability > 0 && p.MaxCapability <= p.MinCapability {
			e.fail("max_compute_capability", "is %v; accepted: above min_compute_capability, %v", p.MaxCapability, p.MinCapability)
		}
		for i, l := range p.Loss {
			key := fmt.Sprintf("loss[%d].", i)
			e.oneOf(key+"metric", l.Metric, "perplexity_ratio", "recovery")
			e.within(key+"value", l.Value, 0.01, 100, "")
			e.text(key+"source", l.Source)
		}
	})
}

func (v *validator) tensorTypes() {
	numbers := map[int]string{}
	checkEach(v, "tensor_type", v.over.TensorTypes, func(t *TensorType) string { return t.ID }, func(e entry, t *TensorType) {
		e.count("block", t.Block, 1)
		e.count("block_bytes", t.BlockBytes, 1)
		if other, taken := numbers[t.GGML]; taken && other != t.ID {
			e.fail("ggml_type", "%d is already that of %s", t.GGML, other)
		}
		numbers[t.GGML] = t.ID
	})
}

func (v *validator) benchmarks() {
	checkEach(v, "benchmark", v.over.Benchmarks, func(b *Benchmark) string { return b.ID }, func(e entry, b *Benchmark) {
		e.text("name", b.Name)
		e.text("unit", b.Unit)
	})
}

func (v *validator) useCases() {
	checkEach(v, "use_case", v.over.UseCases, func(u *UseCase) string { return u.ID }, func(e entry, u *UseCase) {
		e.text("about", u.About)
		e.kind(u.Kind)
		least := 0
		if u.Kind == Generative {
			least = 1
		}
		in, out := e.tokens("input_tokens", u.InputTokens, 1), e.tokens("output_tokens", u.OutputTokens, least)
		if in && out {
			e.tokens("context", u.Context, max(1, u.InputTokens+u.OutputTokens))
		}
		for i, b := range u.Benchmarks {
			key := fmt.Sprintf("benchmark[%d].", i)
			e.refers(key+"id", b.ID, "benchmark", v.benchmarkIDs)
			e.within(key+"weight", b.Weight, 0.001, 1000, "")
		}
	})
}

func (e entry) kind(k Kind) {
	e.oneOf("kind", string(k), string(Generative), string(Embedding), string(Rerank))
}

// maxInteger bounds every integer of the catalog: above it floats skip some,
// and sums overflow.
const maxInteger = 1 << 53

// magnitudes refuses negative numbers and absurd ones everywhere: no figure of
// the catalog can be below zero.
func (v *validator) magnitudes() {
	root := reflect.ValueOf(v.over).Elem()
	for field := range root.NumField() {
		section, _, _ := strings.Cut(root.Type().Field(field).Tag.Get("toml"), ",")
		if section == "" {
			continue
		}
		list := root.Field(field)
		for i := range list.Len() {
			if !anyAbsurd(list.Index(i)) {
				continue
			}
			e := entry{v: v, section: section, i: i}
			if id := list.Index(i).FieldByName("ID"); id.IsValid() {
				e.id = id.String()
			}
			e.absurd("", list.Index(i))
		}
	}
}

// anyAbsurd is the check without paths: nearly every entry passes it.
func anyAbsurd(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return v.Int() < 0 || v.Int() > maxInteger
	case reflect.Float64:
		return v.Float() < 0
	case reflect.Pointer:
		return !v.IsNil() && anyAbsurd(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Struct && anyAbsurd(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if anyAbsurd(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// absurd reports each number below a value that is out of bounds, with its path.
func (e entry) absurd(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		if v.Int() < 0 {
			e.fail(path, "is %d; accepted: zero or more", v.Int())
		} else if v.Int() > maxInteger && !e.failed(path) {
			e.fail(path, "is %d; accepted: up to %d", v.Int(), int64(maxInteger))
		}
	case reflect.Float64:
		if v.Float() < 0 {
			e.fail(path, "is %v; accepted: zero or more", v.Float())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			e.absurd(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Struct {
				e.absurd(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
			e.absurd(strings.TrimPrefix(path+"."+key, "."), v.Field(i))
		}
	}
}
