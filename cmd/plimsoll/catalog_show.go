package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/report"
)

// catalogEntryDocument is one entry in full.
type catalogEntryDocument struct {
	Schema       string `json:"schema"`
	Tool         string `json:"tool"`
	Kind         string `json:"kind"`
	Params       int64  `json:"params,omitempty"`        // model: what an engine loads, counted from the architecture
	ActiveParams int64  `json:"active_params,omitempty"` // model: of these, what one token multiplies
	Entry        any    `json:"entry"`
}

// hit is an entry that a name may mean.
type hit struct {
	kind  string
	entry any
	names []string // the entry's own names, its id first
}

// means reports whether name is one of the entry's own names, and not only a
// part of one.
func (h hit) means(name string) bool {
	return slices.ContainsFunc(h.names, func(n string) bool { return strings.EqualFold(n, name) })
}

func (a *app) catalogShowCommand() *cobra.Command {
	var only string
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one entry in full, with its source",
		Example: "  plimsoll catalog show qwen3-8b\n  plimsoll catalog show \"H100 SXM5 80GB\" -o json",
		Args:    exactly(1, "one name of a model, accelerator, precision, engine, benchmark or use case"),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.loadCatalog()
			if err != nil {
				return err
			}
			h, err := find(c, args[0], only)
			if err != nil {
				return usage(err, "`plimsoll catalog list KIND --filter TEXT` searches")
			}
			return a.answer(entryReport(h))
		},
	}
	cmd.Flags().StringVar(&only, "kind", "", "look among one `KIND` only: "+strings.Join(lookupKinds(), ", "))
	return cmd
}

// lookups finds entries of each kind by name.
var lookups = []struct {
	kind string
	find func(c *catalog.Catalog, name string) (hit, error)
}{
	{"model", func(c *catalog.Catalog, name string) (hit, error) {
		m, err := c.Model(name)
		return hitOf(m, err, modelNames)
	}},
	{"accelerator", func(c *catalog.Catalog, name string) (hit, error) {
		x, err := c.Accelerator(name)
		return hitOf(x, err, acceleratorNames)
	}},
	{"precision", func(c *catalog.Catalog, name string) (hit, error) {
		p, err := c.Precision(name)
		return hitOf(p, err, precisionNames)
	}},
	{"engine", func(c *catalog.Catalog, name string) (hit, error) {
		e, _, _, err := c.Engine(name)
		return hitOf(e, err, engineNames)
	}},
	{"benchmark", func(c *catalog.Catalog, name string) (hit, error) {
		at := slices.IndexFunc(c.Benchmarks, func(b catalog.Benchmark) bool { return hit{names: benchmarkNames(&b)}.means(name) })
		if at < 0 {
			return hit{}, &catalog.NotFoundError{Kind: "benchmark", Name: name, Nearest: benchmarksLike(c, name)}
		}
		return hitOf(&c.Benchmarks[at], nil, benchmarkNames)
	}},
	{"use-case", func(c *catalog.Catalog, name string) (hit, error) {
		u, err := c.UseCase(name)
		return hitOf(u, err, useCaseNames)
	}},
}

// benchmarksLike lists benchmarks that have name as a part of theirs.
func benchmarksLike(c *catalog.Catalog, name string) []string {
	var ids []string
	for _, b := range c.Benchmarks {
		if strings.Contains(strings.ToLower(b.ID+"\n"+b.Name), strings.ToLower(name)) {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

func hitOf[T any](entry *T, err error, names func(*T) []string) (hit, error) {
	if err != nil {
		return hit{}, err
	}
	return hit{entry: entry, names: names(entry)}, nil
}

func lookupKinds() []string {
	names := make([]string, len(lookups))
	for i, l := range lookups {
		names[i] = l.kind
	}
	return names
}

// find looks a name up in every kind, or in one. A name that is an entry's own
// comes before one that is a part of it; a name of several kinds is an error.
func find(c *catalog.Catalog, name, only string) (hit, error) {
	if only != "" && !slices.Contains(lookupKinds(), only) {
		return hit{}, fmt.Errorf("--kind %q: accepted are %s", only, strings.Join(lookupKinds(), ", "))
	}
	if strings.TrimSpace(name) == "" {
		return hit{}, errors.New("an empty name; accepted: that of an entry")
	}
	var own, partly []hit
	missing := &catalog.NotFoundError{Kind: "entry", Name: name}
	for _, l := range lookups {
		if only != "" && l.kind != only {
			continue
		}
		h, err := l.find(c, name)
		h.kind = l.kind
		var ambiguous *catalog.AmbiguousError
		var unknown *catalog.NotFoundError
		switch {
		case err == nil && h.means(name):
			own = append(own, h)
		case err == nil:
			partly = append(partly, h)
		case errors.As(err, &ambiguous):
			missing.Nearest = append(missing.Nearest, ambiguous.Candidates...)
		case errors.As(err, &unknown):
			missing.Nearest = append(missing.Nearest, unknown.Nearest...)
		default:
			return hit{}, err
		}
		if only != "" && err != nil {
			return hit{}, err
		}
	}
	if len(own) == 0 {
		own = partly
	}
	switch len(own) {
	case 0:
		return hit{}, missing
	case 1:
		return own[0], nil
	}
	meanings := &catalog.AmbiguousError{Kind: "name", Name: name}
	for _, h := range own {
		meanings.Candidates = append(meanings.Candidates, fmt.Sprintf("%s %s (--kind %s)", h.kind, h.names[0], h.kind))
	}
	return hit{}, meanings
}

// entryReport shows an entry key by key, as it stands in the catalog.
func entryReport(h hit) *report.Report {
	d := catalogEntryDocument{Schema: "plimsoll.catalog_entry/v1", Tool: toolName(), Kind: h.kind, Entry: h.entry}
	t := flatten(h.entry)
	t.Title = h.kind + " " + h.names[0]
	if m, ok := h.entry.(*catalog.Model); ok {
		var err error
		if d.Params, err = m.Params(); err == nil {
			d.ActiveParams, err = m.ActiveParams()
		}
		if err != nil {
			t.Notes = append(t.Notes, "parameters cannot be counted: "+err.Error())
		} else {
			t.Add(report.Text("params (counted)"), report.Int(d.Params))
			t.Add(report.Text("active_params (counted)"), report.Int(d.ActiveParams))
		}
	}
	return &report.Report{Tables: []report.Table{t}, Document: d}
}
