package capacity

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

// plans are made once: feasible over the offers, without a price, and infeasible.
var plans = sync.OnceValues(func() (map[string]*planner.Plan, error) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		return nil, err
	}
	out := map[string]*planner.Plan{}
	for name, file := range map[string]string{
		"feasible": "min_quality = 60\nspare = 1\ngrowth_per_month = 0.05\nmonths = 12\n[offers]\ntrust = \"C\"\n",
		"unpriced": "models = [\"Qwen/Qwen3-8B\"]\n[[hardware]]\non = \"4x L40S\"\n",
		"none":     "models = [\"Qwen/Qwen3-8B\"]\n[budget]\naccelerators = 1\nper_month = 1\n[[hardware]]\non = \"1x L40S\"\nper_hour = 1.5\n",
	} {
		f, err := planner.ParsePlanFile(name, []byte(file+"[workload.arrivals]\nrate_per_s = 8\n[[workload.classes]]\nname = \"a <b> & \\\"c\\\"\"\ninput_tokens = \"1024\"\noutput_tokens = \"256\"\nobjectives = [\"ttft.p95=1s\", \"tpot.p95=60ms\"]\n"))
		if err != nil {
			return nil, err
		}
		r, err := f.Request(c)
		if err != nil {
			return nil, err
		}
		r.Curve = true
		if out[name], err = planner.MakePlan(context.Background(), c, r); err != nil {
			return nil, err
		}
	}
	return out, nil
})

var meta = Meta{Tool: "plimsoll test", Date: "2026-11-27", Reproduce: []string{"plimsoll plan plan.toml"}, CatalogDigest: "abc"}

// written is a report in both forms.
func written(t *testing.T, name string, l Language) (html, markdown string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it plans for seconds")
	}
	all, err := plans()
	if err != nil {
		t.Fatal(err)
	}
	var h, m bytes.Buffer
	if err := HTML(&h, all[name], meta, l); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&m, all[name], meta, l); err != nil {
		t.Fatal(err)
	}
	return h.String(), m.String()
}

// TestEverySection: both forms hold every section in both languages, and no figure that
// is none.
func TestEverySection(t *testing.T) {
	for _, l := range Languages() {
		html, markdown := written(t, "feasible", l)
		for _, id := range []string{"topology", "objectives", "memory", "curves", "growth", "cost", "sure", "front", "others", "why_not", "assumed", "method", "repeat"} {
			if heading := l.say(id); !strings.Contains(html, "<h2>"+heading+"</h2>") || !strings.Contains(markdown, "## "+heading+"\n") {
				t.Errorf("%s: no section %q", l, heading)
			}
		}
		for form, text := range map[string]string{"HTML": html, "Markdown": markdown} {
			for _, bad := range []string{"NaN", "+Inf", "%!", "<nil>", "a <b> &"} {
				if strings.Contains(text, bad) && !(form == "Markdown" && bad == "a <b> &") {
					t.Errorf("%s, %s: it holds %q", l, form, bad)
				}
			}
		}
		if strings.Contains(html, "<script") || regexp.MustCompile(`(src|href)=`).MatchString(html) {
			t.Errorf("%s: the page reaches out", l)
		}
		if !strings.Contains(html, `<html lang="`+string(l)+`">`) || strings.Count(html, "<svg") < 7 || !strings.Contains(markdown, "```mermaid\nflowchart LR") {
			t.Errorf("%s: language or pictures are missing (%d pictures)", l, strings.Count(html, "<svg"))
		}
	}
}

// TestTablesAreWhole: every line of a Markdown table has as many cells.
func TestTablesAreWhole(t *testing.T) {
	for _, name := range []string{"feasible", "unpriced", "none"} {
		_, markdown := written(t, name, English)
		cells := 0
		for line := range strings.Lines(markdown) {
			n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			switch {
			case !strings.HasPrefix(line, "|"):
				cells = 0
			case cells == 0:
				cells = n
			case n != cells:
				t.Errorf("%s: %d cells where there were %d: %s", name, n-1, cells-1, line)
			}
		}
	}
}

// TestNothingFeasible: the report says why, and what would admit it.
func TestNothingFeasible(t *testing.T) {
	html, markdown := written(t, "none", English)
	for _, text := range []string{html, markdown} {
		if !strings.Contains(text, "Nothing is feasible for 8 requests/s") || !strings.Contains(text, "Closest: Qwen/Qwen3-8B") || !strings.Contains(text, "It would be with:") {
			t.Errorf("%.600s", text)
		}
	}
}

// TestUnknownPrice is told, and is not 0.
func TestUnknownPrice(t *testing.T) {
	_, markdown := written(t, "unpriced", English)
	if !strings.Contains(markdown, "What it costs is unknown") || strings.Contains(markdown, "It costs 0") {
		t.Errorf("%.900s", markdown)
	}
}

// TestWordsAgree: both languages have the same verbs in the same order.
func TestWordsAgree(t *testing.T) {
	verb := regexp.MustCompile(`%[-+.0-9]*[a-z]`)
	for id, w := range words {
		en, zh := verb.FindAllString(strings.ReplaceAll(w[0], " %)", ""), -1), verb.FindAllString(strings.ReplaceAll(w[1], " %）", ""), -1)
		if w[0] == "" || w[1] == "" || !slices.Equal(en, zh) {
			t.Errorf("%s: %q and %q", id, w[0], w[1])
		}
	}
}

// TestPlaced: every accelerator that is used is drawn once, and none holds two replicas.
func TestPlaced(t *testing.T) {
	if testing.Short() {
		t.Skip("it plans for seconds")
	}
	all, err := plans()
	if err != nil {
		t.Fatal(err)
	}
	o := all["feasible"].Chosen
	used := map[int]int{}
	for _, node := range placed(o) {
		for _, s := range node {
			used[s.replica]++
		}
	}
	total := 0
	for replica, n := range used {
		if replica > 0 {
			total += n
		}
		if replica > 0 && n != o.World {
			t.Errorf("replica %d lies on %d accelerators, want %d", replica, n, o.World)
		}
	}
	if total != o.Used || used[0] != o.Accelerators-o.Used {
		t.Errorf("%d accelerators used and %d not, want %d and %d", total, used[0], o.Used, o.Accelerators-o.Used)
	}
}

func TestBarsRefuse(t *testing.T) {
	for _, b := range []chart.Bars{{}, {Bars: make([]chart.Bar, 101)}} {
		if svg, err := b.SVG(760); err == nil {
			t.Errorf("%s", svg)
		}
	}
	b := chart.Bars{Title: "a<b", Bars: []chart.Bar{{Name: "x&y", From: 3, To: 3}}}
	if svg, err := b.SVG(760); err != nil || strings.Contains(svg, "a<b") || strings.Contains(svg, "x&y") {
		t.Error(fmt.Sprint(svg, err))
	}
}
