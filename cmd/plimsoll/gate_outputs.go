package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// commentKey marks the one comment of a gate on a pull request.
const commentKey = "gate"

// writeOutputs writes what build servers read. All are written whatever the verdict is.
func (a *app) writeOutputs(r *gate.Report, o *gateOutputs, began time.Time) error {
	m := a.buildMeta(began)
	for _, x := range []struct {
		flag, file string
		text       func(*gate.Report, ci.Meta) ([]byte, error)
	}{
		{"junit", o.junit, ci.JUnit}, {"sarif", o.sarif, ci.SARIF}, {"gitlab", o.gitlab, ci.GitLab},
		{"summary", o.summary, func(r *gate.Report, m ci.Meta) ([]byte, error) { return []byte(ci.Summary(r, m)), nil }},
		{"comment", o.comment, func(r *gate.Report, m ci.Meta) ([]byte, error) { return []byte(ci.Comment(r, m, commentKey)), nil }},
	} {
		if x.file == "" {
			continue
		}
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
