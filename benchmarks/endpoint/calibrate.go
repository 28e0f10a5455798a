package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Models lists what the server serves (GET /v1/models), in its order.
func Models(ctx context.Context, t Target) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newClient(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	defer c.close()
	list, err := c.models(ctx)
	if err != nil {
		return nil, fmt.Errorf("endpoint: models: %w", err)
	}
	return list, nil
}

func (c *client) models(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.target.Timeout, errTimeout)
	defer cancel()
	req, err := c.request(ctx, http.MethodGet, "/models", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	fail := func(f *Failure) ([]string, error) {
		f.Detail = c.target.shorten(f.Detail)
		return nil, f
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fail(failureOf(ctx, err, false))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fail(answerFailure(resp))
	}
	var doc struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	text, err := io.ReadAll(&bounded{resp.Body, c.target.MaxBody})
	if err != nil {
		return fail(failureOf(ctx, err, true))
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("the answer is not a list of models: %w", err)
	}
	var ids []string
	for _, m := range doc.Data {
		if m.ID != "" {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the server lists no model")
	}
	return ids, nil
}

// Words of the two calibration prompts. What both have alike is the overhead.
const (
	shortPrompt = 32
	longPrompt  = 256
)

// Calibrate learns how many tokens a word of a synthetic prompt has, from two
// requests for one token and the server's usage. Where the server gives none,
// one token a word is assumed and the note says so. It fails when the server
// does not answer.
func Calibrate(ctx context.Context, t Target) (Tokenizer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newClient(ctx, t)
	if err != nil {
		return Tokenizer{}, fmt.Errorf("endpoint: %w", err)
	}
	defer c.close()
	tok, err := c.prepare(ctx, 0)
	if err != nil {
		return Tokenizer{}, fmt.Errorf("endpoint: %w", err)
	}
	return tok, nil
}

// prepare finds out the model where none is named, and calibrates.
func (c *client) prepare(ctx context.Context, seed uint64) (Tokenizer, error) {
	if err := c.chooseModel(ctx); err != nil {
		return Tokenizer{}, err
	}
	tok, err := c.calibrate(ctx, seed)
	var f *Failure
	if errors.As(err, &f) && refusesUsage(f) && !c.target.NoUsage {
		c.target.NoUsage = true
		if tok, err = c.calibrate(ctx, seed); err == nil {
			tok.NoUsage = true
		}
	}
	if err != nil {
		return Tokenizer{}, fmt.Errorf("calibration: %w", err)
	}
	return tok, nil
}

// chooseModel takes the first model that the server lists where none is named.
func (c *client) chooseModel(ctx context.Context) error {
	if c.target.Model != "" {
		return nil
	}
	list, err := c.models(ctx)
	if err != nil {
		return fmt.Errorf("no model is named, and asking the server failed: %w", err)
	}
	c.target.Model = list[0]
	return nil
}

// refusesUsage reports whether a server turned a request down for its stream_options.
func refusesUsage(f *Failure) bool {
	return f.Kind == HTTPStatus && f.Status/100 == 4 && strings.Contains(f.Detail, "stream_options")
}

func (c *client) calibrate(ctx context.Context, seed uint64) (Tokenizer, error) {
	one := AssumedTokenizer("")
	p, err := newTemplate(c.target, one, seed, 0)
	if err != nil {
		return Tokenizer{}, err
	}
	rng := stream(seed, calibrateStream)
	var input [2]int64
	for i, words := range [...]int{shortPrompt, longPrompt} {
		body, _ := p.synthetic(rng, words, 1)
		x := c.do(ctx, body, 1)
		c.release(&x)
		if x.fail != nil && x.fail.Kind != Empty && x.fail.Kind != Contradiction { // the load will show those
			return Tokenizer{}, x.fail
		}
		if input[i] = x.usage.input; input[i] < 0 {
			return AssumedTokenizer("the server's stream gives no usage.prompt_tokens"), nil
		}
	}
	tok := Tokenizer{TokensPerWord: float64(input[1]-input[0]) / (longPrompt - shortPrompt), Basis: catalog.Measured}
	tok.Overhead = max(float64(input[0])-shortPrompt*tok.TokensPerWord, 0)
	tok.Note = fmt.Sprintf("from usage.prompt_tokens of prompts of %d and %d words: %d and %d tokens", shortPrompt, longPrompt, input[0], input[1])
	if err := tok.check(); err != nil {
		return AssumedTokenizer(fmt.Sprintf("usage.prompt_tokens of prompts of %d and %d words are %d and %d, which cannot be", shortPrompt, longPrompt, input[0], input[1])), nil
	}
	return tok, nil
}
