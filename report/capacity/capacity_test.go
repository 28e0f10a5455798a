package capacity

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// everySection by the id of its heading.
func everySection() []string {
	return []string{"summary", "asked", "topology", "objectives", "memory", "latency", "curves", "peak", "beyond", "prices", "cost", "sure", "options", "why_not", "warnings", "assumed", "method", "versions", "launch", "repeat"}
}

// TestGolden holds the whole of a report in both languages; what must hold in it is held
// by the tests below.
func TestGolden(t *testing.T) {
	for _, l := range Languages() {
		_, got := both(t, drawn(), l)
		name := filepath.Join("testdata", "report."+string(l)+".md")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is another: make golden, and read the diff", name)
		}
	}
}

// TestEverySection: both forms hold every section in both languages, no figure that is
// none, nothing that is folded away and nothing that reaches out.
func TestEverySection(t *testing.T) {
	for _, l := range Languages() {
		html, markdown := both(t, drawn(), l)
		for _, id := range append(everySection(), "mix") {
			if heading := l.say(id); !strings.Contains(html, "<h2>"+heading+"</h2>") || !strings.Contains(markdown, "## "+heading+"\n") {
				t.Errorf("%s: no section %q", l, heading)
			}
		}
		for form, text := range map[string]string{"HTML": html, "Markdown": markdown} {
			for _, bad := range []string{"NaN", "+Inf", "%!", "<nil>", "<details", "<script"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s, %s: it holds %q", l, form, bad)
				}
			}
		}
		if regexp.MustCompile(`(src|href)=`).MatchString(html) || !strings.Contains(html, `<html lang="`+string(l)+`">`) || !strings.Contains(markdown, "```mermaid\nflowchart LR") {
			t.Errorf("%s: the page reaches out, or has no language or diagram", l)
		}
		if again, _ := both(t, drawn(), l); again != html {
			t.Errorf("%s: two writings of one plan differ", l)
		}
	}
}

// TestPicturesAreTold: each picture has a name and says in words what it shows.
func TestPicturesAreTold(t *testing.T) {
	html, _ := both(t, drawn(), Chinese)
	pictures := regexp.MustCompile(`(?s)<svg[^>]*role="img"[^>]*>\s*<title>([^<]+)</title>\s*<desc>([^<]+)</desc>`).FindAllStringSubmatch(html, -1)
	if n := strings.Count(html, "<svg"); n < 7 || len(pictures) != n {
		t.Errorf("%d of %d pictures are told", len(pictures), n)
	}
	for _, p := range pictures {
		if english(p[1]+p[2]) != "" {
			t.Errorf("a picture is told in English: %q: %q", p[1], p[2])
		}
	}
}

// TestRealPlans: reports of plans that the planner makes are whole in both languages.
func TestRealPlans(t *testing.T) {
	for _, name := range planNames() {
		p := planned(t, name)
		shapes := map[Language]string{}
		for _, l := range Languages() {
			html, markdown := both(t, p, l)
			shapes[l] = shapeOf(t, markdown)
			for _, bad := range []string{"NaN", "Inf", "%!", "<nil>", "a <b> &"} {
				if strings.Contains(html, bad) {
					t.Errorf("%s, %s: it holds %q", name, l, bad)
				}
			}
		}
		if shapes[English] != shapes[Chinese] {
			t.Errorf("%s: the languages differ in shape:\n%s\n%s", name, shapes[English], shapes[Chinese])
		}
	}
	_, html := both(t, planned(t, "feasible"), English)
	for _, id := range everySection() {
		if !strings.Contains(html, "## "+English.say(id)+"\n") {
			t.Errorf("a real plan has no section %q", English.say(id))
		}
	}
}

// shapeOf is the levels of headings and the cells of every line of tables; a table is
// whole.
func shapeOf(t *testing.T, markdown string) string {
	t.Helper()
	var b strings.Builder
	cells, code := 0, false
	for line := range strings.Lines(markdown) {
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		switch {
		case code:
		case strings.HasPrefix(line, "#"):
			level, _, _ := strings.Cut(line, " ")
			b.WriteString(level + " ")
		case !strings.HasPrefix(line, "|"):
			cells = 0
		case cells != 0 && n != cells:
			t.Errorf("%d cells where there were %d: %s", n-1, cells-1, line)
		default:
			cells = n
			fmt.Fprintf(&b, "%d ", n-1)
		}
	}
	return b.String()
}

var numeral = regexp.MustCompile(`\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?`)

// TestFiguresAreThePlans: every figure of a report, but for those of its fixed words, its
// date and its digests, is one of the plan's own document as the report writes it.
func TestFiguresAreThePlans(t *testing.T) {
	for _, name := range planNames() {
		p := planned(t, name)
		known := figuresOf(t, p)
		for _, l := range Languages() {
			_, markdown := both(t, p, l)
			for line := range strings.Lines(withoutCode(markdown)) {
				for _, n := range numeral.FindAllString(line, -1) {
					if !known[n] {
						t.Errorf("%s, %s: %s is no figure of the plan: %.200s", name, l, n, line)
					}
				}
			}
		}
	}
}

// figuresOf are the numbers of a plan in every form that reports write, those inside its
// texts, and those of the fixed words and of the fixture.
func figuresOf(t *testing.T, p *planner.Plan) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	words := func(s string) {
		for _, n := range numeral.FindAllString(s, -1) {
			known[n] = true
		}
	}
	for _, table := range tables {
		for _, w := range table {
			words(w[0] + " " + w[1])
		}
	}
	for _, s := range slices.Concat(reasons(), changes(), sentences()) {
		words(s.chinese)
	}
	number := func(v float64) {
		for _, x := range []float64{v, v / 1000, 100 * v} {
			words(report.Significant(x))
		}
		for _, share := range []float64{v, 1 - v} {
			words(report.Percent(share))
		}
		words(fmt.Sprintf("%s %s %.1f %g %.2f", report.Milliseconds(v), report.Grouped(int64(math.Round(math.Abs(v)))), v, v, 1+v))
		words(report.Grouped(int64(v)))
		if v == math.Trunc(v) {
			words(report.Bytes(int64(v)))
			words(fmt.Sprintf("%d", int64(v)))
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case map[string]any:
			for _, v := range x {
				walk(v)
			}
		case []any:
			for _, v := range x {
				walk(v)
			}
		case float64:
			number(x)
		case string:
			words(x)
		}
	}
	walk(document)
	words("p50 p90 p95 p99 P10 P50 P90")
	m := meta()
	words(m.Tool + m.Date + m.RequestDigest + m.CatalogDigest + m.LockDigest + fmt.Sprint(m.Stale))
	number(float64(m.Stale))
	counts(p, number)
	return known
}

// counts are those that a report makes itself: rows, ages, sums of replicas.
func counts(p *planner.Plan, number func(float64)) {
	r := writer{English, p, meta()}
	for _, h := range p.Hardware {
		if days, known := r.age(h.Date); known {
			number(float64(days))
		}
	}
	for i := range len(p.Losers) + len(p.Front) + len(p.Alternatives) + 10 {
		number(float64(i))
	}
	if o := p.Chosen; o != nil {
		number(float64(o.Replicas + o.Spare))
		number(float64(p.Detail.Double.Replicas + p.Detail.Double.Prefill))
		number(float64(o.Accelerators - o.Used))
		number(float64(o.Deployment().Options.MaxBatchedTokens))
		number(float64(o.Deployment().Options.MaxSeqs))
		number(float64(o.Deployment().Options.MaxModelLen))
		number(o.Deployment().Options.MemoryFraction)
		if f := o.PrefillDeployment(); f != nil {
			number(float64(f.Options.MaxBatchedTokens))
			number(float64(f.Options.MaxSeqs))
		}
		if d := p.Detail; d.Summary != nil {
			number(float64(d.Summary.Completed - d.Summary.Warmup))
			number(d.Growth[len(d.Growth)-1].Times * d.Double.Times)
		}
	}
}

// withoutCode leaves out fenced blocks.
func withoutCode(markdown string) string {
	return regexp.MustCompile("(?s)```.*?```").ReplaceAllString(markdown, "")
}

// TestPeakOfTheCurve: at 100 % the curve holds the figures of the latency table.
func TestPeakOfTheCurve(t *testing.T) {
	p := planned(t, "feasible")
	r := writer{English, p, meta()}
	at := slices.IndexFunc(p.Detail.Curve, func(c planner.CurvePoint) bool { return c.Share == 1 })
	curve := r.curveRow(&p.Detail.Curve[at])
	rows := r.latency().tables[0].Rows
	for _, x := range []struct {
		name  string
		point int
	}{{"TTFT", 2}, {"TPOT", 4}} {
		i := slices.IndexFunc(rows, func(c []report.Cell) bool { return c[0].Text == x.name })
		const p95 = 4
		if curve[x.point].Text != rows[i][p95].Text || curve[x.point+1].Text != rows[i+1][p95].Text {
			t.Errorf("%s: %v on the curve, %v in the table", x.name, curve, rows[i])
		}
	}
}

// TestSaturatedHasNoLatency: a load that is not carried shows no latency, and neither
// does the slow end of an error that saturates.
func TestSaturatedHasNoLatency(t *testing.T) {
	p := drawn()
	_, markdown := both(t, p, English)
	if !strings.Contains(markdown, "| 150 % | 12 | saturated | - | saturated | - |") || !strings.Contains(markdown, "saturates between 100 % and 150 % of the peak (12 requests/s)") {
		t.Error("the saturated point of the curve is not told")
	}
	p.Detail.Reach.SaturatedIfSlow = true
	_, markdown = both(t, p, English)
	if !strings.Contains(markdown, "| 240 ms – saturated |") || strings.Contains(markdown, "240 ms – 520 ms") || !strings.Contains(markdown, "the peak saturates this deployment") {
		t.Error("an interval without an upper end has one")
	}
}

// TestNothingFeasible: the report says why, and what would admit it.
func TestNothingFeasible(t *testing.T) {
	html, markdown := both(t, planned(t, "none"), English)
	for _, text := range []string{html, markdown} {
		if !strings.Contains(text, "Nothing is feasible for 8 requests/s") || !strings.Contains(text, "Closest: Qwen/Qwen3-8B") || !strings.Contains(text, "It would be with:") {
			t.Errorf("%.600s", text)
		}
	}
}

// TestUnknownPrice is told, and is not 0.
func TestUnknownPrice(t *testing.T) {
	_, markdown := both(t, planned(t, "unpriced"), English)
	if !strings.Contains(markdown, "What it costs is unknown") || strings.Contains(markdown, "It costs 0") || !strings.Contains(markdown, "no price: ask for one") {
		t.Errorf("%.900s", markdown)
	}
}

// TestPriceCheck: what is wrong with a price record is said.
func TestPriceCheck(t *testing.T) {
	r := writer{English, drawn(), meta()}
	for _, k := range []struct {
		h    planner.Hardware
		want string
		good bool
	}{
		{planner.Hardware{Ownership: planner.Owned}, "paid already, not counted", true},
		{planner.Hardware{Ownership: planner.Rented}, "no price: ask for one", false},
		{planner.Hardware{Ownership: planner.Rented, PerHour: 1, Date: "2026-11-01", Source: "x", Trust: "A"}, "dated and sourced", true},
		{planner.Hardware{Ownership: planner.Rented, PerHour: 1, Date: "2026-08-29", Source: "x"}, "dated and sourced", true}, // 90 days
		{planner.Hardware{Ownership: planner.Rented, PerHour: 1, Date: "2026-08-28", Source: "x"}, "stale (91 days): ask again", false},
		{planner.Hardware{Ownership: planner.Rented, PerHour: 1, Source: "x", Trust: "C"}, "undated: ask again, not the provider's own: confirm", false},
		{planner.Hardware{Ownership: planner.Bought, Purchase: 1, Date: "2026"}, "stale (330 days): ask again, stated without a source", false},
	} {
		if got, good := r.priceCheck(&k.h); got != k.want || good != k.good {
			t.Errorf("%+v: %q, %t, want %q", k.h, got, good, k.want)
		}
	}
}

// TestPlaced: every accelerator that is used is drawn once, and none holds two replicas.
func TestPlaced(t *testing.T) {
	for _, o := range []*planner.Option{
		drawn().Chosen,
		{Replicas: 2, Spare: 1, World: 4, Used: 4*3 + 2*4, Nodes: 3, Accelerators: 24, Prefill: &planner.PrefillSide{Replicas: 3, World: 2}},
		{Replicas: 2, World: 16, Used: 32, Nodes: 4, Accelerators: 32}, // replicas of two nodes
		{Replicas: 2, World: 3, Used: 6 + 2, Nodes: 2, Accelerators: 16, Prefill: &planner.PrefillSide{Replicas: 1, World: 2}},
	} {
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
		}
		if total != o.Used || used[0] != o.Accelerators-o.Used {
			t.Errorf("%d accelerators used and %d not, want %d and %d", total, used[0], o.Used, o.Accelerators-o.Used)
		}
	}
}
