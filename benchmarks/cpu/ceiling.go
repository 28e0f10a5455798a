package cpu

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// tolerance is how far above a ceiling a figure may lie: clocks are not exact.
const tolerance = 1.05

// Arrays are this many times the last-level cache, as STREAM's rules ask
// (McCalpin, cs.virginia.edu/stream/ref.html); below enough of them, the
// cache may have served a good part and the figure is refused.
const (
	wantedCaches = 4
	enoughCaches = 2
)

// lastLevel is the size of the last-level caches together, 0 when unknown.
func lastLevel(c probe.CPU) int64 {
	return max(c.L3Bytes, c.L2Bytes*int64(c.Cores))
}

// refuseBandwidth says why a rate over an array cannot be that of memory, ""
// when nothing speaks against it. cache and peak are 0 when unknown.
func refuseBandwidth(gbps float64, array, cache int64, peak float64) string {
	if cache > 0 && array < enoughCaches*cache {
		return fmt.Sprintf("refused: %.1f GB/s over arrays of %d bytes, which are not well beyond the last-level cache of %d bytes", gbps, array, cache)
	}
	if peak > 0 && gbps > tolerance*peak {
		return fmt.Sprintf("refused: %.1f GB/s is above the %.1f GB/s that the memory can deliver", gbps, peak)
	}
	return ""
}

// refuseCompute says why a rate cannot be, "" when nothing speaks against it.
// ceiling is 0 when unknown.
func refuseCompute(gflops, ceiling float64) string {
	if ceiling > 0 && gflops > tolerance*ceiling {
		return fmt.Sprintf("refused: %.0f GFLOP/s is above the %.0f that lanes, units and clock allow", gflops, ceiling)
	}
	return ""
}

// chainAdds is the length of the chain that the clock is read by: about a
// millisecond.
const chainAdds = 4 << 20

// clockGHz counts how many dependent additions, one a cycle, the calling
// thread makes in a nanosecond; the best of some tries. 0: there is no such
// kernel for this processor.
func clockGHz(chain func(n int)) float64 {
	if chain == nil {
		return 0
	}
	best := 0.0
	for range 15 {
		start := time.Now()
		chain(chainAdds)
		if d := time.Since(start); d > 0 {
			best = max(best, chainAdds/float64(d.Nanoseconds()))
		}
	}
	return best
}
