package cpu

import (
	"testing"

	"github.com/plimsoll-dev/plimsoll/probe"
)

func TestRefusals(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name              string
		gbps, peak        float64
		array, cache      int64
		flops, ceiling    float64
		bandwidth, comput bool // refused
	}{
		{name: "nothing known", gbps: 900, array: mib, flops: 1e9},
		{name: "well beyond the cache", gbps: 100, array: 128 * mib, cache: 32 * mib, peak: 100, flops: 99, ceiling: 100},
		{name: "inside the cache", gbps: 100, array: 16 * mib, cache: 32 * mib, bandwidth: true},
		{name: "half of it cached", gbps: 100, array: 63 * mib, cache: 32 * mib, bandwidth: true},
		{name: "within the tolerance", gbps: 104, array: mib, peak: 100, flops: 104, ceiling: 100},
		{name: "too fast", gbps: 106, array: mib, peak: 100, flops: 106, ceiling: 100, bandwidth: true, comput: true},
	} {
		if why := refuseBandwidth(c.gbps, c.array, c.cache, c.peak); (why != "") != c.bandwidth {
			t.Errorf("%s: bandwidth: %q", c.name, why)
		}
		if why := refuseCompute(c.flops, c.ceiling); (why != "") != c.comput {
			t.Errorf("%s: compute: %q", c.name, why)
		}
	}
}

func TestLastLevel(t *testing.T) {
	for _, c := range []struct {
		cpu  probe.CPU
		want int64
	}{
		{probe.CPU{}, 0},
		{probe.CPU{L3Bytes: 32 << 20, L2Bytes: 1 << 20, Cores: 8}, 32 << 20},
		{probe.CPU{L2Bytes: 16 << 20, Cores: 2}, 32 << 20}, // no third level
	} {
		if got := lastLevel(c.cpu); got != c.want {
			t.Errorf("%+v: %d, want %d", c.cpu, got, c.want)
		}
	}
}

func TestArrayBytes(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		memory, cache int64
		threads       int
		want          int64
	}{
		{64 << 30, 0, 2, unknownCacheArray},
		{64 << 30, 256 * mib, 4, 1024 * mib},
		{64 << 30, 8 * mib, 4, minArray},
		{300 * mib, 256 * mib, 4, 100 * mib},
		{300 * mib, 256 * mib, 3, 100*mib/3/arrayGrain*3*arrayGrain + 0},
		{16 * mib, 0, 1, 16 * mib / 3 / arrayGrain * arrayGrain},
	} {
		got := arrayBytes(c.memory, c.cache, c.threads)
		if got != c.want {
			t.Errorf("memory %d, cache %d, %d threads: %d, want %d", c.memory, c.cache, c.threads, got, c.want)
		}
		if 3*got > c.memory || got%int64(c.threads*arrayGrain) != 0 {
			t.Errorf("memory %d, %d threads: arrays of %d", c.memory, c.threads, got)
		}
	}
}

// TestClock holds the clock to what processors have.
func TestClock(t *testing.T) {
	chain := detect().chain
	if chain == nil {
		t.Skip("no chain for this processor")
	}
	if got := clockGHz(chain); got < 0.05 || got > 8 { // emulators are slow
		t.Errorf("%v GHz", got)
	}
}
