package catalog

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Node is one machine in the catalog's terms: what the estimator and the
// planner work on, whether it was probed, saved or only named.
type Node struct {
	Name   string  `json:"name"`
	Groups []Group `json:"groups"` // accelerators, alike within a group
	Host   Host    `json:"host"`
}

// Group is a number of like accelerators of a node.
type Group struct {
	Accelerator *Accelerator `json:"accelerator"`
	Count       int          `json:"count"`
	MemoryBytes int64        `json:"memory_bytes"` // per device, as its driver reports it
	FreeBytes   int64        `json:"free_bytes"`   // per device, what a model may take now
	Basis       Basis        `json:"basis"`        // of the memory: measured when a driver said so, datasheet when named only, assumed where the name leaves it open
	PeakBasis   Basis        `json:"peak_basis"`   // of bandwidth and peaks: datasheet from the catalog, modelled when derived from the driver; "" unknown
	Link        Link         `json:"link"`         // what joins the devices of this group in this node
	Note        string       `json:"note,omitempty"`
}

// Host is the CPU side of a node.
type Host struct {
	CPU      *Accelerator `json:"cpu,omitempty"` // nil when the catalog does not know the part
	CPUModel string       `json:"cpu_model,omitempty"`
	Sockets  int          `json:"sockets,omitempty"` // 0 unknown, as for the counts below
	Cores    int          `json:"cores,omitempty"`   // physical, all sockets
	Threads  int          `json:"threads,omitempty"`
	ISA      []string     `json:"isa,omitempty"` // features that engines use: "avx2", "avx512", "amx"

	MemoryBytes    int64   `json:"memory_bytes,omitempty"`
	FreeBytes      int64   `json:"free_bytes,omitempty"`
	SystemBytes    int64   `json:"system_bytes,omitempty"`   // of the memory of named hardware kept for the operating system
	BandwidthGBps  float64 `json:"bandwidth_gbps,omitempty"` // decimal GB/s of all sockets, 0 unknown
	BandwidthBasis Basis   `json:"bandwidth_basis,omitempty"`
	Note           string  `json:"note,omitempty"` // what was assumed
}

// HardwareError says what is wrong with a description of hardware.
type HardwareError struct {
	Spec   string // the part of the description that is wrong
	Reason string
}

// Error names the part and what is accepted.
func (e *HardwareError) Error() string {
	return fmt.Sprintf("hardware %q: %s", e.Spec, e.Reason)
}

// maxCount bounds the devices of one group.
const maxCount = 1 << 16

// ParseHardware describes a node that is named and not probed:
//
//	8x H100 SXM5 80GB
//	4x L40S + 2x EPYC 9654 768GB
//	M4 Max 64GB
//
// Groups stand apart by "," or "+", or come as several specs. A count is
// written 8x, 8 x, 8× or 2*, or x8 after the name; without one it is 1. A memory size may follow
// parts that are sold with several: unified-memory parts (per device; without a
// size the largest is assumed, and Group.Basis says so) and CPUs (all sockets
// together; without a size one 32 GiB module per channel is assumed, and
// Host.Note says so). Sizes are in GB or TB of 2^30 and 2^40
// bytes. All memory counts as free, but for what unified-memory parts and CPUs keep for the system.
//
// The error is a [HardwareError], or wraps the [NotFoundError] or
// [AmbiguousError] of a name.
func (c *Catalog) ParseHardware(specs ...string) (Node, error) {
	b := nodeBuilder{catalog: c}
	for _, spec := range specs {
		for _, part := range b.split(spec) {
			if err := b.add(part); err != nil {
				return Node{}, err
			}
		}
	}
	if len(b.parts) == 0 {
		return Node{}, &HardwareError{Spec: strings.Join(specs, ", "), Reason: `names nothing; accepted: like "8x H100 SXM5 80GB"`}
	}
	return b.node()
}

// part is one group of a description.
type part struct {
	count int
	acc   *Accelerator
	bytes int64 // 0: that of the entry
	sized bool  // a size was given
	text  string
}

type nodeBuilder struct {
	catalog *Catalog
	parts   []part
}

// Separators: a comma outside brackets, and a plus that stands apart or before
// a count. A plus may also belong to a name ("Xeon 8480+").
var (
	brackets  = regexp.MustCompile(`\([^)]*\)`)
	plusSplit = regexp.MustCompile(`\s\+\s*|\+\s*(\d+\s*[xX×*])`)
	countOf   = regexp.MustCompile(`^([-+]?\d[\d.]*)\s*[xX×*]\s*(.*)$`)
	countLast = regexp.MustCompile(`^(.*\S)\s*[xX×*]\s*(\d+)$`) // "H100 x8"
	sizeOf    = regexp.MustCompile(`^(.*\S)\s+(\d+(?:\.\d+)?)\s*([GT])i?B$`)
)

func (b *nodeBuilder) split(spec string) []string {
	masked := brackets.ReplaceAllStringFunc(spec, func(s string) string { return strings.ReplaceAll(s, ",", "\x00") })
	masked = plusSplit.ReplaceAllString(masked, ",$1")
	var list []string
	for piece := range strings.SplitSeq(masked, ",") {
		piece = strings.TrimSpace(strings.ReplaceAll(piece, "\x00", ","))
		if piece == "" {
			continue
		}
		if first, rest, ok := strings.Cut(piece, "+"); ok && !b.named(piece) && b.named(first) {
			list = append(append(list, strings.TrimSpace(first)), b.split(rest)...)
			continue
		}
		list = append(list, piece)
	}
	return list
}

// named reports whether a text is the full name of a part, after a count.
func (b *nodeBuilder) named(text string) bool {
	name := strings.TrimSpace(text)
	if m := countOf.FindStringSubmatch(name); m != nil {
		name = m[2]
	}
	return b.catalog.names().accelerators.exact(name)
}

func (b *nodeBuilder) add(text string) error {
	p, err := b.read(text)
	if err != nil {
		return err
	}
	for i := range b.parts {
		if q := &b.parts[i]; q.acc == p.acc && q.bytes == p.bytes {
			q.sized = q.sized && p.sized
			if q.count += p.count; q.count > maxCount {
				return &HardwareError{Spec: text, Reason: fmt.Sprintf("is more than %d in all", maxCount)}
			}
			return nil
		}
	}
	b.parts = append(b.parts, p)
	return nil
}

// read reads "8x H100 SXM5 80GB" or "2x EPYC 9654 768GB".
func (b *nodeBuilder) read(text string) (part, error) {
	p := part{count: 1, text: text}
	name := strings.TrimSpace(text)
	if acc, err := b.catalog.Accelerator(name); err == nil { // "7900 XTX" is a name, not 7900 of something
		p.acc = acc
		return p, nil
	}
	if m := countLast.FindStringSubmatch(name); m != nil && !countOf.MatchString(name) {
		if _, err := b.catalog.Accelerator(m[1]); err == nil {
			name = m[2] + "x " + m[1]
		}
	}
	if m := countOf.FindStringSubmatch(name); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > maxCount {
			return p, &HardwareError{Spec: text, Reason: fmt.Sprintf("count %q; accepted: 1 to %d", m[1], maxCount)}
		}
		if p.count, name = n, strings.TrimSpace(m[2]); name == "" {
			return p, &HardwareError{Spec: text, Reason: `a count without a name; accepted: like "8x H100 SXM5 80GB"`}
		}
	}
	acc, err := b.catalog.Accelerator(name)
	if err == nil {
		p.acc = acc
		return p, nil
	}
	m := sizeOf.FindStringSubmatch(name)
	if m == nil {
		return p, fmt.Errorf("hardware %q: %w", text, err)
	}
	if acc, err = b.catalog.Accelerator(m[1]); err != nil {
		return p, fmt.Errorf("hardware %q: %w", text, err)
	}
	size, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return p, &HardwareError{Spec: text, Reason: fmt.Sprintf("memory size %q is not a number", m[2])}
	}
	if m[3] == "T" {
		size *= 1024
	}
	p.acc, p.sized = acc, true
	return p, p.setSize(size)
}

// setSize checks a memory size in GiB against what the part is sold with.
func (p *part) setSize(gibibytes float64) error {
	bytes := int64(gibibytes * (1 << 30))
	fail := func(format string, args ...any) error {
		return &HardwareError{Spec: p.text, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case gibibytes <= 0 || gibibytes > 1<<20:
		return fail("%g GB of memory; accepted: above 0 and up to a million", gibibytes)
	case p.acc.Class == "cpu":
		p.bytes = bytes
	case p.acc.MemoryNominalGB == gibibytes: // what the part has anyway
	case !p.acc.Unified:
		return fail("%s has %g GB; a size is accepted for unified-memory parts and CPUs", p.acc.Name, p.acc.MemoryNominalGB)
	case gibibytes > p.acc.MemoryNominalGB:
		return fail("%s comes with up to %g GB", p.acc.Name, p.acc.MemoryNominalGB)
	default:
		p.bytes = bytes
	}
	return nil
}

// node puts the parts together: CPUs make the host, all else groups.
func (b *nodeBuilder) node() (Node, error) {
	var n Node
	var names []string
	for _, p := range b.parts {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%dx %s", p.count, p.acc.Name), "1x "))
		if p.acc.Class != "cpu" {
			n.Groups = append(n.Groups, p.group())
			continue
		}
		if n.Host.CPU != nil {
			return Node{}, &HardwareError{Spec: p.text, Reason: "a second kind of CPU; accepted: one kind per node, in any count"}
		}
		n.Host = p.host()
	}
	n.Name = strings.Join(names, " + ")
	if len(n.Groups) == 1 && n.Groups[0].Count == 1 && n.Host.CPU == nil {
		n.Host = unifiedHost(n.Groups[0])
	}
	return n, nil
}

func (p part) group() Group {
	g := Group{Accelerator: p.acc, Count: p.count, MemoryBytes: p.acc.MemoryBytes, Basis: Datasheet, PeakBasis: Datasheet}
	if p.bytes > 0 {
		g.MemoryBytes = p.bytes
	}
	g.FreeBytes = g.MemoryBytes
	if choice := p.acc.Class == "apple" || p.acc.Class == "apu"; choice && !p.sized {
		g.Basis = Assumed
	}
	if p.acc.Class == "apple" {
		g.FreeBytes = metalShare(g.MemoryBytes)
		g.Note = fmt.Sprintf("the GPU may use %.3g of %.3g GiB unless iogpu.wired_limit_mb is raised", float64(g.FreeBytes)/(1<<30), float64(g.MemoryBytes)/(1<<30))
	}
	if p.count > 1 {
		g.Link = p.acc.BuiltInLink()
		if option := p.acc.Link; option != g.Link {
			g.Note = fmt.Sprintf("without a bridge, which is sold apart and would join %d at %.0f GB/s", option.Domain, option.GBps)
		}
	}
	if p.acc.Unified && p.acc.Class != "apple" {
		var why string
		g.FreeBytes, why = besideTheHost(p.acc, g.MemoryBytes)
		g.Note = fmt.Sprintf("the GPU may use %.3g of %.3g GiB, %s", float64(g.FreeBytes)/(1<<30), float64(g.MemoryBytes)/(1<<30), why)
	}
	return g
}

// metalShare is the part of unified memory that Metal recommends as a working
// set: two thirds up to 36 GiB, three quarters above.
func metalShare(bytes int64) int64 {
	if bytes <= 36<<30 {
		return bytes * 2 / 3
	}
	return bytes * 3 / 4
}

// besideTheHost is the part of memory shared with the host that a model may
// take on parts other than Apple's, and why no more.
//
//	APUs   three quarters: the most that AMD's Variable Graphics Memory gives (96 of 128 GB);
//	       Linux maps half unless ttm.pages_limit is raised, and then up to about that
//	else   what [systemShare] leaves: GB10 is run at 0.83 to 0.87 of its memory, and more does not start
func besideTheHost(acc *Accelerator, bytes int64) (share int64, why string) {
	if acc.Class == "apu" {
		return bytes * 3 / 4, "as AMD's Variable Graphics Memory shares them; Linux maps half unless ttm.pages_limit is raised"
	}
	return bytes - systemShare(bytes), "the rest is kept for the operating system"
}

// moduleBytes is the memory module that is assumed in every channel.
const moduleBytes = 32 << 30

func (p part) host() Host {
	h := Host{
		CPU: p.acc, CPUModel: p.acc.Name, Sockets: p.count, Cores: p.count * p.acc.Units, ISA: features(p.acc.ISA),
		MemoryBytes: p.bytes, BandwidthGBps: float64(p.count) * p.acc.MemoryBandwidth, BandwidthBasis: Datasheet,
	}
	if h.MemoryBytes == 0 {
		h.MemoryBytes = int64(p.count*channels(p.acc.MemoryType)) * moduleBytes
		h.Note = fmt.Sprintf("host memory assumed: a 32 GiB module in each channel, %d GiB in all; a size may follow the name", h.MemoryBytes>>30)
	}
	h.SystemBytes = systemShare(h.MemoryBytes)
	h.FreeBytes = h.MemoryBytes - h.SystemBytes
	return h
}

// systemShare is what is kept for the operating system of hardware that is
// only named: an eighth, and no more than 16 GiB.
func systemShare(bytes int64) int64 {
	return min(bytes/8, 16<<30)
}

// unifiedHost is the CPU side of a chip that shares its memory with it.
func unifiedHost(g Group) Host {
	switch g.Accelerator.Class {
	case "apple", "apu":
		return Host{
			CPU: g.Accelerator, CPUModel: g.Accelerator.Name, Sockets: 1,
			MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes,
			BandwidthGBps: g.Accelerator.MemoryBandwidth, BandwidthBasis: Datasheet,
		}
	default:
		return Host{}
	}
}

// channels reads the memory channels of "DDR5-4800 x12"; 8 when not stated.
func channels(memoryType string) int {
	if _, count, ok := strings.Cut(memoryType, " x"); ok {
		if n, err := strconv.Atoi(count); err == nil {
			return min(max(n, 1), math.MaxUint8)
		}
	}
	return 8
}

// features turns "AVX-512, VNNI" into the words that probes use.
func features(isa string) []string {
	var list []string
	for f := range strings.SplitSeq(isa, ",") {
		if f = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(f), "-", "")); f != "" {
			list = append(list, f)
		}
	}
	return list
}
