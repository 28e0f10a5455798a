package simulator

import "fmt"

// Engine is what the scheduler of a replica knows of its engine.
type Engine struct {
	// Microseconds is the time of one step: new tokens of prompts, of how many
	// prompts, cached tokens before them, sequences that decode, and cached tokens of
	// each in the mean.
	Microseconds func(prefill, prompts, offset, decode, context float64) float64

	Sequences  int     // at once
	Budget     int     // tokens of a step
	Blocks     int     // of the cache pool
	BlockSize  int     // tokens
	Alone      bool    // prompts have steps of their own while decoding waits
	RequestUs  float64 // of a request outside of steps, before its first
	TokenUs    float64 // more for each token of its input
	ReserveAll bool    // a request is admitted only when its whole answer has room
}

func (e *Engine) check() error {
	switch {
	case e.Microseconds == nil:
		return fmt.Errorf("simulator: an engine without step times")
	case e.Sequences < 1 || e.Budget < 1 || e.Blocks < 1 || e.BlockSize < 1:
		return fmt.Errorf("simulator: %d sequences, %d tokens of a step, %d blocks of %d tokens: accepted are 1 and more", e.Sequences, e.Budget, e.Blocks, e.BlockSize)
	}
	return nil
}

// blocks that so many tokens take.
func (e *Engine) blocks(tokens int) int { return (tokens + e.BlockSize - 1) / e.BlockSize }
