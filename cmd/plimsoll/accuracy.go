package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/accuracy"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

type accuracyOptions struct {
	by, split string
	rows      int
}

// What --by and --split accept, the default first.
var (
	accuracyBy     = []string{"class", "suite"}
	accuracySplits = []string{"all", "fit", "validation"}
)

func (a *app) accuracyCommand() *cobra.Command {
	var o accuracyOptions
	cmd := &cobra.Command{
		Use:   "accuracy",
		Short: "Replay published measurements and show the estimator's error",
		Long: `Predict every published measurement that ships with plimsoll, and show by how
much the predictions are off: the error of speed by suite or by class of
accelerator, engine, precision and kind of model, and that of the memory ledger,
beside the figures that other estimators publish.`,
		Example: `  plimsoll accuracy --by suite
  plimsoll accuracy --split validation -o markdown
  plimsoll accuracy --rows`,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error { return a.accuracy(o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.by, "by", accuracyBy[0], "sum up the errors of speed by `WHAT`: "+strings.Join(accuracyBy, " or "))
	f.StringVar(&o.split, "split", accuracySplits[0], "`ROWS` of speed: "+strings.Join(accuracySplits, ", "))
	f.IntVar(&o.rows, "rows", 0, "list the `N` worst predictions of speed with their source; --rows alone 20")
	f.Lookup("rows").NoOptDefVal = "20"
	return cmd
}

// accuracyDocument is the replay of all shipped measurements.
type accuracyDocument struct {
	Schema  string                  `json:"schema"`
	Tool    string                  `json:"tool"`
	By      string                  `json:"by"`
	Split   string                  `json:"split"`
	Speed   []accuracy.SpeedSummary `json:"speed"`
	Refused []accuracy.Refusal      `json:"refused"` // rows of speed without a prediction
	Worst   []accuracy.SpeedError   `json:"worst,omitempty"`
	Memory  []accuracy.Summary      `json:"memory"` // all rows, whatever the split
	Peers   []accuracy.Peer         `json:"peers"`
}

func (a *app) accuracy(o accuracyOptions) error {
	switch {
	case !slices.Contains(accuracyBy, o.by):
		return usagef("--by %q: accepted are %s", o.by, strings.Join(accuracyBy, ", "))
	case !slices.Contains(accuracySplits, o.split):
		return usagef("--split %q: accepted are %s", o.split, strings.Join(accuracySplits, ", "))
	case o.rows < 0:
		return usagef("--rows %d: accepted are positive numbers", o.rows)
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	rows, err := accuracy.ReplaySpeed(c, estimator.Serve)
	if err != nil {
		return err
	}
	memory, err := accuracy.ReplayMemory(c)
	if err != nil {
		return err
	}
	fit, validation := accuracy.Split(rows)
	switch o.split {
	case "fit":
		rows = fit
	case "validation":
		rows = validation
	}
	by := accuracy.ByClass
	if o.by == "suite" {
		by = accuracy.BySuite
	}
	return a.answer(accuracyReport(accuracyDocument{
		Schema: "plimsoll.accuracy/v1", Tool: toolName(), By: o.by, Split: o.split,
		Speed: accuracy.SummariseSpeed(rows, by), Refused: accuracy.RefusedSpeed(rows), Worst: accuracy.WorstSpeed(rows, o.rows),
		Memory: accuracy.Summarise(memory), Peers: accuracy.Peers(),
	}))
}
