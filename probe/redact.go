package probe

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// redactor replaces what identifies a person, a host or a device.
type redactor struct {
	values       map[string]string // exact values and their placeholders
	placeholders map[string]string // of values found by pattern
	counts       map[string]int    // placeholders given out, by kind
}

// identifying are the patterns of what must not leave the machine, in the
// order in which they are applied. The first group, where there is one, is the
// part to replace. PCI addresses have too few colons to pass for MAC or IPv6.
var identifying = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"uuid", regexp.MustCompile(`(?i)\b(?:(?:GPU|MIG|GI|CI)-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)},
	{"mac", regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:-]){5,}[0-9a-f]{2}\b`)},
	{"mac", regexp.MustCompile(`(?i)\b(?:en|wl|ib)x([0-9a-f]{12})\b`)}, // interfaces named after their address
	{"ip", regexp.MustCompile(`(?i)(?:\b[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4})\b`)},
	{"ip", regexp.MustCompile(`(?i)\b(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}:?)*[0-9a-f]*`)},
	{"ip", regexp.MustCompile(`\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b`)},
	{"serial", regexp.MustCompile(`(?i)\b(?:serial(?:[ _-]?(?:no|number))?|s/n)\b\s*(?:is\b|[:=#])?\s*"?([\w-]*\d[\w-]*)`)},
	{"host", regexp.MustCompile(`(?i)\b[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.(?:local|localdomain|lan|internal|intra|corp|home|cluster|example|test|com|net|org|edu|io|ai|dev)\b`)},
}

// homePath finds the user in the path of a home directory.
var homePath = regexp.MustCompile(`(?i)(?:/home/|/Users/|/var/home/|[A-Z]:\\Users\\)([^/\\\s|:,;"')]+)`)

// ordinary are user names that identify nobody; replacing them would garble
// the rest of the text.
var ordinary = []string{"root", "ubuntu", "admin", "user", "debian", "ec2-user", "fedora", "centos", "linux", "shared", "public",
	"host", "uuid", "serial"}

func newRedactor(m *Machine) *redactor {
	r := &redactor{values: map[string]string{}, placeholders: map[string]string{}, counts: map[string]int{}}
	for _, a := range m.Accelerators {
		r.know("uuid", a.UUID)
		if a.MIG != nil {
			r.know("uuid", a.MIG.ParentUUID)
		}
	}
	for _, variable := range []string{"USER", "LOGNAME", "USERNAME", "SUDO_USER"} {
		r.know("user", os.Getenv(variable))
	}
	if home, err := os.UserHomeDir(); err == nil { // it may lie anywhere
		r.know("user", filepath.Base(home))
	}
	if host, err := os.Hostname(); err == nil {
		r.know("host", host)
		short, _, _ := strings.Cut(host, ".")
		r.know("host", short)
	}
	return r
}

// know adds an exact value to replace. Values that are too short to be told
// from other text, and names that say nothing, are left alone.
func (r *redactor) know(kind, value string) {
	generic := kind != "uuid" && (slices.Contains(ordinary, strings.ToLower(value)) || value == "localhost")
	if len(value) >= 3 && !generic && r.values[value] == "" {
		r.values[value] = r.next(kind)
	}
}

// next returns a new placeholder.
func (r *redactor) next(kind string) string {
	r.counts[kind]++
	return fmt.Sprintf("[%s-%d]", kind, r.counts[kind])
}

// clean replaces everything that identifies.
func (r *redactor) clean(text string) string {
	for _, found := range homePath.FindAllStringSubmatch(text, -1) {
		r.know("user", found[1])
	}
	for homePath.MatchString(text) { // one replaced path may complete another; each round is shorter
		text = homePath.ReplaceAllString(text, "~")
	}
	for _, value := range longestFirst(r.values) {
		text = replaceWord(text, value, r.values[value])
	}
	for _, id := range identifying {
		text = r.replace(text, id.kind, id.pattern)
	}
	return text
}

// replaceWord replaces whole words only: a user called "cat" must not garble
// "catalog".
func replaceWord(text, word, placeholder string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, word)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		end := at + len(word)
		whole := (at == 0 || !isWord(text[at-1])) && (end == len(text) || !isWord(text[end]))
		b.WriteString(text[:at])
		if whole {
			b.WriteString(placeholder)
		} else {
			b.WriteString(word)
		}
		text = text[end:]
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// replace puts placeholders for all matches of a pattern.
func (r *redactor) replace(text, kind string, pattern *regexp.Regexp) string {
	var b strings.Builder
	end := 0
	for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
		from, to := at[0], at[1]
		if len(at) > 2 {
			from, to = at[2], at[3]
		}
		value := text[from:to]
		if r.placeholders[value] == "" {
			r.placeholders[value] = r.next(kind)
		}
		b.WriteString(text[end:from])
		b.WriteString(r.placeholders[value])
		end = to
	}
	b.WriteString(text[end:])
	return b.String()
}

// longestFirst returns the keys so that no value is replaced inside a longer one.
func longestFirst(values map[string]string) []string {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	return keys
}
