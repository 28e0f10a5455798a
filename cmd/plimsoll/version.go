package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/report"
)

// versionDocument says what program wrote an answer.
type versionDocument struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`            // of the module; "devel" for a build from a working tree
	Revision string `json:"revision,omitempty"` // of the repository
	Modified bool   `json:"modified"`           // the working tree had changes
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	CGO      bool   `json:"cgo"` // without it NVML is not built in
}

func buildVersion() versionDocument {
	v := versionDocument{Schema: "plimsoll.version/v1", Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if m := info.Main.Version; m != "" && m != "(devel)" {
		v.Version = m
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "CGO_ENABLED":
			v.CGO = s.Value == "1"
		}
	}
	return v
}

// toolName is how documents name the program that wrote them.
func toolName() string { return "plimsoll " + buildVersion().Version }

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			r := report.Report{Document: v}
			t := report.Table{Columns: []report.Column{{Name: "plimsoll", Key: "version"}, {Name: "revision"}, {Name: "go"}, {Name: "platform"}, {Name: "cgo"}}}
			cgo := "no: NVML is not built in"
			if v.CGO {
				cgo = "yes"
			}
			t.Add(report.Text(v.Version), report.Text(v.Revision), report.Text(v.Go), report.Text(fmt.Sprintf("%s/%s", v.OS, v.Arch)), report.Text(cgo))
			r.Tables = append(r.Tables, t)
			return a.answer(&r)
		},
	}
}
