package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/report"
)

// catalogCheckDocument says what checked files hold; none has a problem.
type catalogCheckDocument struct {
	Schema string         `json:"schema"`
	Tool   string         `json:"tool"`
	Files  []checkedFile  `json:"files"`
	Counts map[string]int `json:"counts"` // of the catalog with the files laid over it
}

type checkedFile struct {
	File   string         `json:"file"`
	Counts map[string]int `json:"counts"` // entries by kind
}

func (a *app) catalogCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check catalog files of your own",
		Long: `Check catalog files of your own: keys, units, values and references, each file
laid over the shipped catalog and the files before it. Every problem is named
with its file and line.`,
		Example: "  plimsoll catalog check my-models.toml",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exactly(1, "one or more files")(cmd, args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, files []string) error { return a.check(files) },
	}
}

func (a *app) check(files []string) error {
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	document := catalogCheckDocument{Schema: "plimsoll.catalog_check/v1", Tool: toolName()}
	var found catalog.Problems
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return usage(err)
		}
		merged, err := c.Overlay(file, data)
		var problems catalog.Problems
		switch {
		case errors.As(err, &problems):
			found = append(found, problems...)
			continue
		case err != nil:
			return usage(err)
		}
		c = merged
		var own catalog.Catalog
		if err := catalog.DecodeStrict(file, data, &own); err != nil {
			return usage(err)
		}
		document.Files = append(document.Files, checkedFile{file, counts(&own)})
	}
	if len(found) > 0 {
		return usage(found)
	}
	document.Counts = counts(c)
	return a.answer(&report.Report{Tables: []report.Table{checkedTable(document)}, Document: document})
}

func checkedTable(d catalogCheckDocument) report.Table {
	t := report.Table{Columns: []report.Column{{Name: "file"}, {Name: "verdict"}}}
	for _, name := range kindNames() {
		t.Columns = append(t.Columns, report.Column{Name: name, Align: report.Right})
	}
	row := func(file, verdict string, counts map[string]int) {
		cells := []report.Cell{report.Text(file), report.Text(verdict).Marked(report.Good)}
		for _, name := range kindNames() {
			cells = append(cells, report.Int(counts[name]))
		}
		t.Add(cells...)
	}
	for _, f := range d.Files {
		row(f.File, "ok", f.Counts)
	}
	t.Notes = []string{fmt.Sprintf("With the shipped catalog: %d models, %d accelerators.", d.Counts["models"], d.Counts["accelerators"])}
	return t
}
