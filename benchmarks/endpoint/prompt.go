package endpoint

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// wordList is of common English words that most tokenizers know as one token
// with the space before them. The count must be a power of two.
const wordList = `time year people way day man thing woman life child world school state family student group
country problem hand part place case week company system program question work government number night point
home water room mother area money story fact month lot right study book eye job word business issue side kind
head house service friend father power hour game line end member law car city community name president team
minute idea body information back parent face others level office door health person art war history party
result change morning reason research girl guy moment air teacher force education foot boy age policy process
music market sense nation plan college interest death experience effect use class control care field role
effort rate heart drug show leader light voice wife police mind price report decision son view relationship
town road arm difference value building action season society tax director position player record paper space
ground form event official matter center couple site project activity star table need court oil situation cost
industry figure street image phone data picture practice piece land product doctor wall patient worker news test
movie north love support technology step baby computer type attention film tree source hair look window culture
chance brother energy period course summer plant opportunity term letter condition choice rule daughter south`

// words is the word list, cut to a power of two.
func words() []string {
	all := strings.Fields(wordList)
	n := 1
	for n*2 <= len(all) {
		n *= 2
	}
	return all[:n]
}

// Tokenizer turns a number of tokens into a number of words.
type Tokenizer struct {
	TokensPerWord float64       `json:"tokens_per_word"` // of a synthetic prompt, above 0
	Overhead      float64       `json:"overhead_tokens"` // that every prompt has: chat template, start token
	Basis         catalog.Basis `json:"basis"`           // measured: from the server's usage; else assumed
	Note          string        `json:"note"`
	NoUsage       bool          `json:"no_usage,omitempty"` // the server refused stream_options: requests leave it out
}

// AssumedTokenizer is what is taken where the server counts nothing: one token
// a word and no overhead.
func AssumedTokenizer(why string) Tokenizer {
	return Tokenizer{TokensPerWord: 1, Basis: catalog.Assumed, Note: "one token a word is assumed: " + why}
}

func (t Tokenizer) check() error {
	if !(t.TokensPerWord >= 0.01 && t.TokensPerWord <= 100) || !(t.Overhead >= 0 && t.Overhead <= workload.MaxLength) {
		return fmt.Errorf("tokenizer: %g tokens a word and %g tokens of overhead: accepted are 0.01 to 100 and 0 to %d", t.TokensPerWord, t.Overhead, workload.MaxLength)
	}
	return nil
}

// wordsFor is how many words come closest to the tokens; at least one.
func (t Tokenizer) wordsFor(tokens int) int {
	return max(int(math.Round((float64(tokens)-t.Overhead)/t.TokensPerWord)), 1)
}

// tokensIn is how many tokens a prompt of that many words is taken to have.
func (t Tokenizer) tokensIn(words int) int {
	return int(math.Round(float64(words)*t.TokensPerWord + t.Overhead))
}

// Streams of random numbers that one seed yields.
const (
	prefixStream  = iota + 1<<62 // words of the shared prefix
	arrivalStream                // gaps between requests
	calibrateStream
	// Below: the request's index.
)

func stream(seed, which uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, which)) }

// template writes request bodies.
type template struct {
	head, mid, tail []byte // around the output bound, and after the prompt
	words           []string
	seed            uint64
	shared          float64
	tokenizer       Tokenizer
}

// newTemplate prepares the parts of a body that are the same in every request.
// shared is the share of a prompt's words that all prompts begin with.
func newTemplate(t Target, tok Tokenizer, seed uint64, shared float64) (*template, error) {
	fields := map[string]any{"model": t.Model, "stream": true}
	if !t.NoUsage {
		fields["stream_options"] = map[string]any{"include_usage": true}
	}
	if t.IgnoreEOS {
		fields["ignore_eos"] = true
	}
	for k, v := range t.Extra {
		fields[k] = v
	}
	head, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("extra fields: %w", err)
	}
	bound, err := json.Marshal(t.MaxTokensField)
	if err != nil {
		return nil, err
	}
	head = append(head[:len(head)-1], ',')
	p := &template{head: append(append(head, bound...), ':'), words: words(), seed: seed, shared: shared, tokenizer: tok}
	p.mid, p.tail = []byte(`,"messages":[{"role":"user","content":`), []byte(`}]}`)
	if t.API == Completions {
		p.mid, p.tail = []byte(`,"prompt":`), []byte(`}`)
	}
	return p, nil
}

// body is the request with the prompt as given.
func (p *template) body(prompt string, outputTokens int) []byte {
	quoted, _ := json.Marshal(prompt) // a string always encodes
	b := make([]byte, 0, len(p.head)+len(p.mid)+len(p.tail)+len(quoted)+20)
	b = p.begin(b, outputTokens)
	return append(append(b, quoted...), p.tail...)
}

func (p *template) begin(b []byte, outputTokens int) []byte {
	b = append(b, p.head...)
	b = strconv.AppendInt(b, int64(outputTokens), 10)
	return append(b, p.mid...)
}

// synthetic is a request whose prompt has about the tokens asked for, and the
// tokens that it is taken to have. The first words are those of every prompt
// of the seed, the others those of rng, which is the request's own.
func (p *template) synthetic(rng *rand.Rand, inputTokens, outputTokens int) (body []byte, tokens int) {
	n := p.tokenizer.wordsFor(inputTokens)
	b := make([]byte, 0, len(p.head)+len(p.mid)+len(p.tail)+8*n+32)
	b = append(p.begin(b, outputTokens), '"')
	shared := int(math.Round(p.shared * float64(n)))
	source := stream(p.seed, prefixStream)
	for i := range n {
		if i == shared {
			source = rng
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, p.words[source.Uint64()&uint64(len(p.words)-1)]...)
	}
	b = append(b, '"')
	return append(b, p.tail...), p.tokenizer.tokensIn(n)
}
