package probe

import "testing"

func TestVirtualizationAndContainer(t *testing.T) {
	const guest = "-- proc/cpuinfo --\nprocessor\t: 0\nflags\t\t: fpu hypervisor avx2\n\n"
	const bare = "-- proc/cpuinfo --\nprocessor\t: 0\nflags\t\t: fpu avx2 vmx\n\n"
	const arm = "-- proc/cpuinfo --\nprocessor\t: 0\nFeatures\t: fp asimd\n\n"
	dmi := func(vendor, product string) string {
		return "-- sys/class/dmi/id/sys_vendor --\n" + vendor + "\n-- sys/class/dmi/id/product_name --\n" + product + "\n"
	}
	for _, c := range []struct {
		name, tree     string
		env            map[string]string
		virtualization string
		container      string
	}{
		{name: "bare metal", tree: bare + dmi("Supermicro", "AS -8125GS-TNMR2")},
		{name: "KVM", tree: guest + dmi("QEMU", "Standard PC (Q35 + ICH9, 2009)"), virtualization: "kvm"},
		{name: "EC2", tree: guest + dmi("Amazon EC2", "p5.48xlarge"), virtualization: "amazon"},
		{name: "EC2 bare metal on arm", tree: arm + dmi("Amazon EC2", "c7g.metal")},
		{name: "EC2 on arm", tree: arm + dmi("Amazon EC2", "g5g.xlarge"), virtualization: "amazon"},
		{name: "Azure", tree: guest + dmi("Microsoft Corporation", "Virtual Machine"), virtualization: "hyperv"},
		{name: "a Surface is no virtual machine", tree: bare + dmi("Microsoft Corporation", "Surface Laptop 7")},
		{name: "WSL", tree: guest + "-- proc/sys/kernel/osrelease --\n5.15.153.1-microsoft-standard-WSL2\n", virtualization: "wsl"},
		{name: "microVM without tables", tree: guest, virtualization: "unknown hypervisor"},
		{name: "Docker", tree: bare + "-- .dockerenv --\n", container: "docker"},
		{name: "Docker by cgroup v1", tree: bare + "-- proc/self/cgroup --\n4:memory:/docker/0a1b\n", container: "docker"},
		{name: "Podman", tree: bare + "-- run/.containerenv --\n", container: "podman"},
		{name: "Kubernetes beats the runtime's own marks", tree: bare + "-- .dockerenv --\n",
			env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, container: "kubernetes"},
		{name: "Kubernetes by cgroup", tree: bare + "-- proc/self/cgroup --\n0::/kubepods/burstable/pod1/c1\n", container: "kubernetes"},
		{name: "Apptainer", tree: bare + "-- .singularity.d/runscript --\n", container: "apptainer"},
		{name: "LXC by the first process", tree: bare + "-- proc/1/environ --\nTERM=linux\x00container=lxc\x00\n", container: "lxc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := tree(t, c.tree)
			h.getenv = environment(c.env)
			got := collect(t, osCollector{h}).OS
			if got.Virtualization != c.virtualization || got.Container != c.container {
				t.Errorf("virtualization %q, container %q, want %q, %q", got.Virtualization, got.Container, c.virtualization, c.container)
			}
		})
	}
}

func TestDistribution(t *testing.T) {
	got := collect(t, osCollector{recorded(t, "epyc_2s")}).OS
	if got.Name != "linux" || got.Distribution != "ubuntu 24.04" || got.Kernel != "6.8.0-60-generic" {
		t.Errorf("%+v", got)
	}
}
