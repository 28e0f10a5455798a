package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/accuracy"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(2)
	}
}

func run(args []string, w io.Writer) error {
	var specs []string
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	residuals := flags.Bool("residuals", false, "print the [[residual]] section")
	flags.Func("tune", "ENTRIES:KEY,KEY of [[engine_time]] to choose (see the package documentation)", func(s string) error {
		specs = append(specs, s)
		return nil
	})
	var suites []accuracy.Suite
	flags.Func("suite", "SUITE to choose by; all without it", func(s string) error {
		if all := accuracy.Suites(); !slices.Contains(all, accuracy.Suite(s)) {
			return fmt.Errorf("accepted: %q", all)
		}
		suites = append(suites, accuracy.Suite(s))
		return nil
	})
	out := flags.String("out", "", "file for the section; nothing is written without it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if *residuals == (len(specs) > 0) {
		return errors.New("give either -residuals or -tune SPEC")
	}
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		return err
	}
	var section any
	if *residuals {
		section, err = printResiduals(c, w)
	} else {
		section, err = tune(c, specs, suites, w)
	}
	if err != nil || *out == "" {
		return err
	}
	var text bytes.Buffer
	encoder := toml.NewEncoder(&text)
	encoder.Indent = ""
	if err := encoder.Encode(section); err != nil {
		return fmt.Errorf("%s: %w", *out, err)
	}
	return atomicfile.Write(*out, text.Bytes(), true)
}

func printResiduals(c *catalog.Catalog, w io.Writer) (any, error) {
	rows, err := accuracy.ReplaySpeed(c, estimator.Serve)
	if err != nil {
		return nil, err
	}
	var section struct {
		Residuals []catalog.Residual `toml:"residual"`
	}
	section.Residuals = accuracy.Residuals(rows)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "quantity\tengine\tkind\tfamily\tprecision\thalf\trows\tgroups")
	for _, r := range section.Residuals {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.2f\t%d\t%d\n", r.Quantity, r.Engine, r.Kind, r.Family, r.Precision, r.Half, r.Rows, r.Groups)
	}
	return section, t.Flush()
}

// tune chooses the coefficients that the specs name. The section holds the
// entries that they are of.
func tune(c *catalog.Catalog, specs []string, suites []accuracy.Suite, w io.Writer) (any, error) {
	if len(suites) == 0 {
		suites = accuracy.Suites()
	}
	times := slices.Clone(c.EngineTimes)
	knobs, touched, err := parseSpecs(times, specs)
	if err != nil {
		return nil, err
	}
	t, err := accuracy.NewTuning(c, func(entry int, s accuracy.Suite) bool { return touched[entry] && slices.Contains(suites, s) })
	if err != nil {
		return nil, err
	}
	before := t.Rows(times)
	if len(before) == 0 {
		return nil, fmt.Errorf("no published run has these engine times, or none of the suites %q", suites)
	}
	start := make([]float64, len(knobs))
	for i := range knobs {
		start[i] = knobs[i].get()
	}
	from, to := descend(knobs, func() float64 {
		fit, _ := accuracy.Split(t.Rows(times))
		return accuracy.Misfit(fit)
	})
	for i := range knobs {
		knobs[i].round()
	}
	fmt.Fprintf(w, "misfit %.4f, then %.4f\n\n", from, to)
	if err := printErrors(w, before, t.Rows(times)); err != nil {
		return nil, err
	}
	fmt.Fprintln(w)
	for i, k := range knobs {
		fmt.Fprintf(w, "%s: %.4g, then %.4g\n", k.name, start[i], k.get())
	}
	var section struct {
		EngineTimes []catalog.EngineTime `toml:"engine_time"`
	}
	for i := range times {
		if touched[i] {
			section.EngineTimes = append(section.EngineTimes, times[i])
		}
	}
	return section, nil
}

// printErrors compares two replays of the same rows, in per cent.
func printErrors(w io.Writer, before, after []accuracy.SpeedRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rows\tsuite\tquantity\trows\tgroups\tmedian\tthen\tmean\tthen\tbias\tthen")
	beforeFit, beforeHeld := accuracy.Split(before)
	afterFit, afterHeld := accuracy.Split(after)
	for _, part := range []struct {
		name          string
		before, after []accuracy.SpeedRow
	}{{"fit", beforeFit, afterFit}, {"validation", beforeHeld, afterHeld}} {
		then := accuracy.SummariseSpeed(part.after, accuracy.BySuite)
		for i, s := range accuracy.SummariseSpeed(part.before, accuracy.BySuite) {
			a, b := s.Spread, then[i].Spread
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%+.1f\t%+.1f\n", part.name, s.Suite, s.Quantity, s.Rows, s.Groups,
				100*a.Median, 100*b.Median, 100*a.Mean, 100*b.Mean, 100*a.Bias, 100*b.Bias)
		}
	}
	return t.Flush()
}
