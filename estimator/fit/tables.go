package main

import (
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// systems maps the names of the tables to catalog ids.
var systems = map[string]string{
	"a100_sxm": "a100-sxm4-80gb", "h100_sxm": "h100-sxm5-80gb", "h200_sxm": "h200-sxm-141gb",
	"b200_sxm": "b200-sxm-180gb", "b300_sxm": "b300-sxm-288gb", "gb200": "gb200", "gb300": "gb300",
	"l40s": "l40s", "rtx_pro_6000_server": "rtx-pro-6000-blackwell-server-edition", "b60": "arc-pro-b60",
}

// dtype is a format as the tables name it: the catalog's precision, bytes of a
// weight and of an activation element, and the peak that it multiplies at.
type dtype struct {
	precision          string
	weight, activation float64
	peak               func(catalog.Peak) float64
}

func bf16(p catalog.Peak) float64 { return p.BF16 }
func fp8(p catalog.Peak) float64  { return p.FP8 }
func int8(p catalog.Peak) float64 { return p.INT8 }
func fp4(p catalog.Peak) float64  { return p.FP4 }

var dtypes = map[string]dtype{
	"bfloat16":    {"bf16", 2, 2, bf16},
	"fp8":         {"fp8", 1, 1, fp8},
	"fp8_block":   {"fp8-block", 1, 1, fp8},
	"nvfp4":       {"nvfp4", 0.5625, 0.5625, fp4},
	"int8_wo":     {"int8-weight-only", 1, 2, bf16},
	"int4_wo":     {"int4", 0.516, 2, bf16},
	"sq":          {"int8", 1, 1, int8},
	"w4a16_mxfp4": {"mxfp4", 0.53125, 2, bf16},
}

// row is a line of a table by column name.
type row struct {
	cells map[string]int
	line  []string
}

func (r row) text(column string) string {
	if i, ok := r.cells[column]; ok {
		return r.line[i]
	}
	return ""
}

func (r row) number(column string) float64 {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil {
		return 0
	}
	return v
}

// read calls use for every line of the tables that match the pattern.
func read(dir fs.FS, pattern string, use func(row)) error {
	files, err := fs.Glob(dir, pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no table %s", pattern)
	}
	for _, name := range files {
		f, err := dir.Open(name)
		if err != nil {
			return err
		}
		lines, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path.Base(name), err)
		}
		if len(lines) == 0 {
			return fmt.Errorf("%s is empty", path.Base(name))
		}
		cells := map[string]int{}
		for i, h := range lines[0] {
			cells[h] = i
		}
		for _, line := range lines[1:] {
			use(row{cells, line})
		}
	}
	return nil
}

// held keeps three shapes in ten back from the fit, always the same ones.
func held(shape ...any) bool {
	h := fnv.New32a()
	fmt.Fprint(h, shape...)
	return h.Sum32()%10 < 3
}

// leftOut counts rows by the reason for which they are not used.
type leftOut map[string]int

// unusable is the reason not to fit on a GEMM or expert row, or "".
func unusable(r row, d dtype) string {
	backend, system := r.text("backend"), r.text("system")
	switch {
	case system == "gb300" && backend == "sglang" && r.text("version") == "0.5.14" && r.text("gemm_dtype") != "":
		return "gb300 sglang 0.5.14 GEMM: byte for byte the b300 table"
	case backend == "vllm" && d.precision == "fp8-block" && r.text("gemm_dtype") != "" && (strings.HasPrefix(system, "h") || system == "b200_sxm"):
		return "vllm fp8_block GEMM: launched eagerly, a floor of 55 to 425 us"
	case backend == "vllm" && d.precision == "fp8" && r.text("moe_dtype") != "" && strings.HasPrefix(system, "h"):
		return "vllm fp8 experts on Hopper: an untuned kernel at 8 to 17 % of the bandwidth"
	}
	return ""
}
