package probe

import (
	"context"
	"runtime"
	"strings"
)

// osCollector reads the operating system, the hypervisor and the container.
type osCollector struct{ h *host }

func (c osCollector) Name() string { return "os" }

func (c osCollector) Collect(ctx context.Context, m *Machine) error {
	m.OS = OS{Name: runtime.GOOS, Arch: runtime.GOARCH}
	if !c.h.linux() {
		var err error
		m.OS.Distribution, m.OS.Kernel, err = systemVersion(ctx)
		return err
	}
	m.OS.Name = "linux"
	m.OS.Distribution = distribution(c.h.read("/etc/os-release"))
	m.OS.Kernel = c.h.read("/proc/sys/kernel/osrelease")
	m.OS.Virtualization = c.h.virtualization()
	m.OS.Container = c.h.container()
	return nil
}

// distribution reads os-release: "ubuntu 24.04".
func distribution(release string) string {
	values := make(map[string]string)
	for line := range strings.Lines(release) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	return strings.TrimSpace(values["ID"] + " " + values["VERSION_ID"])
}

// hypervisors are the words by which hypervisors announce themselves in the
// firmware's tables, and the names that systemd-detect-virt gives them.
// gopsutil's detection is not used: it takes a loaded kvm module for a host,
// mixes containers in, and keeps its first answer for the whole process.
var hypervisors = []struct{ word, name string }{
	{"Amazon EC2", "amazon"},
	{"Google Compute Engine", "google"},
	{"VMware", "vmware"},
	{"innotek", "virtualbox"},
	{"VirtualBox", "virtualbox"},
	{"Xen", "xen"},
	{"HVM domU", "xen"},
	{"Virtual Machine", "hyperv"}, // product name of Hyper-V and Azure
	{"Parallels", "parallels"},
	{"BHYVE", "bhyve"},
	{"Apple Virtualization", "apple"},
	{"QEMU", "kvm"},
	{"KVM", "kvm"},
	{"OpenStack", "kvm"},
	{"Firecracker", "kvm"},
}

// virtualization names the hypervisor under this machine, "" where none shows.
func (h *host) virtualization() string {
	kernel := strings.ToLower(h.read("/proc/sys/kernel/osrelease"))
	if strings.Contains(kernel, "microsoft") {
		return "wsl"
	}
	cpuinfo := h.read("/proc/cpuinfo")
	// The flag exists on x86 alone and is reliable there; elsewhere the
	// firmware's tables have to do.
	x86 := strings.Contains(cpuinfo, "\nflags")
	flagged := x86 && strings.Contains(cpuinfo, " hypervisor ")
	if x86 && !flagged {
		return ""
	}
	vendor, product := h.read("/sys/class/dmi/id/sys_vendor"), h.read("/sys/class/dmi/id/product_name")
	if strings.Contains(product, "metal") {
		return "" // a whole EC2 machine
	}
	for _, known := range hypervisors {
		if strings.Contains(vendor+"\n"+product, known.word) {
			return known.name
		}
	}
	if kind := h.read("/sys/hypervisor/type"); kind != "" {
		return kind
	}
	if flagged {
		return "unknown hypervisor"
	}
	return ""
}

// container names the container runtime around this process, "" where none shows.
func (h *host) container() string {
	kubernetes := h.getenv("KUBERNETES_SERVICE_HOST") != "" || h.exists("/var/run/secrets/kubernetes.io")
	groups := h.read("/proc/self/cgroup")
	switch {
	case kubernetes, strings.Contains(groups, "/kubepods"):
		return "kubernetes"
	case h.exists("/run/.containerenv"):
		return "podman"
	case h.exists("/.dockerenv"):
		return "docker"
	case h.exists("/singularity.d") || h.exists("/.singularity.d"):
		return "apptainer"
	}
	for _, known := range []struct{ word, name string }{
		{"libpod", "podman"},
		{"docker", "docker"},
		{"containerd", "containerd"},
		{"lxc", "lxc"},
	} {
		if strings.Contains(groups, "/"+known.word) {
			return known.name
		}
	}
	// systemd and LXC name the manager in the environment of the first process.
	for variable := range strings.SplitSeq(h.read("/proc/1/environ"), "\x00") {
		if name, ok := strings.CutPrefix(variable, "container="); ok {
			return name
		}
	}
	return ""
}
