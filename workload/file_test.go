package workload

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	s, err := Parse("load.toml", []byte(`
[arrivals]
kind = "burst"
rate_per_s = 8
burstiness = 0.5
profile = [1, 3]
period = "24h"

[[classes]]
name = "chat"
weight = 3
input_tokens = "lognormal:512,256"
output_tokens = "128"
turns = "2-6"
think = "20s"
objectives = ["ttft.p95=500ms", "tpot.mean=40ms"]

[[classes]]
input_tokens = "4000"
output_tokens = "16"
prefix_hit = 0.5
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Spec{
		Arrivals: Arrivals{Kind: Burst, RatePerS: 8, Burstiness: 0.5, Profile: []float64{1, 3}, PeriodS: 86400},
		Classes: []Class{{
			Name: "chat", Weight: 3, Input: Lengths{Dist: LogNormalLength, Mean: 512, Std: 256}, Output: Tokens(128),
			Turns: &Lengths{Dist: UniformLength, Min: 2, Max: 6}, ThinkS: 20,
			Objectives: []Objective{{"ttft", "p95", 500}, {"tpot", "mean", 40}},
		}, {Name: "class 2", Weight: 1, Input: Tokens(4000), Output: Tokens(16), PrefixHit: 0.5}},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v\nwant %+v", s, want)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"users = 2\n[[classes]]\nnaem = \"x\"":                                              `load.toml:3: key "classes[0].naem": unknown key, did you mean "name"?`,
		"users = 2\n[[classes]]\ninput_tokens = \"0\"\noutput_tokens = \"1\"":               "load.toml:3: key \"classes[0].input_tokens\":",
		"users = 2\nthink = \"soon\"":                                                       `load.toml:2: key "think": "soon": accepted is a time`,
		"[[classes]]\ninput_tokens = \"5\"\noutput_tokens = \"1\"\nobjectives = [\"ttft\"]": "load.toml:4: key \"classes[0].objectives[0]\":",
		"users = 2":                                    "load.toml: workload: 0 classes",
		"[[classes]]\ninput_tokens = \"5\"":            "load.toml: workload: rate 0",
		"users = 2\n[[classes]]\ninput_tokens = \"5\"": "output tokens",
		"users = 2\n[[classes]\n":                      "load.toml:2",
	} {
		if s, err := Parse("load.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want %q", text, s, err, want)
		}
	}
}

// FuzzParse holds that a load that is accepted can be checked again and has means.
func FuzzParse(f *testing.F) {
	f.Add([]byte("users = 2\n[[classes]]\ninput_tokens = \"5\"\noutput_tokens = \"normal:5,1\"\n"))
	f.Add([]byte("arrivals = {rate_per_s = 2, profile = [1, 2], period = \"1m\"}\n[[classes]]\ninput_tokens = \"5\"\noutput_tokens = \"1\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("x", data)
		if err != nil {
			return
		}
		if in, out := s.Means(); s.Check() != nil || !(in >= 1) || !(out >= 1) {
			t.Errorf("%q: %+v: %g and %g tokens in the mean", data, s, in, out)
		}
	})
}
