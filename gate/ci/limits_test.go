package ci_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// many is a report of n checks, all with figures and long texts.
func many(n int, text string) *gate.Report {
	r := &gate.Report{Mode: "bench", Verdict: gate.Fail, Summary: "many", Warnings: []string{text, text}}
	for i := range n {
		k := benchReport().Checks[i%7]
		k.ID, k.Message = fmt.Sprintf("slo/a%d", i), text
		r.Checks = append(r.Checks, k)
	}
	return r
}

// leftOut reads "N of M checks are left out".
func leftOut(text, what string) (n, of int) {
	m := regexp.MustCompile(`\*\*(\d+) of (\d+) ` + what + ` are left out`).FindStringSubmatch(text)
	if m == nil {
		return 0, 0
	}
	n, _ = strconv.Atoi(m[1])
	of, _ = strconv.Atoi(m[2])
	return n, of
}

func TestPagesKeepTheirLimits(t *testing.T) {
	for _, text := range []string{"short", strings.Repeat("@|", 2000)} {
		for _, n := range []int{1, 300} {
			r := many(n, text)
			for _, page := range []struct {
				name, text string
				most       int
			}{{"comment", ci.Comment(r, meta(), "x"), 65536}, {"summary", ci.Summary(r, meta()), 1 << 20}} {
				if err := checkMarkdown(page.text); err != nil {
					t.Errorf("%s of %d: %v", page.name, n, err)
				}
				if len(page.text) > page.most || utf8.RuneCountInString(page.text) > page.most {
					t.Errorf("%s of %d has %d bytes, accepted are %d", page.name, n, len(page.text), page.most)
				}
				first, _, _ := strings.Cut(page.text, "<details>")
				shown := strings.Count(first, "\n| ❌ ") + strings.Count(first, "\n| ⚠️ ") + strings.Count(first, "\n| ✅ ")
				left, of := leftOut(page.text, "checks")
				if shown == 0 || shown+left != n || left > 0 && of != n {
					t.Errorf("%s of %d shows %d and says that %d of %d are left out", page.name, n, shown, left, of)
				}
				if !strings.HasSuffix(page.text, "</sub>\n") {
					t.Errorf("%s of %d has lost its end", page.name, n)
				}
			}
		}
	}
}

func TestDiffKeepsItsLimit(t *testing.T) {
	d := diffOf()
	for i := range 3000 {
		s := d.Services[1]
		s.Name = fmt.Sprint("chat-", i)
		d.Services = append(d.Services, s)
	}
	text := ci.DiffComment(d, meta(), "x")
	if err := checkMarkdown(text); err != nil {
		t.Error(err)
	}
	left, of := leftOut(text, "deployments")
	if shown := strings.Count(text, "\n### "); len(text) > 65536 || left == 0 || shown+left != of || of != 3005 {
		t.Errorf("%d bytes, %d shown, %d of %d left out", len(text), shown, left, of)
	}
	rowsLeft, rows := leftOut(text, "changes")
	if shown := strings.Count(text, "\n| <code>"); shown+rowsLeft != rows || rows != 3000*5+8 {
		t.Errorf("%d changes shown, %d of %d left out", shown, rowsLeft, rows)
	}
	wrong, changed := strings.Index(text, "cannot run (<code>"), strings.Index(text, "<code>chat</code>")
	if wrong < 0 || changed < wrong {
		t.Error("what cannot run does not come first")
	}
}

func TestAnnotationsSayWhatIsLeftOut(t *testing.T) {
	text := ci.Annotations(many(70, "late"), meta())
	if err := checkAnnotations(text); err != nil {
		t.Error(err)
	}
	// Of 70 checks 50 are red, 10 warn, 10 pass.
	if n := strings.Count(text, "::error "); n != 10 || !strings.Contains(text, "::41 more of this kind are left out") {
		t.Errorf("%d errors in\n%s", n, text)
	}
	if n := strings.Count(text, "::warning "); n != 10 || strings.Count(text, "left out") != 1 {
		t.Errorf("%d warnings: ten have room\n%s", n, text)
	}
}

func TestCommentsAreFoundByTheirKey(t *testing.T) {
	for key, want := range map[string]string{"gate": "<!-- plimsoll:gate -->", "deploy/a.b_c-2": "<!-- plimsoll:deploy/a.b_c-2 -->", "": "<!-- plimsoll: -->"} {
		if got := ci.Marker(key); got != want {
			t.Errorf("%q: %s, want %s", key, got, want)
		}
	}
	seen := map[string]string{}
	for _, key := range []string{"a b", "a-b", "a--b", "a -->", "文", "字", strings.Repeat("k", 1000), strings.Repeat("k", 1001)} {
		mark := ci.Marker(key)
		if other, twice := seen[mark]; twice {
			t.Errorf("%q and %q have the same marker", key, other)
		}
		seen[mark] = key
	}
}
