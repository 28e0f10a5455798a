package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
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
	samples, omitted, err := gather(os.DirFS(*dir), accelerators)
	if err != nil {
		return fmt.Errorf("%s: %w", *dir, err)
	}
	list := curves(samples, omitted)
	print(w, list, omitted)
	if *out == "" {
		return nil
	}
	return write(*out, list)
}

func print(w io.Writer, list []catalog.Curve, omitted leftOut) {
	fmt.Fprintf(w, "%-32s %-18s %-10s %5s %6s %7s %7s %8s  %s\n", "accelerator", "kernel", "precision", "world", "rows", "median", "p90", "held out", "coefficients")
	for _, c := range list {
		fmt.Fprintf(w, "%-32s %-18s %-10s %5d %6d %6.1f%% %6.1f%% %7.1f%%  c %.1f us", c.Accelerator, c.Kernel, c.Precision, c.World, c.Rows, 100*c.Median, 100*c.P90, 100*c.HeldOut, c.Floor)
		for _, v := range []struct {
			name  string
			value float64
		}{{"compute", c.Compute}, {"read", c.Read}, {"p", c.P}, {"half", c.HalfLength}, {"GB/s", c.Rate}, {"us/MB", c.Small}} {
			if v.value > 0 {
				fmt.Fprintf(w, ", %s %.4g", v.name, v.value)
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\nleft out:")
	for _, reason := range sorted(omitted) {
		fmt.Fprintf(w, "%7d  %s\n", omitted[reason], reason)
	}
}

func sorted(m leftOut) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// write leaves the file whole or untouched.
func write(name string, list []catalog.Curve) error {
	var text bytes.Buffer
	encoder := toml.NewEncoder(&text)
	encoder.Indent = ""
	if err := encoder.Encode(struct {
		Curves []catalog.Curve `toml:"curve"`
	}{list}); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".curves-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(text.Bytes()); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
