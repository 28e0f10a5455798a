package main

import "github.com/spf13/cobra"

// explainCommand is estimate with every formula written out.
func (a *app) explainCommand() *cobra.Command {
	o := estimateOptions{explain: true}
	cmd := a.estimateLike(&o)
	cmd.Use = "explain MODEL"
	cmd.Short = "Show how an estimate comes about, formula by formula"
	cmd.Example = `  plimsoll explain Qwen/Qwen3-8B --on "1x L40S"`
	return cmd
}
