package planner

import (
	"math"
	"sync"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// memo keeps the results of a pure function for at most twice size keys: those
// asked for since the last turn, and those of the turn before.
type memo[K comparable, V any] struct {
	size       int
	mu         sync.Mutex
	young, old map[K]V
}

func newMemo[K comparable, V any](size int) *memo[K, V] {
	return &memo[K, V]{size: size, young: make(map[K]V)}
}

// get returns what is kept for a key, or works it out. Two goroutines may work
// out the same at once; both results are good.
func (m *memo[K, V]) get(key K, work func() V) V {
	m.mu.Lock()
	v, ok := m.young[key]
	if !ok {
		if v, ok = m.old[key]; ok {
			m.keep(key, v)
		}
	}
	m.mu.Unlock()
	if ok {
		return v
	}
	v = work()
	m.mu.Lock()
	m.keep(key, v)
	m.mu.Unlock()
	return v
}

// keep stores a result under the lock.
func (m *memo[K, V]) keep(key K, v V) {
	if len(m.young) >= m.size {
		m.old, m.young = m.young, make(map[K]V, m.size)
	}
	m.young[key] = v
}

// namesKey are the names of a case.
type namesKey struct {
	model, accelerator, engine, version, precision, kv string
}

func namesKeyOf(k *Case) namesKey {
	return namesKey{k.Model, k.Accelerator, k.Engine, k.EngineVersion, k.Precision, k.KVPrecision}
}

// planKey is everything that the deployment of a case and its ledger depend on.
type planKey struct {
	names                                     namesKey
	accelerators, tp, pp, ep, dp, attentionDP int
	maxSeqs, maxBatchedTokens, maxModelLen    int
	contextParallel                           int
	memoryFraction                            float64
	speculation                               estimator.Speculation
	disaggregated                             bool
	decode                                    Stage
	request                                   float64 // length: decides where a context does not fit
	inFlight                                  float64 // decides where no size is given
}

func planKeyOf(k *Case, names namesKey) planKey {
	o, w := k.EngineOptions, k.Workload
	key := planKey{
		names: names, accelerators: k.Accelerators, tp: k.TP, pp: k.PP, ep: k.EP, dp: k.DP, attentionDP: k.AttentionDP,
		maxSeqs: o.MaxNumSeqs, maxBatchedTokens: o.MaxNumBatchedTokens, maxModelLen: o.MaxModelLen, memoryFraction: o.MemoryFraction,
		contextParallel: o.ContextParallel,
		speculation:     estimator.Speculation{Tokens: o.SpeculativeTokens, Acceptance: o.Acceptance},
	}
	if o.MaxModelLen == 0 || k.TP == 0 {
		key.request = math.Ceil(w.InputTokens + w.OutputTokens)
	}
	if k.TP == 0 {
		key.inFlight = max(w.Concurrency, float64(w.Batch))
	}
	if d := k.Disaggregated; d != nil {
		key.disaggregated, key.decode = true, d.Decode
	}
	return key
}
