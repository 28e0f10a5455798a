package simulator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Engine is the scheduler of a replica.
type Engine struct {
	// Step is the time of one step in microseconds.
	Step func(estimator.Step) float64
	// Watts is the power of the replica in a step that lasts so many microseconds;
	// nil: unknown. A step of nothing is an idle replica.
	Watts func(s estimator.Step, us float64) float64

	Sequences int // at once
	Budget    int // tokens of a step
	Chunk     int // of them, of one prompt
	MaxTokens int // of a request, prompt and answer; 0: any

	Blocks        int // of the cache pool
	BlockSize     int // tokens
	SequenceBlock int // blocks of a sequence, whatever its length: its state, full windows

	Alone   bool    // prompts have steps of their own while decoding waits
	Reserve float64 // share of an answer that must have room when its request is admitted
	Stages  int     // of a pipeline, each with its part of the sequences; 0 is 1
	Groups  int     // of attention data parallelism; 0 is 1
	Fill    int     // decode steps that prompts wait until every group has one

	RequestUs float64 // of a request outside of steps, before its first
	TokenUs   float64 // more for each token of its input
	// Lag is how many steps a request that comes while others run waits beside what
	// is left of the step under way: the next was scheduled before it came.
	Lag float64
	// Poll is how many decode steps lie between two looks for requests, while so many
	// sequences decode; nil: every step.
	Poll func(decoding int) int

	Accepted  float64 // tokens that a step yields for a sequence; 0 is 1
	Proposals float64 // of a draft, checked beside each sequence's own

	single bool // one step at a time, for the test that this changes nothing
}

// longestLag in steps that an engine's pipeline explains; where requests wait longer,
// the scheduler looks for them at intervals.
const longestLag = 2

// NewEngine is the scheduler of an estimated replica. Caches with windows or state
// do not grow in step with a sequence: blocks are sized so that sequences of input
// tokens, and of output more, take what they do take.
func NewEngine(s *estimator.Server, input, output float64) (Engine, error) {
	if err := s.Check(); err != nil {
		return Engine{}, err
	}
	e := Engine{
		Step: s.Microseconds, Watts: s.Watts,
		Sequences: s.Sequences, Budget: s.Budget, Chunk: s.ChunkTokens, MaxTokens: s.MaxTokens,
		Alone: s.Alone, Reserve: s.Reserve, Stages: s.Stages, Groups: s.Groups, Fill: int(s.FillSteps),
		RequestUs: s.RequestUs, TokenUs: s.TokenUs, Accepted: s.Accepted, Proposals: s.Proposals,
	}
	e.pool(s, max(input, 1), max(output, float64(s.BlockTokens)))
	if most := s.Waits(float64(s.Sequences)); max(most, s.Waits(1)) > longestLag {
		// A wait is uniform between none and the interval, half of it in the mean.
		e.Poll = func(n int) int { return max(1, int(math.Round(2*s.Waits(float64(n))))) }
	} else {
		e.Lag = max(s.Waits(1)-0.5, 0) // a half is what is left of the step under way
	}
	return e, e.check()
}

// pool sizes blocks by the secant of a sequence's cache between two lengths.
func (e *Engine) pool(s *estimator.Server, input, output float64) {
	start, grown := s.KVBytes(input), s.KVBytes(input+output)
	slope := (grown - start) / output
	e.BlockSize = s.BlockTokens
	if slope <= 0 { // a state alone
		e.BlockSize, e.SequenceBlock = math.MaxInt32, 0
		e.Blocks = int(min(s.PoolBytes/max(start, 1e-9), math.MaxInt32))
		return
	}
	block := slope * float64(e.BlockSize)
	e.Blocks = int(min(s.PoolBytes/block, math.MaxInt32))
	e.SequenceBlock = int(math.Ceil(max(start-slope*input, 0)/block - 1e-6))
}

func (e *Engine) check() error {
	e.Stages, e.Groups, e.Accepted = max(e.Stages, 1), max(e.Groups, 1), max(e.Accepted, 1)
	if e.Chunk == 0 {
		e.Chunk = e.Budget
	}
	switch {
	case e.Step == nil:
		return fmt.Errorf("simulator: an engine without step times")
	case e.Sequences < 1 || e.Budget < 1 || e.Chunk < 1 || e.Blocks < 1 || e.BlockSize < 1 || e.SequenceBlock < 0:
		return fmt.Errorf("simulator: %d sequences, %d tokens of a step, %d of a prompt, %d blocks of %d tokens, %d for each sequence: accepted are 1 and more",
			e.Sequences, e.Budget, e.Chunk, e.Blocks, e.BlockSize, e.SequenceBlock)
	case !(e.Reserve >= 0 && e.Reserve <= 1) || !(e.Lag >= 0) || !(e.RequestUs >= 0) || !(e.TokenUs >= 0):
		return fmt.Errorf("simulator: reserve %g, lag %g steps, %g us a request, %g us a token: accepted are 0 and more, a reserve of at most 1", e.Reserve, e.Lag, e.RequestUs, e.TokenUs)
	}
	return nil
}

// blocks that so many tokens take.
func (e *Engine) blocks(tokens int) int { return (tokens + e.BlockSize - 1) / e.BlockSize }

// holds reports whether a request can be served at all.
func (e *Engine) holds(q *Request) bool {
	if e.MaxTokens > 0 && q.Input+q.Output > e.MaxTokens {
		return false
	}
	return e.blocks(q.Input+q.Output)+e.SequenceBlock <= e.Blocks
}

// each is how many of n decoding sequences are in one stage of the pipeline.
func (e *Engine) each(n int) float64 { return float64(n) / float64(min(e.Stages, max(n, 1))) }

// decodeStep is a step of n sequences with a mean context.
func (e *Engine) decodeStep(n int, context float64) estimator.Step {
	return estimator.Step{Decode: e.each(n), Context: context, Proposals: e.Proposals}
}
