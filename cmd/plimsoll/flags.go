package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// once is a flag that has one value: a second one that differs is an error,
// where it would otherwise replace the first in silence.
type once struct {
	pflag.Value
	given bool
}

// Set takes the value, or says what was given before.
func (o *once) Set(text string) error {
	if text == "" { // the variable of a script that was never set
		return errEmpty
	}
	before := o.String()
	if err := o.Value.Set(text); err != nil {
		return err
	}
	if o.given && o.String() != before {
		return fmt.Errorf("it was given before, as %q; accepted: once", before)
	}
	o.given = true
	return nil
}

var errEmpty = errors.New("it is empty; accepted: a value, or the flag left out")

// list is a flag that may be repeated.
type list struct {
	pflag.Value
	pflag.SliceValue
}

// Set adds values; none of them may be empty.
func (l *list) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return errEmpty
	}
	return l.Value.Set(text)
}

// takeOnce makes every flag of a command tree a [once] or a [list].
func takeOnce(cmd *cobra.Command) {
	wrap := func(f *pflag.Flag) {
		if f.DefValue == "[]" || f.DefValue == "0s" { // pflag knows its own types alone for saying nothing
			f.DefValue = ""
		}
		switch v := f.Value.(type) {
		case *once, *list:
		case pflag.SliceValue:
			f.Value = &list{f.Value, v}
		default:
			f.Value = &once{Value: v}
		}
	}
	cmd.Flags().VisitAll(wrap)
	cmd.PersistentFlags().VisitAll(wrap)
	for _, sub := range cmd.Commands() {
		takeOnce(sub)
	}
}

// withoutMeaning are flags of all commands that some commands, and those below
// them, have no use for, and why. Commands have their path without the program.
var withoutMeaning = map[string]struct {
	flags []string
	why   string
}{
	"accuracy":      {[]string{"on", "machine"}, "it replays published measurements"},
	"catalog":       {[]string{"on", "machine"}, "it looks at no hardware"},
	"version":       {[]string{"on", "machine", "catalog"}, "it looks at the program only"},
	"bench cpu":     {[]string{"on", "machine"}, "it measures this machine"},
	"bench gpu":     {[]string{"on", "machine"}, "it measures this machine"},
	"bench storage": {[]string{"on", "machine"}, "it measures this machine"},
	"bench engine":  {[]string{"on", "machine"}, "it measures this machine"},
	"bench list":    {[]string{"on", "machine", "catalog"}, "it reads results"},
	"report":        {[]string{"output", "wide"}, "it writes HTML and Markdown"},
	"export":        {[]string{"output", "wide"}, "it writes files in the form of --form"},
	"bench show":    {[]string{"on", "machine", "catalog"}, "it reads results"},
	"bench diff":    {[]string{"on", "machine", "catalog"}, "it reads results"},
	"bench export":  {[]string{"on", "machine", "catalog", "output", "wide"}, "it writes results in the form of --format"},
	"gate plan":     {[]string{"machine"}, "it looks at what is written down; --on names hardware"},
	"gate bench":    {[]string{"on"}, "results say what they were taken on"},
	"gate baseline": {[]string{"on", "machine", "catalog"}, "it reads and writes results"},
	"diff":          {[]string{"machine"}, "it looks at what is written down; --on names hardware"},
	"completion":    {[]string{"on", "machine", "catalog", "output", "wide"}, "it writes a script"},
}

// checkMeaning refuses flags that the command would ignore.
func checkMeaning(cmd *cobra.Command) error {
	for c := cmd; c.HasParent(); c = c.Parent() {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		for _, name := range withoutMeaning[path].flags {
			if cmd.Flags().Changed(name) {
				return usagef("--%s means nothing to %s: %s", name, cmd.CommandPath(), withoutMeaning[path].why)
			}
		}
	}
	return nil
}
