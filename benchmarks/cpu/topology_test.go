package cpu

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/probe"
)

func TestCoresComeFirst(t *testing.T) {
	dir := t.TempDir()
	for id, siblings := range []string{"0,2", "1,3", "0,2", "1,3", ""} { // nothing is known of CPU 4
		topology := filepath.Join(dir, "cpu"+strconv.Itoa(id), "topology")
		if err := os.MkdirAll(topology, 0o755); err != nil {
			t.Fatal(err)
		}
		name := []string{"core_cpus_list", "thread_siblings_list"}[id%2]
		if err := os.WriteFile(filepath.Join(topology, name), []byte(siblings+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		allowed, want []int
		cores         int
	}{
		{[]int{0, 1, 2, 3, 4}, []int{0, 1, 4, 2, 3}, 3},
		{[]int{2, 3}, []int{2, 3}, 2},
		{[]int{1, 3}, []int{1, 3}, 1},
		{[]int{7, 8}, []int{7, 8}, 2},
	} {
		got, cores := coresFirst(dir, c.allowed)
		if !slices.Equal(got, c.want) || cores != c.cores {
			t.Errorf("of %v: %v with %d cores, want %v with %d", c.allowed, got, cores, c.want, c.cores)
		}
	}
}

func TestSpreadOverCores(t *testing.T) {
	cpus := []int{0, 1, 2, 3, 8, 9, 10, 11} // four cores, then their siblings
	for n, want := range map[int][]int{1: {0}, 2: {0, 2}, 4: {0, 1, 2, 3}, 6: {0, 1, 2, 3, 8, 9}} {
		if got := spread(cpus, 4, n); !slices.Equal(got, want) {
			t.Errorf("%d of them: %v, want %v", n, got, want)
		}
	}
}

func TestQuotaLowersThreads(t *testing.T) {
	most := runtime.GOMAXPROCS(0)
	if most < 2 {
		t.Skip("GOMAXPROCS is 1")
	}
	for _, c := range []struct {
		quota   float64
		asked   bool
		threads int
		warning string
	}{
		{0, false, 2, ""},
		{2, false, 2, ""},
		{1.5, false, 1, "quota of 1.5 CPUs"},
		{0.5, false, 1, "quota of 0.5 CPUs"},
		{1.5, true, 2, "they are stopped"},
	} {
		var p places
		got := p.limit(2, c.asked, probe.Limits{CPUs: c.quota})
		said := strings.Join(p.warnings, "; ")
		if got != c.threads || (said == "") != (c.warning == "") || !strings.Contains(said, c.warning) {
			t.Errorf("quota %v, asked %v: %d threads, %q", c.quota, c.asked, got, said)
		}
	}
	var p places
	if got := p.limit(most+1, true, probe.Limits{}); got != most || len(p.warnings) != 1 {
		t.Errorf("beyond GOMAXPROCS: %d threads, %q", got, p.warnings)
	}
}

func TestWorkersByNode(t *testing.T) {
	workers := []*worker{{cpu: 0}, {cpu: 5}, {cpu: 1}}
	groups := byNode(workers, []probe.NUMANode{{ID: 0, CPUs: "0-3"}, {ID: 1, CPUs: "4-7"}, {ID: 2}})
	if len(groups[0]) != 2 || len(groups[1]) != 1 || groups[1][0].cpu != 5 || len(groups[2]) != 0 {
		t.Errorf("groups: %v", groups)
	}
}
