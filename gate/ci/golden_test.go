package ci_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// outputs are all formats of a report.
func outputs(t testing.TB, r *gate.Report, m ci.Meta) map[string]string {
	t.Helper()
	out := map[string]string{"annotations": ci.Annotations(r, m), "summary": ci.Summary(r, m), "comment": ci.Comment(r, m, "gate-bench")}
	for name, write := range map[string]func(*gate.Report, ci.Meta) ([]byte, error){"junit": ci.JUnit, "sarif": ci.SARIF, "gitlab": ci.GitLab} {
		data, err := write(r, m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = string(data)
	}
	return out
}

func TestGolden(t *testing.T) {
	windows := meta()
	windows.Root = `c:\src\repo\`
	all := map[string]string{"diff": ci.DiffComment(diffOf(), meta(), "diff")}
	for name, text := range outputs(t, benchReport(), meta()) {
		all["bench."+name] = text
	}
	for name, text := range outputs(t, planReport(), windows) {
		all["plan."+name] = text
	}
	for name, text := range all {
		file := filepath.Join("testdata", name+".golden")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), text); d != "" {
			t.Errorf("%s (UPDATE=1 writes it anew): -want +got\n%s", file, d)
		}
	}
}
