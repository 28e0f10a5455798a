package catalog

import (
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// TestShippedCatalog holds the size of the shipped catalog and what every
// entry of it must have beyond what Parse asks of a user's file.
func TestShippedCatalog(t *testing.T) {
	c := shippedCatalog(t)
	for _, count := range []struct {
		what     string
		have, at int
	}{
		{"models", len(c.Models), 230}, {"accelerators", len(c.Accelerators), 170}, {"precisions", len(c.Precisions), 30},
		{"tensor types", len(c.TensorTypes), 30}, {"engines", len(c.Engines), 4}, {"prices", len(c.Prices), 150},
		{"benchmarks", len(c.Benchmarks), 12}, {"use cases", len(c.UseCases), 10},
	} {
		if count.have < count.at {
			t.Errorf("%d %s, want %d or more", count.have, count.what, count.at)
		}
	}
	sources := setOf(c.Sources, func(s *Source) string { return s.ID })
	cited := func(where, source string) {
		if !sources[source] {
			t.Errorf("%s: source %q is not listed", where, source)
		}
	}
	for i := range c.Accelerators {
		a := &c.Accelerators[i]
		cited(a.ID, a.Source)
		for _, d := range a.Devices {
			if d.Source != "" {
				cited(a.ID, d.Source)
			}
		}
		if strings.Contains(a.Notes, "announced") && a.Trust != "D" {
			t.Errorf("%s is announced with trust %s", a.ID, a.Trust)
		}
		if a.Class == "cpu" && (a.Units == 0 || a.ISA == "" || a.MemoryBandwidth == 0) {
			t.Errorf("%s lacks cores, instruction set or bandwidth", a.ID)
		}
	}
	for i := range c.Precisions {
		p := &c.Precisions[i]
		cited(p.ID, p.Source)
		for _, l := range p.Loss {
			cited(p.ID, l.Source)
		}
	}
	for i := range c.Prices {
		cited(c.Prices[i].Accelerator, c.Prices[i].Source)
	}
	for i := range c.UseCases {
		sum := 0.0
		for _, w := range c.UseCases[i].Benchmarks {
			sum += w.Weight
		}
		if sum < 0.999 || sum > 1.001 {
			t.Errorf("use case %s: weights sum to %v", c.UseCases[i].ID, sum)
		}
	}
}

// TestShippedText keeps the file small enough to embed and parse at every
// start, and free of what a maintainer would trip over.
func TestShippedText(t *testing.T) {
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 700_000 {
		t.Errorf("%d bytes, want 700,000 or fewer", len(data))
	}
	for i, line := range strings.Split(string(data), "\n") {
		if strings.ContainsAny(line, "\t\r") || strings.HasSuffix(line, " ") {
			t.Errorf("line %d has tabs, carriage returns or blanks at its end", i+1)
		}
	}
}

// TestKeyFigures holds figures that users compare first against the vendors'
// sheets and driver reports.
func TestKeyFigures(t *testing.T) {
	c := shippedCatalog(t)
	for id, want := range map[string]struct {
		mib  int64
		bw   float64
		bf16 float64
		fp8  float64
		link Link
	}{
		"h100-sxm5-80gb":  {81559, 3350, 989.4, 1978.9, Link{"NVLink4", 450, 8}},
		"h200-sxm-141gb":  {143771, 4800, 989.5, 1979, Link{"NVLink4", 450, 8}},
		"a100-pcie-80gb":  {81920, 1935, 312, 0, Link{"NVLink3 bridge", 300, 2}},
		"b200-sxm-180gb":  {183359, 7700, 2250, 4500, Link{"NVLink5", 900, 8}},
		"b300-sxm-288gb":  {275040, 7750, 2250, 4500, Link{"NVLink5", 900, 8}},
		"gb200":           {189471, 8000, 2500, 5000, Link{"NVLink5", 900, 72}},
		"gb300":           {284208, 8000, 2500, 5000, Link{"NVLink5", 900, 72}},
		"l4":              {23034, 300, 121, 242.5, Link{}},
		"a10g":            {23028, 600, 70, 0, Link{}},
		"rtx-4090":        {24564, 1008, 165.2, 330.3, Link{}},
		"mi300x":          {196592, 5300, 1307.4, 2614.9, Link{"Infinity Fabric", 448, 8}},
		"mi250x":          {65520, 1638.4, 191.5, 0, Link{"Infinity Fabric", 200, 8}},
		"apple-m4-max":    {128 * 1024, 546, 0, 0, Link{}},
		"epyc-9654":       {0, 460.8, 0, 0, Link{}},
		"rtx-5090":        {32607, 1792, 209.5, 419, Link{}},
		"dgx-spark-gb10":  {124610, 273, 0, 0, Link{"ConnectX-7 200GbE", 25, 2}},
		"rtx-a6000":       {49140, 768, 154.8, 0, Link{"NVLink bridge", 56.25, 2}},
		"h200-nvl-141gb":  {143771, 4800, 835.5, 1670.5, Link{"NVLink4 bridge", 450, 4}},
		"gh200-96gb-hbm3": {97871, 4000, 989.5, 1979, Link{Kind: "NVLink4", GBps: 450, Domain: 32}},
	} {
		a, err := c.Accelerator(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if a.ID != id || a.MemoryBytes>>20 != want.mib || a.MemoryBandwidth != want.bw || a.Peak.BF16 != want.bf16 || a.Peak.FP8 != want.fp8 || a.Link != want.link {
			t.Errorf("%s: %d MiB, %v GB/s, bf16 %v, fp8 %v, link %+v; want %+v", a.ID, a.MemoryBytes>>20, a.MemoryBandwidth, a.Peak.BF16, a.Peak.FP8, a.Link, want)
		}
	}
}

// TestPrecisionBits holds the layouts against hand-derived bits per weight of
// a 4096 x 4096 matrix.
func TestPrecisionBits(t *testing.T) {
	c := shippedCatalog(t)
	const n = 4096
	for id, want := range map[string]float64{
		"bf16": 16, "fp8": 8 + 32.0/(n*n), "fp8-dynamic": 8 + 32.0/n, "fp8-block": 8 + 32.0/(128*128), "int8": 8 + 32.0/n,
		"awq-int4": 4 + 20.0/128, "gptq-int4": 4 + 16.0/128, "int4-g32": 4.5, "nvfp4": 4.5 + 64.0/(n*n), "mxfp4": 4.25,
		"bnb-nf4": 4 + 8.0/64 + 32.0/(64*256), "q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5, "iq4_nl": 4.5,
	} {
		p, err := c.Precision(id)
		if err != nil {
			t.Error(err)
			continue
		}
		bytes := n * n * p.Bits / 8
		if p.Group > 0 {
			bytes += n * n / float64(p.Group) * p.GroupBytes
		}
		if p.BlockRows > 0 {
			bytes += n * n / float64(p.BlockRows*p.BlockCols) * p.BlockBytes
		}
		bytes += n*p.RowBytes + p.TensorBytes
		if got := bytes * 8 / (n * n); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%s: %v bits per weight, want %v", id, got, want)
		}
	}
}

// TestTensorTypes holds the catalog's GGUF blocks against those that the
// reader of GGUF files computes with.
func TestTensorTypes(t *testing.T) {
	c := shippedCatalog(t)
	for _, tt := range c.TensorTypes {
		layout, ok := gguf.Type(tt.GGML).Layout()
		if !ok || layout.Name != tt.ID || layout.Block != tt.Block || layout.BlockBytes != tt.BlockBytes {
			t.Errorf("%+v against %+v", tt, layout)
		}
	}
}

// RoBERTa's positions begin at 2: of its 514 a text has 512.
func TestContextOfRoBERTa(t *testing.T) {
	n := 0
	for _, m := range shippedCatalog(t).Models {
		if m.Family != "xlm-roberta" && m.Family != "roberta" {
			continue
		}
		if n++; m.MaxContext&(m.MaxContext-1) != 0 {
			t.Errorf("%s: a context of %d", m.ID, m.MaxContext)
		}
	}
	if n < 5 {
		t.Errorf("%d models", n)
	}
}
