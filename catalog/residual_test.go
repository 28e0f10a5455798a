package catalog

import (
	"strings"
	"testing"
)

func TestResidualFor(t *testing.T) {
	c := &Catalog{Residuals: []Residual{
		{Quantity: ResidualTPOT, Half: 1},
		{Quantity: ResidualTPOT, Engine: "vllm", Kind: "MoE", Half: 3},
		{Quantity: ResidualTPOT, Engine: "vllm", Half: 2},
		{Quantity: ResidualTPOT, Engine: "vllm", Kind: "MoE", Family: "Hopper", Precision: "fp8", Half: 5},
		{Quantity: ResidualTPOT, Engine: "vllm", Kind: "MoE", Family: "Hopper", Half: 4},
		{Quantity: ResidualTTFT, Engine: "vllm", Half: 6},
	}}
	for _, tt := range []struct {
		class    SpeedClass
		quantity string
		want     float64 // 0: none
	}{
		{SpeedClass{"Hopper", "vllm", "fp8", "MoE"}, ResidualTPOT, 5},
		{SpeedClass{"Hopper", "vllm", "bf16", "MoE"}, ResidualTPOT, 4},
		{SpeedClass{"Ada", "vllm", "fp8", "MoE"}, ResidualTPOT, 3},
		{SpeedClass{"Hopper", "vllm", "fp8", "dense"}, ResidualTPOT, 2},
		{SpeedClass{"Hopper", "sglang", "fp8", "MoE"}, ResidualTPOT, 1},
		{SpeedClass{"Hopper", "vllm", "fp8", "MoE"}, ResidualTTFT, 6},
		{SpeedClass{"Hopper", "sglang", "fp8", "MoE"}, ResidualTTFT, 0},
	} {
		r := c.ResidualFor(tt.class, tt.quantity)
		if got := halfOf(r); got != tt.want {
			t.Errorf("%s of %s: half %g, want %g", tt.quantity, tt.class, got, tt.want)
		}
	}
}

func halfOf(r *Residual) float64 {
	if r == nil {
		return 0
	}
	return r.Half
}

func TestClassOf(t *testing.T) {
	dense, mixture := &Model{}, &Model{Arch: Architecture{Experts: &Experts{Count: 8}}}
	p, e := &Precision{ID: "fp8"}, &Engine{ID: "vllm"}
	for _, tt := range []struct {
		m    *Model
		acc  Accelerator
		want string
	}{
		{dense, Accelerator{Architecture: "Hopper", Class: "datacenter"}, "Hopper, vllm, fp8, dense"},
		{mixture, Accelerator{Architecture: "Ada", Class: "consumer"}, "Ada consumer, vllm, fp8, MoE"},
		{dense, Accelerator{Name: "Part"}, "Part, vllm, fp8, dense"},
	} {
		if got := ClassOf(tt.m, p, e, &tt.acc).String(); got != tt.want {
			t.Errorf("class %q, want %q", got, tt.want)
		}
	}
}

func TestResidualProblems(t *testing.T) {
	const good = "\n[[residual]]\nquantity = \"tpot\"\nengine = \"e\"\nkind = \"MoE\"\nhalf = 0.2\nrows = 30\ngroups = 3\n"
	c, err := Parse("c.toml", []byte(small+good))
	if err != nil {
		t.Fatal(err)
	}
	over, err := c.Overlay("o.toml", []byte(strings.Replace(good, "0.2", "0.4", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(over.Residuals) != 1 || over.Residuals[0].Half != 0.4 {
		t.Errorf("overlaid residuals %+v, want the one with 0.4", over.Residuals)
	}
	for _, tt := range []struct{ old, new, want string }{
		{`"tpot"`, `"itl"`, `key "residual[0].quantity": is "itl"; accepted: ttft, tpot, throughput`},
		{`engine = "e"`, `engine = "f"`, `key "residual[0].engine": no engine has the id "f"`},
		{`"MoE"`, `"sparse"`, `key "residual[0].kind": is "sparse"; accepted: dense, MoE`},
		{`engine = "e"`, ``, `key "residual[0].engine": is missing beside kind; accepted: a class names engine, kind, family and precision from the left`},
		{"half = 0.2", ``, `key "residual[0].half": is 0; accepted: 0.001 to 100`},
		{"rows = 30", ``, `key "residual[0].rows": is 0; accepted: an integer of at least 1`},
	} {
		_, err := Parse("c.toml", []byte(small+strings.Replace(good, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.new, err, tt.want)
		}
	}
}
