package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

type probeOptions struct {
	save   string
	doctor bool
}

func (a *app) probeCommand() *cobra.Command {
	var o probeOptions
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Say what is in this machine",
		Long: `Say what is in this machine: accelerators, CPU, memory and its limits, storage,
network and engines. Nothing is started, changed or sent anywhere.

--save keeps the inventory in a file that --machine reads on any other machine.
--doctor writes a diagnosis as Markdown that is safe to publish: it holds no
serial numbers, host names or user names.`,
		Example: `  plimsoll probe
  plimsoll probe --save gpu-box.toml
  plimsoll recommend --machine gpu-box.toml
  plimsoll probe --doctor > diagnosis.md`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.probe(cmd, o) },
	}
	cmd.Flags().StringVar(&o.save, "save", "", "write the inventory to `FILE` as TOML too")
	cmd.Flags().BoolVar(&o.doctor, "doctor", false, "write a diagnosis that is safe to publish")
	return cmd
}

func (a *app) probe(cmd *cobra.Command, o probeOptions) error {
	if len(a.global.on) > 0 {
		return usagef("probe looks at a machine; --on names hardware that is not here")
	}
	if o.doctor && (cmd.Flags().Changed("output") || a.global.wide) {
		return usagef("probe --doctor writes Markdown as it is: -o and --wide mean nothing to it")
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	m, _, err := a.machine(cmd.Context(), c)
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := probe.Save(o.save, m); err != nil {
			return usage(fmt.Errorf("--save: %w", err))
		}
		fmt.Fprintf(a.Stderr, "plimsoll: saved to %s\n", o.save)
	}
	if o.doctor {
		var b bytes.Buffer
		if err := probe.Doctor(m, &b); err != nil {
			return err
		}
		_, err := a.Stdout.Write(b.Bytes())
		return err
	}
	return a.answer(machineReport(m))
}

// machineReport shows an inventory.
func machineReport(m *probe.Machine) *report.Report {
	accelerators := acceleratorTable(m)
	r := &report.Report{Document: m, Data: &accelerators}
	r.Tables = append(r.Tables, systemTable(m))
	if len(accelerators.Rows) > 0 {
		r.Tables = append(r.Tables, accelerators)
	} else {
		r.Tables = append(r.Tables, report.Table{Title: "Accelerators", Notes: []string{noAccelerators(m)}})
	}
	for _, t := range []report.Table{
		topologyTable(m), processTable(m), storageTable(m), networkTable(m), engineTable(m), collectorTable(m),
	} {
		if len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	return r
}
