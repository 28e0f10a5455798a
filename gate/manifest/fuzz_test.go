package manifest_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
)

// Whatever a file holds: an error, or services whose places lie within the files.
func FuzzRead(f *testing.F) {
	beside := folder(f)
	for _, file := range beside {
		f.Add(file.Name, string(file.Data))
	}
	f.Add("x", "vllm serve a/b $X \"${Y[@]}\" ${Z:-\"$(date)\"} $((1/0))")
	f.Add("x.yaml", "services: &a {b: {image: llama.cpp, command: *a}}")
	f.Add("x.yaml", pod(2, "--model=x/y", "|-\n              a\n             b", "\"\\u00e9\\\n  \\tx\""))
	f.Fuzz(func(t *testing.T, name, text string) {
		services, notes, err := manifest.Read(name, []byte(text), append(beside, manifest.File{Name: "self", Data: []byte(text)})...)
		if err != nil {
			if services != nil || notes != nil || err.Error() == "" {
				t.Errorf("%v with %d services", err, len(services))
			}
			return
		}
		lines := map[string]int{name: 1 + strings.Count(text, "\n"), "self": 1 + strings.Count(text, "\n")}
		for _, file := range beside {
			if file.Name != name {
				lines[file.Name] = 1 + strings.Count(string(file.Data), "\n")
			}
		}
		within := func(what string, p manifest.Position) {
			if p.Line < 1 || p.Line > lines[p.File] {
				t.Errorf("%s is in %s:%d of %d lines", what, p.File, p.Line, lines[p.File])
			}
		}
		for _, s := range services {
			if s.Form == "" || s.Ask.Engine == "" || s.NodesPerReplica < 1 || s.Replicas < 0 || s.AcceleratorsPerNode < 0 {
				t.Errorf("%+v", s)
			}
			o := s.Ask.Options
			for _, n := range []int{s.Ask.TP, s.Ask.PP, s.Ask.EP, s.Ask.DP, s.Ask.AttentionDP, o.MaxModelLen, o.MaxSeqs, o.MaxBatchedTokens, o.Speculation.Tokens, o.GPULayers} {
				if n < 0 || n > 1<<32 {
					t.Errorf("%+v", s.Ask)
				}
			}
			if !(o.MemoryFraction >= 0 && o.MemoryFraction <= 1) {
				t.Errorf("%g of the memory", o.MemoryFraction)
			}
			for fact, p := range s.Positions {
				within(fact, p)
			}
			for _, p := range s.Problems {
				within(p.Message, p.At)
				if p.Message == "" || strings.Contains(p.Message, "\ue000") {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
