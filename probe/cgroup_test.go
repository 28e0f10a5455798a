package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const cgroup2Mount = `
-- proc/self/mountinfo --
30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
`

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, tree string
		want       Limits
	}{
		{"v2 nested: the slice above leaves less than the container's own limit", cgroup2Mount + `
-- proc/self/cgroup --
0::/machine.slice/llm.slice/app.scope
-- sys/devices/system/cpu/online --
0-15
-- sys/fs/cgroup/machine.slice/llm.slice/* --
memory.max 68719476736
memory.high max
memory.current 60000000000
memory.stat anon 50000000000\ninactive_file 4000000000\nslab_reclaimable 1000000000\nslab_unreclaimable 7
cpu.max 800000 100000
cpuset.cpus.effective 0-7
-- sys/fs/cgroup/machine.slice/llm.slice/app.scope/* --
memory.max 34359738368
memory.high max
memory.current 2000000000
memory.stat inactive_file 500000000
cpu.max max 100000
`, Limits{CgroupVersion: 2, MemoryBytes: 68719476736, MemoryUsed: 55000000000, CPUs: 8, CPUSet: "0-7"}},

		{"v2 in a container: its group is the root of what it sees", cgroup2Mount + `
-- proc/self/cgroup --
0::/
-- sys/fs/cgroup/* --
memory.max 8589934592
memory.high 6442450944
memory.current 1000000000
memory.stat inactive_file 2000000000
cpu.max 150000 100000
`, Limits{CgroupVersion: 2, MemoryBytes: 6442450944, CPUs: 1.5}},

		{"v2 without limits", cgroup2Mount + `
-- proc/self/cgroup --
0::/user.slice
-- sys/fs/cgroup/user.slice/* --
memory.max max
memory.high max
memory.current 5
cpu.max max 100000
`, Limits{CgroupVersion: 2}},

		{"v1 in a container that sees only its own group", `
-- proc/self/mountinfo --
33 30 0:29 /docker/4f5 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
34 30 0:30 /docker/4f5 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
35 30 0:31 /docker/4f5 /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset
-- proc/self/cgroup --
5:memory:/docker/4f5
4:cpu,cpuacct:/docker/4f5
3:cpuset:/docker/4f5
-- sys/devices/system/cpu/online --
0-63
-- sys/fs/cgroup/memory/* --
memory.limit_in_bytes 17179869184
memory.usage_in_bytes 9000000000
memory.stat inactive_file 1\ntotal_inactive_file 3000000000
-- sys/fs/cgroup/cpu,cpuacct/* --
cpu.cfs_quota_us 400000
cpu.cfs_period_us 100000
-- sys/fs/cgroup/cpuset/* --
cpuset.cpus 0-3,32-35
`, Limits{CgroupVersion: 1, MemoryBytes: 17179869184, MemoryUsed: 6000000000, CPUs: 4, CPUSet: "0-3,32-35"}},

		{"v1 nested beside an empty v2 hierarchy, no limit but the parent's", `
-- proc/self/mountinfo --
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
-- proc/self/cgroup --
4:memory:/jobs/17
1:cpu:/
0::/
-- sys/fs/cgroup/memory/* --
memory.limit_in_bytes 9223372036854771712
memory.usage_in_bytes 20000000000
-- sys/fs/cgroup/memory/jobs/* --
memory.limit_in_bytes 12000000000
memory.usage_in_bytes 3000000000
memory.stat total_inactive_file 1000000000
-- sys/fs/cgroup/memory/jobs/17/* --
memory.limit_in_bytes 9223372036854771712
memory.usage_in_bytes 3000000000
-- sys/fs/cgroup/cpu/* --
cpu.cfs_quota_us -1
cpu.cfs_period_us 100000
`, Limits{CgroupVersion: 1, MemoryBytes: 12000000000, MemoryUsed: 2000000000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := collect(t, cgroupCollector{tree(t, c.tree)})
			if diff := cmp.Diff(c.want, m.Limits); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGroupDirsStayInsideTheMount(t *testing.T) {
	mounts := []mount{{fsType: "cgroup2", root: "/kubepods/pod1", point: "/sys/fs/cgroup"}}
	for group, want := range map[string][]string{
		"/kubepods/pod1/c1": {"/sys/fs/cgroup/c1", "/sys/fs/cgroup"},
		"/kubepods/pod1":    {"/sys/fs/cgroup"},
		"/kubepods/pod11":   {"/sys/fs/cgroup"}, // a sibling that is out of sight
		"/../../system":     {"/sys/fs/cgroup"},
		"/":                 {"/sys/fs/cgroup"},
	} {
		if diff := cmp.Diff(want, groupDirs(mounts, map[string]string{"": group}, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", group, diff)
		}
	}
}

func TestUsableMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		memory Memory
		limits Limits
		want   int64
	}{
		{"no limit", Memory{TotalBytes: 100, AvailableBytes: ptr(int64(60))}, Limits{}, 60},
		{"the limit is tighter", Memory{TotalBytes: 100, AvailableBytes: ptr(int64(60))}, Limits{MemoryBytes: 50, MemoryUsed: 20}, 30},
		{"the host is tighter", Memory{TotalBytes: 100, AvailableBytes: ptr(int64(60))}, Limits{MemoryBytes: 90, MemoryUsed: 20}, 60},
		{"limit overrun", Memory{TotalBytes: 100, AvailableBytes: ptr(int64(60))}, Limits{MemoryBytes: 50, MemoryUsed: 55}, 0},
		{"available unknown", Memory{TotalBytes: 100}, Limits{}, 100},
		{"only the limit known", Memory{}, Limits{MemoryBytes: 50, MemoryUsed: 20}, 30},
		{"nothing known", Memory{}, Limits{}, 0},
	} {
		m := Machine{Memory: c.memory, Limits: c.limits}
		got, why := m.UsableMemory()
		if got != c.want || why == "" {
			t.Errorf("%s: %d (%s), want %d", c.name, got, why, c.want)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add("36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n", "/mnt 2/x")
	f.Add("1 2 3:4 / \\", "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		mounts := parseMounts(text)
		if m, ok := mountOf(mounts, path); ok && m.fsType == "" {
			t.Errorf("a mount without a type: %+v", m)
		}
	})
}

func FuzzParseCgroups(f *testing.F) {
	f.Add("4:memory,cpu:/a/b\n0::/c\n")
	f.Add(":://..")
	f.Fuzz(func(t *testing.T, text string) {
		groups := parseCgroups(text)
		mounts := []mount{{fsType: "cgroup2", root: "/", point: "/sys/fs/cgroup"}}
		for _, dir := range groupDirs(mounts, groups, "") {
			if len(dir) < len("/sys/fs/cgroup") && dir != "/" {
				t.Errorf("%q is outside the mount", dir)
			}
		}
	})
}
