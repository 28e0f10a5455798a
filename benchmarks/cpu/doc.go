// Package cpu measures what the processors and the memory of this machine
// really do: the bandwidth of main memory, the rate of matrix products (GEMM)
// and of matrix-vector products with weights in main memory (GEMV), which is
// what decoding is.
//
// [Run] needs about twenty seconds and returns a [Report]: medians with their
// quartiles over repeated runs, after a warm-up that lasts until runs agree.
// Data are random, since power and with it the clock depend on them. One
// thread per physical core is pinned, and first touches the memory that it
// uses. A figure that cannot be right is refused with the reason: bandwidth
// over arrays that the caches hold, or more operations than lanes, units and
// clock allow. What makes the figures doubtful is a warning.
//
// # Kernels
//
// Inner loops are in Go assembly, chosen at run time by what the processor
// has: AVX2, AVX-512, AVX-512 BF16, AVX-512 VNNI and AVX-VNNI on amd64, NEON on
// arm64. Everything else runs portable loops, in FP32 only: a loop in BF16 or
// INT8 without instructions for it says nothing about an engine. AMX, SVE and
// the dot products of arm64 are not used.
//
// # Sources
//
//   - Bandwidth is counted as STREAM counts it, and its rule for the size of
//     arrays holds: four times the last-level cache (McCalpin,
//     cs.virginia.edu/stream/ref.html).
//   - GEMM follows Goto and van de Geijn, Anatomy of high-performance matrix
//     multiplication, ACM TOMS 34 (2008).
//
// The package does not judge how an engine uses the hardware, and measures no
// accelerator.
package cpu
