package catalog

import (
	"regexp"
	"slices"
	"strings"
)

// modelNames is what names of models have beside the names of other things:
// organisations, and words that people leave out or put in at will.
type modelNames struct {
	models []Model
	bare   map[string][]int // bare name to models
}

func newModelNames(models []Model) *modelNames {
	n := &modelNames{models: models, bare: make(map[string][]int, len(models))}
	for i := range models {
		for _, name := range append([]string{models[i].ID}, models[i].Aliases...) {
			if key := bareName(tail(name)); !slices.Contains(n.bare[key], i) {
				n.bare[key] = append(n.bare[key], i)
			}
		}
	}
	return n
}

// byModelName finds the models that a name means which is none of their own.
// With an organisation before it a name is an id, and means the same model of
// another organisation: of its name but for [bareWords]. Without one it may be
// a part of a name.
func (t *nameTable) byModelName(name string) []int {
	short := tail(name)
	if short == name {
		hits := slices.DeleteFunc(t.byWords(name), func(i int) bool { return !t.begins(i, name) })
		if len(hits) > 0 {
			return hits
		}
		return t.models.bare[bareName(name)]
	}
	key := normalise(short)
	if i, ok := t.own[key]; ok {
		return []int{i}
	}
	if hits := t.other[key]; len(hits) > 0 {
		return hits
	}
	return t.models.bare[bareName(short)]
}

// begins reports whether a model can be meant by a part of its name. Models
// that do not generate are named after the model that they are made of
// ("gte-Qwen2-7B-instruct"), so that the part has to be the beginning.
func (t *nameTable) begins(i int, name string) bool {
	if t.models.models[i].Kind == Generative {
		return true
	}
	query := words(name, t.weak)
	return slices.ContainsFunc(t.names[i], func(own string) bool {
		have := words(tail(own), t.weak)
		return len(have) >= len(query) && slices.Equal(have[:len(query)], query)
	})
}

// tail is a name without the organisation or directories before it.
func tail(name string) string {
	return name[strings.LastIndexByte(name, '/')+1:]
}

var (
	// bareWords are words and version marks that people leave out of a model's name.
	bareWords = regexp.MustCompile(`^(?:meta|instruct|it|chat|hf|base|v0\.\d+)$`)
	// underscored is the point of a version where names have none: "llama3_1-70b".
	underscored = regexp.MustCompile(`(\d)_(\d)`)
)

// bareName is a name without [bareWords], its letters and digits run together;
// "LLaMA v2" is "Llama 2".
func bareName(name string) string {
	var b strings.Builder
	name = underscored.ReplaceAllString(strings.ToLower(name), "$1.$2")
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("-_ :", r) }) {
		if bareWords.MatchString(w) {
			continue
		}
		if len(w) == 2 && w[0] == 'v' && w[1] >= '2' && w[1] <= '9' {
			w = w[1:]
		}
		b.WriteString(w)
	}
	return b.String()
}
