package catalog

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Parse reads a catalog strictly. file only names the text in errors.
//
// The error is a [Problems]: everything that is wrong, with file, line and
// key.
func Parse(file string, data []byte) (*Catalog, error) {
	return (&Catalog{}).Overlay(file, data)
}

// Overlay returns the catalog with the entries of a file laid over it: an
// entry with an id that exists replaces the whole entry, others are added.
// Entries without an id replace when they say the same thing: prices for the
// same accelerator, provider, instance, count, term and region, efficiencies
// for the same engines, vendor and architectures. References of the file may point into either. The
// receiver stays as it is.
func (c *Catalog) Overlay(file string, data []byte) (*Catalog, error) {
	over, err := decodeCatalog(file, data)
	if err != nil {
		return nil, err
	}
	merged := c.merge(over)
	faults := validate(over, merged)
	index, clashes := newIndex(merged, over)
	if faults = append(faults, clashes...); len(faults) > 0 {
		return nil, locate(file, data, faults)
	}
	merged.index = index
	return merged, nil
}

// merge lays over on c, entry by entry. Nothing is shared that a caller of
// either could see change: entries are values and never written after Parse.
func (c *Catalog) merge(over *Catalog) *Catalog {
	return &Catalog{
		Sources:      mergeBy(c.Sources, over.Sources, func(s *Source) string { return s.ID }),
		Models:       mergeBy(c.Models, over.Models, func(m *Model) string { return m.ID }),
		Accelerators: mergeBy(c.Accelerators, over.Accelerators, func(a *Accelerator) string { return a.ID }),
		Precisions:   mergeBy(c.Precisions, over.Precisions, func(p *Precision) string { return p.ID }),
		TensorTypes:  mergeBy(c.TensorTypes, over.TensorTypes, func(t *TensorType) string { return t.ID }),
		Engines:      mergeBy(c.Engines, over.Engines, func(e *Engine) string { return e.ID }),
		Efficiencies: mergeBy(c.Efficiencies, over.Efficiencies, efficiencyKey),
		EngineTimes:  mergeBy(c.EngineTimes, over.EngineTimes, engineTimeKey),
		Residuals:    mergeBy(c.Residuals, over.Residuals, residualKey),
		Curves:       mergeBy(c.Curves, over.Curves, curveKeyOf),
		Prices:       mergeBy(c.Prices, over.Prices, priceKey),
		Benchmarks:   mergeBy(c.Benchmarks, over.Benchmarks, func(b *Benchmark) string { return b.ID }),
		UseCases:     mergeBy(c.UseCases, over.UseCases, func(u *UseCase) string { return u.ID }),
	}
}

func mergeBy[T any, K comparable](base, over []T, key func(*T) K) []T {
	if len(base) == 0 || len(over) == 0 {
		return slices.Concat(base, over)
	}
	merged := slices.Clone(base)
	at := make(map[K]int, len(merged))
	for i := range merged {
		at[key(&merged[i])] = i
	}
	for i := range over {
		if j, ok := at[key(&over[i])]; ok {
			merged[j] = over[i]
		} else {
			merged = append(merged, over[i])
		}
	}
	return merged
}

// offer tells prices apart.
type offer struct {
	accelerator, provider, instance, term, region string
	count                                         int
}

func priceKey(p *Price) offer {
	return offer{accelerator: p.Accelerator, provider: p.Provider, instance: p.Instance, term: p.Term, region: p.Region, count: p.Count}
}

// curveKey tells curves apart.
type curveKey struct {
	accelerator, kernel, precision string
	world                          int
}

func curveKeyOf(c *Curve) curveKey {
	return curveKey{c.Accelerator, c.Kernel, c.Precision, c.World}
}

func efficiencyKey(f *Efficiency) string {
	return f.Accelerator + "|" + strings.Join(f.Engines, " ") + "|" + f.Vendor + "|" + strings.Join(f.Architectures, " ") + "|" + f.Memory
}

func engineTimeKey(e *EngineTime) string {
	return e.Engine + "|" + e.From + "|" + e.Vendor + "|" + strings.Join(e.Architectures, " ") + "|" + strings.Join(e.Precisions, " ")
}

// decodeCatalog decodes the text of one file. A large text is cut at headers
// of top-level arrays of tables and decoded by several goroutines; when a part
// has any problem the whole is decoded again in one piece, so that messages
// and lines never depend on the cuts.
func decodeCatalog(file string, data []byte) (*Catalog, error) {
	if parts := splitSections(data, runtime.GOMAXPROCS(0)); len(parts) > 1 {
		if c, ok := decodeParts(parts); ok {
			return c, nil
		}
	}
	c := &Catalog{}
	if err := DecodeStrict(file, data, c); err != nil {
		return nil, err
	}
	return c, nil
}

func decodeParts(parts [][]byte) (*Catalog, bool) {
	decoded := make([]Catalog, len(parts))
	ok := make([]bool, len(parts))
	var wait sync.WaitGroup
	for i := range parts {
		wait.Go(func() {
			faults, err := decode(parts[i], &decoded[i])
			ok[i] = err == nil && len(faults) == 0
		})
	}
	wait.Wait()
	if slices.Contains(ok, false) {
		return nil, false
	}
	all := &decoded[0]
	for i := range decoded[1:] {
		all.add(&decoded[i+1])
	}
	return all, true
}

// add appends the entries of another part of the same file.
func (c *Catalog) add(part *Catalog) {
	c.Sources = append(c.Sources, part.Sources...)
	c.Models = append(c.Models, part.Models...)
	c.Accelerators = append(c.Accelerators, part.Accelerators...)
	c.Precisions = append(c.Precisions, part.Precisions...)
	c.TensorTypes = append(c.TensorTypes, part.TensorTypes...)
	c.Engines = append(c.Engines, part.Engines...)
	c.Efficiencies = append(c.Efficiencies, part.Efficiencies...)
	c.EngineTimes = append(c.EngineTimes, part.EngineTimes...)
	c.Residuals = append(c.Residuals, part.Residuals...)
	c.Curves = append(c.Curves, part.Curves...)
	c.Prices = append(c.Prices, part.Prices...)
	c.Benchmarks = append(c.Benchmarks, part.Benchmarks...)
	c.UseCases = append(c.UseCases, part.UseCases...)
}

// minPart is the size below which a part is not worth a goroutine.
const minPart = 64 << 10

// splitSections cuts a text into at most n parts of about the same size, each
// of which begins with a line "[[name]]". Such a line inside a multi-line
// string or array cuts it in two; the parts are then not TOML.
func splitSections(data []byte, n int) [][]byte {
	n = min(n, len(data)/minPart)
	var parts [][]byte
	for rest := n; rest > 1; rest-- {
		cut := nextHeader(data, len(data)/rest)
		if cut < 0 {
			break
		}
		parts = append(parts, data[:cut])
		data = data[cut:]
	}
	return append(parts, data)
}

// nextHeader finds the first line "[[name]]" at or after offset from, or -1.
// Headers of nested tables ("[[a.b]]") belong to the entry before them.
func nextHeader(data []byte, from int) int {
	for {
		i := bytes.Index(data[from:], []byte("\n[["))
		if i < 0 {
			return -1
		}
		start := from + i + 1
		header, _, _ := bytes.Cut(data[start:], []byte("]]"))
		if !bytes.ContainsAny(header, ".\n") {
			return start
		}
		from = start
	}
}
