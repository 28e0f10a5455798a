package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// VersionError says that a text is not an engine version.
type VersionError struct {
	Version string
}

// Error says what is accepted.
func (e *VersionError) Error() string {
	return fmt.Sprintf("version %q: accepted are releases like 0.19, v0.11.1rc2 or a build like b4567", e.Version)
}

// Version is a parsed engine version. Builds ("b4567") and releases are
// different scales and never compare as equal: every build precedes every
// release of the same engine.
type Version struct {
	build   bool
	numbers []int
	pre     string // "rc", "a", "b", "dev", "post" or ""
	preN    int
}

// Suffixes of a release in their order; none stands between rc and post.
var stages = []string{"dev", "a", "alpha", "b", "beta", "rc", "", "post"}

// separators may stand before a suffix and its number.
var separators = strings.NewReplacer("-", "", ".", "", "_", "")

// ParseVersion reads "0.19", "v0.11.1rc2", "0.5.post1", "1.2.0-rc.1+cu128" or
// a llama.cpp build "b4567". What follows a "+" does not count.
func ParseVersion(text string) (Version, error) {
	fail := func() (Version, error) { return Version{}, &VersionError{Version: text} }
	s, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "+")
	if rest, ok := strings.CutPrefix(s, "b"); ok {
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return fail()
		}
		return Version{build: true, numbers: []int{n}}, nil
	}
	s = strings.TrimPrefix(s, "v")
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	var v Version
	for part := range strings.SplitSeq(strings.TrimSuffix(s[:end], "."), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return fail()
		}
		v.numbers = append(v.numbers, n)
	}
	for len(v.numbers) > 1 && v.numbers[len(v.numbers)-1] == 0 { // 0.19.0 is 0.19
		v.numbers = v.numbers[:len(v.numbers)-1]
	}
	suffix := separators.Replace(s[end:])
	if suffix == "" {
		return v, nil
	}
	digits := strings.TrimLeft(suffix, "abcdefghijklmnopqrstuvwxyz")
	v.pre = strings.TrimSuffix(suffix, digits)
	if digits != "" {
		var err error
		if v.preN, err = strconv.Atoi(digits); err != nil {
			return fail()
		}
	}
	if v.pre == "" || !slices.Contains(stages, v.pre) {
		return fail()
	}
	return v, nil
}

// Reached says whether a version is the one named or a later one. Versions that
// cannot be read are not.
func Reached(version, from string) bool {
	v, err := ParseVersion(version)
	if err != nil {
		return false
	}
	f, err := ParseVersion(from)
	return err == nil && v.Compare(f) >= 0
}

// Compare returns -1, 0 or 1 as v is older than, the same as or newer than w.
func (v Version) Compare(w Version) int {
	if v.build != w.build {
		if v.build {
			return -1
		}
		return 1
	}
	return cmp.Or(
		slices.Compare(v.numbers, w.numbers),
		cmp.Compare(slices.Index(stages, v.pre), slices.Index(stages, w.pre)),
		cmp.Compare(v.preN, w.preN),
	)
}

// At returns the constants of a version of the engine. When no range holds
// the version, the nearest range is returned with a note that says so. The
// error is a [VersionError], or says that the engine has no ranges.
func (e *Engine) At(version string) (constants *EngineVersion, note string, err error) {
	v, err := ParseVersion(version)
	if err != nil {
		return nil, "", err
	}
	for i := range e.Versions {
		r := &e.Versions[i]
		from, err := ParseVersion(r.From)
		if err != nil {
			return nil, "", err
		}
		if v.Compare(from) < 0 {
			break // ranges ascend: v lies before this one
		}
		constants, note = r, ""
		if r.Until == "" {
			if seen, err := ParseVersion(r.Seen); err == nil && v.Compare(seen) > 0 {
				note = fmt.Sprintf("the constants were last held to logs of %s %s", e.Name, r.Seen)
			}
			continue
		}
		until, err := ParseVersion(r.Until)
		if err != nil {
			return nil, "", err
		}
		if v.Compare(until) >= 0 {
			note = fmt.Sprintf("%s %s lies outside the known ranges; the constants are those of %s to %s", e.Name, version, r.From, r.Until)
		}
	}
	if constants == nil && len(e.Versions) > 0 {
		constants = &e.Versions[0]
		note = fmt.Sprintf("%s %s is older than any known range; the constants are those of %s", e.Name, version, constants.From)
	}
	if constants == nil {
		return nil, "", fmt.Errorf("no versions are known")
	}
	return constants, note, nil
}
