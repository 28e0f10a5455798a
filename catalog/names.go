package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// NotFoundError says that a name means nothing in the catalog.
type NotFoundError struct {
	Kind    string   // "model", "accelerator", "precision", "engine", "use case"
	Name    string   // as the user wrote it
	Nearest []string // what may have been meant, best first
}

// Error names the nearest candidates.
func (e *NotFoundError) Error() string {
	msg := fmt.Sprintf("unknown %s %q", e.Kind, e.Name)
	if len(e.Nearest) > 0 {
		msg += "; nearest: " + strings.Join(e.Nearest, ", ")
	}
	return msg
}

// AmbiguousError says that a name means several entries.
type AmbiguousError struct {
	Kind       string
	Name       string
	Candidates []string // in the catalog's order
}

// Error lists the candidates, the first ones of a long list.
func (e *AmbiguousError) Error() string {
	const most = 8
	list, more := e.Candidates, ""
	if len(list) > most {
		list, more = list[:most], fmt.Sprintf(" and %d more", len(list)-most)
	}
	return fmt.Sprintf("%s %q is ambiguous: %s%s", e.Kind, e.Name, strings.Join(list, ", "), more)
}

// nameTable finds entries of one kind by name. Its levels are tried in turn:
// own names (id, name, alias; never shared by two entries), other names (of a
// driver, or a model id without its organisation), the words of a name without
// brand words, and a part of the words of a name. Models have a say in the
// words and a further level ([modelNames]).
type nameTable struct {
	kind   string
	weak   []string         // words that add nothing to a name: brands
	labels []string         // how errors show an entry
	own    map[string]int   // normalised name to entry
	other  map[string][]int // normalised name to entries
	names  [][]string       // all names of an entry, as written
	models *modelNames      // nil for other kinds
}

func newNameTable(kind string, size int, weak ...string) *nameTable {
	return &nameTable{
		kind: kind, weak: weak,
		labels: make([]string, size), names: make([][]string, size),
		own: make(map[string]int, 4*size), other: make(map[string][]int, size),
	}
}

// addOwn gives entry i a name that no other entry may have. It returns the
// entry that has it already, or -1.
func (t *nameTable) addOwn(i int, name string) int {
	key := normalise(name)
	if key == "" {
		return -1
	}
	if owner, taken := t.own[key]; taken {
		if owner != i {
			return owner
		}
		return -1
	}
	t.own[key] = i
	t.names[i] = append(t.names[i], name)
	return -1
}

// addOther gives entry i a name that it may share with others.
func (t *nameTable) addOther(i int, name string) {
	key := normalise(name)
	if key == "" || slices.Contains(t.other[key], i) {
		return
	}
	t.other[key] = append(t.other[key], i)
	t.names[i] = append(t.names[i], name)
}

// exact reports whether a name is one of an entry's, in full.
func (t *nameTable) exact(name string) bool {
	key := normalise(name)
	_, own := t.own[key]
	return own || len(t.other[key]) > 0
}

// longestName bounds what is compared with every name of the catalog.
const longestName = 200

// find resolves a name.
func (t *nameTable) find(name string) (int, error) {
	if len(name) > longestName {
		return -1, &NotFoundError{Kind: t.kind, Name: shorten(name)}
	}
	key := normalise(name)
	if i, ok := t.own[key]; ok {
		return i, nil
	}
	hits := t.other[key]
	switch {
	case len(hits) > 0 || key == "":
	case t.models != nil:
		hits = t.byModelName(name)
	default:
		hits = t.byWords(name)
	}
	switch len(hits) {
	case 0:
		return -1, &NotFoundError{Kind: t.kind, Name: name, Nearest: t.nearest(name)}
	case 1:
		return hits[0], nil
	}
	candidates := make([]string, len(hits))
	for n, i := range hits {
		candidates[n] = t.labels[i]
	}
	return -1, &AmbiguousError{Kind: t.kind, Name: name, Candidates: candidates}
}

// byWords finds the entries with a name whose words, brands aside, are those
// of the query, or else the entries with a name that has all of them.
func (t *nameTable) byWords(name string) []int {
	query, key := words(name, t.weak), normalise(name)
	if len(query) == 0 {
		return nil
	}
	var same, part []int
	for i, names := range t.names {
		best := 0
		for _, n := range names {
			have := words(n, t.weak)
			if contains(have, query) {
				best = max(best, 1)
				if len(have) == len(query) {
					best = 2
				}
			}
			if t.joined(n, key) {
				best = 2
			}
		}
		switch best {
		case 2:
			same = append(same, i)
		case 1:
			part = append(part, i)
		}
	}
	if len(same) > 0 {
		return same
	}
	return part
}

// joined reports whether a query is a name run together without some of its
// leading brand words: "rtx4090" and "4090" for "GeForce RTX 4090".
func (t *nameTable) joined(name, key string) bool {
	for list := words(name, nil); len(list) > 0; list = list[1:] {
		if strings.Join(list, "") == key {
			return true
		}
		if !slices.Contains(t.weak, list[0]) {
			return false
		}
	}
	return false
}

// nearest returns the entries whose names are most like the query: by the
// words they share, then by edit distance.
func (t *nameTable) nearest(name string) []string {
	const most = 5
	type scored struct {
		label string
		score float64
	}
	query, key := words(name, nil), normalise(name)
	var list []scored
	for i, names := range t.names {
		best := 0.0
		for _, n := range names {
			best = max(best, likeness(query, key, n))
		}
		if best > 0.35 {
			list = append(list, scored{t.labels[i], best})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var labels []string
	for _, s := range list[:min(most, len(list))] {
		labels = append(labels, s.label)
	}
	return labels
}

// likeness rates how much a name looks like the query, 0 to 1: the larger of
// the share of common words and one less the relative edit distance.
func likeness(query []string, key, name string) float64 {
	other := normalise(name)
	longer := max(len(key), len(other))
	if longer == 0 {
		return 0
	}
	edit := 1 - float64(EditDistance(key, other))/float64(longer)
	have := words(name, nil)
	common := 0
	for _, w := range query {
		if slices.Contains(have, w) {
			common++
		}
	}
	shared := 2 * float64(common) / float64(max(1, len(query)+len(have)))
	return max(edit, shared)
}

// contains reports whether all words of part are words of whole.
func contains(whole, part []string) bool {
	for _, w := range part {
		if !slices.Contains(whole, w) {
			return false
		}
	}
	return true
}

// normalise makes names comparable: lower case, trademark signs and
// separators dropped. What tells parts apart (digits, ".", "+", "/") stays.
func normalise(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '.', r == '+', r == '/':
			return r
		default:
			return -1
		}
	}, lowerPlain(name))
}

// words splits a name at separators, in lower case, without the weak ones.
func words(name string, weak []string) []string {
	list := strings.FieldsFunc(lowerPlain(name), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '.' || r == '+')
	})
	return slices.DeleteFunc(list, func(w string) bool { return slices.Contains(weak, w) })
}

func lowerPlain(name string) string {
	return trademarks.Replace(strings.ToLower(name))
}

var trademarks = strings.NewReplacer("(r)", " ", "(tm)", " ", "®", " ", "™", " ")
