//go:build linux && cgo

package probe

import (
	"context"
	"fmt"
	"slices"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// readPCIe reads the host link, and says so when it is narrower than the card.
func readPCIe(a *asker, d nvml.Device, b *Accelerator, h *host) {
	b.PCIeGen = number(a, "nvmlDeviceGetCurrPcieLinkGeneration", d.GetCurrPcieLinkGeneration)
	b.PCIeGenMax = number(a, "nvmlDeviceGetMaxPcieLinkGeneration", d.GetMaxPcieLinkGeneration)
	b.PCIeWidth = number(a, "nvmlDeviceGetCurrPcieLinkWidth", d.GetCurrPcieLinkWidth)
	b.PCIeWidthMax = number(a, "nvmlDeviceGetMaxPcieLinkWidth", d.GetMaxPcieLinkWidth)
	if b.PCI.Address != "" {
		// nvml.h lets NVML's maximum be that of card and slot together; the
		// card's own capability is in its configuration space.
		b.PCIeWidthMax = max(b.PCIeWidthMax, pcieWidth(h.read(pciDevicesDir+"/"+b.PCI.Address+"/max_link_width")))
	}
	if b.PCIeWidth > 0 && b.PCIeWidth < b.PCIeWidthMax {
		b.Notes = append(b.Notes, fmt.Sprintf("PCIe x%d of a possible x%d: copies between host and GPU get %d/%d of the bandwidth",
			b.PCIeWidth, b.PCIeWidthMax, b.PCIeWidth, b.PCIeWidthMax))
	}
	if b.PCIeGen > 0 && b.PCIeGen < b.PCIeGenMax {
		b.Notes = append(b.Notes, generationNote(a, d, b))
	}
	if card := number(a, "nvmlDeviceGetGpuMaxPcieLinkGeneration", d.GetGpuMaxPcieLinkGeneration); b.PCIeGenMax > 0 && card > b.PCIeGenMax {
		b.Notes = append(b.Notes, fmt.Sprintf("PCIe generation %d of a possible %d: the slot does not do more", b.PCIeGenMax, card))
	}
}

// generationNote explains a link below its best generation. GPUs lower it
// when idle to save power, so only a busy one (performance states P0 to P2) is
// a finding.
func generationNote(a *asker, d nvml.Device, b *Accelerator) string {
	state, ok := read(a, "nvmlDeviceGetPerformanceState", d.GetPerformanceState)
	if ok && state <= nvml.PSTATE_2 {
		return fmt.Sprintf("PCIe generation %d of a possible %d although the GPU is awake (P%d): check slot, riser and BIOS",
			b.PCIeGen, b.PCIeGenMax, state)
	}
	return fmt.Sprintf("PCIe generation %d of %d just now: idle GPUs lower it to save power, and raise it under load",
		b.PCIeGen, b.PCIeGenMax)
}

// nvlink holds the nominal GB/s per direction of one link, by NVLink
// generation (NVIDIA's whitepapers of P100, V100, A100, H100, B200 and Rubin).
var nvlink = map[int]float64{1: 20, 2: 25, 3: 25, 4: 25, 5: 50, 6: 50}

// ga102Link is the slower NVLink 3 of GA102 boards: 56.25 GB/s over four links
// (NVIDIA Ampere GA102 whitepaper).
const ga102Link = 56.25 / 4

// nvlinkGenerations follows nvmlNvlinkVersion_t.
var nvlinkGenerations = map[uint32]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4, 7: 5, 8: 6}

// nvlinkGeneration of a link: the architecture fixes it; the version that NVML
// gives, of which drivers have had two countings, is for unknown nvmlArchitectures.
func nvlinkGeneration(architecture string, version uint32) int {
	switch architecture {
	case "Pascal":
		return 1
	case "Volta", "Turing":
		return 2
	case "Ampere":
		return 3
	case "Hopper":
		return 4
	case "Blackwell", "Blackwell Ultra":
		return 5
	default:
		return nvlinkGenerations[version]
	}
}

// readNVLinks asks for every link that a device may have. A link that is not
// wired is not supported; a number beyond the last one is invalid.
func readNVLinks(a *asker, d nvml.Device, b *Accelerator) {
	for id := range nvml.NVLINK_MAX_LINKS {
		state, code := ask(a, "nvmlDeviceGetNvLinkState", with(d.GetNvLinkState, id))
		if code == nvml.ERROR_INVALID_ARGUMENT {
			break
		}
		if code == nvml.SUCCESS {
			b.Links = append(b.Links, readNVLink(a, d, b, id, state == nvml.FEATURE_ENABLED))
		}
	}
	checkFabric(a, d, b)
}

func readNVLink(a *asker, d nvml.Device, b *Accelerator, id int, active bool) Link {
	link := Link{ID: id, Kind: "NVLink", Active: active}
	version, _ := read(a, "nvmlDeviceGetNvLinkVersion", with(d.GetNvLinkVersion, id))
	if generation := nvlinkGeneration(b.Architecture, version); generation > 0 {
		link.Kind = fmt.Sprintf("NVLink%d", generation)
		link.GBps = nvlink[generation]
		if b.ComputeCapability == "8.6" {
			link.GBps = ga102Link
		}
	}
	if !active {
		return link
	}
	remote, code := ask(a, "nvmlDeviceGetNvLinkRemoteDeviceType", with(d.GetNvLinkRemoteDeviceType, id))
	if code == nvml.SUCCESS && remote == nvml.NVLINK_DEVICE_TYPE_SWITCH {
		link.Remote = remoteSwitch
		return link
	}
	if info, ok := read(a, "nvmlDeviceGetNvLinkRemotePciInfo*", with(d.GetNvLinkRemotePciInfo, id)); ok && info.BusId[0] != 0 {
		link.Remote = pciAddress(info)
	}
	return link
}

// remoteSwitch is Link.Remote of a link to an NVSwitch.
const remoteSwitch = "switch"

// checkFabric reports NVSwitch machines whose fabric is not up: CUDA does not
// start on them until it is.
func checkFabric(a *asker, d nvml.Device, b *Accelerator) {
	info, ok := read(a, "nvmlDeviceGetGpuFabricInfo", d.GetGpuFabricInfo)
	if !ok {
		return
	}
	switch info.State {
	case nvml.GPU_FABRIC_STATE_NOT_STARTED, nvml.GPU_FABRIC_STATE_IN_PROGRESS:
		b.Notes = append(b.Notes, "the NVLink fabric is not up: CUDA will not start; see `systemctl status nvidia-fabricmanager`")
	case nvml.GPU_FABRIC_STATE_COMPLETED:
		if code := nvml.Return(info.Status); code != nvml.SUCCESS {
			b.Notes = append(b.Notes, "the NVLink fabric failed to come up: "+explain(code)+
				"; see `systemctl status nvidia-fabricmanager`")
		}
	}
}

// topologyLevels names NVML's topology topologyLevels in the vocabulary of [Path].
var topologyLevels = map[nvml.GpuTopologyLevel]string{
	nvml.TOPOLOGY_INTERNAL:   "same_board",
	nvml.TOPOLOGY_SINGLE:     "pcie_switch",
	nvml.TOPOLOGY_MULTIPLE:   "pcie_multi_switch",
	nvml.TOPOLOGY_HOSTBRIDGE: "host_bridge",
	nvml.TOPOLOGY_NODE:       "numa_node",
	nvml.TOPOLOGY_SYSTEM:     "system",
}

// commonAncestors asks how each pair of GPUs is joined over PCIe, by their
// positions in s.gpus. A driver that has hung is not asked again.
func (s *nvmlScan) commonAncestors(ctx context.Context) map[[2]int]string {
	if s.hung != nil {
		return nil
	}
	gpus := slices.Clone(s.gpus) // the goroutine may outlive this function
	found, err := guard(ctx, s.timeout, func(w *watch) map[[2]int]string {
		via := make(map[[2]int]string)
		for i, a := range gpus {
			for j, b := range gpus[i+1:] {
				if a.board.State != StateOK || b.board.State != StateOK {
					continue
				}
				asker := &asker{lib: s.lib, watch: w} // per pair: one that is lost meanwhile spoils no other
				level, ok := read(asker, "nvmlDeviceGetTopologyCommonAncestor", with(a.handle.GetTopologyCommonAncestor, b.handle))
				if ok {
					via[[2]int{i, i + 1 + j}] = topologyLevels[level]
				}
			}
		}
		return via
	})
	if err != nil {
		s.noteHang("topology", err)
	}
	return found
}

// paths says how each pair of GPUs reaches each other: over NVLink where both
// have active links to each other or to the switches, else over PCIe.
func (s *nvmlScan) paths(ancestors map[[2]int]string) []Path {
	var paths []Path
	for i, a := range s.gpus {
		for j := i + 1; j < len(s.gpus); j++ {
			b := s.gpus[j].board
			p := Path{A: a.board.Index, B: b.Index, Via: ancestors[[2]int{i, j}]}
			if n := joined(a.board, b); n > 0 {
				p.Via, p.Links = "nvlink", n
			}
			if p.Via != "" {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// joined counts the links that a and b can use to reach each other.
func joined(a, b Accelerator) int {
	count := func(from Accelerator, remote string) (n int) {
		for _, l := range from.Links {
			if l.Active && l.Remote == remote {
				n++
			}
		}
		return n
	}
	if b.PCI.Address != "" {
		if direct := count(a, b.PCI.Address); direct > 0 {
			return direct
		}
	}
	return min(count(a, remoteSwitch), count(b, remoteSwitch))
}
