package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSimulateRefuses: flags that cannot be meant are told by name, with what is
// accepted, before anything is simulated.
func TestSimulateRefuses(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace.jsonl")
	if err := os.WriteFile(trace, []byte("{\"at_s\": 0, \"input_tokens\": 5, \"output_tokens\": 5}\n{\"at_s\": 1}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{
		"--rate 0":                               "--rate 0: accepted is more than 0",
		"--rate 2 --concurrency 3":               "--rate and --concurrency exclude each other",
		"--think 2s":                             "--think means nothing without --concurrency",
		"--burstiness 2":                         "--burstiness means nothing without --arrival burst",
		"--objective ttft=3":                     "accepted is METRIC.STAT=TIME",
		"--fail 2@1m":                            `--fail "2@1m": replicas are 1 to 1`,
		"--fail 1@1m+x":                          "no time to be down for",
		"--join 1":                               "accepted is REPLICA@TIME",
		"--until-stable ttft.max=5%":             "accepted is METRIC.STAT=HALF%",
		"--find most":                            "accepted are rate, users, replicas",
		"--find users --rate 3":                  "--find users is for a closed loop",
		"--find users --concurrency 3":           "--find users needs an objective",
		"--find rate --concurrency 3":            "--find rate is for an open loop",
		"--find replicas":                        "--find replicas needs the load",
		"--find replicas --rate 2 --dp 1":        "leave out --dp",
		"--find rate --samples x":                "--find and --samples exclude each other",
		"--input-tokens 90000":                   "longer than a sequence of 40960",
		"--input-tokens 90-80":                   "min <= max",
		"--turns 2-3 --prefix-hit 0.5":           "accepted is one of them",
		"--warmup 1":                             "accepted is a share from 0 to less than 1",
		"--requests 0":                           "accepted are 1 to 5000000",
		"--duration 0s":                          "accepted is more than 0",
		"--routing hash":                         "accepted are least-loaded, round-robin, prefix",
		"--prefill-tp 2":                         "means nothing without --prefill-replicas",
		"--profile 1,x":                          "accepted are numbers from 0 on",
		"--samples a --html a":                   "--html and --samples name the same file",
		"--html /":                               "is a directory",
		"--replay " + trace:                      "line 2: ",
		"--replay " + trace + " --rate 2":        "exclude each other",
		"--replay nosuch":                        "no such file",
		"--workload nosuch":                      "no such file",
		"--output-tokens 5 --workload nosuch":    "--output-tokens means nothing to --workload",
		"--replay-speed 0 --replay " + trace:     "accepted is more than 0",
		"--prefill-replicas 1 --fail 1@1m":       "exclude each other",
		"--until-stable ttft.p99=5% --find rate": "exclude each other",
	} {
		args := append([]string{"simulate", "Qwen/Qwen3-8B", "--on", "1x L40S"}, strings.Fields(flags)...)
		out, stderr, status := run(t, nil, args...)
		if status != exitUsage || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %s%s, want %q", flags, status, out, stderr, want)
		}
	}
}
