//go:build !linux || !cgo

package probe

import (
	"strings"
	"testing"
)

// Without NVML the answer is "not built in", never "no GPU".
func TestNVMLStub(t *testing.T) {
	h := tree(t, "-- sys/bus/pci/devices/0000:01:00.0/* --\nvendor 0x10de\ndevice 0x2684\nclass 0x030000\n")
	err := newNVIDIA(h, DefaultTimeout).Collect(t.Context(), &Machine{})
	state, message := describe(err)
	if state != RunNotBuilt || !strings.Contains(message, "NVML") {
		t.Errorf("state %s, %q", state, message)
	}
}
