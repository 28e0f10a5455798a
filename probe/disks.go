package probe

import "strings"

// diskInfo is a block device: a disk, a partition, or a device that the kernel
// composes of others.
type diskInfo struct {
	name  string   // "nvme0n1p2", "dm-0"
	kind  string   // of a disk or partition: nvme, ssd, hdd, network, unknown
	below []string // numbers of the devices that it is composed of
}

const blockDir = "/sys/block"

// disks reads the block devices by number, "259:2".
func (h *host) disks() map[string]diskInfo {
	disks := make(map[string]diskInfo)
	for _, name := range h.list(blockDir) {
		dir := blockDir + "/" + name
		number := h.read(dir + "/dev")
		if number == "" {
			continue
		}
		whole := diskInfo{name: name, kind: h.wholeDiskKind(name)}
		for _, slave := range h.list(dir + "/slaves") {
			whole.below = append(whole.below, h.read(dir+"/slaves/"+slave+"/dev"))
		}
		disks[number] = whole
		for _, part := range h.list(dir) {
			if !strings.HasPrefix(part, name) { // partitions carry the disk's name
				continue
			}
			if number := h.read(dir + "/" + part + "/dev"); number != "" {
				disks[number] = diskInfo{name: part, kind: whole.kind}
			}
		}
	}
	return disks
}

// remoteModels are disks that look local and are reached over a network.
var remoteModels = []string{"Amazon Elastic Block Store", "nvme_card-pd"}

// wholeDiskKind classifies a disk. The rotational flag of a paravirtual disk
// says nothing of what the hypervisor keeps it on.
func (h *host) wholeDiskKind(name string) string {
	dir := blockDir + "/" + name
	model := h.read(dir + "/device/model")
	for _, remote := range remoteModels {
		if strings.HasPrefix(model, remote) {
			return "network"
		}
	}
	switch {
	case strings.HasPrefix(name, "vd"), strings.HasPrefix(name, "xvd"), strings.Contains(model, "QEMU"), strings.Contains(model, "Virtual"):
		return "unknown"
	case strings.HasPrefix(name, "nbd"), strings.HasPrefix(name, "rbd"), strings.HasPrefix(name, "drbd"):
		return "network"
	case strings.HasPrefix(name, "nvme"):
		return "nvme"
	case strings.HasPrefix(name, "zram"), strings.HasPrefix(name, "ram"):
		return "memory"
	}
	switch h.read(dir + "/queue/rotational") {
	case "0":
		return "ssd"
	case "1":
		return "hdd"
	default:
		return "unknown"
	}
}

// slowness orders the kinds: an array is as fast as its slowest member.
var slowness = map[string]int{"memory": 0, "nvme": 1, "ssd": 2, "hdd": 3, "network": 4, "unknown": 5}

// diskKind returns the kind of a device by number, looking through device
// mapper and RAID; "" when there is no such device.
func diskKind(disks map[string]diskInfo, number string) string {
	return diskKindBelow(disks, number, len(disks))
}

// diskKindBelow stops after as many layers as there are devices, so that a
// damaged tree cannot lead it in circles.
func diskKindBelow(disks map[string]diskInfo, number string, layers int) string {
	d, ok := disks[number]
	if !ok || len(d.below) == 0 || layers == 0 {
		return d.kind
	}
	worst := ""
	for _, below := range d.below {
		kind := diskKindBelow(disks, below, layers-1)
		if kind == "" {
			kind = "unknown"
		}
		if worst == "" || slowness[kind] > slowness[worst] {
			worst = kind
		}
	}
	return worst
}
