package accuracy

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/*.csv
var data embed.FS

// servingMeasurement is one start of vLLM, SGLang or TensorRT-LLM. Zero means
// not measured. Sizes are per accelerator, of the first pipeline stage.
type servingMeasurement struct {
	class, source, engine, accelerator, checkpoint, model string

	weights, kv   string // precision ids
	tp, pp        int
	maxModelLen   int
	maxSeqs       int
	maxBatched    int
	fraction      float64
	eager         bool
	visible       float64 // GiB that the engine sees; 0: the device was not stated
	weightsGiB    float64
	activationGiB float64
	nonTorchGiB   float64
	poolGiB       float64
	tokens        float64
	concurrency   float64 // sequences of maxModelLen
	graphsGiB     float64
}

// fileMeasurement is one load of a GGUF file. Zero means not measured, or not
// usable for the reason in data/README.md. Sizes are of all devices together.
type fileMeasurement struct {
	class, source, engine, accelerator, checkpoint, model string

	weights, kv string // precision ids; empty: a mix that no rule describes, no cache measured
	devices     int
	context     int // tokens of all sequences
	ubatch      int
	flash       bool
	fileGiB     float64
	gpuMiB      float64 // weights on the accelerators
	hostMiB     float64 // weights on the host, with all layers on the accelerators
	kvMiB       float64
	computeMiB  float64 // of the device with the output
}

func servingMeasurements() ([]servingMeasurement, error) {
	var list []servingMeasurement
	err := table("data/vllm_memory.csv", func(r *row) {
		list = append(list, servingMeasurement{
			class: r.text("class"), source: r.text("source"), engine: r.text("engine"), accelerator: r.text("accelerator"),
			checkpoint: r.text("checkpoint"), model: r.text("model"), weights: r.text("weights"), kv: r.text("kv"),
			tp: r.int("tp"), pp: r.int("pp"), maxModelLen: r.int("max_model_len"), maxSeqs: r.int("max_num_seqs"),
			maxBatched: r.int("max_num_batched_tokens"), fraction: r.number("memory_fraction"), eager: r.bool("enforce_eager"),
			visible: r.number("visible_gib"), weightsGiB: r.number("weights_gib"), activationGiB: r.number("activation_gib"),
			nonTorchGiB: r.number("non_torch_gib"), poolGiB: r.number("kv_pool_gib"), tokens: r.number("kv_tokens"),
			concurrency: r.number("max_concurrency"), graphsGiB: r.number("graphs_gib"),
		})
	})
	return list, err
}

func fileMeasurements() ([]fileMeasurement, error) {
	var list []fileMeasurement
	err := table("data/llamacpp_memory.csv", func(r *row) {
		list = append(list, fileMeasurement{
			class: r.text("class"), source: r.text("source"), engine: r.text("engine"), accelerator: r.text("accelerator"),
			checkpoint: r.text("checkpoint"), model: r.text("model"), weights: r.text("weights"), kv: r.text("kv"),
			devices: r.int("devices"), context: r.int("context"), ubatch: r.int("ubatch"), flash: r.bool("flash_attention"),
			fileGiB: r.number("file_gib"), gpuMiB: r.number("gpu_weights_mib"), hostMiB: r.number("host_weights_mib"),
			kvMiB: r.number("kv_mib"), computeMiB: r.number("compute_mib"),
		})
	})
	return list, err
}

// row is one line of a table; the first unreadable cell is kept as its error.
type row struct {
	file    string
	line    int
	columns []string
	cells   []string
	err     error
}

// table reads an embedded CSV file and hands every row to use. Errors name
// file, line and column.
func table(file string, use func(*row)) error {
	f, err := data.Open(file)
	if err != nil {
		return fmt.Errorf("accuracy: %w", err)
	}
	defer f.Close()
	return readTable(file, f, use)
}

func readTable(file string, from io.Reader, use func(*row)) error {
	reader := csv.NewReader(from)
	header, err := reader.Read()
	if err != nil {
		return fmt.Errorf("accuracy: %s: %w", file, err)
	}
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accuracy: %s: %w", file, err)
		}
		line, _ := reader.FieldPos(0)
		r := &row{file: file, line: line, columns: header, cells: cells}
		use(r)
		if r.err != nil {
			return r.err
		}
	}
}

func (r *row) fail(column, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("accuracy: %s:%d: column %q: %s", r.file, r.line, column, fmt.Sprintf(format, args...))
	}
}

func (r *row) text(column string) string {
	i := slices.Index(r.columns, column)
	if i < 0 {
		r.fail(column, "is missing; there are %s", strings.Join(r.columns, ", "))
		return ""
	}
	return r.cells[i]
}

// number reads a cell; an empty one is 0.
func (r *row) number(column string) float64 {
	s := r.text(column)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.fail(column, "%q is not a number", s)
	}
	return v
}

func (r *row) int(column string) int {
	v := r.number(column)
	if v != float64(int(v)) {
		r.fail(column, "%g is not a whole number", v)
	}
	return int(v)
}

func (r *row) bool(column string) bool {
	switch s := r.text(column); s {
	case "true":
		return true
	case "false", "":
		return false
	default:
		r.fail(column, "%q is neither true nor false", s)
		return false
	}
}
