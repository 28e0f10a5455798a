package report

import (
	"os"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

func devNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestHuman(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct{ got, want string }{
		{Bytes(0), "0 B"},
		{Bytes(1023), "1023 B"},
		{Bytes(1024), "1.00 KiB"},
		{Bytes(gib), "1.00 GiB"},
		{Bytes(10 * gib), "10.0 GiB"},
		{Bytes(79*gib + 700<<20), "79.7 GiB"},
		{Bytes(10*gib - 1<<20), "10.0 GiB"}, // rounding must not print 10.00
		{Bytes(1500 * gib), "1.46 TiB"},
		{Bytes(-gib / 2), "-512.0 MiB"},
		{Grouped(0), "0"},
		{Grouped(999), "999"},
		{Grouped(1000), "1,000"},
		{Grouped(-1234567), "-1,234,567"},
		{Tokens(131072), "128k"},
		{Tokens(128000), "128,000"}, // not 128 x 1,024
		{Tokens(1 << 20), "1M"},
		{Tokens(512), "512"},
		{Params(8_190_735_360), "8.19B"},
		{Params(596_049_920), "596M"},
		{Params(1_040_000_000_000), "1.04T"},
		{Params(999_950_000), "1B"},
		{Params(12), "12"},
		{Significant(0), "0"},
		{Significant(0.0451), "0.0451"},
		{Significant(8.3), "8.3"},
		{Significant(8.305), "8.3"},
		{Significant(9.996), "10"},
		{Significant(99.96), "100"},
		{Significant(42.06), "42.1"},
		{Significant(1234.4), "1,234"},
		{Significant(0.00001), "1e-05"},
		{Interval(42, 35.2, 50), "42 (35-50)"},
		{Interval(4.93, 3.52, 6.9), "4.9 (3.5-6.9)"},
		{Interval(1234, 981, 1501), "1,230 (980-1,500)"},
		{Interval(0.0123, 0, 0.0996), "0.012 (0-0.1)"},
		{Milliseconds(85), "85 ms"},
		{Milliseconds(0.451), "0.451 ms"},
		{Milliseconds(1230), "1.23 s"},
		{Milliseconds(999.7), "1 s"},
		{Milliseconds(125_000), "2 min 5 s"},
		{Milliseconds(119_700), "2 min 0 s"},
		{Milliseconds(7_800_000), "2 h 10 min"},
		{Milliseconds(7_199_900), "2 h 0 min"},
		{Percent(0.1234), "12.3 %"},
		{Percent(0.00556), "0.56 %"},
		{Percent(-0.00001), "0 %"},
		{Percent(1.363), "136 %"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"a bc def", 0, "a bc def"},
		{"a bc def", 4, "a bc|def"},
		{"abcdefgh", 3, "abc|def|gh"},
		{"org/model-name", 8, "org/|model-|name"},
		{"a/bcdefgh", 5, "a/bcd|efgh"}, // a break after two characters would be worse
		{"a\x1b[31mb", 0, "a [31mb"},
		{"  in dent", 6, "  in|  dent"},
		{"模型名称", 4, "模型|名称"},
		{"模型", 1, "模|型"}, // narrower than a character: nothing is lost
		{"two\nlines", 9, "two|lines"},
		{"", 5, ""},
	} {
		if got := strings.Join(Wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("Qwen/Qwen3-235B-A22B 模型 \x1b[1m", 12)
	f.Add(" 模型", 2)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 2 {
			return // a wide character does not fit
		}
		lines := Wrap(text, width)
		for _, line := range lines {
			if w := twwidth.Width(line); w > width {
				t.Errorf("line of %d for a width of %d: %q", w, width, line)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(strings.Join(lines, "\n")) != squeeze(printable(text)) {
			t.Errorf("%q became %q", text, lines)
		}
	})
}
