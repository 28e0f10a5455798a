package gate

import (
	"strings"
	"testing"
)

// Labels say which accelerator a node has in the words of whoever wrote them.
func TestLabelsOfNodes(t *testing.T) {
	c := shipped(t)
	for label, want := range map[string]string{
		"NVIDIA-H100-80GB-HBM3":   "H100 SXM5 80GB",
		"nvidia-l4":               "L4",
		"nvidia-tesla-a100":       "A100 SXM4 40GB", // not 80: that is nvidia-a100-80gb
		"nvidia-a100-80gb":        "A100 SXM4 80GB",
		"nvidia-h100-mega-80gb":   "H100 SXM5 80GB",
		"nvidia-h200-141gb":       "H200 SXM 141GB",
		"h100":                    "H100 SXM5 80GB",
		"H100_NVLINK_80GB":        "H100 SXM5 80GB",
		"RTX_A6000":               "RTX A6000",
		"AMD_Instinct_MI300X_OAM": "Instinct MI300X",
		"AMD_Instinct_MI325X_OAM": "Instinct MI325X",
	} {
		acc, err := accelerator(c, label)
		if err != nil || acc.Name != want {
			t.Errorf("%s: %v, %v, want %s", label, acc, err, want)
		}
	}
	for label, want := range map[string]string{"a100": "40 or 80 GB", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb": "unknown accelerator"} {
		if acc, err := accelerator(c, label); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", label, acc, err, want)
		}
	}
	for label, name := range labels {
		if acc, err := c.Accelerator(name); err != nil || acc.Name != name || label != strings.ToLower(label) {
			t.Errorf("%s: %v, %v", label, acc, err)
		}
	}
}
