package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// usage is what a server counted. Counts are -1 where it gave none.
type usage struct {
	input, output, total int64
	cached               int64 // of input, found in the prefix cache
	reasoning            int64 // of output, thought and perhaps not sent
}

var noUsage = usage{-1, -1, -1, -1, -1}

// given reports whether the server counted input and output.
func (u usage) given() bool { return u.input >= 0 && u.output >= 0 }

// chunk is what one event of a streamed answer says.
type chunk struct {
	text      int    // bytes of JSON string that carry output: text, reasoning, refusals, tool arguments
	finish    bool   // a finish reason is given
	reason    string // the finish reason, one of a few known words or "other"
	usage     usage
	hasUsage  bool
	failed    bool   // an error object is given
	message   string // of the error object
	choices   bool   // the field is present
	malformed error
}

var errNotJSON = errors.New("not a JSON object")

// parseChunk reads the JSON of one event. It allocates only for errors. Fields
// that it does not know are skipped; a document that is not one JSON object is
// malformed.
func parseChunk(data []byte) chunk {
	c := chunk{usage: noUsage}
	s := scanner{b: data}
	s.enter('{')
	for s.more('}') {
		switch key := s.key(); {
		case string(key) == "choices" && s.peek() == '[':
			c.choices = true
			s.enter('[')
			for s.more(']') {
				c.choice(&s)
			}
		case string(key) == "usage" && s.peek() == '{':
			c.hasUsage = true
			c.usage.read(&s)
		case string(key) == "error" && s.peek() != 'n':
			c.failed = true
			c.message = errorMessage(s.raw())
		case string(key) == "object":
			if v := s.raw(); string(v) == `"error"` { // vLLM before 0.6 sends a bare error object
				c.failed = true
			}
		default:
			s.skip()
		}
	}
	c.malformed = s.end()
	if c.failed && c.message == "" {
		c.message = errorMessage(data)
	}
	return c
}

// choice reads one element of choices: completions carry text, chats a delta.
func (c *chunk) choice(s *scanner) {
	if s.peek() != '{' {
		s.skip()
		return
	}
	s.enter('{')
	for s.more('}') {
		switch key := s.key(); {
		case string(key) == "text":
			c.text += textIn(s.raw())
		case string(key) == "delta" && s.peek() == '{':
			c.delta(s)
		case string(key) == "finish_reason":
			if v := s.raw(); len(v) > 0 && v[0] == '"' {
				c.finish = true
				c.reason = finishReason(v[1 : len(v)-1])
			}
		default:
			s.skip()
		}
	}
}

func (c *chunk) delta(s *scanner) {
	s.enter('{')
	for s.more('}') {
		switch key := s.key(); string(key) {
		case "content", "reasoning_content", "reasoning", "refusal":
			c.text += textIn(s.raw())
		case "tool_calls", "function_call":
			if v := s.raw(); len(v) > 2 && v[0] != 'n' {
				c.text += len(v)
			}
		default:
			s.skip()
		}
	}
}

// textIn is the size of a JSON string between its quotes; 0 of another value.
func textIn(raw []byte) int {
	if len(raw) < 2 || raw[0] != '"' {
		return 0
	}
	return len(raw) - 2
}

// finishReason avoids an allocation for the words in use.
func finishReason(b []byte) string {
	for _, known := range [...]string{"stop", "length", "tool_calls", "content_filter", "abort", "function_call"} {
		if string(b) == known {
			return known
		}
	}
	return "other"
}

func (u *usage) read(s *scanner) {
	s.enter('{')
	for s.more('}') {
		switch key := s.key(); {
		case string(key) == "prompt_tokens":
			u.input = s.count()
		case string(key) == "completion_tokens":
			u.output = s.count()
		case string(key) == "total_tokens":
			u.total = s.count()
		case string(key) == "prompt_tokens_details" && s.peek() == '{':
			u.cached = s.countIn("cached_tokens")
		case string(key) == "completion_tokens_details" && s.peek() == '{':
			u.reasoning = s.countIn("reasoning_tokens")
		default:
			s.skip()
		}
	}
}

// errorMessage finds the message of an error answer, in the forms in use; else
// the document itself. It is not shortened.
func errorMessage(raw []byte) string {
	var doc struct {
		Message string          `json:"message"`
		Error   json.RawMessage `json:"error"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(raw, &doc) == nil {
		switch {
		case doc.Message != "":
			return doc.Message
		case len(doc.Error) > 0:
			return errorMessage(doc.Error)
		case len(doc.Detail) > 0:
			return errorMessage(doc.Detail)
		}
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(bytes.TrimSpace(raw))
}

// maxDepth bounds the nesting of a JSON value that is skipped.
const maxDepth = 100

// scanner walks over a JSON document without building it. An error sticks:
// every later call returns nothing, and end reports it. It accepts every valid
// document nested up to maxDepth; of numbers it checks the characters only.
type scanner struct {
	b      []byte
	i      int
	first  bool // an object or array was entered and no element read
	failed bool
}

func (s *scanner) fail() { s.failed = true }

// peek is the next character that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) enter(open byte) {
	if s.failed || s.peek() != open {
		s.fail()
		return
	}
	s.i++
	s.first = true
}

// more reports whether an element follows, and consumes the comma before it
// or the closing bracket.
func (s *scanner) more(closing byte) bool {
	if s.failed {
		return false
	}
	c := s.peek()
	first := s.first
	s.first = false
	switch {
	case c == closing:
		s.i++
		return false
	case first && c != 0:
		return true
	case c == ',':
		s.i++
		if c := s.peek(); c != 0 && c != closing {
			return true
		}
	}
	s.fail()
	return false
}

// key reads an object's key, escapes untouched, and its colon.
func (s *scanner) key() []byte {
	k := s.text()
	if s.peek() != ':' {
		s.fail()
	}
	if s.failed {
		return nil
	}
	s.i++
	return k
}

// text reads a string and returns what is between its quotes, escapes untouched.
func (s *scanner) text() []byte {
	if s.failed || s.peek() != '"' {
		s.fail()
		return nil
	}
	start := s.i + 1
	for i := start; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return s.b[start:i]
		case c == '\\':
			i++
		case c < 0x20:
			s.fail()
			return nil
		}
	}
	s.fail()
	return nil
}

// raw reads a value and returns its bytes.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.i
	s.skip()
	if s.failed {
		return nil
	}
	return s.b[start:s.i]
}

func (s *scanner) skip() { s.skipAt(0) }

func (s *scanner) skipAt(depth int) {
	if depth > maxDepth {
		s.fail()
	}
	if s.failed {
		return
	}
	switch c := s.peek(); c {
	case '{':
		s.enter('{')
		for s.more('}') {
			s.key()
			s.skipAt(depth + 1)
		}
	case '[':
		s.enter('[')
		for s.more(']') {
			s.skipAt(depth + 1)
		}
	case '"':
		s.text()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

func (s *scanner) word(w string) {
	if !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		s.fail()
		return
	}
	s.i += len(w)
}

func (s *scanner) number() []byte {
	start := s.i
	for s.i < len(s.b) && bytes.IndexByte([]byte("+-.0123456789eE"), s.b[s.i]) >= 0 {
		s.i++
	}
	if s.i == start {
		s.fail()
	}
	return s.b[start:s.i]
}

// count reads a count of tokens; -1 where the value is not one.
func (s *scanner) count() int64 {
	n, err := strconv.ParseInt(string(s.raw()), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// countIn reads an object and returns one of its fields as a count.
func (s *scanner) countIn(field string) int64 {
	n := int64(-1)
	s.enter('{')
	for s.more('}') {
		if key := s.key(); string(key) == field {
			n = s.count()
		} else {
			s.skip()
		}
	}
	return n
}

// end reports whether the document was read to its end without a fault.
func (s *scanner) end() error {
	if s.failed || s.peek() != 0 || s.i < len(s.b) {
		return errNotJSON
	}
	return nil
}
