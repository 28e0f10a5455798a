package probe

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// cgroupCollector reads what the control groups of this process allow.
type cgroupCollector struct{ h *host }

func (c cgroupCollector) Name() string { return "cgroup" }

func (c cgroupCollector) Collect(_ context.Context, m *Machine) error {
	var err error
	m.Limits, err = c.h.limits()
	return err
}

// noLimitV1 is where a cgroup v1 limit stops being one: without a limit the
// kernel shows the largest counter, 2^63 rounded down to a page.
const noLimitV1 = 1 << 60

// limits reads the limits that hold for this process. A limit of any group on
// the way up holds too, so each is the tightest of the way: of memory the
// group that leaves the least, of CPU time the smallest quota.
func (h *host) limits() (Limits, error) {
	mounts := parseMounts(h.read("/proc/self/mountinfo"))
	groups := parseCgroups(h.read("/proc/self/cgroup"))
	if len(groups) == 0 {
		return Limits{}, fmt.Errorf("no control groups: %w", ErrAbsent)
	}
	var l Limits
	if dirs := groupDirs(mounts, groups, "memory"); dirs != nil {
		l.CgroupVersion = 1
		h.tightenMemory(&l, dirs, h.memoryV1)
	} else if dirs := groupDirs(mounts, groups, ""); dirs != nil {
		l.CgroupVersion = 2
		h.tightenMemory(&l, dirs, h.memoryV2)
	}
	if dirs := groupDirs(mounts, groups, "cpu"); dirs != nil {
		h.tightenCPU(&l, dirs, h.quotaV1)
	} else {
		h.tightenCPU(&l, groupDirs(mounts, groups, ""), h.quotaV2)
	}
	l.CPUSet = h.cpuSet(groupDirs(mounts, groups, "cpuset"), groupDirs(mounts, groups, ""))
	return l, nil
}

// parseCgroups reads /proc/self/cgroup, lines of "4:memory:/path": the path of
// this process by controller. The unified hierarchy of v2 has the key "".
func parseCgroups(text string) map[string]string {
	groups := make(map[string]string)
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			groups[controller] = parts[2]
		}
	}
	return groups
}

// groupDirs returns the directories of this process's group of a controller
// and of all groups above it that this process can see, the innermost first;
// nil where the hierarchy is not mounted.
func groupDirs(mounts []mount, groups map[string]string, controller string) []string {
	group, ok := groups[controller]
	if !ok {
		return nil
	}
	for _, m := range mounts {
		if controller == "" && m.fsType != "cgroup2" {
			continue
		}
		if controller != "" && (m.fsType != "cgroup" || !m.hasSuperOption(controller)) {
			continue
		}
		// In a container the mount may show only a part of the hierarchy, and the
		// group may be named from a root that is not visible: then the mount point
		// itself is the group.
		below, ok := strings.CutPrefix(group+"/", strings.TrimSuffix(m.root, "/")+"/")
		if !ok || strings.HasPrefix(group, "/..") {
			below = ""
		}
		var dirs []string
		for dir := path.Join(m.point, path.Clean("/"+below)); ; dir = path.Dir(dir) { // ".." stays inside the mount
			dirs = append(dirs, dir)
			if dir == m.point || dir == "/" {
				return dirs
			}
		}
	}
	return nil
}

// tightenMemory keeps the limit and use of the group that leaves the least.
func (h *host) tightenMemory(l *Limits, dirs []string, read func(dir string) (limit, used int64)) {
	for _, dir := range dirs {
		limit, used := read(dir)
		if limit == 0 {
			continue
		}
		if l.MemoryBytes == 0 || limit-used < l.MemoryBytes-l.MemoryUsed {
			l.MemoryBytes, l.MemoryUsed = limit, used
		}
	}
}

// memoryV2 takes the lower of the hard limit and of memory.high, beyond which
// the kernel throttles the group nearly to a halt. Inactive page cache and
// reclaimable slab make room on demand, so they are not in use.
func (h *host) memoryV2(dir string) (limit, used int64) {
	for _, file := range []string{"/memory.max", "/memory.high"} {
		if n, ok := h.readInt(dir + file); ok && (limit == 0 || n < limit) { // "max" is no number
			limit = n
		}
	}
	current, _ := h.readInt(dir + "/memory.current")
	stat := parseProperties(h.read(dir + "/memory.stat"))
	return limit, max(0, current-int64(stat["inactive_file"])-int64(stat["slab_reclaimable"]))
}

func (h *host) memoryV1(dir string) (limit, used int64) {
	limit, _ = h.readInt(dir + "/memory.limit_in_bytes")
	if limit >= noLimitV1 {
		limit = 0
	}
	usage, _ := h.readInt(dir + "/memory.usage_in_bytes")
	stat := parseProperties(h.read(dir + "/memory.stat"))
	return limit, max(0, usage-int64(stat["total_inactive_file"]))
}

func (h *host) tightenCPU(l *Limits, dirs []string, read func(dir string) float64) {
	for _, dir := range dirs {
		if cpus := read(dir); cpus > 0 && (l.CPUs == 0 || cpus < l.CPUs) {
			l.CPUs = cpus
		}
	}
}

// quotaV2 reads cpu.max, "200000 100000" or "max 100000": quota and period.
func (h *host) quotaV2(dir string) float64 {
	quota, period, _ := strings.Cut(h.read(dir+"/cpu.max"), " ")
	return cpuQuota(quota, period)
}

func (h *host) quotaV1(dir string) float64 {
	return cpuQuota(h.read(dir+"/cpu.cfs_quota_us"), h.read(dir+"/cpu.cfs_period_us"))
}

// cpuQuota returns quota/period in CPUs, 0 where there is no limit.
func cpuQuota(quota, period string) float64 {
	q, errQ := strconv.ParseInt(quota, 10, 64)
	p, errP := strconv.ParseInt(period, 10, 64)
	if errQ != nil || errP != nil || q <= 0 || p <= 0 {
		return 0
	}
	return float64(q) / float64(p)
}

// cpuSet returns the CPUs that this process may use, "" when it may use all.
func (h *host) cpuSet(v1, v2 []string) string {
	set := ""
	if len(v1) > 0 {
		set = h.read(v1[0] + "/cpuset.effective_cpus")
		if set == "" {
			set = h.read(v1[0] + "/cpuset.cpus")
		}
	} else {
		for _, dir := range v2 { // a group without the controller inherits
			if set = h.read(dir + "/cpuset.cpus.effective"); set != "" {
				break
			}
		}
	}
	if set == h.read("/sys/devices/system/cpu/online") {
		return ""
	}
	return set
}
