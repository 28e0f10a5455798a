package probe

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// networkCollector reads the physical network ports: those that tie nodes
// together, not the bridges and pairs that containers use.
type networkCollector struct{ h *host }

func (c networkCollector) Name() string { return "network" }

const (
	netDir        = "/sys/class/net"
	infinibandDir = "/sys/class/infiniband"

	arpEthernet = "1" // ARPHRD_ETHER: the only link type listed from class/net
)

func (c networkCollector) Collect(_ context.Context, m *Machine) error {
	if !c.h.linux() {
		return fmt.Errorf("network ports are read from Linux sysfs: %w", ErrNotBuilt)
	}
	rdma, shown := c.rdmaPorts()
	for _, name := range c.h.list(netDir) {
		if n, ok := c.ethernet(name); ok && !shown[name] {
			m.Networks = append(m.Networks, n)
		}
	}
	m.Networks = append(m.Networks, rdma...)
	if len(m.Networks) == 0 {
		return fmt.Errorf("no physical network port: %w", ErrAbsent)
	}
	return nil
}

// ethernet describes a wired port; ok is false for everything else.
func (c networkCollector) ethernet(name string) (n Network, ok bool) {
	dir := netDir + "/" + name
	physical := c.h.exists(dir+"/device") && c.h.read(dir+"/type") == arpEthernet
	wireless := c.h.exists(dir+"/wireless") || c.h.exists(dir+"/phy80211")
	// A virtual function counts only where its physical port is out of sight.
	virtual := c.h.exists(dir + "/device/physfn/net")
	if !physical || wireless || virtual {
		return Network{}, false
	}
	n = Network{Name: name, Kind: "ethernet", State: "down", NUMANode: c.h.numaNode(dir + "/device")}
	switch c.h.read(dir + "/operstate") {
	case "up":
		n.State = "up"
	case "unknown", "":
		n.State = "" // drivers that do not report
	}
	if mbps, known := c.h.readInt(dir + "/speed"); known && mbps > 0 { // -1 when down
		n.Gbps = float64(mbps) / 1000
	}
	return n, true
}

// rdmaPorts lists the InfiniBand and RoCE ports, and the names of the network
// interfaces that are the same ports seen through the IP stack.
func (c networkCollector) rdmaPorts() (ports []Network, interfaces map[string]bool) {
	interfaces = make(map[string]bool)
	for _, device := range c.h.list(infinibandDir) {
		dir := infinibandDir + "/" + device
		for _, name := range c.h.list(dir + "/device/net") {
			interfaces[name] = true
		}
		for _, port := range c.h.list(dir + "/ports") {
			ports = append(ports, c.rdmaPort(dir, device, port))
		}
	}
	return ports, interfaces
}

func (c networkCollector) rdmaPort(dir, device, port string) Network {
	files := dir + "/ports/" + port
	n := Network{Name: device + "/" + port, Kind: "infiniband", State: "down", NUMANode: c.h.numaNode(dir + "/device")}
	if c.h.read(files+"/link_layer") == "Ethernet" {
		n.Kind = "roce"
	}
	if strings.Contains(c.h.read(files+"/state"), "ACTIVE") {
		n.State = "up"
	}
	// "400 Gb/sec (4X NDR)"
	rate, _, _ := strings.Cut(c.h.read(files+"/rate"), " ")
	if gbps, err := strconv.ParseFloat(rate, 64); err == nil && gbps > 0 {
		n.Gbps = gbps
	}
	return n
}
