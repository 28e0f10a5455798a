package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/report"
)

// catalogListDocument lists entries of one kind in full, or counts all kinds.
type catalogListDocument struct {
	Schema  string         `json:"schema"`
	Tool    string         `json:"tool"`
	Kind    string         `json:"kind,omitempty"` // of the entries; absent when only counted
	Counts  map[string]int `json:"counts"`         // entries by kind, before any filter
	Entries any            `json:"entries,omitempty"`
}

func (a *app) catalogListCommand() *cobra.Command {
	var filter string
	names := kindNames()
	cmd := &cobra.Command{
		Use:       "list [" + strings.Join(names, "|") + "]",
		Short:     "List what the catalog holds",
		Example:   "  plimsoll catalog list\n  plimsoll catalog list models --filter qwen3",
		ValidArgs: names,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1, "at most one kind")(cmd, args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.loadCatalog()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if filter != "" {
					return usagef("--filter needs a kind to look through: %s", strings.Join(names, ", "))
				}
				return a.answer(countsReport(c))
			}
			return a.listKind(c, args[0], filter)
		},
	}
	cmd.Flags().StringVar(&filter, "filter", "", "only entries with `TEXT` in their id, name or aliases")
	return cmd
}

func (a *app) listKind(c *catalog.Catalog, name, filter string) error {
	at := slices.IndexFunc(kinds, func(k kind) bool { return k.plural == name })
	if at < 0 {
		return usagef("kind %q: accepted are %s", name, strings.Join(kindNames(), ", "))
	}
	k := kinds[at]
	matches := func(words ...string) bool {
		text := strings.ToLower(strings.Join(words, "\n"))
		return strings.Contains(text, strings.ToLower(filter))
	}
	entries, table := k.list(c, matches)
	if len(table.Rows) == 0 {
		table.Notes = []string{fmt.Sprintf("None of %d %s matches %q.", counts(c)[name], name, filter)}
	} else {
		table.Notes = []string{fmt.Sprintf("%d of %d %s.", len(table.Rows), counts(c)[name], name)}
	}
	return a.answer(&report.Report{
		Tables:   []report.Table{table},
		Document: catalogListDocument{"plimsoll.catalog_list/v1", toolName(), name, counts(c), entries},
	})
}

func countsReport(c *catalog.Catalog) *report.Report {
	t := report.Table{Columns: []report.Column{{Name: "kind"}, {Name: "entries", Align: report.Right}}}
	n := counts(c)
	for _, name := range kindNames() {
		t.Add(report.Text(name), report.Int(n[name]))
	}
	return &report.Report{
		Tables:   []report.Table{t},
		Document: catalogListDocument{Schema: "plimsoll.catalog_list/v1", Tool: toolName(), Counts: n},
	}
}

// counts is the number of entries by kind.
func counts(c *catalog.Catalog) map[string]int {
	return map[string]int{
		"models": len(c.Models), "accelerators": len(c.Accelerators), "precisions": len(c.Precisions), "engines": len(c.Engines),
		"prices": len(c.Prices), "benchmarks": len(c.Benchmarks), "use-cases": len(c.UseCases),
	}
}
