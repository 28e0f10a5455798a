package simulator

// pool is the cache of a replica, in blocks. Sequences that decode take a block
// each time their last one is full: at the decode steps of one class modulo the
// steps that a block lasts, so that counting the classes is enough.
type pool struct {
	blocks int
	used   int // by sequences
	cached int // of sequences that ended, given up when room is needed
	peak   int // of used

	size   int   // tokens of a block
	period int   // steps that a block lasts
	class  []int // decoding sequences by the step, modulo the period, that takes a block

	prefixes *prefixCache // nil: none are found again
}

func newPool(e *Engine, caches bool) pool {
	period := max(1, int(float64(e.BlockSize)/e.Accepted))
	p := pool{blocks: e.Blocks, size: e.BlockSize, period: period}
	p.class = make([]int, min(period, maxClasses))
	if caches {
		p.prefixes = newPrefixCache(e.BlockSize)
	}
	return p
}

// maxClasses bounds the period: longer blocks are those of a state, and never full.
const maxClasses = 1 << 16

// free is how many blocks can be had.
func (p *pool) free() int { return p.blocks - p.used }

// take gives out blocks; those of sequences that ended make room.
func (p *pool) take(n int) {
	p.used += n
	p.peak = max(p.peak, p.used)
	if p.prefixes != nil && p.used+p.cached > p.blocks {
		p.cached -= p.prefixes.evict(p.used + p.cached - p.blocks)
	}
}

// hold is a sequence's place among those that decode: its class, and the steps that
// its blocks last.
type hold struct {
	slack int // steps until it takes a block
	from  int // decode step at which it began
}

// join counts a sequence of so many tokens, whose blocks just hold them, and that
// begins to decode.
func (p *pool) join(tokens, step int, accepted float64) hold {
	left := (p.size - tokens%p.size) % p.size
	h := hold{slack: min(int(float64(left)/accepted), p.period-1), from: step}
	if len(p.class) == p.period {
		p.class[(step+h.slack)%p.period]++
	}
	return h
}

// leave takes a sequence out again, and returns the blocks that it took meanwhile.
func (p *pool) leave(h hold, step int) int {
	if len(p.class) < p.period {
		return 0
	}
	p.class[(h.from+h.slack)%p.period]--
	if past := step - h.from - h.slack; past > 0 {
		return 1 + (past-1)/p.period
	}
	return 0
}

// needs is how many blocks a decode step takes.
func (p *pool) needs(step int) int {
	if len(p.class) < p.period {
		return 0
	}
	return p.class[step%p.period]
}

// lasts is how many of k decode steps of n sequences the free blocks last for, at
// least one.
func (p *pool) lasts(k, n, step int) int {
	free := p.free()
	if len(p.class) < p.period {
		return k
	}
	rounds := min(k/p.period, free/n) // in each, every sequence takes a block
	taken := rounds * n
	for i := rounds * p.period; i < k; i++ {
		if taken += p.needs(step + i); taken > free {
			return max(i, 1)
		}
	}
	return k
}

// grow takes the blocks of k decode steps of n sequences.
func (p *pool) grow(k, n, step int) {
	taken := k / p.period * n
	for i := range k % p.period {
		taken += p.needs(step + i)
	}
	if len(p.class) == p.period {
		p.take(taken)
	}
}
