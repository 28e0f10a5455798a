package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// systems maps the names of the tables to catalog ids.
var systems = map[string]string{
	"a100_sxm": "a100-sxm4-80gb", "h100_sxm": "h100-sxm5-80gb", "h200_sxm": "h200-sxm-141gb",
	"b200_sxm": "b200-sxm-180gb", "b300_sxm": "b300-sxm-288gb", "gb200": "gb200", "gb300": "gb300",
	"l40s": "l40s", "rtx_pro_6000_server": "rtx-pro-6000-blackwell-server-edition", "b60": "arc-pro-b60",
}

// dtype is a format as the tables name it: the product as curves name it, and
// the bytes of a weight (or cache) and of an activation element, with scales.
type dtype struct {
	precision          string
	weight, activation float64
}

// peak is the dense rate at which the part multiplies the format, in TFLOP/s.
func (d dtype) peak(a *catalog.Accelerator) float64 {
	c := catalog.Curve{Kernel: "gemm", Precision: d.precision}
	return c.PeakTFLOPS(a.Peak)
}

var dtypes = map[string]dtype{
	"bfloat16":         {"bf16", 2, 2},
	"fp8":              {"fp8", 1, 1},
	"fp8_block":        {"fp8-block", 1, 1},
	"nvfp4":            {"nvfp4", 0.5625, 0.5625},
	"int8_wo":          {"int8-weight-only", 1, 2},
	"int4_wo":          {"int4", 0.516, 2},
	"sq":               {"int8", 1, 1},
	"w4a16_mxfp4":      {"mxfp4-w4a16", 0.53125, 2},
	"w4a8_mxfp4_mxfp8": {"mxfp4", 0.53125, 1.03125},
}

// row is a line of a table by column name. The first fault is kept for [read].
type row struct {
	cells map[string]int
	line  []string
	fault *error
}

func (r row) text(column string) string {
	if i, ok := r.cells[column]; ok {
		return r.line[i]
	}
	return ""
}

// number is a positive figure of the row.
func (r row) number(column string) float64 {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		if *r.fault == nil {
			*r.fault = fmt.Errorf("column %s: %q; accepted: a number above zero", column, r.text(column))
		}
		return 1
	}
	return v
}

// us is the time of the row in microseconds.
func (r row) us() float64 { return r.number("latency_ms") * 1e3 }

// read calls use for every line of the tables that match the pattern. Errors
// name file, line and column.
func read(dir fs.FS, pattern string, use func(row)) error {
	files, err := fs.Glob(dir, pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no table %s", pattern)
	}
	for _, name := range files {
		if err := readTable(dir, name, use); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func readTable(dir fs.FS, name string, use func(row)) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	table := csv.NewReader(f)
	header, err := table.Read()
	if err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	cells := make(map[string]int, len(header))
	for i, column := range header {
		cells[column] = i
	}
	var fault error
	for {
		line, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if use(row{cells, line, &fault}); fault != nil {
			at, _ := table.FieldPos(0)
			return fmt.Errorf("line %d: %w", at, fault)
		}
	}
}
