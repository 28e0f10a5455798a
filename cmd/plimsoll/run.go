package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/plimsoll-dev/plimsoll/report"
)

// env is everything that a command knows of the world outside, so that tests
// need no globals.
type env struct {
	Args      []string // without the program's name
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	LookupEnv func(string) (string, bool)
	Width     int  // columns to wrap at, 0 unknown
	Terminal  bool // a person reads Stdout
	Watched   bool // a person reads Stderr
	Now       func() time.Time
}

// Exit statuses that scripts rely on.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitInfeasible  = 3
	exitFactChanged = 12  // a fact or figure of a plan is another
	exitUnfit       = 15  // hardware, or the disk that keeps results, failed in a measurement
	exitUnreachable = 20  // an endpoint gave no answer that could be measured
	exitInterrupted = 130 // what shells report for SIGINT
)

// Run executes one command line and returns its exit status. Answers go to
// Stdout, everything else to Stderr; nothing is on Stdout after an error.
func Run(ctx context.Context, e env) (status int) {
	a := &app{env: e}
	defer func() {
		if r := recover(); r != nil {
			a.printPanic(r, debug.Stack())
			status = exitInternal
		}
	}()
	root := a.rootCommand()
	root.SetArgs(e.Args)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.printError(ctx, err)
	}
	return a.status
}

// app is one run of the program: the world and the flags that all commands share.
type app struct {
	env
	global globalFlags
	status int // of a command that answered
}

// answer writes a report in the form that the user asked for.
func (a *app) answer(r *report.Report) error {
	format, err := report.ParseFormat(a.global.output)
	if err != nil {
		return usage(err)
	}
	_, noColor := a.LookupEnv("NO_COLOR")
	return r.Write(a.Stdout, report.Options{
		Format: format, Width: a.Width, Wide: a.global.wide,
		Color: a.Terminal && !noColor && !a.global.noColor,
	})
}

// warn tells the user something beside the answer. JSON documents carry their
// warnings themselves.
func (a *app) warn(warnings []string) {
	if a.global.output == string(report.JSON) {
		return
	}
	for _, w := range warnings {
		fmt.Fprintf(a.Stderr, "plimsoll: warning: %s\n", w)
	}
}
