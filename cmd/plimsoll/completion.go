package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells, "|"),
		Short:     "Write a shell's completion script",
		Example:   "  plimsoll completion bash > /etc/bash_completion.d/plimsoll",
		ValidArgs: shells,
		Args:      exactly(1, "one shell: "+strings.Join(shells, ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return usagef("shell %q: accepted are %s", args[0], strings.Join(shells, ", "))
			}
			var b bytes.Buffer
			if err := writeCompletion(cmd.Root(), args[0], &b); err != nil {
				return fmt.Errorf("completion for %s: %w", args[0], err)
			}
			_, err := a.Stdout.Write(b.Bytes())
			return err
		},
	}
}

func writeCompletion(root *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	default:
		return root.GenPowerShellCompletionWithDesc(w)
	}
}
