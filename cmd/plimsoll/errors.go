package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/report"
)

// inputError marks an error as the user's to mend: exit status 2.
type inputError struct {
	err   error
	hints []string
}

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// usage marks err as an error of the command line or of a file that the user
// named; nil stays nil.
func usage(err error, hints ...string) error {
	if err == nil {
		return nil
	}
	return &inputError{err, hints}
}

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// failure is an error as it is shown.
type failure struct {
	Code     string    `json:"code"` // usage, unknown_name, ambiguous_name, invalid_file, unreadable_file, unsupported, interrupted, unreachable, internal
	Message  string    `json:"message"`
	Hints    []string  `json:"hints"`
	Problems []problem `json:"problems,omitempty"` // of a file, in the order of its lines
}

// problem is one thing that is wrong with a file.
type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // from 1
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`
}

// errorDocument is what -o json writes to stderr.
type errorDocument struct {
	Schema string  `json:"schema"`
	Error  failure `json:"error"`
}

// explain classifies an error.
func explain(ctx context.Context, err error) (f failure, status int) {
	f = failure{Message: err.Error(), Hints: []string{}}
	var (
		input       *inputError
		notFound    *catalog.NotFoundError
		ambiguous   *catalog.AmbiguousError
		problems    catalog.Problems
		unsupported *estimator.UnsupportedError
		version     *catalog.VersionError
		hardware    *catalog.HardwareError
		path        *fs.PathError
		unreachable *unreachableError
	)
	if errors.As(err, &input) {
		f.Hints = append(f.Hints, input.hints...)
	}
	if errors.As(err, &unreachable) {
		f.Hints = append(f.Hints, unreachable.hints...)
	}
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		f.Code, f.Message = "interrupted", "interrupted"
		return f, exitInterrupted
	case unreachable != nil:
		f.Code = "unreachable"
		return f, exitUnreachable
	case errors.As(err, &problems):
		f.Code = "invalid_file"
		for _, p := range problems {
			f.Problems = append(f.Problems, problem{p.File, p.Line, p.Key, p.Message})
		}
	case errors.As(err, &notFound):
		f.Code = "unknown_name"
		if list, ok := listOf[notFound.Kind]; ok && len(f.Hints) == 0 {
			f.Hints = append(f.Hints, "`plimsoll catalog list "+list+"` lists them")
		}
	case errors.As(err, &ambiguous):
		f.Code = "ambiguous_name"
	case errors.As(err, &unsupported):
		f.Code, f.Message = "unsupported", unsupported.Reason
		if unsupported.Change != "" {
			f.Hints = append(f.Hints, unsupported.Change)
		}
	case errors.As(err, &path):
		f.Code = "unreadable_file"
	case input != nil, errors.As(err, &version), errors.As(err, &hardware):
		f.Code = "usage"
	default:
		f.Code = "internal"
		f.Hints = append(f.Hints, reportHint)
		return f, exitInternal
	}
	return f, exitUsage
}

// listOf names the list that holds a kind of entry.
var listOf = map[string]string{"accelerator": "accelerators", "precision": "precisions", "engine": "engines", "use case": "use-cases"}

const reportHint = "this is a fault of plimsoll: please report it at https://github.com/plimsoll-dev/plimsoll/issues with the command line and the output of `plimsoll version`"

// printError writes an error to stderr and returns the exit status for it.
func (a *app) printError(ctx context.Context, err error) int {
	f, status := explain(ctx, err)
	if status == exitInternal {
		f.Message = "internal error: " + f.Message
	}
	a.printFailure(f)
	return status
}

func (a *app) printFailure(f failure) {
	if a.wantsJSON() {
		document := errorDocument{Schema: "plimsoll.error/v1", Error: f}
		if report.WriteJSON(a.Stderr, document) == nil {
			return
		}
	}
	for line := range strings.Lines(f.Message) {
		fmt.Fprintf(a.Stderr, "plimsoll: %s\n", strings.TrimRight(line, "\n"))
	}
	for _, h := range f.Hints {
		fmt.Fprintf(a.Stderr, "plimsoll: hint: %s\n", h)
	}
}

// printPanic reports a fault of the program itself.
func (a *app) printPanic(cause any, stack []byte) {
	a.printFailure(failure{Code: "internal", Message: fmt.Sprintf("internal error: %v", cause), Hints: []string{reportHint}})
	if !a.wantsJSON() {
		fmt.Fprintf(a.Stderr, "%s", stack)
	}
}

// wantsJSON reports whether errors shall be a document too, even when the
// command line could not be read to its end.
func (a *app) wantsJSON() bool {
	if a.global.output == string(report.JSON) {
		return true
	}
	at := slices.IndexFunc(a.Args, func(s string) bool { return s == "-o" || s == "--output" })
	return at >= 0 && at+1 < len(a.Args) && a.Args[at+1] == string(report.JSON) ||
		slices.Contains(a.Args, "-ojson") || slices.Contains(a.Args, "-o=json") || slices.Contains(a.Args, "--output=json")
}
