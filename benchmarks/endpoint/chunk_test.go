package endpoint

import (
	"encoding/json"
	"testing"
)

func TestParseChunk(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want chunk
	}{
		"completion": {`{"id":"x","choices":[{"text":"hi","index":0,"finish_reason":null}]}`, chunk{text: 2, choices: true, usage: noUsage}},
		"chat":       {`{"choices":[{"delta":{"content":"abc"}}]}`, chunk{text: 3, choices: true, usage: noUsage}},
		"role":       {`{"choices":[{"delta":{"role":"assistant","content":""}}]}`, chunk{choices: true, usage: noUsage}},
		"null":       {`{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}`, chunk{choices: true, finish: true, reason: "stop", usage: noUsage}},
		"reasoning":  {`{"choices":[{"delta":{"reasoning_content":"hm"}}]}`, chunk{text: 2, choices: true, usage: noUsage}},
		"tool":       {`{"choices":[{"delta":{"tool_calls":[{"id":1}]}}]}`, chunk{text: 10, choices: true, usage: noUsage}},
		"no tool":    {`{"choices":[{"delta":{"tool_calls":[],"function_call":null}}]}`, chunk{choices: true, usage: noUsage}},
		"escape":     {`{"choices":[{"text":"\"}\\"}]}`, chunk{text: 5, choices: true, usage: noUsage}},
		"odd finish": {`{"choices":[{"text":"","finish_reason":"eos"}]}`, chunk{choices: true, finish: true, reason: "other", usage: noUsage}},
		"usage": {`{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}}`,
			chunk{choices: true, hasUsage: true, usage: usage{9, 4, 13, 8, 3}}},
		"half usage": {`{"usage":{"prompt_tokens":9.5,"completion_tokens":null,"prompt_tokens_details":null}}`, chunk{hasUsage: true, usage: noUsage}},
		"error":      {`{"error":{"message":"no room","type":"x"}}`, chunk{failed: true, message: "no room", usage: noUsage}},
		"error text": {`{"error":"no room"}`, chunk{failed: true, message: "no room", usage: noUsage}},
		"old error":  {`{"object":"error","message":"no room"}`, chunk{failed: true, message: "no room", usage: noUsage}},
		"no error":   {`{"error":null,"choices":[]}`, chunk{choices: true, usage: noUsage}},
	} {
		if got := parseChunk([]byte(c.data)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	for _, data := range []string{"", "null", "[]", `{"a"}`, `{"a":1,}`, `{,}`, `{"a":1}x`, `{"choices":[{]}`, `{"choices":[{"text":"a"`, "{\"a\":\"\n\"}", "{\"a\":}"} {
		if c := parseChunk([]byte(data)); c.malformed == nil {
			t.Errorf("%q is no object, but was accepted: %+v", data, c)
		}
	}
}

func TestParseChunkDoesNotAllocate(t *testing.T) {
	data := []byte(`{"id":"cmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8}}}`)
	if n := testing.AllocsPerRun(100, func() { _ = parseChunk(data) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}

func FuzzChunk(f *testing.F) {
	for _, s := range []string{`{"choices":[{"text":"hi"}]}`, `{"usage":{"prompt_tokens":9}}`, `{"a":[1,-2e3,true,null,"\u00e9"]}`, `{"error":{"a":1}}`, `{"a":}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := parseChunk(data)
		var doc map[string]json.RawMessage
		if json.Unmarshal(data, &doc) == nil && doc != nil && c.malformed != nil && !deep(data) {
			t.Fatalf("%q is an object, but was refused", data)
		}
		if c.text < 0 || c.usage.input < -1 || c.usage.output < -1 {
			t.Fatalf("%q: %+v", data, c)
		}
	})
}

// deep reports whether a document may be nested deeper than is read.
func deep(data []byte) bool {
	n := 0
	for _, c := range data {
		if c == '{' || c == '[' {
			n++
		}
	}
	return n > maxDepth
}
