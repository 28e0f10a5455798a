package benchmarks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// Context is what a result depends on beside the benchmark itself.
type Context struct {
	// Fingerprint is the same for machines of the same hardware, and tells
	// nothing else about them: results of other fingerprints do not compare.
	Fingerprint string   `json:"fingerprint"`
	Hardware    []string `json:"hardware"` // what it stands for: "2x H100 SXM5 80GB"
	Facts       []Fact   `json:"facts"`    // that may differ between runs on it: kernel, driver, quota, engine
}

// Fact is one condition of a run.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ContextOf describes a machine.
func ContextOf(m *probe.Machine) Context {
	hardware := []string{fmt.Sprintf("%s, %d cores, %d threads", m.CPU.Model, m.CPU.Cores, m.CPU.Threads)}
	if m.Memory.TotalBytes > 0 { // the kernel keeps a little that differs from boot to boot
		hardware = append(hardware, fmt.Sprintf("%d GiB memory", (m.Memory.TotalBytes+(1<<29))>>30))
	}
	hardware = append(hardware, accelerators(m)...)
	c := Context{Fingerprint: fingerprint(append([]string{m.OS.Arch}, hardware...)), Hardware: hardware, Facts: []Fact{}}
	c.add("os", strings.TrimSpace(m.OS.Name+" "+m.OS.Distribution))
	c.add("kernel", m.OS.Kernel)
	c.add("virtualization", m.OS.Virtualization)
	c.add("container", m.OS.Container)
	if m.Limits.CPUs > 0 {
		c.add("cpu quota", fmt.Sprintf("%g", m.Limits.CPUs))
	}
	if m.Limits.MemoryBytes > 0 {
		c.add("memory limit", fmt.Sprintf("%.1f GiB", float64(m.Limits.MemoryBytes)/(1<<30)))
	}
	for _, a := range m.Accelerators {
		c.addOnce("driver", a.DriverVersion)
		if a.PowerLimitW > 0 {
			c.addOnce("power limit of "+a.Name, fmt.Sprintf("%.0f W", a.PowerLimitW))
		}
	}
	return c
}

// ContextNamed describes hardware of which no more is known than its name.
func ContextNamed(hardware string) Context {
	return Context{Fingerprint: fingerprint([]string{hardware}), Hardware: []string{hardware}, Facts: []Fact{}}
}

func fingerprint(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:6])
}

// accelerators counts the usable ones by name, in the order of their names.
func accelerators(m *probe.Machine) (list []string) {
	counts := map[string]int{}
	for _, a := range m.Accelerators {
		if a.Usable() {
			counts[fmt.Sprintf("%s, %d MiB", a.Name, a.MemoryTotalBytes>>20)]++
		}
	}
	for name, n := range counts {
		list = append(list, fmt.Sprintf("%dx %s", n, name))
	}
	slices.Sort(list)
	return list
}

func (c *Context) add(name, value string) {
	if value != "" {
		c.Facts = append(c.Facts, Fact{name, value})
	}
}

// addOnce adds a fact that several devices may share.
func (c *Context) addOnce(name, value string) {
	if !slices.Contains(c.Facts, Fact{name, value}) {
		c.add(name, value)
	}
}
