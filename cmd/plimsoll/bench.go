package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/probe"
)

func (a *app) benchCommand() *cobra.Command {
	var keep keepFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what this hardware, an engine or an endpoint really does",
		Long: `Measure what the hardware, an engine or an endpoint really does. Every result
says on what it was taken and how sure it is, and is kept in a file of its own:
list, show, diff and export read them, and calibrate lets estimates use them.`,
		Example: `  plimsoll bench cpu
  plimsoll bench endpoint http://localhost:8000 --concurrency 16 --requests 200
  plimsoll bench diff latest~1 latest`,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: needsCommand,
	}
	keep.addTo(cmd.PersistentFlags())
	cmd.AddCommand(
		a.benchCPUCommand(&keep), a.benchGPUCommand(&keep), a.benchStorageCommand(&keep), a.benchEngineCommand(&keep), a.benchEndpointCommand(&keep),
		a.benchListCommand(&keep), a.benchShowCommand(&keep), a.benchDiffCommand(&keep), a.benchExportCommand(&keep),
	)
	return cmd
}

// keepFlags say where results are kept.
type keepFlags struct {
	store   string
	discard bool
}

func (k *keepFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&k.store, "store", "", "`DIR` of results (default: bench in the user's data directory)")
	f.BoolVar(&k.discard, "no-store", false, "do not keep the result")
}

// open finds the store; nil when results are not to be kept.
func (a *app) openStore(k *keepFlags) (*benchmarks.Store, error) {
	if k.discard {
		if k.store != "" {
			return nil, usagef("--store and --no-store exclude each other")
		}
		return nil, nil
	}
	dir := k.store
	if dir == "" {
		data, err := a.dataDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(data, "bench")
	}
	return benchmarks.OpenStore(dir), nil
}

// dataDir is where the program keeps what it measured: $PLIMSOLL_DATA, or the
// folder that the system has for the data of programs.
func (a *app) dataDir() (string, error) {
	if dir, ok := a.LookupEnv("PLIMSOLL_DATA"); ok && dir != "" {
		return dir, nil
	}
	at := func(variable string, below ...string) (string, bool) {
		root, ok := a.LookupEnv(variable)
		return filepath.Join(append([]string{root}, below...)...), ok && filepath.IsAbs(root)
	}
	var dir string
	var ok bool
	switch runtime.GOOS {
	case "windows":
		dir, ok = at("LocalAppData", "plimsoll")
	case "darwin":
		dir, ok = at("HOME", "Library", "Application Support", "plimsoll")
	default:
		if dir, ok = at("XDG_DATA_HOME", "plimsoll"); !ok {
			dir, ok = at("HOME", ".local", "share", "plimsoll")
		}
	}
	if !ok {
		return "", usage(errors.New("no folder for data is known: neither a home nor PLIMSOLL_DATA is set"), "set PLIMSOLL_DATA=DIR, or give --store DIR")
	}
	return dir, nil
}

// recording is a benchmark under way: its result so far, and where it is kept.
type recording struct {
	app     *app
	store   *benchmarks.Store // nil: nowhere
	result  benchmarks.Result
	started time.Time // with its monotonic clock
	failed  error     // why the last state could not be kept

	machine *probe.Machine // to calibrate by the result; nil: it says nothing of the formulas
}

// record begins a result. What cannot be kept is an error before anything is
// measured.
func (a *app) record(k *keepFlags, kind benchmarks.Kind, on benchmarks.Context, seed uint64) (*recording, error) {
	store, err := a.openStore(k)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	r := &recording{app: a, store: store, started: now, result: benchmarks.Result{
		Schema: benchmarks.Schema, Tool: toolName(), ID: benchmarks.NewID(kind, now), Kind: kind,
		Started: now.UTC().Truncate(time.Second), Seed: seed, Command: withoutCredentials(a.Args), Context: on, Metrics: []benchmarks.Metric{}, Interrupted: true,
	}}
	if err := r.put(); err != nil {
		return nil, usage(fmt.Errorf("the result could not be kept: %w", err), "--store DIR keeps it elsewhere, --no-store nowhere")
	}
	return r, nil
}

// credentials are the name and the password in a URL.
var credentials = regexp.MustCompile(`(://)[^/\s]*@`)

// withoutCredentials is a command line as it may be kept: a result is shown to others than
// those who may use the proxy that it went through.
func withoutCredentials(args []string) []string {
	kept := make([]string, len(args))
	for i, arg := range args {
		kept[i] = credentials.ReplaceAllString(arg, "${1}***@")
	}
	return kept
}

// measured is what a benchmark knows of its run.
type measured interface {
	Metrics() []benchmarks.Metric
}

// take sets what was measured so far; detail becomes part of the result whole.
func (r *recording) take(detail measured, skipped []benchmarks.Skipped, warnings []string) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	r.result.Detail = text
	r.result.Metrics, r.result.Skipped, r.result.Warnings = detail.Metrics(), skipped, warnings
	if r.result.Metrics == nil {
		r.result.Metrics = []benchmarks.Metric{}
	}
	r.result.Seconds = r.app.Now().Sub(r.started).Seconds()
	return nil
}

// put writes the result as it stands, so that a run that is killed has left it.
func (r *recording) put() error {
	if r.store == nil {
		return nil
	}
	r.failed = r.store.Put(&r.result)
	return r.failed
}

// finish keeps and shows the result of a run that ended with err: one that was
// interrupted, or whose hardware failed, has measured something all the same.
func (r *recording) finish(ctx context.Context, err error) error {
	r.result.Interrupted = err != nil
	_ = r.put() // told below, when the answer is out
	if err := r.app.answer(benchReport(&r.result)); err != nil {
		return err
	}
	a := r.app
	switch {
	case ctx.Err() != nil:
		a.status = exitInterrupted
		a.tell("interrupted: above is what was measured until then")
	case err != nil:
		a.status = exitUnfit
		a.tell("%v: above is what was measured until then", err)
	}
	switch {
	case r.failed != nil:
		a.status = max(a.status, exitUnfit)
		a.tell("the result is not kept: %v", r.failed)
	case r.store != nil:
		a.tell("kept as %s", r.result.ID)
		if err != nil || r.machine == nil {
			break
		}
		if failed := a.recalibrate(r.store, r.machine, r.result.ID); failed != nil {
			a.tell("not calibrated: %v", failed)
		}
	}
	return nil
}

// drop takes a run that measured nothing out of the store.
func (r *recording) drop() {
	if r.store != nil {
		_ = r.store.Remove(r.result.ID) // what stays says that it did not reach its end
	}
}

// tell says something beside the answer.
func (a *app) tell(format string, args ...any) {
	fmt.Fprintf(a.Stderr, "plimsoll: "+format+"\n", args...)
}

// here probes this machine for a benchmark on it.
func (a *app) here(ctx context.Context) (*probe.Machine, error) {
	c, err := a.loadCatalog()
	if err != nil {
		return nil, err
	}
	return probe.Probe(ctx, probe.Options{Catalog: c, Tool: toolName(), Now: a.Now})
}
