package catalog

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shipped parses the catalog that the program carries, once for all tests.
var shipped = sync.OnceValues(func() (*Catalog, error) {
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		return nil, err
	}
	return Parse("catalog.toml", data)
})

func shippedCatalog(t testing.TB) *Catalog {
	t.Helper()
	c, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAcceleratorNames(t *testing.T) {
	c := shippedCatalog(t)
	for name, want := range map[string]string{
		"h100-sxm5-80gb": "h100-sxm5-80gb", "H100 SXM5 80GB": "h100-sxm5-80gb", "h100": "h100-sxm5-80gb", "H100 sxm": "h100-sxm5-80gb",
		"NVIDIA H100 80GB HBM3": "h100-sxm5-80gb", "h100_pcie": "h100-pcie-80gb", "H100 NVL": "h100-nvl-94gb",
		"NVIDIA A100-SXM4-80GB": "a100-sxm4-80gb", "A100 40gb": "a100-sxm4-40gb", "a100 pcie 40": "",
		"4090": "rtx-4090", "rtx4090": "rtx-4090", "RTX 4090": "rtx-4090", "GeForce RTX 4090 D": "rtx-4090-d", "4070ti": "rtx-4070-ti", "rtx 4070 ti super": "rtx-4070-ti-super",
		"L4": "l4", "L40": "l40", "L40S": "l40s", "A10": "a10", "A10G": "a10g", "H20": "h20-96gb", "t4": "t4", "Tesla T4": "t4",
		"mi300x": "mi300x", "7900 XTX": "rx-7900-xtx", "7900 XT": "rx-7900-xt", "M4 Max": "apple-m4-max", "strix halo": "ryzen-ai-max-plus-395",
		"EPYC 9654": "epyc-9654", "gh200 480gb": "gh200-96gb-hbm3", "DGX Spark": "dgx-spark-gb10",
	} {
		got, err := c.Accelerator(name)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q resolves to %s, want an error", name, got.ID)
		case want != "" && err != nil:
			t.Errorf("%q: %v", name, err)
		case want != "" && got.ID != want:
			t.Errorf("%q resolves to %s, want %s", name, got.ID, want)
		}
	}
}

func TestModelNames(t *testing.T) {
	c := shippedCatalog(t)
	for _, name := range []string{"Qwen/Qwen3-8B", "qwen3-8b", "qwen3 8b", "QWEN/qwen3_8b"} {
		if m, err := c.Model(name); err != nil || m.ID != "Qwen/Qwen3-8B" {
			t.Errorf("%q: %v, %v", name, m, err)
		}
	}
	for i := range c.Models {
		if m, err := c.Model(c.Models[i].ID); err != nil || m != &c.Models[i] {
			t.Errorf("id %q does not resolve to itself: %v", c.Models[i].ID, err)
		}
	}
}

func TestNamesThatDoNotResolve(t *testing.T) {
	c := shippedCatalog(t)
	_, err := c.Model("qwen3-8")
	var notFound *NotFoundError
	if !errors.As(err, &notFound) || notFound.Kind != "model" || !slices.Contains(notFound.Nearest, "Qwen/Qwen3-8B") {
		t.Errorf("qwen3-8: %v", err)
	}
	if n := len(notFound.Nearest); n < 3 || n > 5 {
		t.Errorf("%d candidates, want 3 to 5", n)
	}
	_, err = c.Accelerator("RTX 5060 Ti")
	var ambiguous *AmbiguousError
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []string{"GeForce RTX 5060 Ti 8GB", "GeForce RTX 5060 Ti 16GB"}) {
		t.Errorf("RTX 5060 Ti: %v", err)
	}
	if _, err = c.Accelerator("epyc"); err == nil || !strings.Contains(err.Error(), " more") {
		t.Errorf("a long list of candidates is not cut: %v", err)
	}
	for _, name := range []string{"", " ", "()", "/", "rtx", "\x00"} {
		if a, err := c.Accelerator(name); err == nil {
			t.Errorf("%q resolves to %s", name, a.ID)
		}
		if m, err := c.Model(name); err == nil {
			t.Errorf("%q resolves to %s", name, m.ID)
		}
	}
	for name, find := range map[string]func(string) error{
		"precision": func(s string) error { _, err := c.Precision(s); return err },
		"engine":    func(s string) error { _, _, _, err := c.Engine(s); return err },
		"use case":  func(s string) error { _, err := c.UseCase(s); return err },
	} {
		if err := find("zzz"); !errors.As(err, &notFound) || notFound.Kind != name || notFound.Name != "zzz" {
			t.Errorf("%s zzz: %v", name, err)
		}
	}
}

func TestPrecisionNames(t *testing.T) {
	c := shippedCatalog(t)
	for name, want := range map[string]string{"FP8": "fp8", "Q4_K_M": "q4_k_m", "awq": "awq-int4", "bfloat16": "bf16", "nf4": "bnb-nf4", "GGUF Q8_0": "q8_0"} {
		if p, err := c.Precision(name); err != nil || p.ID != want {
			t.Errorf("%q: %v, %v", name, p, err)
		}
	}
}

func TestEngineVersions(t *testing.T) {
	c := shippedCatalog(t)
	e, constants, version, err := c.Engine("vllm")
	if err != nil || e.ID != "vllm" || version != e.Default || constants == nil {
		t.Fatalf("vllm: %v %v %q %v", e, constants, version, err)
	}
	_, older, version, err := c.Engine("vLLM@0.11.2")
	if err != nil || version != "0.11.2" || older == constants {
		t.Errorf("vLLM@0.11.2: %v %q %v", older, version, err)
	}
	var malformed *VersionError
	if _, _, _, err = c.Engine("vllm@latest"); !errors.As(err, &malformed) {
		t.Errorf("vllm@latest: %v", err)
	}
	if _, _, _, err = c.Engine("vllm@"); !errors.As(err, &malformed) {
		t.Errorf("vllm@: %v", err)
	}
}

// TestCatalogMadeInCode resolves without the index that Parse builds.
func TestCatalogMadeInCode(t *testing.T) {
	c := &Catalog{Accelerators: []Accelerator{{ID: "x1", Name: "Example X1", Class: "cpu"}}}
	if a, err := c.Accelerator("example x1"); err != nil || a != &c.Accelerators[0] {
		t.Errorf("%v, %v", a, err)
	}
	if a, ok := c.MatchCPU("Example X1 CPU @ 2.0GHz"); !ok || a != &c.Accelerators[0] {
		t.Errorf("%v, %v", a, ok)
	}
}
