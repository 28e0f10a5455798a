package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Server is one replica as a scheduler sees it: what may run at once, what of the
// cache a sequence takes, and how long a step lasts. It is what a simulation of
// requests is built on; read-only, and may be shared.
type Server struct {
	Deployment Deployment // resolved

	Sequences   int // at once
	Budget      int // tokens of a step
	ChunkTokens int // of one prompt in a step: an attention-DP group computes a prompt alone
	MaxTokens   int // of one sequence, prompt and answer

	Stages    int     // pipeline stages, each with a part of the sequences
	Groups    int     // of attention data parallelism
	FillSteps float64 // most decode steps that prompts wait until all groups have one

	Alone     bool    // prompts have steps of their own while decoding waits
	Reserve   float64 // share of a request's answer that must have room when it is admitted
	RequestUs float64 // microseconds of a request outside of steps, before its first
	TokenUs   float64 // the same for each token of its input
	Accepted  float64 // tokens that a step yields for a sequence, in the mean: 1 without speculation
	Proposals float64 // tokens that are checked beside its own

	PoolBytes   float64 // of cache, of one accelerator
	BlockTokens int     // that cache is given out in
	KVBytes     func(tokens float64) float64

	Microseconds func(Step) float64                             // of a step, with the proposals of a draft
	Waits        func(sequences float64) float64                // decode steps that a request waits for in the mean, beside its own
	Watts        func(s Step, us float64) float64               // of the replica in a step that lasts so long; nil: unknown
	Shares       func(s Step, us float64) (flop, bytes float64) // of the peak FLOP/s and of the peak bandwidth that a step which lasts so long keeps busy (MFU and MBU, on the busiest accelerator); nil: unknown
	Transfer     func(tokens float64) float64                   // microseconds for the cache of a prompt to reach another replica; nil: unknown
	TTFTHalf     float64                                        // half of the interval of a TTFT, as a share of it: about nine of ten measurements lie within
	TPOTHalf     float64                                        // the same of a TPOT
	Basis        catalog.Basis
}

// NewServer compiles a deployment, which need not be resolved but must fit. Errors
// are those of [Serve].
func NewServer(c *catalog.Catalog, d Deployment) (*Server, error) {
	d, l, err := fitted(d)
	if err != nil {
		return nil, err
	}
	switch {
	case !l.Fits:
		return nil, unsupported(l.Change, "%d accelerators a replica do not hold the model: %s", d.World(), l.Reason)
	case d.Model.Kind != catalog.Generative:
		return nil, unsupported("`plimsoll estimate` says how fast it reads", "%s writes no tokens", d.Model.ID)
	case d.Engine.StaticBatch:
		return nil, unsupported("ask for another engine", "%s runs one batch to its end, no request joins it", d.Engine.Name)
	case d.Engine.ID == LlamaCpp:
		return llamaServing(c, d, l)
	}
	t, err := NewTimetable(c, d, l)
	if err != nil {
		return nil, err
	}
	return t.server(), nil
}

// server is the timetable with the scheduler's rules of its engine.
func (t *Timetable) server() *Server {
	d, e := &t.d, t.engine
	s := baseServer(d, &t.ledger)
	s.ChunkTokens, s.Budget = d.Options.MaxBatchedTokens, d.Options.MaxBatchedTokens*d.AttentionDP
	s.Sequences, s.Groups, s.FillSteps, s.Alone = d.Options.MaxSeqs*d.AttentionDP, d.AttentionDP, e.Fill, e.Alone
	s.RequestUs, s.TokenUs = e.Requests*1000, e.Token
	s.Accepted, s.Proposals = d.Options.Speculation.accepted(), float64(d.Options.Speculation.Tokens)
	s.PoolBytes *= float64(d.AttentionDP)
	s.KVBytes = func(tokens float64) float64 { return cacheBytes(t.pool, tokens) }
	s.Waits = e.Waits
	s.Microseconds = t.round
	s.Shares = t.shares
	s.Watts = func(s Step, us float64) float64 {
		flop, bytes := t.shares(s, us)
		return powerWatts(d.Device.Accelerator, flop, bytes) * float64(d.World())
	}
	if d.Device.linkGBps() > 0 {
		s.Transfer = t.transfer
	}
	s.TTFTHalf, s.TPOTHalf, s.Basis = t.half.ttft, t.half.tpot, catalog.Calibrated
	return s
}

// round is a step with the time of its draft's proposals.
func (t *Timetable) round(s Step) float64 {
	us := t.Microseconds(s)
	if s.Proposals > 0 && s.Decode > 0 {
		us += t.proposing(s)
	}
	return us
}

func baseServer(d *Deployment, l *Ledger) *Server {
	return &Server{
		Deployment: *d, Sequences: d.Options.MaxSeqs, Budget: d.Options.MaxBatchedTokens, ChunkTokens: d.Options.MaxBatchedTokens,
		MaxTokens: d.Options.MaxModelLen, Stages: d.PP, Groups: 1, Reserve: admission(d.Engine.ID), Accepted: 1,
		PoolBytes: float64(l.KVPoolBytes), BlockTokens: max(d.Version.BlockTokens, 1),
		Waits: func(float64) float64 { return 0.5 },
	}
}

// transfer is the time in microseconds for the cache of a prompt to reach another
// replica; each rank sends its own part. 0: the link is unknown.
func (t *Timetable) transfer(tokens float64) float64 {
	link := t.d.Device.linkGBps()
	if link <= 0 {
		return 0
	}
	return cacheBytes(t.pool, tokens) / (link * 1e3 * linkShare)
}

// admission is the share of a request's answer that an engine wants room for
// before it admits the request: all of it by TensorRT-LLM's default policy
// GUARANTEED_NO_EVICT; SGLang's estimate falls to 0.7 x 0.14 while nothing is
// retracted (SGLANG_INIT_NEW_TOKEN_RATIO, SGLANG_MIN_NEW_TOKEN_RATIO_FACTOR);
// vLLM gives out blocks as tokens come, and preempts.
func admission(engine string) float64 {
	switch engine {
	case "tensorrt-llm":
		return 1
	case "sglang":
		return 0.098
	}
	return 0
}

// llamaServing is a llama-server, whose slots decode together; prompts hold them up.
// Its cache is divided among the slots when it starts.
func llamaServing(c *catalog.Catalog, d Deployment, l Ledger) (*Server, error) {
	t, err := newLlamaTime(c, &d, &l)
	if err != nil {
		return nil, err
	}
	s := baseServer(&d, &l)
	s.Alone, s.Stages = true, 1
	s.Budget, s.ChunkTokens = llamaBatch, llamaBatch
	s.PoolBytes, s.BlockTokens = float64(d.Options.MaxSeqs), 1
	s.KVBytes = func(float64) float64 { return 1 } // a slot
	s.Microseconds = func(s Step) float64 {
		ms := 0.0
		if s.PrefillTokens > 0 { // one prompt after another
			n := max(s.Prompts, 1)
			ms += n * t.prefillMs(s.PrefillTokens/n, s.Offset)
		}
		if s.Decode > 0 {
			ms += t.decodeMs(s.Decode, s.Context)
		}
		return ms * 1000
	}
	s.TTFTHalf, s.TPOTHalf, s.Basis = t.prefillInterval, t.interval, t.basis
	return s, nil
}

// Check refuses a server that a scheduler cannot run.
func (s *Server) Check() error {
	if s.Microseconds == nil || s.Waits == nil || s.KVBytes == nil {
		return fmt.Errorf("estimator: a server without times or cache")
	}
	if s.Sequences < 1 || s.Budget < 1 || s.ChunkTokens < 1 || s.BlockTokens < 1 || s.Stages < 1 || s.Groups < 1 || !(s.Accepted >= 1) || math.IsNaN(s.PoolBytes) {
		return fmt.Errorf("estimator: a server of %d sequences, %d tokens a step, chunks of %d, blocks of %d, %d stages, %d groups: accepted are 1 and more", s.Sequences, s.Budget, s.ChunkTokens, s.BlockTokens, s.Stages, s.Groups)
	}
	return nil
}
