package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
	"github.com/plimsoll-dev/plimsoll/report/capacity"
)

// reportOptions are the flags of report beside those of plan.
type reportOptions struct {
	planOptions
	markdown, html, language string
}

func (a *app) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report [FILE | LOCK]",
		Short: "Write a plan as a capacity report",
		Long: `Write a plan as a report that can be handed on: the decision and its decomposition,
a diagram, the memory ledger, latencies and curves over the load with their
intervals, what breaks first, price records, cost and what moves it, what else there
was and why not that, every assumption, versions and digests, and the commands that
repeat it. As one HTML file that needs no network, as Markdown, or both; in English
or Chinese.

The request is that of plan: flags, a plan FILE, or a LOCK.

Exit status beside those of all commands: 3 when nothing is feasible; the report
then says why.`,
		Example: `  plimsoll report plan.toml --html report.html
  plimsoll report --model Qwen/Qwen3-8B --on "8x L40S" --rate 10 --objective tpot.p95=60ms --markdown report.md --lang zh`,
		Args: atMost(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.report(cmd.Context(), args, &o, cmd.Flags())
		},
	}
	f := cmd.Flags()
	o.planOptions.addTo(f)
	for _, flag := range []string{"lock", "check", "limit"} { // of plan alone
		_ = f.MarkHidden(flag)
	}
	f.StringVar(&o.html, "html", "", "write one HTML page to `FILE`")
	f.StringVar(&o.markdown, "markdown", "", "write Markdown to `FILE` (default without --html: standard output)")
	f.StringVar(&o.language, "lang", string(capacity.English), "language: en, zh")
	return cmd
}

func (a *app) report(ctx context.Context, args []string, o *reportOptions, flags *pflag.FlagSet) error {
	language := capacity.Language(o.language)
	if !slices.Contains(capacity.Languages(), language) {
		return usagef("--lang %q: accepted are en, zh", o.language)
	}
	if o.html != "" && o.html == o.markdown {
		return usagef("--html and --markdown name the same file, %s", o.html)
	}
	p, meta, err := a.reported(ctx, args, o, flags)
	if err != nil {
		return err
	}
	if p.Chosen == nil {
		a.status = exitInfeasible
	}
	if o.html != "" {
		if err := a.writeReport("html", o.html, func(w io.Writer) error { return capacity.HTML(w, p, *meta, language) }); err != nil {
			return err
		}
	}
	if o.markdown != "" {
		return a.writeReport("markdown", o.markdown, func(w io.Writer) error { return capacity.Markdown(w, p, *meta, language) })
	}
	if o.html == "" {
		return capacity.Markdown(a.Stdout, p, *meta, language)
	}
	return nil
}

// reported makes the plan of flags, a file or a lock, with its curves, and says what it
// rests on.
func (a *app) reported(ctx context.Context, args []string, o *reportOptions, flags *pflag.FlagSet) (*planner.Plan, *capacity.Meta, error) {
	c, err := a.loadCatalog()
	if err != nil {
		return nil, nil, err
	}
	var file *planner.PlanFile
	meta := &capacity.Meta{}
	own := []string{"html", "markdown", "lang"}
	if len(args) == 0 {
		file, err = a.planOfFlags(c, &o.planOptions, flags.Changed)
	} else if err = onlyFlags(flags, "a file and --%s exclude each other: the file says the request", own...); err == nil {
		var lock []byte
		if file, _, lock, err = planFileOrLock(args[0]); lock != nil {
			meta.Lock, meta.LockDigest = args[0], digest(lock)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	request, err := file.Request(c)
	if err != nil {
		return nil, nil, usage(err)
	}
	request.Curve = true
	p, err := a.makePlan(ctx, c, request)
	if err != nil {
		return nil, nil, err
	}
	meta.Seed, meta.Sources, meta.Stale = request.Seed, c.Sources, stale
	return p, meta, a.describe(meta, p, file)
}

// describe says what program, catalog and request a report came out of, and how what it
// chose is started.
func (a *app) describe(m *capacity.Meta, p *planner.Plan, file *planner.PlanFile) error {
	text, err := file.Text()
	if err != nil {
		return usage(err)
	}
	if m.CatalogDigest, err = a.catalogDigest(); err != nil {
		return err
	}
	version := buildVersion()
	m.Tool, m.Revision, m.Date = toolName(), version.Revision, a.Now().UTC().Format(time.DateOnly)
	if version.Modified {
		m.Revision += "+modified"
	}
	m.Reproduce, m.Request, m.RequestDigest = []string{commandLine(a.Args)}, string(text), digest(text)
	if p.Chosen == nil {
		return nil
	}
	list, notes, err := launch.Processes(chosenService(p.Chosen))
	if err != nil { // the report stands without a command, and says why
		p.Warnings = append(p.Warnings, "it has no command: "+err.Error())
		return nil
	}
	for i := range list {
		m.Launch = append(m.Launch, list[i].Shell())
	}
	m.Notes = notes
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (a *app) writeReport(flag, file string, fill func(io.Writer) error) error {
	var b bytes.Buffer
	if err := fill(&b); err != nil {
		return err
	}
	if err := writeFile(flag, file, b.Bytes()); err != nil {
		return err
	}
	a.tell("wrote %s", file)
	return nil
}

// commandLine is what repeats a run.
func commandLine(args []string) string {
	words := []string{"plimsoll"}
	for _, arg := range args {
		if strings.ContainsAny(arg, " \t\n\"'$\\*?;&|<>()") || arg == "" {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
