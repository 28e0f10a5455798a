package launch_test

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func TestQuote(t *testing.T) {
	for _, test := range []struct{ word, want string }{
		{"", "''"}, {"a", "a"}, {"--port", "--port"}, {"/a/b-c_d.gguf", "/a/b-c_d.gguf"}, {"A=b", "'A=b'"}, {"a b", "'a b'"},
		{"it's", `'it'\''s'`}, {"'", `''\'''`}, {"$HOME", "'$HOME'"}, {"`id`", "'`id`'"}, {`\`, `'\'`}, {"a\nb", "'a\nb'"},
		{`{"k":1}`, `'{"k":1}'`}, {"~", "'~'"}, {"*", "'*'"}, {"#a", "'#a'"}, {"é", "'é'"}, {"!x", "'!x'"},
	} {
		if got := launch.Quote(test.word); got != test.want {
			t.Errorf("%q: %s, want %s", test.word, got, test.want)
		}
	}
	if got := launch.Quote("a", "b c", ""); got != "a 'b c' ''" {
		t.Error(got)
	}
}

// A real shell reads what was meant.
func TestShellReads(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here")
	}
	words := []string{"plain", "", "two words", "it's", `"$HOME" \ $(id)`, "a\nb", `--flag={"a": 1}`, "*;&|<>", "~", "日本"}
	out, err := exec.Command(sh, "-c", `printf '%s\0' `+launch.Quote(words...)).Output()
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); err != nil || !slices.Equal(got, words) {
		t.Errorf("%q are read as %q (%v)", words, got, err)
	}
}

// What is quoted reads back as it was, and holds nothing that a shell expands.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a b", "it's", `'\''`, "$(rm)", "a\nb", "\\", `"`, "=", "~a", "a'b'c"} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := split(launch.Quote(a, b))
		if err != nil || !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q, %q are read as %q: %v", a, b, got, err)
		}
	})
}

// split reads words as POSIX, 2.2 Quoting, has it, without double quotes. A byte
// outside of quotes that means something to a shell is an error.
func split(line string) (words []string, err error) {
	if strings.HasPrefix(line, "#") {
		return nil, nil
	}
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case ch == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a quote is not closed")
			}
			word.WriteString(line[i+1 : i+1+end])
			i, inWord = i+1+end, true
		case ch == '\\' && i+1 < len(line) && line[i+1] != '\n':
			i++
			word.WriteByte(line[i])
			inWord = true
		case ch == ' ':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		case strings.IndexByte("\\\"$`&|;<>()*?[]#~{}!\n\t", ch) >= 0 || ch >= 0x80:
			return nil, errors.New("a byte with a meaning is not quoted")
		default:
			word.WriteByte(ch)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
