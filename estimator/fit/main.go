package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(2)
	}
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	dir := flags.String("silicon", "", "directory of the timing tables (see the package documentation)")
	out := flags.String("out", "", "file for the [[curve]] section; nothing is written without it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("-silicon DIR: give the directory of the timing tables")
	}
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		return err
	}
	accelerators := map[string]*catalog.Accelerator{}
	for system, id := range systems {
		if accelerators[system], err = c.Accelerator(id); err != nil {
			return err
		}
	}
	g, err := gather(os.DirFS(*dir), accelerators)
	if err != nil {
		return fmt.Errorf("%s: %w", *dir, err)
	}
	list := g.curves()
	print(w, list, g.leftOut)
	if *out == "" {
		return nil
	}
	return write(*out, list)
}

// print shows every curve with its residuals over all rows, and over the
// shapes held out of a second fit, in per cent; then what was left out.
func print(w io.Writer, list []result, leftOut map[string]int) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "accelerator\tkernel\tprecision\tworld\trows\tmedian\tp90\theld out\tmedian\tp90\tcoefficients\tsource")
	for _, c := range list {
		world := ""
		if c.World > 0 {
			world = strconv.Itoa(c.World)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%.1f\t%.1f\t%d\t%.1f\t%.1f\t%s\t%s\n", c.Accelerator, c.Kernel, c.Precision, world,
			c.Rows, 100*c.Median, 100*c.P90, c.test.Rows, 100*c.HeldOut, 100*c.test.P90, coefficients(c.Curve), c.Source)
	}
	t.Flush()
	fmt.Fprintln(w, "\nleft out, rows and why:")
	for _, reason := range slices.Sorted(maps.Keys(leftOut)) {
		fmt.Fprintf(w, "%7d  %s\n", leftOut[reason], reason)
	}
}

func coefficients(c catalog.Curve) string {
	text := fmt.Sprintf("%g us", c.Floor)
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"compute", c.Compute}, {"read", c.Read}, {"p", c.P}, {"half length", c.HalfLength},
		{"GB/s", c.Rate}, {"us/MB", c.Small}, {"up to bytes", c.SmallBytes},
	} {
		if v.value > 0 {
			text += fmt.Sprintf(", %s %g", v.name, v.value)
		}
	}
	return text
}

// write leaves the file whole or untouched.
func write(name string, list []result) error {
	var section struct {
		Curves []catalog.Curve `toml:"curve"`
	}
	for _, r := range list {
		section.Curves = append(section.Curves, r.Curve)
	}
	var text bytes.Buffer
	encoder := toml.NewEncoder(&text)
	encoder.Indent = ""
	if err := encoder.Encode(section); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return atomicfile.Write(name, text.Bytes(), true)
}
