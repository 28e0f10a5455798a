package probe

import (
	"slices"
	"strconv"
	"strings"
)

const (
	cpuDir  = "/sys/devices/system/cpu"
	nodeDir = "/sys/devices/system/node"
)

// cpuTopology counts sockets, cores and threads, and sums up the caches.
func (h *host) cpuTopology(c *CPU) {
	packages, cores := make(map[string]bool), make(map[string]bool)
	lastLevel := make(map[int]bool) // CPUs whose third-level cache is counted
	for _, id := range parseCPUList(h.read(cpuDir + "/online")) {
		dir := cpuDir + "/cpu" + strconv.Itoa(id)
		siblings := h.read(dir + "/topology/core_cpus_list")
		if siblings == "" {
			siblings = h.read(dir + "/topology/thread_siblings_list") // its name before Linux 5.3
		}
		if siblings == "" {
			continue
		}
		if c.Threads == 0 {
			c.L1dBytes, c.L2Bytes = h.coreCaches(dir + "/cache")
		}
		c.Threads++
		cores[siblings] = true
		packages[h.read(dir+"/topology/physical_package_id")] = true
		if !lastLevel[id] {
			size, shared := h.thirdLevel(dir + "/cache")
			c.L3Bytes += size
			for _, other := range shared {
				lastLevel[other] = true
			}
		}
	}
	c.Sockets, c.Cores = len(packages), len(cores)
}

// coreCaches returns the sizes of the caches of one core.
func (h *host) coreCaches(dir string) (l1d, l2 int64) {
	for _, index := range h.list(dir) {
		cache := dir + "/" + index
		size := parseCacheSize(h.read(cache + "/size"))
		switch level, kind := h.read(cache+"/level"), h.read(cache+"/type"); {
		case level == "1" && kind == "Data":
			l1d = size
		case level == "2":
			l2 = size
		}
	}
	return l1d, l2
}

// thirdLevel returns the size of the third-level cache of a CPU and the CPUs
// that share it.
func (h *host) thirdLevel(dir string) (size int64, shared []int) {
	const index = "/index3" // Linux numbers L1d, L1i, L2, L3 so wherever there is an L3
	if h.read(dir+index+"/level") != "3" {
		return 0, nil
	}
	return parseCacheSize(h.read(dir + index + "/size")), parseCPUList(h.read(dir + index + "/shared_cpu_list"))
}

// parseCacheSize reads "1024K" or "32M", in bytes.
func parseCacheSize(s string) int64 {
	digits := strings.TrimRight(s, "KMG")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	switch strings.TrimPrefix(s, digits) {
	case "":
		return n
	case "K":
		return n << 10
	case "M":
		return n << 20
	case "G":
		return n << 30
	default:
		return 0
	}
}

// maxCPUs bounds a list: the kernel builds for at most 8192 processors.
const maxCPUs = 1 << 14

// parseCPUList reads the kernel's list form, "0-3,8,10-11". Parts that are not
// of this form are left out.
func parseCPUList(s string) []int {
	var ids []int
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		if errA != nil || errB != nil || a < 0 || b >= maxCPUs {
			continue
		}
		for id := a; id <= b; id++ {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// CPUIDs are the numbers of the node's CPUs, in order.
func (n NUMANode) CPUIDs() []int { return parseCPUList(n.CPUs) }

// numaNodes reads the memory domains.
func (h *host) numaNodes() []NUMANode {
	var nodes []NUMANode
	for _, name := range h.list(nodeDir) {
		number, ok := strings.CutPrefix(name, "node")
		id, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		dir := nodeDir + "/" + name
		node := NUMANode{ID: id, CPUs: h.read(dir + "/cpulist")}
		for line := range strings.Lines(h.read(dir + "/meminfo")) {
			// Node 0 MemTotal:       263846920 kB
			fields := strings.Fields(line)
			if len(fields) < 4 {
				continue
			}
			kib, err := strconv.ParseInt(fields[3], 10, 64)
			if err != nil {
				continue
			}
			bytes := kib << 10
			switch fields[2] {
			case "MemTotal:":
				node.MemoryBytes = bytes
			case "MemFree:":
				node.FreeBytes = &bytes
			}
		}
		nodes = append(nodes, node)
	}
	slices.SortFunc(nodes, func(a, b NUMANode) int { return a.ID - b.ID })
	return nodes
}
