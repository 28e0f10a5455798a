package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const transcriptWidth = 100 // columns

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n\\$ plimsoll ([^\n]*)\n(.*?)```\n")
	word         = regexp.MustCompile(`"[^"]*"|\S+`)
)

// words splits a command line as a shell would, quotes and all.
func words(line string) []string {
	list := word.FindAllString(line, -1)
	for i := range list {
		list[i] = strings.Trim(list[i], `"`)
	}
	return list
}

// TestReadmeTranscripts holds the transcripts of the README to what the program
// writes. "..." stands for lines left out; what follows it begins with a blank
// line and a heading. With UPDATE set the README is rewritten: as many lines of
// each piece as it had.
func TestReadmeTranscripts(t *testing.T) {
	t.Chdir("../..")
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	blocks := consoleBlock.FindAllStringSubmatch(text, -1)
	if len(blocks) < 2 {
		t.Fatalf("%d transcripts, want 2 or more", len(blocks))
	}
	for _, block := range blocks {
		out, stderr, status := run(t, func(e *env) { e.Width = transcriptWidth }, words(block[1])...)
		if status != exitOK {
			t.Fatalf("plimsoll %s: status %d: %s", block[1], status, stderr)
		}
		want := excerpt(t, strings.Split(strings.TrimRight(out, "\n"), "\n"), block[2])
		if want == block[2] {
			continue
		}
		if os.Getenv("UPDATE") == "" {
			t.Errorf("plimsoll %s: the README shows\n%s\nthe program writes\n%s", block[1], block[2], want)
		}
		text = strings.Replace(text, block[2], want, 1)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("README.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// excerpt takes the pieces of an output that a transcript shows.
func excerpt(t *testing.T, out []string, shown string) string {
	t.Helper()
	const gap = "...\n"
	var b strings.Builder
	for i, piece := range strings.Split(shown, gap) {
		if i > 0 {
			b.WriteString(gap)
		}
		lines := strings.Split(strings.TrimSuffix(piece, "\n"), "\n")
		if piece == "" {
			continue
		}
		at := 0
		if i > 0 {
			heading := slices.IndexFunc(lines, func(line string) bool { return line != "" })
			if at = slices.Index(out, lines[heading]) - heading; at < 0 {
				t.Fatalf("no line %q in the output", lines[heading])
			}
		}
		for _, line := range out[at:min(at+len(lines), len(out))] {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// TestReadmeCommands runs the further examples that name their hardware.
func TestReadmeCommands(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "plimsoll ") || !strings.Contains(line, "--on ") {
			continue
		}
		if _, stderr, status := run(t, nil, words(line)[1:]...); status != exitOK {
			t.Errorf("%s: status %d: %s", strings.TrimSpace(line), status, stderr)
		}
		ran++
	}
	if ran < 2 {
		t.Errorf("%d commands ran", ran)
	}
}
