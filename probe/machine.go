package probe

import "time"

// Schema names the document form of a saved machine.
const Schema = "plimsoll.machine/v1"

// Machine is the inventory of one machine. Zero values and absent tables mean
// unknown; a pointer marks the figures for which zero is a real reading.
// Sizes are bytes, bandwidths decimal GB/s, clocks MHz, power watts.
// In TOML numbers need omitzero where omitempty does for the rest.
type Machine struct {
	Schema   string    `toml:"schema" json:"schema"`
	ProbedAt time.Time `toml:"probed_at" json:"probed_at"`
	Tool     string    `toml:"tool,omitempty" json:"tool,omitempty"` // version that wrote it

	OS           OS             `toml:"os" json:"os"`
	CPU          CPU            `toml:"cpu" json:"cpu"`
	Memory       Memory         `toml:"memory" json:"memory"`
	Limits       Limits         `toml:"limits,omitempty" json:"limits"`
	Accelerators []Accelerator  `toml:"accelerator,omitempty" json:"accelerators"`
	Topology     []Path         `toml:"topology,omitempty" json:"topology,omitempty"`
	Storage      []Filesystem   `toml:"storage,omitempty" json:"storage,omitempty"`
	Networks     []Network      `toml:"network,omitempty" json:"networks,omitempty"`
	Engines      []Engine       `toml:"engine,omitempty" json:"engines,omitempty"`
	Collectors   []CollectorRun `toml:"collector,omitempty" json:"collectors"`
}

// OS is the operating system as far as engines care.
type OS struct {
	Name           string `toml:"name" json:"name"` // linux, darwin, windows
	Distribution   string `toml:"distribution,omitempty" json:"distribution,omitempty"`
	Kernel         string `toml:"kernel,omitempty" json:"kernel,omitempty"`
	Arch           string `toml:"arch" json:"arch"`                                         // amd64, arm64
	Virtualization string `toml:"virtualization,omitempty" json:"virtualization,omitempty"` // kvm, vmware, wsl, ... empty: none seen
	Container      string `toml:"container,omitempty" json:"container,omitempty"`           // docker, podman, kubernetes, lxc, ... empty: none seen
}

// CPU describes all sockets together.
type CPU struct {
	Vendor        string     `toml:"vendor,omitempty" json:"vendor,omitempty"`
	Model         string     `toml:"model" json:"model"`
	AcceleratorID string     `toml:"accelerator_id,omitempty" json:"accelerator_id,omitempty"` // matched catalog CPU socket
	Sockets       int        `toml:"sockets" json:"sockets"`
	Cores         int        `toml:"cores" json:"cores"`     // physical, all sockets
	Threads       int        `toml:"threads" json:"threads"` // logical, all sockets
	MaxMHz        float64    `toml:"max_mhz,omitzero" json:"max_mhz,omitempty"`
	L1dBytes      int64      `toml:"l1d_bytes,omitzero" json:"l1d_bytes,omitempty"` // per core
	L2Bytes       int64      `toml:"l2_bytes,omitzero" json:"l2_bytes,omitempty"`   // per core (or cluster)
	L3Bytes       int64      `toml:"l3_bytes,omitzero" json:"l3_bytes,omitempty"`   // whole machine
	ISA           []string   `toml:"isa,omitempty" json:"isa,omitempty"`            // avx2, avx512f, avx512_vnni, avx512_bf16, amx_tile, amx_int8, amx_bf16, neon, sve, i8mm, ...
	NUMA          []NUMANode `toml:"numa,omitempty" json:"numa,omitempty"`
}

// NUMANode is one memory domain.
type NUMANode struct {
	ID          int    `toml:"id" json:"id"`
	CPUs        string `toml:"cpus,omitempty" json:"cpus,omitempty"` // kernel list form: "0-15,32-47"
	MemoryBytes int64  `toml:"memory_bytes,omitzero" json:"memory_bytes,omitempty"`
	FreeBytes   *int64 `toml:"free_bytes,omitempty" json:"free_bytes,omitempty"`
}

// Memory is host memory as the kernel sees it, before container limits.
type Memory struct {
	TotalBytes     int64   `toml:"total_bytes" json:"total_bytes"`
	AvailableBytes *int64  `toml:"available_bytes,omitempty" json:"available_bytes,omitempty"`
	SwapTotalBytes int64   `toml:"swap_total_bytes,omitzero" json:"swap_total_bytes,omitempty"`
	SwapFreeBytes  *int64  `toml:"swap_free_bytes,omitempty" json:"swap_free_bytes,omitempty"`
	BandwidthGBps  float64 `toml:"bandwidth_gbps,omitzero" json:"bandwidth_gbps,omitempty"`    // peak, all sockets, when known (DMI, catalog CPU)
	BandwidthBasis string  `toml:"bandwidth_basis,omitempty" json:"bandwidth_basis,omitempty"` // a catalog.Basis
}

// Limits are what a container or a cgroup allows. Zero: no limit.
type Limits struct {
	CgroupVersion int     `toml:"cgroup_version,omitzero" json:"cgroup_version,omitempty"` // 1, 2; 0 none
	MemoryBytes   int64   `toml:"memory_bytes,omitzero" json:"memory_bytes,omitempty"`
	MemoryUsed    int64   `toml:"memory_used_bytes,omitzero" json:"memory_used_bytes,omitempty"` // reclaimable page cache not counted
	CPUs          float64 `toml:"cpus,omitzero" json:"cpus,omitempty"`                           // quota / period
	CPUSet        string  `toml:"cpuset,omitempty" json:"cpuset,omitempty"`                      // kernel list form
}

// Accelerator is one device that an engine can use: a GPU, or a MIG instance.
type Accelerator struct {
	Index             int    `toml:"index" json:"index"`
	Vendor            string `toml:"vendor" json:"vendor"` // nvidia, amd, intel, apple, other
	Name              string `toml:"name" json:"name"`     // as the driver says it
	UUID              string `toml:"uuid,omitempty" json:"uuid,omitempty"`
	PCI               PCI    `toml:"pci,omitempty" json:"pci"`
	Architecture      string `toml:"architecture,omitempty" json:"architecture,omitempty"`
	ComputeCapability string `toml:"compute_capability,omitempty" json:"compute_capability,omitempty"`

	// Match to the catalog.
	AcceleratorID string `toml:"accelerator_id,omitempty" json:"accelerator_id,omitempty"` // empty: not in the catalog
	MatchedBy     string `toml:"matched_by,omitempty" json:"matched_by,omitempty"`         // the evidence: "pci 10de:2330 subsystem 16c1"
	State         string `toml:"state" json:"state"`                                       // ok, lost, error, not_modelled
	Problem       string `toml:"problem,omitempty" json:"problem,omitempty"`

	UnifiedMemory       bool   `toml:"unified_memory,omitempty" json:"unified_memory,omitempty"`
	MemoryTotalBytes    int64  `toml:"memory_total_bytes,omitzero" json:"memory_total_bytes,omitempty"`
	MemoryFreeBytes     *int64 `toml:"memory_free_bytes,omitempty" json:"memory_free_bytes,omitempty"`
	MemoryReservedBytes int64  `toml:"memory_reserved_bytes,omitzero" json:"memory_reserved_bytes,omitempty"`
	MemoryBusBits       int    `toml:"memory_bus_bits,omitzero" json:"memory_bus_bits,omitempty"`
	MemoryMaxMHz        int    `toml:"memory_max_mhz,omitzero" json:"memory_max_mhz,omitempty"`

	// Peaks: from the catalog when matched, else derived from what the driver says.
	BandwidthGBps float64    `toml:"bandwidth_gbps,omitzero" json:"bandwidth_gbps,omitempty"`
	PeakTFLOPS    PeakTFLOPS `toml:"peak_tflops,omitempty" json:"peak_tflops"`
	PeakBasis     string     `toml:"peak_basis,omitempty" json:"peak_basis,omitempty"` // datasheet (catalog) or modelled (derived)

	Units          int      `toml:"compute_units,omitzero" json:"compute_units,omitempty"`
	MaxMHz         int      `toml:"max_mhz,omitzero" json:"max_mhz,omitempty"`
	CurrentMHz     int      `toml:"current_mhz,omitzero" json:"current_mhz,omitempty"`
	PowerLimitW    float64  `toml:"power_limit_w,omitzero" json:"power_limit_w,omitempty"`
	PowerDefaultW  float64  `toml:"power_default_w,omitzero" json:"power_default_w,omitempty"`
	PowerDrawW     float64  `toml:"power_draw_w,omitzero" json:"power_draw_w,omitempty"`
	TemperatureC   *int     `toml:"temperature_c,omitempty" json:"temperature_c,omitempty"`
	Throttle       []string `toml:"throttle,omitempty" json:"throttle,omitempty"` // reasons active now
	ECC            *bool    `toml:"ecc,omitempty" json:"ecc,omitempty"`
	Persistence    *bool    `toml:"persistence,omitempty" json:"persistence,omitempty"`
	DriverVersion  string   `toml:"driver_version,omitempty" json:"driver_version,omitempty"`
	RuntimeVersion string   `toml:"runtime_version,omitempty" json:"runtime_version,omitempty"` // highest CUDA, ROCm, Level Zero version the driver serves

	PCIeGen      int    `toml:"pcie_gen,omitzero" json:"pcie_gen,omitempty"` // current
	PCIeWidth    int    `toml:"pcie_width,omitzero" json:"pcie_width,omitempty"`
	PCIeGenMax   int    `toml:"pcie_gen_max,omitzero" json:"pcie_gen_max,omitempty"`
	PCIeWidthMax int    `toml:"pcie_width_max,omitzero" json:"pcie_width_max,omitempty"`
	Links        []Link `toml:"link,omitempty" json:"links,omitempty"`
	NUMANode     *int   `toml:"numa_node,omitempty" json:"numa_node,omitempty"`

	MIG       *MIG      `toml:"mig,omitempty" json:"mig,omitempty"`
	Processes []Process `toml:"process,omitempty" json:"processes,omitempty"`
	Notes     []string  `toml:"notes,omitempty" json:"notes,omitempty"` // findings a user should read: "x16 card runs at x8"
}

// Usable reports whether an engine can run on the accelerator: it works, it is
// modelled, and it is not a board whose work runs on its MIG instances.
func (a Accelerator) Usable() bool {
	board := a.MIG != nil && a.MIG.Enabled && a.MIG.ParentUUID == ""
	return a.State == StateOK && !board
}

// PeakTFLOPS are dense peaks, TFLOP/s (TOP/s for int8); zero unknown or absent.
type PeakTFLOPS struct {
	FP32 float64 `toml:"fp32,omitzero" json:"fp32,omitempty"`
	TF32 float64 `toml:"tf32,omitzero" json:"tf32,omitempty"`
	BF16 float64 `toml:"bf16,omitzero" json:"bf16,omitempty"`
	FP16 float64 `toml:"fp16,omitzero" json:"fp16,omitempty"`
	FP8  float64 `toml:"fp8,omitzero" json:"fp8,omitempty"`
	INT8 float64 `toml:"int8,omitzero" json:"int8,omitempty"`
	FP4  float64 `toml:"fp4,omitzero" json:"fp4,omitempty"`
}

// PCI ids are hexadecimal with 0x; the address is domain:bus:device.function.
type PCI struct {
	Address         string `toml:"address,omitempty" json:"address,omitempty"`
	Vendor          string `toml:"vendor,omitempty" json:"vendor,omitempty"`
	Device          string `toml:"device,omitempty" json:"device,omitempty"`
	SubsystemVendor string `toml:"subsystem_vendor,omitempty" json:"subsystem_vendor,omitempty"`
	Subsystem       string `toml:"subsystem,omitempty" json:"subsystem,omitempty"`
	Revision        string `toml:"revision,omitempty" json:"revision,omitempty"`
}

// Link is one accelerator link (NVLink, XGMI).
type Link struct {
	ID     int     `toml:"id" json:"id"`
	Kind   string  `toml:"kind" json:"kind"` // "NVLink4", "XGMI"
	Active bool    `toml:"active" json:"active"`
	GBps   float64 `toml:"gbps,omitzero" json:"gbps,omitempty"`      // per direction
	Remote string  `toml:"remote,omitempty" json:"remote,omitempty"` // PCI address of the peer, "switch", or empty
}

// Path is how two accelerators reach each other.
type Path struct {
	A     int    `toml:"a" json:"a"` // Accelerator.Index
	B     int    `toml:"b" json:"b"`
	Via   string `toml:"via" json:"via"`                        // nvlink, xgmi, pcie_switch, pcie_multi_switch, host_bridge, numa_node, system, same_board, internal
	Links int    `toml:"links,omitzero" json:"links,omitempty"` // active links to each other or to the switches between
}

// MIG describes a device in MIG mode, or one instance of it.
type MIG struct {
	Enabled         bool   `toml:"enabled" json:"enabled"`
	ParentUUID      string `toml:"parent_uuid,omitempty" json:"parent_uuid,omitempty"` // set on instances
	Profile         string `toml:"profile,omitempty" json:"profile,omitempty"`         // "3g.40gb"
	GPUInstance     int    `toml:"gpu_instance,omitzero" json:"gpu_instance,omitempty"`
	ComputeInstance int    `toml:"compute_instance,omitzero" json:"compute_instance,omitempty"`
	ComputeSlices   int    `toml:"compute_slices,omitzero" json:"compute_slices,omitempty"`
	MemorySlices    int    `toml:"memory_slices,omitzero" json:"memory_slices,omitempty"`
}

// Process holds memory on an accelerator.
type Process struct {
	PID       int    `toml:"pid" json:"pid"`
	Name      string `toml:"name,omitempty" json:"name,omitempty"`
	UsedBytes *int64 `toml:"used_bytes,omitempty" json:"used_bytes,omitempty"`
	Kind      string `toml:"kind,omitempty" json:"kind,omitempty"` // compute, graphics, mps
}

// Filesystem is a place where models would lie.
type Filesystem struct {
	Path       string `toml:"path" json:"path"` // the directory asked about
	Why        string `toml:"why" json:"why"`   // "HF_HOME", "Ollama models", "working directory"
	Mount      string `toml:"mount,omitempty" json:"mount,omitempty"`
	Type       string `toml:"type,omitempty" json:"type,omitempty"` // ext4, xfs, nfs, overlay, tmpfs, lustre, ...
	Kind       string `toml:"kind,omitempty" json:"kind,omitempty"` // nvme, ssd, hdd, network, memory, unknown
	TotalBytes int64  `toml:"total_bytes,omitzero" json:"total_bytes,omitempty"`
	FreeBytes  *int64 `toml:"free_bytes,omitempty" json:"free_bytes,omitempty"`
}

// Network is one port.
type Network struct {
	Name     string  `toml:"name" json:"name"`                       // eth0, mlx5_0/1
	Kind     string  `toml:"kind" json:"kind"`                       // ethernet, infiniband, roce
	State    string  `toml:"state,omitempty" json:"state,omitempty"` // up, down
	Gbps     float64 `toml:"gbps,omitzero" json:"gbps,omitempty"`    // link rate, Gbit/s
	NUMANode *int    `toml:"numa_node,omitempty" json:"numa_node,omitempty"`
}

// Engine is an inference engine found installed; nothing is started to find it.
type Engine struct {
	ID      string `toml:"id" json:"id"`                               // catalog engine id: vllm, sglang, tensorrt-llm, llama.cpp, ollama, lm-studio
	Version string `toml:"version,omitempty" json:"version,omitempty"` // empty: could not be told without starting it
	Path    string `toml:"path,omitempty" json:"path,omitempty"`
	Note    string `toml:"note,omitempty" json:"note,omitempty"` // why the version is not known
}

// CollectorRun says how one collector fared: a failure never stops the others.
type CollectorRun struct {
	Name    string  `toml:"name" json:"name"`   // nvidia, amd, intel, apple, pci, cpu, memory, cgroup, storage, network, engines, os
	State   string  `toml:"state" json:"state"` // ok, absent, not_built_in, failed, timeout
	Message string  `toml:"message,omitempty" json:"message,omitempty"`
	Seconds float64 `toml:"seconds" json:"seconds"`
}
