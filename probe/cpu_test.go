package probe

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCPUTwoSocketEPYC(t *testing.T) {
	h := recorded(t, "epyc_2s")
	want := CPU{
		Vendor: "AuthenticAMD", Model: "AMD EPYC 9554 64-Core Processor",
		Sockets: 2, Cores: 8, Threads: 16, MaxMHz: 3762.988,
		L1dBytes: 32 << 10, L2Bytes: 1 << 20, L3Bytes: 4 * 32 << 20, // two of 32 MiB a socket
		ISA: []string{"avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx512_bf16"},
		NUMA: []NUMANode{
			{ID: 0, CPUs: "0-3,8-11", MemoryBytes: 263846920 << 10, FreeBytes: ptr(int64(200000000 << 10))},
			{ID: 1, CPUs: "4-7,12-15", MemoryBytes: 264231428 << 10, FreeBytes: ptr(int64(1000 << 10))},
		},
	}
	if diff := cmp.Diff(want, collect(t, cpuCollector{h, nil}).CPU); diff != "" {
		t.Errorf("CPU (-want +got):\n%s", diff)
	}
	wantMemory := Memory{
		TotalBytes: 528078348 << 10, AvailableBytes: ptr(int64(201001000 << 10)),
		SwapTotalBytes: 8388604 << 10, SwapFreeBytes: ptr(int64(8388604 << 10)),
	}
	if diff := cmp.Diff(wantMemory, collect(t, memoryCollector{h}).Memory); diff != "" {
		t.Errorf("memory (-want +got):\n%s", diff)
	}
}

func TestCPUWithoutSysfs(t *testing.T) {
	h := tree(t, `
-- proc/cpuinfo --
processor	: 0
vendor_id	: GenuineIntel
model name	: Intel(R) Xeon(R) Platinum 8480+
physical id	: 0
core id		: 0
cpu cores	: 2
cpu MHz		: 2000.000
flags		: hypervisor amx_tile amx_int8 amx_bf16 avx_vnni

processor	: 1
vendor_id	: GenuineIntel
model name	: Intel(R) Xeon(R) Platinum 8480+
physical id	: 0
core id		: 1
cpu cores	: 2
cpu MHz		: 2000.000
flags		: hypervisor amx_tile amx_int8 amx_bf16 avx_vnni

`)
	c := collect(t, cpuCollector{h, nil}).CPU
	if c.Sockets != 1 || c.Cores != 2 || c.Threads != 2 || c.MaxMHz != 2000 {
		t.Errorf("%d sockets, %d cores, %d threads, %g MHz", c.Sockets, c.Cores, c.Threads, c.MaxMHz)
	}
	if want := []string{"avx_vnni", "amx_tile", "amx_int8", "amx_bf16"}; !slices.Equal(c.ISA, want) {
		t.Errorf("ISA %v, want %v", c.ISA, want)
	}
}

func TestARMFeatures(t *testing.T) {
	h := tree(t, "-- proc/cpuinfo --\nprocessor\t: 0\nFeatures\t: fp asimd asimddp sve sve2 i8mm bf16 svei8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n\n")
	c := collect(t, cpuCollector{h, nil}).CPU
	if want := []string{"neon", "dotprod", "i8mm", "bf16", "sve", "sve2"}; !slices.Equal(c.ISA, want) || c.Model != "Neoverse-V2" {
		t.Errorf("%q has %v, want %v", c.Model, c.ISA, want)
	}
}

func TestRunningISANamesAreKnown(t *testing.T) {
	for _, name := range runningISA() {
		if !slices.ContainsFunc(isaNames, func(i struct{ flag, name string }) bool { return i.name == name }) {
			t.Errorf("%q is not among the names that files give", name)
		}
	}
}

func TestParseCPUList(t *testing.T) {
	for in, want := range map[string][]int{
		"0-3,8,10-11": {0, 1, 2, 3, 8, 10, 11}, "0": {0}, "": nil, "3-1": nil, "x,2": {2}, "0-99999999": nil, "1,1-2": {1, 2},
	} {
		if got := parseCPUList(in); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestParseCacheSize(t *testing.T) {
	for in, want := range map[string]int64{"1024K": 1 << 20, "32M": 32 << 20, "64": 64, "": 0, "K": 0, "1KM": 0, "-1K": 0} {
		if got := parseCacheSize(in); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

func FuzzParseCPUList(f *testing.F) {
	f.Add("0-3,8")
	f.Fuzz(func(t *testing.T, s string) {
		ids := parseCPUList(s)
		if !slices.IsSorted(ids) || len(ids) > 0 && (ids[0] < 0 || ids[len(ids)-1] >= maxCPUs) {
			t.Errorf("%q: %v", s, ids)
		}
	})
}

func TestNodeListsItsCPUs(t *testing.T) {
	if got, want := (NUMANode{CPUs: "8-9,0-1"}).CPUIDs(), []int{0, 1, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("CPUs %v, want %v", got, want)
	}
}
