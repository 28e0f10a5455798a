package calibration

import "github.com/plimsoll-dev/plimsoll/catalog"

// Apply puts the calibrated CPUs of a machine in the place of those that were
// probed, where the catalog has them: a calibration lies over it, or an exported
// one was loaded.
func Apply(node *catalog.Node, c *catalog.Catalog, fingerprint string) bool {
	part, err := c.Accelerator(CPUID(fingerprint))
	if err != nil || part.ID != CPUID(fingerprint) {
		return false
	}
	node.Host.CPU = part
	node.Host.BandwidthGBps, node.Host.BandwidthBasis = part.MemoryBandwidth, catalog.Measured
	return true
}
