package gate

import (
	"strings"
	"testing"
)

// entry is what a diff says of a metric.
func entry(t *testing.T, s *ServiceDiff, name string) DiffEntry {
	t.Helper()
	for _, e := range s.Changes {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no %s in %+v", name, s.Changes)
	return DiffEntry{}
}

func TestDiff(t *testing.T) {
	was := deployment("chat")
	is := change(change(change(change(deployment("chat"), "accelerators", "6", 0), "licence", "llama3", 0), "ttft_p95_ms", "", 300), "per_month", "", 7500)
	d := DiffOf("base", "head", []*Subject{was}, []*Subject{is})
	if d.Summary != "1 deployment changed; +2 accelerators; +2500 USD a month; licence Apache-2.0 to llama3." {
		t.Errorf("summary: %s", d.Summary)
	}
	s := &d.Services[0]
	if len(s.Changes) != 4 || s.State != Changed || s.Changes[0].Name != "licence" {
		t.Errorf("what counts most is not first, or more than four things differ: %+v", s.Changes)
	}
	for name, want := range map[string][4]string{
		"accelerators": {"4", "6", "+2 (+50 %)", "worse"}, "per_month": {"5000 USD", "7500 USD", "+2500 USD (+50 %)", "worse"},
		"ttft.p95": {"400 ms", "300 ms", "-100 ms (-25 %)", "better"}, "licence": {"Apache-2.0", "llama3", "", ""},
	} {
		e := entry(t, s, name)
		if got := [4]string{e.Was, e.Is, e.Change(), e.Effect}; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestDiffOfNothing(t *testing.T) {
	d := DiffOf("a", "b", []*Subject{deployment("a")}, []*Subject{deployment("b")})
	if d.Summary != "The deployments are the same." || d.Services[0].State != Alike {
		t.Errorf("a renamed one: %s, %+v", d.Summary, d.Services)
	}
}

func TestDiffOfSets(t *testing.T) {
	broken := deployment("search")
	broken.Own = []Check{{Kind: Fact, Verdict: Fail, Message: "short of 3 GiB"}, {Verdict: Pass}}
	broken.Figures = nil
	d := DiffOf("a", "b", []*Subject{deployment("chat"), deployment("search")}, []*Subject{broken, deployment("code"), deployment("rank")})
	states := map[string]string{}
	for i := range d.Services {
		states[d.Services[i].Name] = d.Services[i].State
	}
	for name, want := range map[string]string{"chat": Removed, "search": Changed, "code": Added, "rank": Added} {
		if states[name] != want {
			t.Errorf("%s is %q, want %s", name, states[name], want)
		}
	}
	// Two are added and one is gone; what the broken one costs now is unknown.
	if want := "2 deployments added; 1 deployment removed; 1 deployment changed; 1 cannot run; +4 accelerators; +5000 USD a month."; d.Summary != want {
		t.Errorf("summary: %s, want %s", d.Summary, want)
	}
	if w := d.Services[0].Wrong; len(w) != 1 || w[0] != "short of 3 GiB" {
		t.Errorf("why it cannot run: %v", w)
	}
}

// TestDiffOfCurrencies has no difference of dollars and euros.
func TestDiffOfCurrencies(t *testing.T) {
	is := change(change(deployment("chat"), "currency", "EUR", 0), "per_month", "", 4000)
	d := DiffOf("a", "b", []*Subject{deployment("chat")}, []*Subject{is})
	if e := entry(t, &d.Services[0], "per_month"); e.Delta != nil || e.Effect != "" || strings.Contains(d.Summary, "month") {
		t.Errorf("%+v, %s", e, d.Summary)
	}
}
