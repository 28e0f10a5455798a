package main

import (
	"github.com/spf13/cobra"
)

func (a *app) catalogCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "List, show, check and extend what is known",
		Long: `The catalog holds models, accelerators, precisions, engines, prices, benchmarks
and use cases, each entry with its source and trust (A primary, B good
secondary, C recalled, D announced). Files given with --catalog add to it or
replace entries by id.`,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: needsCommand,
	}
	cmd.AddCommand(a.catalogListCommand(), a.catalogShowCommand(), a.catalogCheckCommand(), a.catalogImportCommand())
	return cmd
}
