package main

import (
	"strings"
	"testing"
)

// TestPlanRefusesFlags: flags that cannot be meant are told by name, with what is accepted.
func TestPlanRefusesFlags(t *testing.T) {
	for flags, want := range map[string]string{
		"--min-quality 50":                                                     "plan needs the load",
		"--rate 2":                                                             "a plan needs models",
		"--min-quality 150 --rate 2":                                           "accepted is 0 to 100",
		"--min-quality 50 --rate 2 --growth 5%":                                "--growth and --months go together",
		"--min-quality 50 --rate 2 --growth five --months 3":                   "accepted is a share a month",
		"--min-quality 50 --rate 2 --peak 0.5":                                 "accepted are 1 to 1000",
		"--min-quality 50 --rate 2 --per-hour 3":                               "--per-hour means nothing without --on",
		"--min-quality 50 --rate 2 --on 1xL40S --term spot":                    "--term is of offers",
		"--min-quality 50 --rate 2 --on 1xL40S --per-hour 1 --purchase 5":      "accepted is one",
		"--min-quality 50 --rate 2 --on 1xL40S --ownership leased":             "accepted are owned, bought, rented",
		"--min-quality 50 --rate 2 --on 1xL40S --ownership owned --per-hour 2": "accepted are per_hour where it is rented",
		"--min-quality 50 --rate 2 --cost pue":                                 "accepted is KEY=NUMBER",
		"--min-quality 50 --rate 2 --cost pu=1":                                "cost: ",
		"--min-quality 50 --rate 2 --cost pue=0.2":                             "pue",
		"--min-quality 50 --rate 2 --provider nobody":                          "the catalog has no price",
		"--model no/such --rate 2":                                             `unknown model "no/such"`,
		"--model Qwen/Qwen3-8B --rate 2 --precision int3":                      "int3",
		"--min-quality 50 --rate 2 --max-watts -5":                             "a budget of -5",
		"--min-quality 50 --rate 2 --spare -1":                                 "-1 spare replicas",
		"--check x --rate 3":                                                   "--check and --rate exclude each other",
		"--check nosuch":                                                       "no such file",
		"nosuch.toml":                                                          "no such file",
		"a b":                                                                  "takes one file at most",
		"--min-quality 50 --rate 2 --limit -1":                                 "--limit -1: accepted",
	} {
		out, stderr, status := run(t, nil, append([]string{"plan"}, strings.Fields(flags)...)...)
		if status != exitUsage || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %.200s%s, want %q", flags, status, out, stderr, want)
		}
	}
}
