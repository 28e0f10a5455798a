package catalog

import (
	"strconv"
	"strings"
)

// Accelerator is a GPU, an NPU or a CPU socket as its vendor sells it and its
// driver reports it. Zero means unknown unless a field says otherwise.
type Accelerator struct {
	ID      string   `toml:"id" json:"id"`                               // stable short id: "h100-sxm5-80gb"
	Name    string   `toml:"name" json:"name"`                           // "H100 SXM5 80GB"
	Aliases []string `toml:"aliases,omitempty" json:"aliases,omitempty"` // unique short names: "h100"
	Vendor  string   `toml:"vendor" json:"vendor"`                       // nvidia, amd, intel, apple, google, aws, ...
	Class   string   `toml:"class" json:"class"`                         // datacenter, workstation, consumer, edge, apple, apu, cpu

	Architecture      string `toml:"architecture" json:"architecture"`                                 // Hopper, CDNA3, Zen 4, ...
	ComputeCapability string `toml:"compute_capability,omitempty" json:"compute_capability,omitempty"` // NVIDIA "9.0"; AMD gfx target

	MemoryBytes     int64   `toml:"memory_bytes" json:"memory_bytes"`                               // what the driver reports as total; for a unified-memory part the largest configuration sold under this name
	MemoryNominalGB float64 `toml:"memory_nominal_gb,omitempty" json:"memory_nominal_gb,omitempty"` // the marketing number
	MemoryType      string  `toml:"memory_type,omitempty" json:"memory_type,omitempty"`             // HBM3, GDDR6X, LPDDR5X, DDR5-4800 x12
	MemoryBandwidth float64 `toml:"memory_bandwidth_gbps" json:"memory_bandwidth_gbps"`             // decimal GB/s, peak
	Unified         bool    `toml:"unified_memory,omitempty" json:"unified_memory,omitempty"`       // memory shared with the host

	// Peak dense rates in TFLOP/s (TOP/s for int8), never with sparsity.
	Peak Peak `toml:"peak_tflops" json:"peak_tflops"`

	TDPWatts float64 `toml:"tdp_w,omitempty" json:"tdp_w,omitempty"`
	Link     Link    `toml:"link,omitempty" json:"link"`
	PCIeGen  int     `toml:"pcie_gen,omitempty" json:"pcie_gen,omitempty"`
	PCIeGBps float64 `toml:"pcie_gbps,omitempty" json:"pcie_gbps,omitempty"` // per direction
	L2Bytes  int64   `toml:"l2_bytes,omitempty" json:"l2_bytes,omitempty"`
	Units    int     `toml:"compute_units,omitempty" json:"compute_units,omitempty"` // SMs, CUs, Xe cores, GPU cores; physical cores of a CPU
	ISA      string  `toml:"isa,omitempty" json:"isa,omitempty"`                     // CPU: "AVX-512, VNNI, BF16, AMX"

	Devices []Device `toml:"device,omitempty" json:"devices,omitempty"`

	LaunchDate string `toml:"launch_date,omitempty" json:"launch_date,omitempty"` // ISO, or a prefix of it
	Notes      string `toml:"notes,omitempty" json:"notes,omitempty"`
	Source     string `toml:"source" json:"source"`
	Trust      Trust  `toml:"trust" json:"trust"`
}

// Platform is what engines and precisions name in their vendors: "cpu" for
// every CPU, else the part's vendor.
func (a *Accelerator) Platform() string {
	if a.Class == "cpu" {
		return "cpu"
	}
	return a.Vendor
}

// Capability is the compute capability of an NVIDIA part, where it is known.
func (a *Accelerator) Capability() (float64, bool) {
	c, err := strconv.ParseFloat(a.ComputeCapability, 64)
	return c, err == nil && a.Platform() == "nvidia"
}

// Peak holds dense peak rates in TFLOP/s; zero means the part does not have
// the format or its rate is not published.
type Peak struct {
	FP32 float64 `toml:"fp32,omitempty" json:"fp32,omitempty"`
	TF32 float64 `toml:"tf32,omitempty" json:"tf32,omitempty"`
	BF16 float64 `toml:"bf16,omitempty" json:"bf16,omitempty"`
	FP16 float64 `toml:"fp16,omitempty" json:"fp16,omitempty"`
	FP8  float64 `toml:"fp8,omitempty" json:"fp8,omitempty"`
	INT8 float64 `toml:"int8,omitempty" json:"int8,omitempty"`
	FP4  float64 `toml:"fp4,omitempty" json:"fp4,omitempty"`
}

// Link is the accelerator-to-accelerator interconnect.
type Link struct {
	Kind   string  `toml:"kind,omitempty" json:"kind,omitempty"`     // "NVLink4", "Infinity Fabric", "" for PCIe only
	GBps   float64 `toml:"gbps,omitempty" json:"gbps,omitempty"`     // per accelerator and direction
	Domain int     `toml:"domain,omitempty" json:"domain,omitempty"` // accelerators that the link joins: 2 for a bridge, 8 for HGX, 72 for NVL72
}

// bridge ends the kind of a link that is an option: "NVLink4 bridge".
const bridge = " bridge"

// Device is one way in which a driver announces an accelerator. Names are not
// unique and must never be matched as substrings: PCI ids come first.
type Device struct {
	PCIVendor   string `toml:"pci_vendor,omitempty" json:"pci_vendor,omitempty"`     // "0x10de"
	PCIDevice   string `toml:"pci_device,omitempty" json:"pci_device,omitempty"`     // "0x2330"
	Subsystem   string `toml:"subsystem,omitempty" json:"subsystem,omitempty"`       // subsystem device id, "0x16c1"
	Revision    string `toml:"revision,omitempty" json:"revision,omitempty"`         // PCI revision: AMD parts share device ids
	Name        string `toml:"name,omitempty" json:"name,omitempty"`                 // exact driver name: "NVIDIA H100 80GB HBM3"
	MemoryBytes int64  `toml:"memory_bytes,omitempty" json:"memory_bytes,omitempty"` // total that the driver reports, 0 unknown
	Source      string `toml:"source,omitempty" json:"source,omitempty"`
}

// DeviceFacts is what a probe knows of a device, to be matched by
// [Catalog.MatchDevice]. Unknown fields are zero.
type DeviceFacts struct {
	Vendor            string // nvidia, amd, intel, apple
	PCIVendor         uint16
	PCIDevice         uint16
	PCISubsystem      uint16 // subsystem device id
	PCIRevision       uint8
	Name              string
	MemoryBytes       int64
	ComputeCapability string
	Units             int
	MIG               bool // a slice: its memory is not the board's
}

// BuiltInLink is the link that every system of several such parts has. Bridges
// between cards are sold apart and most servers go without.
func (a *Accelerator) BuiltInLink() Link {
	if strings.HasSuffix(a.Link.Kind, bridge) {
		return Link{}
	}
	return a.Link
}
