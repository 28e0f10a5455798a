package probe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// tree lays out a recorded machine and returns a host on it. The text is a
// txtar archive with two additions: a section "a -> b" is a symbolic link, and
// a section "dir/*" holds a file of dir a line, its name, a space, its text.
func tree(t *testing.T, text string) *host {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range txtar.Parse([]byte(text)).Files {
		if link, target, ok := strings.Cut(f.Name, " -> "); ok {
			path := filepath.Join(root, filepath.FromSlash(link))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.FromSlash(target), path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		dir, ok := strings.CutSuffix(f.Name, "/*")
		if !ok {
			write(f.Name, string(f.Data))
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			write(dir+"/"+name, strings.ReplaceAll(value, `\n`, "\n")+"\n")
		}
	}
	return &host{root: root, getenv: environment(nil), workDir: "/"}
}

// recorded lays out a machine of testdata/hosts.
func recorded(t *testing.T, name string) *host {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "hosts", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return tree(t, string(text))
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// collect runs a collector that must not fail.
func collect(t *testing.T, c Collector) *Machine {
	t.Helper()
	m := &Machine{}
	if err := c.Collect(t.Context(), m); err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	return m
}

func ptr[T any](v T) *T { return &v }
