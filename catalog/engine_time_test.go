package catalog

import "testing"

func TestEngineTimeForIsTheMostSpecific(t *testing.T) {
	c := Catalog{EngineTimes: []EngineTime{
		{Engine: "e", Vendor: "nvidia", Source: "any"},
		{Engine: "e", Vendor: "nvidia", From: "2", Source: "2"},
		{Engine: "e", Vendor: "nvidia", Precisions: []string{"fp8"}, Source: "fp8"},
		{Engine: "e", Vendor: "nvidia", From: "2", Architectures: []string{"Hopper"}, Source: "Hopper 2"},
		{Engine: "e", Vendor: "nvidia", From: "3", Architectures: []string{"Hopper"}, Precisions: []string{"fp8"}, Source: "Hopper fp8 3"},
	}}
	for _, k := range []struct{ version, architecture, precision, want string }{
		{"1", "Ada", "bf16", "any"},
		{"2.1", "Ada", "bf16", "2"},
		{"2", "Ada", "fp8", "fp8"}, // a precision before a version
		{"1", "Hopper", "fp8", "fp8"},
		{"2", "Hopper", "fp8", "Hopper 2"}, // an architecture before a precision
		{"3", "Hopper", "fp8", "Hopper fp8 3"},
		{"3", "Hopper", "bf16", "Hopper 2"},
	} {
		acc := &Accelerator{Vendor: "nvidia", Architecture: k.architecture}
		if e := c.EngineTimeFor("e", k.version, acc, &Precision{ID: k.precision}); e == nil || e.Source != k.want {
			t.Errorf("%+v: %+v", k, e)
		}
	}
	if e := c.EngineTimeFor("e", "1", &Accelerator{Vendor: "amd"}, &Precision{}); e != nil {
		t.Errorf("another vendor's: %+v", e)
	}
}
