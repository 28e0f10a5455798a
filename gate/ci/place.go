package ci

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// place is where a check points to.
type place struct {
	file  string // relative to the root, slash-separated; empty: none, or outside of it
	line  int    // from 1; 0: the file as a whole
	shown string // for people: "deploy/a.yaml:12, --max-model-len"; empty: nowhere
}

func placeOf(root string, at gate.Position) place {
	var p place
	shown := at.File
	if file, ok := relative(root, at.File); ok {
		p.file, p.line, shown = file, max(at.Line, 0), file
	}
	p.shown = clip(oneLine(shown), mostName)
	if p.shown != "" && at.Line > 0 {
		p.shown += ":" + strconv.Itoa(at.Line)
	}
	if key := clip(oneLine(at.Key), mostName); key != "" {
		p.shown = strings.TrimPrefix(p.shown+", "+key, ", ")
	}
	return p
}

// anchor is the file that a finding is shown at. Both GitHub and GitLab need one:
// GitHub refuses a whole SARIF file for a single result without. What has no place in
// the repository is shown at the file of the gate's rules.
func (p *place) anchor() string {
	if p.file == "" {
		return gate.ConfigFile
	}
	return p.file
}

// relative is a file as seen from root; false: it is none, or lies outside.
// Backslashes separate, as on Windows.
func relative(root, file string) (string, bool) {
	if file == "" || strings.Contains(file, "://") {
		return "", false
	}
	file, root = slashed(file), slashed(root)
	if root != "." {
		dir := strings.TrimSuffix(root, "/") + "/"
		if rest, ok := strings.CutPrefix(file, dir); ok {
			file = path.Clean(rest)
		}
	}
	if file == "." || file == ".." || strings.HasPrefix(file, "../") || absolute(file) {
		return "", false
	}
	return file, true
}

// slashed is a cleaned path with slashes; letters of drives are written small.
func slashed(file string) string {
	file = path.Clean(strings.ReplaceAll(file, `\`, "/"))
	if drive(file) {
		return strings.ToLower(file[:1]) + file[1:]
	}
	return file
}

func absolute(file string) bool { return strings.HasPrefix(file, "/") || drive(file) }

// drive reports whether a path begins as "C:/". A colon alone does not tell: it may be
// part of a name elsewhere.
func drive(file string) bool {
	return len(file) > 2 && file[1] == ':' && file[2] == '/' && (file[0]|0x20) >= 'a' && (file[0]|0x20) <= 'z'
}

// subjectOf is what was judged: a file below root as seen from there, else as it is,
// since it may be words or an address.
func subjectOf(root, subject string) string {
	if file, ok := relative(root, subject); ok && absolute(slashed(subject)) {
		subject = file
	}
	return clip(oneLine(subject), mostName)
}

// uri is a relative path as a reference: each segment escaped, colons too, since one in
// the first segment would end a scheme.
func uri(file string) string {
	segments := strings.Split(file, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	return strings.Join(segments, "/")
}
