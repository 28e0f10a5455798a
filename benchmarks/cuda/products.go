package cuda

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"
)

// Products is NVIDIA's library of matrix products, cublasLt: what engines call.
type Products struct {
	Name string // "cublasLt 12.4.5"

	device *Device
	handle uintptr
	fn     productFunctions
}

type productFunctions struct {
	create        func(handle *uintptr) int32
	destroy       func(handle uintptr) int32
	version       func() uint64
	descCreate    func(desc *uintptr, compute, scale int32) int32
	descDestroy   func(desc uintptr) int32
	descSet       func(desc uintptr, attribute int32, value unsafe.Pointer, bytes uint64) int32
	layoutCreate  func(layout *uintptr, format int32, rows, columns uint64, leading int64) int32
	layoutSet     func(layout uintptr, attribute int32, value unsafe.Pointer, bytes uint64) int32
	layoutDestroy func(layout uintptr) int32
	prefCreate    func(preference *uintptr) int32
	prefDestroy   func(preference uintptr) int32
	prefSet       func(preference uintptr, attribute int32, value unsafe.Pointer, bytes uint64) int32
	heuristic     func(handle, desc, a, b, c, d, preference uintptr, asked int32, results *byte, found *int32) int32
	matmul        func(handle, desc uintptr, alpha unsafe.Pointer, a uint64, aLayout uintptr, b uint64, bLayout uintptr, beta unsafe.Pointer, c uint64, cLayout uintptr, d uint64, dLayout uintptr, algorithm *byte, workspace uint64, workspaceBytes uint64, stream uintptr) int32
}

// ProductFiles are where cublasLt may lie: the system's own, CUDA's folders, and
// the packages of a Python that vLLM or PyTorch were installed into. below are
// folders of such packages ("/usr/lib/python3/dist-packages").
func ProductFiles(below []string) []string {
	return libraryFiles("libcublasLt.so", []string{"13", "12", "11"}, "cublas", below)
}

// libraryFiles lists names and paths of a library, the ones to prefer first.
func libraryFiles(name string, versions []string, part string, below []string) (files []string) {
	for _, v := range versions {
		files = append(files, name+"."+v)
	}
	for _, pattern := range []string{"/usr/local/cuda*/lib64", "/usr/local/cuda*/targets/*/lib"} {
		for _, v := range versions {
			found, _ := filepath.Glob(filepath.Join(pattern, name+"."+v))
			files = append(files, found...)
		}
	}
	for _, dir := range below {
		for _, folder := range []string{part, "cu13", "cu12"} {
			for _, v := range versions {
				if path := filepath.Join(dir, "nvidia", folder, "lib", name+"."+v); isFile(path) {
					files = append(files, path)
				}
			}
		}
	}
	return files
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Products opens the first library that can be opened.
func (x *Device) Products(files []string) (*Products, error) {
	lib, err := openFirst(files...)
	if err != nil {
		return nil, fmt.Errorf("cublasLt was not found: %w", err)
	}
	p := &Products{device: x}
	f := &p.fn
	err = lib.bind(map[string]any{
		"cublasLtCreate": &f.create, "cublasLtDestroy": &f.destroy, "cublasLtGetVersion": &f.version,
		"cublasLtMatmulDescCreate": &f.descCreate, "cublasLtMatmulDescDestroy": &f.descDestroy, "cublasLtMatmulDescSetAttribute": &f.descSet,
		"cublasLtMatrixLayoutCreate": &f.layoutCreate, "cublasLtMatrixLayoutSetAttribute": &f.layoutSet, "cublasLtMatrixLayoutDestroy": &f.layoutDestroy,
		"cublasLtMatmulPreferenceCreate": &f.prefCreate, "cublasLtMatmulPreferenceDestroy": &f.prefDestroy, "cublasLtMatmulPreferenceSetAttribute": &f.prefSet,
		"cublasLtMatmulAlgoGetHeuristic": &f.heuristic, "cublasLtMatmul": &f.matmul,
	})
	if err != nil {
		return nil, err
	}
	if err := status("cublasLtCreate", f.create(&p.handle)); err != nil {
		return nil, err
	}
	v := f.version()
	p.Name = fmt.Sprintf("cublasLt %d.%d.%d", v/10000, v/100%100, v%100)
	return p, nil
}

// Close ends the use of the library.
func (p *Products) Close() { p.fn.destroy(p.handle) }

func status(call string, code int32) error {
	if code == 0 {
		return nil
	}
	text := map[int32]string{1: "not initialised", 3: "out of memory", 7: "invalid value", 8: "not on this part", 13: "execution failed", 14: "internal error", 15: "not supported"}[code]
	return fmt.Errorf("%s: status %d %s", call, code, text)
}

// Format is the type of operands of a product, with what goes with it
// (library_types.h, cublas_api.h).
type Format struct {
	Name            string
	Bits            int   // of an operand
	operand, result int32 // cudaDataType
	compute, scale  int32 // cublasComputeType_t, cudaDataType
	group           int   // operands that share a scale of their own; 0: none do
}

const (
	realFP32, realFP16, realINT8, realINT32, realBF16, realE4M3, realE2M1 = 0, 2, 3, 10, 14, 28, 33

	computeFP32, computeINT32, computeTF32 = 68, 72, 77
)

// Formats of products.
var (
	BF16 = Format{"bf16", 16, realBF16, realBF16, computeFP32, realFP32, 0}
	FP16 = Format{"fp16", 16, realFP16, realFP16, computeFP32, realFP32, 0}
	TF32 = Format{"tf32", 32, realFP32, realFP32, computeTF32, realFP32, 0}
	INT8 = Format{"int8", 8, realINT8, realINT32, computeINT32, realINT32, 0}
	FP8  = Format{"fp8", 8, realE4M3, realBF16, computeFP32, realFP32, 0}
	FP4  = Format{"fp4", 4, realE2M1, realBF16, computeFP32, realFP32, 16} // NVFP4: a scale in E4M3 for 16 numbers
)

// Bytes are those of rows of so many operands.
func (f Format) Bytes(rows, columns int) int64 {
	return int64(rows) * int64(columns) * int64(f.Bits) / 8
}

// ScaleBytes are those of the scales of so many rows: in tiles of 128 rows by 4
// scales, as the library lays them out. 0: the format has none.
func (f Format) ScaleBytes(rows, columns int) int64 {
	if f.group == 0 {
		return 0
	}
	up := func(n, to int) int64 { return int64((n + to - 1) / to * to) }
	return up(rows, 128) * up(columns/f.group, 4)
}

// Product is y[m,n] = x[m,k] W[n,k]^T, the layer of a model, ready to run.
type Product struct {
	of                  *Products
	desc, w, x, y       uintptr
	algorithm           [96]byte // the heuristic's whole answer; the algorithm is its first 64 bytes
	weights, input, out Address
	workspace           Address
	workspaceBytes      uint64
	alpha, beta         [4]byte
}

// Numbers of cublasLt.h.
const (
	descTransposeA   = 3
	descScaleA       = 17 // pointers
	descScaleB       = 18
	descScaleModeA   = 31
	descScaleModeB   = 32
	scaleOf16        = 1 // CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3
	layoutBatchCount = 5
	layoutBatchStep  = 6
	prefWorkspace    = 1
	transposed       = 1
	workspaceAtMost  = 64 << 20
)

// Operands are where the matrices of a product lie.
type Operands struct {
	Weights, Input, Out, Workspace Address // Workspace of WorkspaceBytes
	WeightScales, InputScales      Address // of formats that have them

	// Batch is how many products of the shape lie one behind the other; 0 is one.
	Batch int
}

// Product plans one. The library's own choice of algorithm is taken.
func (p *Products) Product(f Format, m, n, k int, o Operands) (_ *Product, err error) {
	q := &Product{of: p, weights: o.Weights, input: o.Input, out: o.Out, workspace: o.Workspace, workspaceBytes: workspaceAtMost}
	if f.scale == realINT32 {
		*(*int32)(unsafe.Pointer(&q.alpha[0])) = 1
	} else {
		*(*float32)(unsafe.Pointer(&q.alpha[0])) = 1
	}
	defer func() {
		if err != nil {
			q.Close()
		}
	}()
	if err := q.describe(f, m, n, k, &o); err != nil {
		return nil, err
	}
	return q, q.choose(f, m, n, k)
}

// step is a call of the library.
type step struct {
	call string
	do   func() int32
}

func inTurn(steps []step) error {
	for _, s := range steps {
		if err := status(s.call, s.do()); err != nil {
			return err
		}
	}
	return nil
}

// describe tells the library of the product. It counts by columns: W^T is [k,n]
// transposed, x^T is [k,m], y^T is [n,m].
func (q *Product) describe(f Format, m, n, k int, o *Operands) error {
	fn := &q.of.fn
	transpose := int32(transposed)
	steps := []step{
		{"cublasLtMatmulDescCreate", func() int32 { return fn.descCreate(&q.desc, f.compute, f.scale) }},
		{"cublasLtMatmulDescSetAttribute", func() int32 { return fn.descSet(q.desc, descTransposeA, unsafe.Pointer(&transpose), 4) }},
		{"cublasLtMatrixLayoutCreate", func() int32 { return fn.layoutCreate(&q.w, f.operand, uint64(k), uint64(n), int64(k)) }},
		{"cublasLtMatrixLayoutCreate", func() int32 { return fn.layoutCreate(&q.x, f.operand, uint64(k), uint64(m), int64(k)) }},
		{"cublasLtMatrixLayoutCreate", func() int32 { return fn.layoutCreate(&q.y, f.result, uint64(n), uint64(m), int64(n)) }},
	}
	set := func(attribute int32, value unsafe.Pointer, bytes uint64) {
		steps = append(steps, step{"cublasLtMatmulDescSetAttribute", func() int32 { return fn.descSet(q.desc, attribute, value, bytes) }})
	}
	if f.group > 0 {
		mode := int32(scaleOf16)
		set(descScaleModeA, unsafe.Pointer(&mode), 4)
		set(descScaleModeB, unsafe.Pointer(&mode), 4)
		set(descScaleA, unsafe.Pointer(&o.WeightScales), 8)
		set(descScaleB, unsafe.Pointer(&o.InputScales), 8)
	}
	if o.Batch > 1 {
		count := int32(o.Batch)
		for _, x := range []struct {
			layout *uintptr
			step   int64
		}{{&q.w, int64(n) * int64(k)}, {&q.x, int64(m) * int64(k)}, {&q.y, int64(m) * int64(n)}} {
			steps = append(steps,
				step{"cublasLtMatrixLayoutSetAttribute", func() int32 { return fn.layoutSet(*x.layout, layoutBatchCount, unsafe.Pointer(&count), 4) }},
				step{"cublasLtMatrixLayoutSetAttribute", func() int32 { return fn.layoutSet(*x.layout, layoutBatchStep, unsafe.Pointer(&x.step), 8) }})
		}
	}
	return inTurn(steps)
}

// choose lets the library choose an algorithm.
func (q *Product) choose(f Format, m, n, k int) error {
	fn := &q.of.fn
	limit := uint64(workspaceAtMost)
	var preference uintptr
	defer func() {
		if preference != 0 {
			fn.prefDestroy(preference)
		}
	}()
	var found int32
	err := inTurn([]step{
		{"cublasLtMatmulPreferenceCreate", func() int32 { return fn.prefCreate(&preference) }},
		{"cublasLtMatmulPreferenceSetAttribute", func() int32 { return fn.prefSet(preference, prefWorkspace, unsafe.Pointer(&limit), 8) }},
		{"cublasLtMatmulAlgoGetHeuristic", func() int32 {
			return fn.heuristic(q.of.handle, q.desc, q.w, q.x, q.y, q.y, preference, 1, &q.algorithm[0], &found)
		}},
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("cublasLtMatmulAlgoGetHeuristic: no algorithm for %s, %d x %d x %d", f.Name, m, n, k)
	}
	return err
}

// WorkspaceBytes is what a product may use beside its matrices.
const WorkspaceBytes = workspaceAtMost

// Run puts the product on a stream, with weights that lie offset bytes after those
// that it was planned for.
func (q *Product) Run(offset int64, s Stream) error {
	return status("cublasLtMatmul", q.of.fn.matmul(q.of.handle, q.desc, unsafe.Pointer(&q.alpha[0]), uint64(q.weights)+uint64(offset), q.w, uint64(q.input), q.x,
		unsafe.Pointer(&q.beta[0]), uint64(q.out), q.y, uint64(q.out), q.y, &q.algorithm[0], uint64(q.workspace), q.workspaceBytes, uintptr(s)))
}

// Close frees the plan.
func (q *Product) Close() {
	for _, layout := range []uintptr{q.w, q.x, q.y} {
		if layout != 0 {
			q.of.fn.layoutDestroy(layout)
		}
	}
	if q.desc != 0 {
		q.of.fn.descDestroy(q.desc)
	}
}
