package enginelog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// maxLine bounds what is kept of a line. vLLM prints its whole configuration
// in one; ten KiB are common.
const maxLine = 64 << 10

// maxRaw bounds the text that a [Fact] keeps.
const maxRaw = 240

// lines calls visit for every line of r with its number and its message, free
// of wrappers. A progress bar redraws itself with carriage returns: each state
// is visited, all under the number of the line. Longer lines than maxLine are
// cut.
func lines(r io.Reader, visit func(number int, text string)) (int, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxLine), maxLine)
	number, ended := 1, 0
	overflow := false // inside the rest of a line that was cut
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
			token := data[:i]
			if overflow {
				token, overflow = nil, false
			}
			if data[i] == '\n' {
				ended++
			}
			return i + 1, append([]byte{}, token...), nil
		}
		switch {
		case len(data) == 0:
			return 0, nil, nil
		case atEOF && overflow:
			return len(data), []byte{}, nil
		case atEOF:
			return len(data), data, nil
		case len(data) >= maxLine && overflow:
			return len(data), []byte{}, nil
		case len(data) >= maxLine:
			overflow = true
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for s.Scan() {
		if text := unwrap(s.Bytes()); text != "" {
			visit(number, text)
		}
		number = ended + 1
	}
	if err := s.Err(); err != nil {
		return ended, fmt.Errorf("enginelog: line %d: %w", number, err)
	}
	return number, nil
}

// ansi matches terminal control sequences, also where a collector replaced
// the escape character by "#033" or "\x1b".
var ansi = regexp.MustCompile("(?:\x1b|#033|\\\\x1b|\\\\u001b|\\\\033)\\[[0-9;?]*[A-Za-z]")

// unwrap returns the message of a line: without NUL bytes (a redirect of
// PowerShell is UTF-16), colours, and the JSON object of a logging driver or
// of structured logging.
func unwrap(line []byte) string {
	if bytes.IndexByte(line, 0) >= 0 {
		line = bytes.ReplaceAll(line, []byte{0}, nil)
	}
	text := string(line)
	for range 2 { // a container runtime may wrap the engine's own JSON
		inner, ok := jsonMessage(text)
		if !ok {
			break
		}
		text = inner
	}
	if strings.Contains(text, "\x1b[") || strings.Contains(text, "#033[") || strings.Contains(text, `\x1b[`) ||
		strings.Contains(text, `\u001b[`) || strings.Contains(text, `\033[`) {
		text = ansi.ReplaceAllString(text, "")
	}
	return strings.TrimSpace(text)
}

// messageKeys are the fields that carry the text in common JSON log formats.
var messageKeys = []string{"log", "message", "msg", "event", "text", "MESSAGE"}

func jsonMessage(text string) (string, bool) {
	start := strings.IndexByte(text, '{')
	if start < 0 || !strings.HasPrefix(strings.TrimSpace(text[start+1:]), `"`) {
		return "", false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text[start:]), &fields) != nil {
		return "", false
	}
	for _, key := range messageKeys {
		var s string
		if raw, ok := fields[key]; ok && json.Unmarshal(raw, &s) == nil {
			return text[:start] + s, true
		}
	}
	return "", false
}

var (
	// "(Worker_PP0_TP1 pid=5)", "(EngineCore_DP0 pid=5)", "(VllmWorker rank=1 pid=5)", "(VllmWorkerProcess pid=5)"
	process = regexp.MustCompile(`\((?:Ray)?(EngineCore|VllmWorkerProcess|VllmWorker|WorkerWrapper|Worker)([^()]*)\)`)
	// "[2026-08-10 09:47:14 DP0 TP0 EP0] Load weight end."
	sglangRank = regexp.MustCompile(`^\[[\d-]+ [\d:]+((?: [A-Z]{2}\d+)+)\]`)
	coordinate = regexp.MustCompile(`(DP|PP|TP|rank=)(\d+)`)
	pid        = regexp.MustCompile(`pid=(\d+)`)
)

// rankOf names the worker that a line speaks for: "PP0 TP1", or "" when the
// line does not say. Expert coordinates are left out: they repeat TP and DP.
// Workers that give nothing but a process id are told apart by it.
func rankOf(text string) string {
	var marks, kind string
	if m := process.FindStringSubmatch(text); m != nil {
		kind, marks = m[1], m[2]
	} else if m := sglangRank.FindStringSubmatch(text); m != nil {
		marks = m[1]
	}
	var parts []string
	for _, c := range coordinate.FindAllStringSubmatch(marks, -1) {
		if c[1] == "rank=" {
			c[1] = "rank "
		}
		parts = append(parts, c[1]+c[2])
	}
	if len(parts) == 0 && (kind == "VllmWorkerProcess" || kind == "WorkerWrapper") {
		if m := pid.FindStringSubmatch(marks); m != nil {
			return "pid " + m[1]
		}
	}
	return strings.Join(parts, " ")
}

// shorten cuts a line for display.
func shorten(text string) string {
	if len(text) <= maxRaw {
		return text
	}
	return strings.ToValidUTF8(text[:maxRaw], "") + "..."
}
