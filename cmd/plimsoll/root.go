package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/report"
)

// globalFlags are the flags of every command.
type globalFlags struct {
	output   string
	wide     bool
	noColor  bool
	catalogs []string
	machine  string
	on       []string

	noCalibration bool
}

func (g *globalFlags) addTo(f *pflag.FlagSet) {
	f.StringVarP(&g.output, "output", "o", string(report.Plain), "output form: "+strings.Join(report.Formats(), ", "))
	f.BoolVar(&g.wide, "wide", false, "do not wrap tables to the terminal's width")
	f.BoolVar(&g.noColor, "no-color", false, "no colour, even on a terminal (NO_COLOR does the same)")
	f.StringArrayVar(&g.catalogs, "catalog", nil, "catalog `FILE` whose entries add to the shipped ones or replace them by id (repeatable)")
	f.StringVar(&g.machine, "machine", "", "saved machine `FILE` to use in place of this one (see probe --save)")
	f.BoolVar(&g.noCalibration, "no-calibration", false, "estimate without what this machine's benchmarks taught (see calibrate)")
	f.StringArrayVar(&g.on, "on", nil, "hardware to use in place of this machine: `\"8x H100 SXM5 80GB\"` (repeatable)")
}

// check holds what the flags say against each other. A batch has one form of
// output more.
func (g *globalFlags) check(batch bool) error {
	switch {
	case g.output == jsonLines && batch:
		return nil
	case g.output == jsonLines:
		return usagef("output form %q: accepted with `estimate --from`; else %s", g.output, strings.Join(report.Formats(), ", "))
	}
	if _, err := report.ParseFormat(g.output); err != nil {
		return usage(err)
	}
	if g.machine != "" && len(g.on) > 0 {
		return usagef("--machine and --on exclude each other: both say which hardware to use")
	}
	return nil
}

const rootLong = `Plimsoll shows how much language model a machine can carry: which models fit,
at which precision, how fast, and why.

Without a command it looks at this machine and recommends models for it.`

const exitHelp = `Exit status:
  0  answered
  1  internal error
  2  usage or invalid input
  3  recommend, plan, compare or simulate --find found nothing feasible (the answer says why)`

// rootCommand builds the command tree. The root itself recommends.
func (a *app) rootCommand() *cobra.Command {
	root := a.recommendCommand()
	root.Use = "plimsoll [flags]"
	root.Short = "How much language model can this machine carry?"
	root.Long = rootLong + "\n\n" + exitHelp
	root.Example = `  plimsoll
  plimsoll recommend --use-case coding --context 32768
  plimsoll estimate Qwen/Qwen3-8B --on "1x L40S" --explain
  plimsoll probe`
	root.Args = func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) }
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.global.check(cmd.Flags().Changed("from")); err != nil {
			return err
		}
		return checkMeaning(cmd)
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath()))
	})
	root.CompletionOptions.DisableDefaultCmd = true
	a.global.addTo(root.PersistentFlags())
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(asCompletions(report.Formats()), cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(
		a.recommendCommand(),
		a.probeCommand(),
		a.catalogCommand(),
		a.estimateCommand(),
		a.explainCommand(),
		a.simulateCommand(),
		a.planCommand(),
		a.compareCommand(),
		a.reportCommand(),
		a.exportCommand(),
		a.gateCommand(),
		a.diffCommand(),
		a.verifyCommand(),
		a.accuracyCommand(),
		a.benchCommand(),
		a.calibrateCommand(),
		a.versionCommand(),
		a.completionCommand(),
	)
	takeOnce(root)
	return root
}

// unknownCommand rejects words where a command should be.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // letters
	hints := []string{fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hints = []string{"did you mean `" + cmd.CommandPath() + " " + strings.Join(near, "` or `"+cmd.CommandPath()+" ") + "`?"}
	}
	return usage(fmt.Errorf("unknown command %q", args[0]), hints...)
}

// needsCommand is what a command that only holds others answers without one.
func needsCommand(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usage(fmt.Errorf("%s needs a command: %s", cmd.Name(), strings.Join(names, ", ")), fmt.Sprintf("`%s --help` says what they do", cmd.CommandPath()))
}

// exactly makes a wrong number of arguments a usage error that says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage(fmt.Errorf("%s takes %s, got %d arguments", cmd.CommandPath(), what, len(args)), "usage: "+cmd.UseLine())
	}
}

// atLeast makes fewer than a number of arguments a usage error.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return usage(fmt.Errorf("%s takes %s, got %d arguments", cmd.CommandPath(), what, len(args)), "usage: "+cmd.UseLine())
	}
}

// atMost makes more than a number of arguments a usage error.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usage(fmt.Errorf("%s takes %s at most, got %d arguments", cmd.CommandPath(), what, len(args)), "usage: "+cmd.UseLine())
	}
}

func asCompletions(words []string) []cobra.Completion {
	list := make([]cobra.Completion, len(words))
	copy(list, words)
	return list
}
