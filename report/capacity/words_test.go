package capacity

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWordsAgree: both languages have the same verbs in the same order, an id stands in
// one table, and English forms for one and for more have the same verbs.
func TestWordsAgree(t *testing.T) {
	verb := regexp.MustCompile(`%[-+.0-9]*[a-z]`)
	verbs := func(s string) []string {
		return verb.FindAllString(strings.NewReplacer(" %)", "", " %）", "").Replace(s), -1)
	}
	seen := map[string]bool{}
	for _, table := range tables {
		for id, w := range table {
			if seen[id] {
				t.Errorf("%s stands in two tables", id)
			}
			seen[id] = true
			forms := strings.Split(w[0], "|")
			for _, f := range forms {
				if w[1] == "" || !slices.Equal(verbs(f), verbs(w[1])) {
					t.Errorf("%s: %q and %q", id, f, w[1])
				}
			}
			name := strings.HasPrefix(id, "memory_") || strings.HasPrefix(id, "a_") || strings.HasPrefix(id, "u_")
			if w[0] == "" && !name || strings.Contains(w[1], "|") {
				t.Errorf("%s: %q", id, w)
			}
		}
	}
}

// TestSayings: what varies in a sentence is said once in Chinese, and nothing else is.
func TestSayings(t *testing.T) {
	for _, s := range slices.Concat(reasons(), changes(), sentences(), costReasons(), costLines(), factors()) {
		n := strings.Count(s.english, "{}")
		for i := 1; i <= 9; i++ {
			if got := strings.Count(s.chinese, fmt.Sprintf("$%d", i)); got > 1 || i > n && got > 0 {
				t.Errorf("%q: $%d is there %d times in %q", s.english, i, got, s.chinese)
			}
		}
		if _, known := lookUp("kind_" + s.kind); s.kind != "" && !known {
			t.Errorf("%q is of kind %q, which has no words", s.english, s.kind)
		}
		example := strings.ReplaceAll(s.english, "{}", "X1")
		if found, _ := match([]saying{s}, example); found == nil {
			t.Errorf("%q is not found by its own pattern", example)
		}
	}
}

// stopWords betray a sentence in English.
var stopWords = regexp.MustCompile(`\b(The|the|is|are|was|of|and|not|with|for|from|what|by|at|on|in|as|it|to|than|that|which|no|its|has|have|each|per)\b`)

// english is the first English of a text outside of quotes and code; empty: there is none.
func english(text string) string {
	text = regexp.MustCompile("(?s)「.*?」").ReplaceAllString(withoutCode(text), "")
	at := stopWords.FindStringIndex(text)
	if at == nil {
		return ""
	}
	return text[max(0, at[0]-60):min(len(text), at[1]+60)]
}

// TestNoEnglishLeft: a Chinese report has no English sentence but in quotes and code.
func TestNoEnglishLeft(t *testing.T) {
	if english("方案 「it is quoted」 TP 2 (1x H100 SXM5 80GB)") != "" || english("费用 is unknown") == "" {
		t.Fatal("the test itself sees nothing")
	}
	_, markdown := both(t, drawn(), Chinese)
	if found := english(markdown); found != "" {
		t.Errorf("drawn: %q", found)
	}
	for _, name := range planNames() {
		_, markdown := both(t, planned(t, name), Chinese)
		if found := english(markdown); found != "" {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// TestReasonsAreKnown: reasons and changes of real plans are said in Chinese, and counted
// by the limit that they are about; what no pattern knows is quoted.
func TestReasonsAreKnown(t *testing.T) {
	for _, name := range planNames() {
		for _, l := range planned(t, name).Losers {
			if kindOf(l.Reason) == kindOther || strings.Contains(Chinese.reason(l.Reason)+Chinese.change(l.Change), "「") {
				t.Errorf("%s: no pattern for %q, or %q", l.Model, l.Reason, l.Change)
			}
		}
	}
	for _, k := range []struct{ text, want, kind string }{
		{"the queue is +Inf times its bound even with 3 replicas of fp8 on 2x L40S", "即使有 3 个副本（fp8，2x L40S），排队仍无限增长", kindObjective},
		{"quality 48.2 in awq-int4 is below 50.0", "质量 48.2（精度 awq-int4）低于要求的 50.0", kindQuality},
		{"quality 48.2 is below 50.0", "质量 48.2 低于要求的 50.0", kindQuality},
		{"nobody has heard of it", "「nobody has heard of it」", kindOther},
	} {
		if got, kind := Chinese.reason(k.text), kindOf(k.text); got != k.want || kind != k.kind {
			t.Errorf("%q: %q of kind %s, want %q", k.text, got, kind, k.want)
		}
	}
}
