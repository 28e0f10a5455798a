package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// commentKey marks the one comment of a gate on a pull request.
const commentKey = "gate"

// gateOutput is one file that a flag names.
type gateOutput struct {
	flag, file string
	text       func(*gate.Report, ci.Meta) ([]byte, error)
}

// files are those that flags name.
func (o *gateOutputs) files() []gateOutput {
	markdown := func(write func(*gate.Report, ci.Meta) string) func(*gate.Report, ci.Meta) ([]byte, error) {
		return func(r *gate.Report, m ci.Meta) ([]byte, error) { return []byte(write(r, m)), nil }
	}
	comment := func(r *gate.Report, m ci.Meta) string { return ci.Comment(r, m, commentKey) }
	list := []gateOutput{
		{"junit", o.junit, ci.JUnit}, {"sarif", o.sarif, ci.SARIF}, {"gitlab", o.gitlab, ci.GitLab}, {"summary", o.summary, markdown(ci.Summary)}, {"comment", o.comment, markdown(comment)},
	}
	return slices.DeleteFunc(list, func(x gateOutput) bool { return x.file == "" })
}

// checkOutputs refuses a file that is written twice, or that is read, since what it holds
// would be lost, and one that cannot be written, before anything is measured.
func (a *app) checkOutputs(o *gateOutputs, reads ...string) error {
	list := o.files()
	for i, f := range list {
		for _, name := range reads {
			if name != "" && sameFile(name, f.file) {
				return usagef("--%s %s is a file that the gate reads: accepted is another", f.flag, f.file)
			}
		}
		for _, other := range list[:i] {
			if sameFile(other.file, f.file) {
				return usagef("--%s and --%s name one file, %s: accepted are two", other.flag, f.flag, f.file)
			}
		}
	}
	for _, f := range list {
		if err := writable(f.file); err != nil {
			return usage(fmt.Errorf("--%s: %w", f.flag, err))
		}
	}
	if file, ok := a.LookupEnv("GITHUB_STEP_SUMMARY"); ok && o.github && file != "" {
		return appendFile(file, "")
	}
	return nil
}

// writable reports whether a file can be replaced, in a folder that may not be there yet.
func writable(file string) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory: accepted is a file", file)
	}
	f, err := os.CreateTemp(dir, ".plimsoll-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", file, err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(f.Name())
}

// sameFile reports whether two names are of one file, be it there or not.
func sameFile(a, b string) bool {
	if x, err := os.Stat(a); err == nil {
		if y, err := os.Stat(b); err == nil {
			return os.SameFile(x, y)
		}
	}
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// writeOutputs writes what build servers read. All are written whatever the verdict is.
func (a *app) writeOutputs(r *gate.Report, o *gateOutputs, began time.Time) error {
	m := a.buildMeta(began)
	for _, x := range o.files() {
		data, err := x.text(r, m)
		if err != nil {
			return err
		}
		if err := writeFile(x.flag, x.file, data); err != nil {
			return err
		}
	}
	if !o.github {
		return nil
	}
	fmt.Fprint(a.Stderr, ci.Annotations(r, m))
	if file, ok := a.LookupEnv("GITHUB_STEP_SUMMARY"); ok && file != "" {
		return appendFile(file, ci.Summary(r, m))
	}
	return nil
}

// buildMeta is what outputs say of the gate itself.
func (a *app) buildMeta(began time.Time) ci.Meta {
	root, err := os.Getwd()
	if err != nil {
		root = "."
	}
	return ci.Meta{Tool: "plimsoll", Version: buildVersion().Version, Started: began.UTC(), Seconds: a.Now().Sub(began).Seconds(), Root: filepath.ToSlash(root)}
}

// appendFile adds to a file that other steps of a build write to as well.
func appendFile(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return usage(fmt.Errorf("$GITHUB_STEP_SUMMARY: %w", err))
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return usage(fmt.Errorf("$GITHUB_STEP_SUMMARY: %w", err))
	}
	return nil
}
