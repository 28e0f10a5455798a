// Package probe finds out what is in this machine: accelerators, CPU, memory,
// container limits, storage, network and installed inference engines.
//
// [Probe] runs one [Collector] per source, concurrently and each bounded in
// time, and returns a [Machine]. A collector that fails, hangs or panics costs
// its own section only, and [Machine.Collectors] says how each one fared. A
// fact that no source states stays unknown (zero, or a nil pointer); nothing
// is guessed. Devices are matched to the catalog by PCI ids and facts, never
// by a part of their name.
//
// [Save] and [Load] keep a machine in a TOML file, so that planning works far
// from the hardware; [Doctor] writes a diagnosis that is safe to publish.
//
// The package reads files and driver libraries. It starts no process, samples
// nothing over time and computes no capacity: bytes of a deployment and time
// live in package estimator.
//
// # Sources
//
//   - NVIDIA: NVML through go-nvml, where the build has cgo.
//   - AMD: amdgpu files under the PCI device and the KFD topology in sysfs
//     (kernel documentation, gpu/amdgpu/driver-misc and gpu/amdgpu/thermal).
//   - Intel: xe and i915 files in sysfs (kernel documentation,
//     ABI/testing/sysfs-driver-intel-xe-hwmon and sysfs-driver-intel-i915-hwmon).
//   - Apple silicon: sysctl.
//   - Everything else on PCI: sysfs, class 03 (display) and 12 (processing
//     accelerator) of the PCI code and id assignment specification.
//   - CPU and memory: gopsutil, and sysfs for topology, caches and NUMA.
//   - Limits: cgroup v1 and v2 (kernel documentation, admin-guide/cgroup-v1/memory
//     and admin-guide/cgroup-v2).
package probe
