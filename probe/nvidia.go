package probe

import (
	"fmt"
	"strings"
	"time"
)

// nvidia reads NVIDIA GPUs through NVML, the management library that comes
// with the driver. Collect is in nvml_cgo.go for builds that can load NVML, in
// nvml_stub.go for those that cannot.
type nvidia struct {
	host      *host
	timeout   time.Duration // how long one NVML call may take before the driver counts as hung
	libraries []string      // where NVML may lie, in the order tried
}

// nvmlLibraries are the places of the library: where the loader finds it, then
// those of WSL, Google Kubernetes Engine, NixOS and the GPU Operator's driver container.
var nvmlLibraries = []string{
	nvmlLibrary,
	"/usr/lib/wsl/lib/" + nvmlLibrary,
	"/usr/local/nvidia/lib64/" + nvmlLibrary,
	"/run/opengl-driver/lib/" + nvmlLibrary,
	"/run/nvidia/driver/usr/lib/" + nvmlLibrary,
}

const nvmlLibrary = "libnvidia-ml.so.1"

// newNVIDIA reads the machine at hand; a recorded tree has no driver to ask.
// timeout is for one driver call and should allow for the first one to a GPU:
// without persistence mode it initialises the GPU, which takes a second or two.
func newNVIDIA(h *host, timeout time.Duration) nvidia {
	n := nvidia{host: h, timeout: timeout}
	if h.root == "" {
		n.libraries = nvmlLibraries
	}
	return n
}

// Name implements [Collector].
func (nvidia) Name() string { return "nvidia" }

// devices lists the NVIDIA GPUs on the PCI bus, whether or not a driver serves them.
func (n nvidia) devices() []pciFunction {
	var found []pciFunction
	for _, f := range n.host.acceleratorFunctions() {
		if f.vendor == vendorNVIDIA && (f.class == classDisplay || f.class == classAccelerator) {
			found = append(found, f)
		}
	}
	return found
}

// sighting says what tells, without NVML, that there is an NVIDIA device here;
// "" when nothing does.
func (n nvidia) sighting() string {
	if found := n.devices(); len(found) > 0 {
		names := make([]string, len(found))
		for i, f := range found {
			names[i] = f.ids.Address
			if f.driver != "" && f.driver != "nvidia" {
				names[i] += " bound to " + f.driver
			}
		}
		return plural(len(found), "NVIDIA device") + " on the PCI bus (" + strings.Join(names, ", ") + ")"
	}
	if strings.Contains(n.host.read("/proc/device-tree/compatible"), "nvidia,tegra") {
		return "this is an NVIDIA Tegra board"
	}
	if n.host.isDir("/proc/driver/nvidia") {
		return "the NVIDIA kernel driver is loaded"
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
