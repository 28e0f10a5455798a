package cpu

import "time"

// Schema names the document form of a [Report].
const Schema = "plimsoll.cpu_benchmark/v1"

// Report is what a run measured. Bandwidths are decimal GB/s, compute is
// GFLOP/s (Gop/s for INT8), where a multiplication and an addition are two.
type Report struct {
	Schema     string    `json:"schema"`
	MeasuredAt time.Time `json:"measured_at"`
	Seconds    float64   `json:"seconds"` // that the run took

	Threads  int     `json:"threads"`
	CPUs     []int   `json:"cpus,omitempty"`      // that the threads were pinned to, one each
	Pinned   bool    `json:"pinned"`              // all of them
	ClockGHz float64 `json:"clock_ghz,omitempty"` // that ceilings rest on: of a thread alone, measured, or what the system states if that is more; 0 unknown
	LostCPU  float64 `json:"lost_cpu,omitempty"`  // part of the threads' time in which something else had their CPU

	ArrayBytes     int64  `json:"array_bytes"`                // of each of the three arrays, all threads
	LastLevelBytes int64  `json:"last_level_bytes,omitempty"` // caches together; 0 unknown
	StreamISA      string `json:"stream_isa"`                 // instruction set of the loops over memory
	Bandwidth             // of the whole machine
	ReadSmallPages Rate   `json:"read_small_pages_gbps"` // read in pages of 4 KiB, as a mapped file has
	Nodes          []Node `json:"nodes,omitempty"`       // each memory node alone, where there are several

	GEMM []GEMM `json:"gemm"`
	GEMV []GEMV `json:"gemv"`

	Warnings []string `json:"warnings,omitempty"`
}

// Bandwidth is that of main memory. Bytes are counted as STREAM counts them:
// those that the program names, so that the line that a plain store first
// reads from memory is not counted.
type Bandwidth struct {
	Read    Rate `json:"read_gbps"`     // 8 bytes an element
	Copy    Rate `json:"copy_gbps"`     // a = b: 16 bytes an element
	Triad   Rate `json:"triad_gbps"`    // a = b + s*c: 24 bytes an element, 32 moved
	TriadNT Rate `json:"triad_nt_gbps"` // with stores past the caches: 24 bytes, all that is moved
}

// Node is the bandwidth of the cores of one memory node to its own memory.
type Node struct {
	ID      int `json:"id"`
	Threads int `json:"threads"`
	Bandwidth
}

// GEMM is a product of two matrices, C (m x n) = A (m x k) x Bᵀ (n x k).
type GEMM struct {
	Precision Precision `json:"precision"`
	ISA       string    `json:"isa"` // instruction set of the kernel
	M         int       `json:"m"`
	N         int       `json:"n"`
	K         int       `json:"k"`
	GFLOPS    Rate      `json:"gflops"`
	// Ceiling is lanes x 2 x units x clock x threads; 0: the clock is unknown.
	Ceiling float64 `json:"ceiling_gflops,omitempty"`
}

// GEMV is a product of a matrix of weights that lies in main memory with one
// vector, as in decoding for one sequence. Only weights are counted.
type GEMV struct {
	Precision   Precision `json:"precision"`
	ISA         string    `json:"isa"`
	Columns     int       `json:"columns"`      // operands in a row
	WeightBytes int64     `json:"weight_bytes"` // of the matrix
	WeightGBps  Rate      `json:"weight_gbps"`
}
