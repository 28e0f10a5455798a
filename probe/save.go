package probe

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
)

// Save writes a machine as TOML. The file appears whole or not at all: what
// was there before stays when writing fails.
func Save(path string, m *Machine) error {
	var text bytes.Buffer
	text.WriteString("# A machine saved by Plimsoll. --machine reads it in place of probing.\n\n")
	enc := toml.NewEncoder(&text)
	enc.Indent = ""
	if err := enc.Encode(m); err != nil {
		return fmt.Errorf("probe: save %s: %w", path, err)
	}
	if err := atomicfile.Write(path, text.Bytes(), true); err != nil {
		return fmt.Errorf("probe: save machine: %w", err)
	}
	return nil
}

// Load reads a machine that [Save] wrote or a person did. Text that is not of
// the form, and figures that no machine has, are [catalog.Problems].
func Load(path string) (*Machine, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("probe: load machine: %w", err)
	}
	return parseMachine(path, data)
}

func parseMachine(file string, data []byte) (*Machine, error) {
	var m Machine
	if err := catalog.DecodeStrict(file, data, &m); err != nil {
		return nil, err
	}
	c := checker{file: file, text: string(data)}
	c.machine(&m)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return &m, nil
}

// checker collects what is impossible in a machine that was read.
type checker struct {
	file, text string
	problems   catalog.Problems
}

// fail records a problem with a key of the index-th table of that name; the
// table "" is the top of the file.
func (c *checker) fail(table string, index int, key, format string, args ...any) {
	full := key
	if table != "" {
		full = table + "." + key
	}
	if index > 0 {
		full = fmt.Sprintf("%s[%d].%s", table, index, key)
	}
	c.problems = append(c.problems, catalog.Problem{
		File: c.file, Line: lineOf(c.text, table, index, key), Key: full, Message: fmt.Sprintf(format, args...),
	})
}

// figure is a number that must not be negative.
type figure struct {
	key   string
	value float64
}

func (c *checker) notNegative(table string, index int, figures ...figure) {
	for _, f := range figures {
		if f.value < 0 {
			c.fail(table, index, f.key, "%v must not be negative", f.value)
		}
	}
}

func (c *checker) machine(m *Machine) {
	if m.Schema != Schema {
		c.fail("", 0, "schema", "%q is not a machine that this version reads; accepted is %q", m.Schema, Schema)
	}
	c.notNegative("cpu", 0, figure{"sockets", float64(m.CPU.Sockets)}, figure{"cores", float64(m.CPU.Cores)},
		figure{"threads", float64(m.CPU.Threads)}, figure{"max_mhz", m.CPU.MaxMHz})
	if m.CPU.Cores > m.CPU.Threads && m.CPU.Threads > 0 {
		c.fail("cpu", 0, "cores", "%d cores with %d threads: a core has a thread or more", m.CPU.Cores, m.CPU.Threads)
	}
	c.memory(m)
	for i := range m.Accelerators {
		c.accelerator(i, &m.Accelerators[i])
	}
	for i, p := range m.Topology {
		for _, end := range []struct {
			key   string
			index int
		}{{"a", p.A}, {"b", p.B}} {
			if !slices.ContainsFunc(m.Accelerators, func(a Accelerator) bool { return a.Index == end.index }) {
				c.fail("topology", i+1, end.key, "there is no accelerator with index %d", end.index)
			}
		}
	}
	for i, n := range m.Networks {
		c.notNegative("network", i+1, figure{"gbps", n.Gbps})
	}
	for i, s := range m.Storage {
		c.notNegative("storage", i+1, figure{"total_bytes", float64(s.TotalBytes)}, figure{"free_bytes", known(s.FreeBytes)})
	}
}

func (c *checker) memory(m *Machine) {
	mem, lim := m.Memory, m.Limits
	c.notNegative("memory", 0, figure{"total_bytes", float64(mem.TotalBytes)},
		figure{"available_bytes", known(mem.AvailableBytes)}, figure{"swap_total_bytes", float64(mem.SwapTotalBytes)},
		figure{"swap_free_bytes", known(mem.SwapFreeBytes)}, figure{"bandwidth_gbps", mem.BandwidthGBps})
	if mem.AvailableBytes != nil && *mem.AvailableBytes > mem.TotalBytes && mem.TotalBytes > 0 {
		c.fail("memory", 0, "available_bytes", "%d is more than the total of %d", *mem.AvailableBytes, mem.TotalBytes)
	}
	c.notNegative("limits", 0, figure{"memory_bytes", float64(lim.MemoryBytes)},
		figure{"memory_used_bytes", float64(lim.MemoryUsed)}, figure{"cpus", lim.CPUs})
}

func (c *checker) accelerator(i int, a *Accelerator) {
	const table = "accelerator"
	c.notNegative(table, i+1, figure{"index", float64(a.Index)},
		figure{"memory_total_bytes", float64(a.MemoryTotalBytes)}, figure{"memory_free_bytes", known(a.MemoryFreeBytes)},
		figure{"memory_reserved_bytes", float64(a.MemoryReservedBytes)}, figure{"bandwidth_gbps", a.BandwidthGBps},
		figure{"compute_units", float64(a.Units)}, figure{"power_limit_w", a.PowerLimitW},
		figure{"pcie_gen", float64(a.PCIeGen)}, figure{"pcie_width", float64(a.PCIeWidth)})
	for _, rate := range []float64{a.PeakTFLOPS.FP32, a.PeakTFLOPS.TF32, a.PeakTFLOPS.BF16, a.PeakTFLOPS.FP16, a.PeakTFLOPS.FP8, a.PeakTFLOPS.INT8, a.PeakTFLOPS.FP4} {
		c.notNegative(table, i+1, figure{"peak_tflops", rate})
	}
	if a.MemoryFreeBytes != nil && *a.MemoryFreeBytes > a.MemoryTotalBytes {
		c.fail(table, i+1, "memory_free_bytes", "%d is more than the total of %d", *a.MemoryFreeBytes, a.MemoryTotalBytes)
	}
	if bases := []string{"", string(catalog.Measured), string(catalog.Modelled), string(catalog.Datasheet), string(catalog.Assumed)}; !slices.Contains(bases, a.PeakBasis) {
		c.fail(table, i+1, "peak_basis", "%q: accepted are measured, modelled, datasheet, assumed", a.PeakBasis)
	}
	if states := []string{StateOK, StateLost, StateError, StateNotModelled}; !slices.Contains(states, a.State) {
		c.fail(table, i+1, "state", "%q: accepted are %s", a.State, strings.Join(states, ", "))
	}
}

// known returns the figure behind p, 0 when it is unknown.
func known(p *int64) float64 {
	if p == nil {
		return 0
	}
	return float64(*p)
}

// lineOf finds the line of a key below the index-th header (from 1; 0 for a
// table that is no array) in a text that a TOML parser has accepted. It is the
// header's line when the key is missing, and 0 when that is missing too.
func lineOf(text, table string, index int, key string) int {
	header := "[" + table + "]"
	if index > 0 {
		header = "[[" + table + "]]"
	}
	at, seen, inside := 0, 0, table == ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			if inside && at > 0 {
				return at
			}
			inside = false
			if line == header {
				seen++
				if inside = seen == max(index, 1); inside {
					at = number
				}
			}
		case inside:
			if name, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == key {
				return number
			}
		}
	}
	return at
}
