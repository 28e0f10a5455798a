package probe

import (
	"errors"
	"slices"
	"strconv"
	"testing"
)

// recordedSysctl answers from a table of texts.
type recordedSysctl map[string]string

func (s recordedSysctl) text(name string) (string, bool) { v, ok := s[name]; return v, ok }

func (s recordedSysctl) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(s[name], 10, 64)
	return n, err == nil
}

func TestAppleGPU(t *testing.T) {
	mac := func(memory, wired string) recordedSysctl {
		return recordedSysctl{
			"machdep.cpu.brand_string": "Apple M3 Max", "hw.memsize": memory,
			"iogpu.wired_limit_mb": wired, "kern.osproductversion": "15.5",
		}
	}
	for _, c := range []struct {
		name     string
		sysctl   recordedSysctl
		total    int64
		reserved int64
	}{
		{"128 GiB, three quarters for the GPU", mac("137438953472", "0"), 128 << 30, 32 << 30},
		{"36 GiB, two thirds", mac("38654705664", "0"), 36 << 30, 12 << 30},
		{"limit raised to 120 GiB", mac("137438953472", "122880"), 128 << 30, 8 << 30},
		{"limit beyond memory", mac("137438953472", "200000"), 128 << 30, 0},
	} {
		a, err := appleGPU(c.sysctl)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if a.Name != "Apple M3 Max" || !a.UnifiedMemory || a.MemoryTotalBytes != c.total || a.MemoryReservedBytes != c.reserved {
			t.Errorf("%s: %s, %d bytes, %d reserved, want %d, %d", c.name, a.Name, a.MemoryTotalBytes, a.MemoryReservedBytes, c.total, c.reserved)
		}
	}
}

func TestAppleFreeMemory(t *testing.T) {
	h := tree(t, "-- proc/meminfo --\nMemTotal: 134217728 kB\nMemFree: 1 kB\nMemAvailable: 52428800 kB\n")
	s := recordedSysctl{"machdep.cpu.brand_string": "Apple M3 Max", "hw.memsize": "137438953472"}
	a := collect(t, appleCollector{h, s}).Accelerators[0]
	if *a.MemoryFreeBytes != 50<<30 { // 96 GiB would be allowed, 50 GiB are available
		t.Errorf("free %d, want %d", *a.MemoryFreeBytes, int64(50<<30))
	}
}

func TestAppleAbsent(t *testing.T) {
	h := tree(t, "")
	for name, s := range map[string]sysctl{
		"no macOS":  nil,
		"Intel Mac": recordedSysctl{"machdep.cpu.brand_string": "Intel(R) Core(TM) i9-9980HK CPU @ 2.40GHz"},
	} {
		if err := (appleCollector{h, s}).Collect(t.Context(), &Machine{}); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: error %v, want ErrAbsent", name, err)
		}
	}
}

func TestAppleCPU(t *testing.T) {
	c := CPU{Model: "Apple M4", ISA: []string{"neon"}}
	appleCPU(&c, recordedSysctl{
		"hw.perflevel0.l1dcachesize": "131072", "hw.perflevel0.l2cachesize": "16777216",
		"hw.optional.AdvSIMD": "1", "hw.optional.arm.FEAT_I8MM": "1", "hw.optional.arm.FEAT_BF16": "1", "hw.optional.arm.FEAT_SME": "0",
	})
	if want := []string{"neon", "i8mm", "bf16"}; !slices.Equal(c.ISA, want) || c.L1dBytes != 128<<10 || c.L2Bytes != 16<<20 || c.Vendor != "Apple" {
		t.Errorf("%+v, want ISA %v", c, want)
	}
}
