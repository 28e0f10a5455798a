package estimator

// judge decides whether one accelerator holds what it must, and sets what has
// to be free, what is missing, and what would help. one is the cache of one
// sequence of MaxModelLen, as the engine allocates it.
func (d *Deployment) judge(l *Ledger, b budget, one float64) {
	free, held := d.available(), float64(d.Device.FreeBytes)-d.available()
	beside := b.outside + d.contextBytes()
	need := b.claim - b.pool + beside + one
	l.NeedBytes = int64(need + held)
	short := 0.0
	switch {
	case need > free:
		short = need - free
		l.Reason = d.text("needs %s per accelerator, %s of %s are free", size(need+held), size(d.Device.FreeBytes), size(l.CapacityBytes))
	case b.claim+beside > free:
		short = b.claim + beside - free
		l.Reason = d.text("the engine would claim %s (fraction %.2f) and take %s beside it, %s are free", size(b.claim), d.Options.MemoryFraction, size(beside), size(free))
	case b.pool < 0:
		short = one - b.pool
		l.Reason = d.text("%s beside the cache are more than the %s that the engine lets itself use (fraction %.2f)", size(b.claim-b.pool), size(b.claim), d.Options.MemoryFraction)
	case l.MaxSequences < 1:
		short = one - b.pool
		l.Reason = d.text("the cache pool of %s holds no sequence of %d tokens (%s)", size(max(b.pool, 0)), d.Options.MaxModelLen, size(one))
	default:
		l.Fits = true
		return
	}
	l.ShortBytes = max(int64(short), 1)
	if d.explain {
		l.Change = d.smallestChange(short)
	}
}

// smallestChange proposes another memory fraction (the largest whose claim is
// free, or the engine's default when that is more than the one asked for), else
// a shorter context, else memory. What it proposes has been tried, but for the
// memory.
func (d *Deployment) smallestChange(short float64) string {
	try := *d
	try.explain = false
	asked, largest := d.Options, d.largestFraction()
	fractions := []float64{largest}
	if usual := FreeFraction(try); usual > asked.MemoryFraction {
		fractions = []float64{usual, largest}
	}
	for _, f := range fractions {
		try.Options.MemoryFraction = f
		if l, err := Fit(try); err == nil && l.Fits {
			return d.text("--memory-fraction %.2f", f)
		}
	}
	for _, f := range []float64{asked.MemoryFraction, largest} {
		try.Options.MemoryFraction = f
		n, err := LongestContext(try)
		switch {
		case err != nil || n < leastContext:
		case f == asked.MemoryFraction:
			return d.text("a context of %d tokens instead of %d", n, asked.MaxModelLen)
		default:
			return d.text("a context of %d tokens instead of %d, with --memory-fraction %.2f", n, asked.MaxModelLen, f)
		}
	}
	return d.text("%s more per accelerator, a smaller precision or a larger TP", size(short))
}

// leastContext is the shortest context worth proposing.
const leastContext = 1024

// contextBlock is the grain of [LongestContext], in tokens.
const contextBlock = 256

// LongestContext is the largest MaxModelLen with which the deployment fits, all
// else unchanged: the model's maximum, or a multiple of 256 tokens, or the
// length asked for when that lies above the last multiple. 0: not one block
// fits. Longer contexts never need less, so that a bisection over [Fit] finds
// it. Errors are those of [Resolve].
func LongestContext(d Deployment) (int, error) {
	d.explain = false
	d, err := Prepare(d)
	if err != nil {
		return 0, err
	}
	asked := d.Options.MaxModelLen
	fits := func(n int) bool {
		d.Options.MaxModelLen = n
		var l Ledger
		if l, err = Fit(d); err != nil {
			return false
		}
		return l.Fits
	}
	most := max(d.Model.MaxContext, asked)
	if most <= 0 {
		return 0, nil // neither the model nor the user names a length
	}
	if fits(most) || err != nil {
		return most, err
	}
	low, high := 0, (most-1)/contextBlock
	for low < high {
		if mid := (low + high + 1) / 2; fits(mid * contextBlock) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if longest := low * contextBlock; asked <= longest || !fits(asked) {
		return longest, err
	}
	return asked, err
}
