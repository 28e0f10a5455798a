package plimsoll_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/plimsoll-dev/plimsoll"

// arrows lists, for each top-level package, the top-level packages that it may
// import. A package that is not listed here has no place in the house.
var arrows = map[string]string{
	"":            "", // the embedded catalog.toml
	"catalog":     "",
	"probe":       "catalog",
	"workload":    "catalog",
	"estimator":   "catalog",
	"simulator":   "catalog estimator workload",
	"planner":     "catalog estimator simulator workload",
	"benchmarks":  "catalog probe workload",
	"calibration": "catalog probe estimator benchmarks",
	"gate":        "catalog probe estimator simulator planner benchmarks workload",
	"report":      "catalog probe estimator simulator planner benchmarks workload",
	"fleet":       "catalog probe estimator simulator planner benchmarks workload",
	"accuracy":    "catalog probe estimator simulator planner benchmarks workload",
	"cmd":         " catalog probe estimator simulator planner benchmarks calibration gate report fleet accuracy workload",
}

// pure packages compute: no files, no network, no clock, no hardware.
var pure = []string{"estimator", "simulator", "planner"}

// TestImportsFollowTheArrows holds the direction of imports over the whole
// module: catalog at the bottom, commands at the top.
func TestImportsFollowTheArrows(t *testing.T) {
	for path, imports := range imports(t) {
		from := top(path)
		allowed, known := arrows[from]
		if !known {
			t.Errorf("%s is not a package of the house", path)
			continue
		}
		for _, target := range imports {
			if !strings.HasPrefix(target, module) || top(target) == from || target == module { // the embedded catalog is for all
				continue
			}
			if !contains(strings.Split(allowed, " "), top(target)) {
				t.Errorf("%s imports %s: %q may import only %q", path, target, from, allowed)
			}
		}
	}
}

func TestPurePackagesDoNoIO(t *testing.T) {
	for path, imports := range imports(t) {
		if !contains(pure, top(path)) || path == module+"/estimator/fit" { // a program that derives coefficients
			continue
		}
		for _, target := range imports {
			switch target {
			case "os", "io", "net", "net/http", "os/exec", "syscall", "time", "math/rand":
				t.Errorf("%s imports %s: it must be pure", path, target)
			}
		}
	}
}

func TestOnlyProbeAndBenchmarksTouchHardware(t *testing.T) {
	for path, imports := range imports(t) {
		if p := top(path); p == "probe" || p == "benchmarks" {
			continue
		}
		for _, target := range imports {
			if strings.HasPrefix(target, "github.com/NVIDIA/go-nvml") || strings.HasPrefix(target, "github.com/shirou/gopsutil") {
				t.Errorf("%s imports %s", path, target)
			}
		}
	}
}

// imports maps each package of the module to what its non-test files import.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		all[fields[0]] = fields[1:]
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}

// top is the first folder of a package's path inside the module.
func top(path string) string {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
