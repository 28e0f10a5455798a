package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// File is what another file may refer to: one that Compose reads variables of, a
// script that is sourced, an engine's own file of options.
type File struct {
	Name string // path, or its last part
	Data []byte
}

// Bounds of what is read, so that no file makes the reader work for long.
const (
	maxFile     = 4 << 20 // bytes of one file
	maxScript   = 1 << 17 // bytes of shell text, whose parser recurses as deep as it is nested
	maxServices = 1000
	maxWork     = 1 << 22 // bytes of scalars and of expanded words, all together
)

// accepted says what Read reads.
const accepted = "accepted are shell scripts and command lines (vllm serve, python -m vllm.entrypoints.openai.api_server, python -m sglang.launch_server, sglang serve, llama-server, trtllm-serve), Docker Compose, and Kubernetes objects (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, Pod, LeaderWorkerSet, InferenceService, LLMInferenceService)"

// ErrNone is of a file that holds no service of an inference engine.
var ErrNone = errors.New("no service of an inference engine is found")

// Read finds the services of a file, and says in notes what could not be known
// or does not count. Files that it refers to are looked for in beside, by path
// and then by name. Errors name file and line: text that cannot be parsed, a
// template of Helm that was not rendered, or no service at all ([ErrNone]).
func Read(file string, data []byte, beside ...File) (services []Service, notes []string, err error) {
	r := &reader{names: []string{file}, beside: beside}
	if err := readable(file, data); err != nil {
		return nil, nil, err
	}
	src := textOf(string(data), 0)
	if err := r.read(src); err != nil {
		return nil, nil, err
	}
	if r.failed != nil {
		return nil, nil, r.failed
	}
	if len(r.services) == 0 {
		why := ""
		if len(r.notes) > 0 {
			why = " (" + strings.Join(r.notes, "; ") + ")"
		}
		return nil, nil, fmt.Errorf("%s: %w%s: %s", file, ErrNone, why, accepted)
	}
	r.lead()
	return r.services, r.notes, nil
}

func readable(file string, data []byte) error {
	switch {
	case len(data) > maxFile:
		return fmt.Errorf("%s: %d bytes: accepted are files of up to %d", file, len(data), maxFile)
	case len(bytes.TrimSpace(data)) == 0:
		return fmt.Errorf("%s: the file is empty: %s", file, accepted)
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		line := 1 + bytes.Count(data[:firstBad(data)], []byte("\n"))
		return fmt.Errorf("%s:%d: this is no text in UTF-8: %s", file, line, accepted)
	}
	return nil
}

// firstBad is the first byte that no text has.
func firstBad(data []byte) int {
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == 0 || c == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// reader gathers what a file and those beside it say.
type reader struct {
	names    []string // of files; a mark counts in them
	beside   []File
	services []Service
	// followers are the services, by number, that are further nodes of a replica.
	followers []int
	notes     []string
	work      int   // bytes looked at
	failed    error // of files that refer to one another without end, say
}

// read tells the forms apart by what the file holds.
func (r *reader) read(src text) error {
	name := strings.ToLower(r.names[0])
	yamlName := strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".json")
	if strings.HasPrefix(src.s, "#!") || strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, ".bash") {
		return r.readCommand(src)
	}
	if err := r.helm(src); err != nil {
		return err
	}
	documents, err := r.documents(src)
	switch compose, kubernetes := formOf(documents); {
	case err != nil && yamlName:
		if line := templateLine(src); line > 0 {
			return r.unrendered(line)
		}
		return err
	case err == nil && kubernetes:
		return r.readKubernetes(documents)
	case err == nil && compose:
		return r.readCompose(documents)
	case yamlName:
		return nil
	}
	return r.readCommand(src)
}

// formOf says which forms of YAML the documents have.
func formOf(documents []value) (compose, kubernetes bool) {
	for _, d := range documents {
		compose = compose || d.get("services").isMap()
		kubernetes = kubernetes || d.get("kind").str() != "" && d.get("apiVersion").str() != ""
	}
	return compose, kubernetes
}

// helm refuses what only a template of Helm has.
func (r *reader) helm(src text) error {
	line := 0
	for s := range strings.Lines(src.s) {
		line++
		_, inner, ok := strings.Cut(s, "{{")
		if !ok || strings.HasPrefix(strings.TrimSpace(s), "#") {
			continue
		}
		for _, word := range []string{".Values", ".Release", ".Chart", "include \""} {
			if strings.Contains(inner, word) {
				return r.unrendered(line)
			}
		}
	}
	return nil
}

// templateLine is the first line of any template; 0 none.
func templateLine(src text) int {
	before, _, ok := strings.Cut(src.s, "{{")
	if !ok {
		return 0
	}
	return 1 + strings.Count(before, "\n")
}

func (r *reader) unrendered(line int) error {
	return fmt.Errorf("%s:%d: this is a template of Helm that was not rendered: run helm template and read what it prints", r.names[0], line)
}

// fail is an error with its place.
func (r *reader) fail(m mark, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", r.names[m.file], m.line, fmt.Sprintf(format, args...))
}

func (r *reader) position(m mark, key string) Position {
	return Position{File: r.names[m.file], Line: int(m.line), Key: key}
}

// note says once what a reader of the services must know.
func (r *reader) note(m mark, format string, args ...any) {
	text := fmt.Sprintf("%s:%d: %s", r.names[m.file], m.line, fmt.Sprintf(format, args...))
	if !slices.Contains(r.notes, text) && len(r.notes) < maxServices {
		r.notes = append(r.notes, text)
	}
}

// spend counts work; false: there was too much.
func (r *reader) spend(n int) bool {
	if r.work += n; r.work > maxWork && r.failed == nil {
		r.failed = fmt.Errorf("%s: the file refers to itself too often: what it comes to is more than %d bytes", r.names[0], maxWork)
	}
	return r.failed == nil
}

// open finds a file beside the one that is read: by its path, else by its name.
func (r *reader) open(name string) (text, bool) {
	for _, same := range []func(string) bool{
		func(s string) bool { return path.Clean(s) == path.Clean(name) },
		func(s string) bool { return path.Base(s) == path.Base(name) },
	} {
		for _, f := range r.beside {
			if same(f.Name) && readable(f.Name, f.Data) == nil && r.spend(len(f.Data)) {
				number := slices.Index(r.names, f.Name)
				if number < 0 {
					number = len(r.names)
					r.names = append(r.names, f.Name)
				}
				return textOf(string(f.Data), int32(number)), true
			}
		}
	}
	return text{}, false
}
