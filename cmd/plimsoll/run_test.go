package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// run executes a command line in this process.
func run(t testing.TB, change func(*env), args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, problems bytes.Buffer
	e := env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems,
		LookupEnv: func(string) (string, bool) { return "", false },
		Now:       func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) },
	}
	if change != nil {
		change(&e)
	}
	status = Run(t.Context(), e)
	return out.String(), problems.String(), status
}

func savedMachines(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/machines/*.toml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d saved machines (%v), want 4 or more", len(files), err)
	}
	return files
}

// TestRecommendIsConsistent holds what is true of every ranking: all models
// accounted for, ranks without gaps, candidates within free memory, and the
// same models in every form.
func TestRecommendIsConsistent(t *testing.T) {
	for _, machine := range savedMachines(t) {
		t.Run(filepath.Base(machine), func(t *testing.T) {
			out, _, status := run(t, nil, "--machine", machine, "--limit", "0", "-o", "json")
			if status != exitOK {
				t.Fatalf("status %d", status)
			}
			var d recommendDocument
			if err := json.Unmarshal([]byte(out), &d); err != nil {
				t.Fatal(err)
			}
			if len(d.Candidates)+len(d.Rejected) != d.Considered || len(d.Candidates) == 0 || len(d.Rejected) == 0 {
				t.Errorf("%d candidates and %d rejected of %d considered", len(d.Candidates), len(d.Rejected), d.Considered)
			}
			for i, c := range d.Candidates {
				if c.Rank != i+1 || !c.Memory.Fits || c.Memory.NeedBytes > c.Memory.FreeBytes || len(c.Reasons) == 0 {
					t.Errorf("%s: rank %d at place %d, fits %v, needs %d of %d, %d reasons", c.Model, c.Rank, i+1, c.Memory.Fits, c.Memory.NeedBytes, c.Memory.FreeBytes, len(c.Reasons))
				}
				if s := c.Speed.TokensPerSUser; s.Low > s.Value || s.Value > s.High || s.Low <= 0 {
					t.Errorf("%s: %g tokens/s outside of %g to %g", c.Model, s.Value, s.Low, s.High)
				}
			}
			for _, r := range d.Rejected {
				if r.Reason == "" {
					t.Errorf("%s was rejected for no reason", r.Model)
				}
			}
			out, _, _ = run(t, nil, "--machine", machine, "--limit", "0", "-o", "csv")
			rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(rows) != 1+d.Considered {
				t.Errorf("CSV has %d rows (%v), want a heading and %d", len(rows), err, d.Considered)
			}
		})
	}
}

// TestTablesKeepToTheWidth holds that no command's table is wider than the
// terminal, and that none ends a line in spaces.
func TestTablesKeepToTheWidth(t *testing.T) {
	machine := "testdata/machines/hgx-8xh100.toml"
	for _, args := range [][]string{
		{"--machine", machine}, {"probe", "--machine", machine}, {"catalog", "list", "models"}, {"catalog", "list", "accelerators"}, {"catalog", "show", "h100"},
		{"estimate", "Qwen/Qwen3-8B", "--machine", machine, "--explain"}, {"verify", "--log", "../../benchmarks/enginelog/testdata/vllm-0.24-json.log"}, {"version"},
	} {
		for _, width := range []int{40, 100} {
			out, _, status := run(t, func(e *env) { e.Width = width }, args...)
			if status != exitOK || out == "" {
				t.Fatalf("%q: status %d", args, status)
			}
			for _, line := range strings.Split(out, "\n") {
				if n := len([]rune(line)); n > width || strings.HasSuffix(line, " ") {
					t.Errorf("%q at %d columns: line of %d: %q", args, width, n, line)
				}
			}
		}
	}
}

// TestProbeShowsEveryFact holds the golden file of probe_golden.txtar to the
// machine that it shows.
func TestProbeShowsEveryFact(t *testing.T) {
	const machine = "testdata/machines/laptop-rtx4060-8gib.toml"
	m, err := probe.Load(machine)
	if err != nil {
		t.Fatal(err)
	}
	out, _, _ := run(t, nil, "probe", "--machine", machine, "--wide")
	a := m.Accelerators[0]
	facts := []string{
		m.OS.Distribution, m.OS.Kernel, m.CPU.Model, "14 cores", "20 threads", "31.1 GiB", "24.0 GiB available",
		a.Name, a.UUID, a.PCI.Address, "10de:28e0", a.Architecture, a.ComputeCapability, a.DriverVersion, a.RuntimeVersion, a.PeakBasis,
		"8.00 GiB", "7.30 GiB", "256 GB/s", "128 bits", "8001 MHz", "250.0 MiB", "24 compute units", "9.5 of 80 W", "44 °C", "gen 4 x8", "BF16 29.1", "Xorg", "384.0 MiB",
		m.Engines[0].ID, m.Engines[0].Version, m.Engines[0].Path,
	}
	for _, fact := range facts {
		if !strings.Contains(out, fact) {
			t.Errorf("%q is not shown in\n%s", fact, out)
		}
	}
}

func TestColorOnATerminal(t *testing.T) {
	args := []string{"--on", "1x L40S", "--limit", "1"}
	colored := func(change func(*env), more ...string) bool {
		out, _, _ := run(t, change, append(args, more...)...)
		return strings.Contains(out, "\x1b[")
	}
	terminal := func(e *env) { e.Terminal = true }
	noColor := func(e *env) {
		e.Terminal = true
		e.LookupEnv = func(name string) (string, bool) { return "1", name == "NO_COLOR" }
	}
	if !colored(terminal) {
		t.Error("no colour on a terminal")
	}
	if colored(nil) || colored(noColor) || colored(terminal, "--no-color") || colored(terminal, "-o", "json") {
		t.Error("colour off a terminal, with NO_COLOR, with --no-color or in JSON")
	}
}

func TestInterruptedProbe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, problems bytes.Buffer
	status := Run(ctx, env{Args: []string{"probe"}, Stdout: &out, Stderr: &problems, LookupEnv: os.LookupEnv, Now: time.Now})
	if status != exitInterrupted || problems.String() != "plimsoll: interrupted\n" || out.Len() > 0 {
		t.Errorf("status %d, stderr %q, %d bytes on stdout", status, problems.String(), out.Len())
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	_, stderr, status := run(t, func(e *env) { e.Stdout = panicking{} }, "version")
	if status != exitInternal || !strings.Contains(stderr, "plimsoll: internal error: the pipe burst") || !strings.Contains(stderr, "hint: this is a fault of plimsoll") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("the pipe burst") }

func TestExplain(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}
	for _, test := range []struct {
		err    error
		code   string
		status int
		hints  int
	}{
		{errors.New("odd"), "internal", exitInternal, 1},
		{usage(errors.New("bad"), "do this"), "usage", exitUsage, 1},
		{fmt.Errorf("--on: %w", &catalog.NotFoundError{Kind: "accelerator", Name: "x"}), "unknown_name", exitUsage, 1},
		{&catalog.AmbiguousError{Kind: "model", Name: "x"}, "ambiguous_name", exitUsage, 0},
		{&catalog.VersionError{Version: "x"}, "usage", exitUsage, 0},
		{catalog.Problems{{File: "f", Line: 3, Message: "m"}}, "invalid_file", exitUsage, 0},
		{&estimator.UnsupportedError{Reason: "r", Change: "c"}, "unsupported", exitUsage, 1},
		{fmt.Errorf("--log: %w", missing), "unreadable_file", exitUsage, 0},
		{context.DeadlineExceeded, "internal", exitInternal, 1}, // nobody interrupted
	} {
		f, status := explain(t.Context(), test.err)
		if f.Code != test.code || status != test.status || len(f.Hints) != test.hints {
			t.Errorf("%v: code %s, status %d, hints %q; want %s, %d, %d of them", test.err, f.Code, status, f.Hints, test.code, test.status, test.hints)
		}
	}
}

// TestEveryFlagIsDocumented holds docs/commands.md against the command tree.
func TestEveryFlagIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !strings.Contains(string(text), cmd.Name()) || cmd.Short == "" {
			t.Errorf("command %q is not in docs/commands.md, or has no summary", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(string(text), "--"+f.Name+"`") {
				t.Errorf("%s: flag --%s is not in docs/commands.md", cmd.CommandPath(), f.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(a.rootCommand())
}

func TestRanges(t *testing.T) {
	for want, list := range map[string][]int{"": nil, "3": {3}, "0-7": {0, 1, 2, 3, 4, 5, 6, 7}, "0-1, 4, 6-7": {0, 1, 4, 6, 7}} {
		if got := ranges(list); got != want {
			t.Errorf("ranges(%v) = %q, want %q", list, got, want)
		}
	}
}

// BenchmarkRecommendCommand is the whole command but for the start of the
// process and the probe.
func BenchmarkRecommendCommand(b *testing.B) {
	for b.Loop() {
		if _, stderr, status := run(b, nil, "--machine", "testdata/machines/cpu-2core-24gib.toml"); status != exitOK {
			b.Fatalf("status %d: %s", status, stderr)
		}
	}
}
