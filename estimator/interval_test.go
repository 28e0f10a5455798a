package estimator

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

func TestHalvesOf(t *testing.T) {
	d := &Deployment{
		Model: &catalog.Model{}, Weights: &catalog.Precision{ID: "fp8"}, Engine: &catalog.Engine{ID: "vllm"},
		Device: Device{Accelerator: &catalog.Accelerator{Architecture: "Ada"}},
	}
	c := &catalog.Catalog{Residuals: []catalog.Residual{
		{Quantity: catalog.ResidualTTFT, Engine: "vllm", Half: 0.4},
		{Quantity: catalog.ResidualTPOT, Engine: "vllm", Kind: "dense", Family: "Ada", Half: 0.2},
		{Quantity: catalog.ResidualThroughput, Half: 0.1},
	}}
	for _, tt := range []struct {
		far  catalog.Relation
		want halves
	}{
		{catalog.SameArchitecture, halves{0.4, 0.2, 0.2}}, // throughput is known no better than TPOT
		{catalog.OtherGeneration, halves{0.6, 0.2, 0.2}},  // what was measured of the family is not widened
	} {
		got, err := halvesOf(c, d, tt.far)
		if err != nil || got.ttft < tt.want.ttft-1e-9 || got.ttft > tt.want.ttft+1e-9 || got.tpot != tt.want.tpot || got.throughput != tt.want.throughput {
			t.Errorf("relation %d: %+v (%v), want %+v", tt.far, got, err, tt.want)
		}
	}
	c.Residuals = c.Residuals[:1]
	if _, err := halvesOf(c, d, catalog.Own); err == nil || !strings.Contains(err.Error(), "no [[residual]] of tpot holds the class Ada, vllm, fp8, dense") {
		t.Errorf("error %v, want one that names what is missing", err)
	}
}
