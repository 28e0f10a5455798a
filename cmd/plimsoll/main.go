// Command plimsoll shows how much language model a machine, a rack or a budget
// can carry. The command line is described in docs/commands.md, the JSON that
// it writes in docs/json.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/plimsoll-dev/plimsoll/report"
)

func main() { os.Exit(start()) }

// gcPercent lets the heap grow to three times what is live before it is swept
// in place of twice: commands last a tenth of a second and live on a catalog of
// a few megabytes. It saves a quarter of a recommendation's time for 10 MB.
const gcPercent = 200

// start is main with an exit status, so that deferred calls run.
func start() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once, whatever it waits for
	return Run(ctx, env{
		Args:      os.Args[1:],
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		LookupEnv: os.LookupEnv,
		Width:     report.TerminalWidth(os.Stdout, os.LookupEnv),
		Terminal:  report.IsTerminal(os.Stdout),
		Watched:   report.IsTerminal(os.Stderr),
		Now:       time.Now,
	})
}
