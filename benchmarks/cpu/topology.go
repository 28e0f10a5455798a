package cpu

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// sysCPU is where Linux describes its CPUs.
const sysCPU = "/sys/devices/system/cpu"

// places is where a team runs.
type places struct {
	cpus     []int // one thread each
	known    bool  // false: cpus are not numbers of the system's, only a count
	warnings []string
}

// choose finds the CPUs for a run: those that the process may use, one of each
// core first.
func choose(o Options) (places, error) {
	var p places
	all, cores := o.count()
	allowed, err := allowedCPUs()
	if err == nil {
		p.known = true
		p.cpus, cores = coresFirst(sysCPU, allowed)
	} else {
		p.warn("%v: threads run where the system puts them", err)
		for id := range max(all, 1) {
			p.cpus = append(p.cpus, id)
		}
	}
	threads := min(cores, len(p.cpus))
	if o.Threads > len(p.cpus) {
		return p, fmt.Errorf("cpu: %d threads: this process may use %d CPUs", o.Threads, len(p.cpus))
	}
	if o.Threads > 0 {
		threads = o.Threads
	}
	threads = p.limit(threads, o.Threads > 0, o.Machine.Limits)
	p.cpus = spread(p.cpus, cores, threads)
	return p, nil
}

// limit lowers the number of threads to what runs at the same time.
func (p *places) limit(threads int, asked bool, l probe.Limits) int {
	if l.CPUs > 0 && l.CPUs < float64(threads) {
		if asked {
			p.warn("the container's quota of %.3g CPUs is below the %d threads: they are stopped while they run", l.CPUs, threads)
		} else {
			p.warn("the container's quota of %.3g CPUs is below the %d cores: figures are for fewer threads", l.CPUs, threads)
			threads = max(1, int(l.CPUs))
		}
	}
	if most := runtime.GOMAXPROCS(0); most < threads {
		p.warn("GOMAXPROCS is %d: %d threads cannot run at once", most, threads)
		threads = most
	}
	return threads
}

func (p *places) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// count is what the probe or else the runtime says of CPUs and cores.
func (o Options) count() (all, cores int) {
	all, cores = o.Machine.CPU.Threads, o.Machine.CPU.Cores
	if all == 0 {
		all = runtime.NumCPU()
	}
	if cores == 0 {
		cores = all
	}
	return all, cores
}

// coresFirst orders CPUs so that the first of each core come first, and counts
// the cores. Threads of a core have the same list of siblings. Where dir does
// not tell, each CPU is a core.
func coresFirst(dir string, allowed []int) (ordered []int, cores int) {
	seen := make(map[string]bool)
	var siblings []int
	for _, id := range allowed {
		core := siblingsOf(dir, id)
		if core != "" && seen[core] {
			siblings = append(siblings, id)
			continue
		}
		seen[core] = true
		ordered = append(ordered, id)
	}
	return append(ordered, siblings...), len(ordered)
}

// siblingsOf is the list of CPUs that share a core, as the kernel writes it.
func siblingsOf(dir string, id int) string {
	topology := filepath.Join(dir, "cpu"+strconv.Itoa(id), "topology")
	for _, name := range []string{"core_cpus_list", "thread_siblings_list"} { // the second is its name before Linux 5.3
		if text, err := os.ReadFile(filepath.Join(topology, name)); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return ""
}

// spread takes n of the CPUs, of which the first are cores: evenly over the
// cores, and so over the nodes, while there are enough.
func spread(cpus []int, cores, n int) []int {
	if n >= cores {
		return cpus[:n]
	}
	var taken []int
	for i := range n {
		taken = append(taken, cpus[i*cores/n])
	}
	return taken
}

// byNode sorts workers by memory node: node id to its workers, empty where the
// threads are not pinned.
func byNode(workers []*worker, nodes []probe.NUMANode) map[int][]*worker {
	groups := make(map[int][]*worker)
	for _, n := range nodes {
		ids := n.CPUIDs()
		for _, w := range workers {
			if slices.Contains(ids, w.cpu) {
				groups[n.ID] = append(groups[n.ID], w)
			}
		}
	}
	return groups
}
