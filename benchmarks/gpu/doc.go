// Package gpu measures what NVIDIA GPUs really do, without a CUDA toolkit: the
// bandwidth of their memory, matrix products, attention over a cache, the cost of
// a launch, copies to and from the host and between GPUs, and all-reduce.
//
// [Run] needs two to three minutes for one GPU. Kernels are PTX that the driver
// compiles (folder kernels, with its sources); matrix products and collectives go
// through the libraries that engines call, where the machine has them, and each
// figure says through which. Data are random, buffers exceed the caches, figures
// are medians with quartiles over batches that follow a warm-up; clocks, power,
// temperature, throttling and other processes stand beside them. A figure above
// what the part can do is refused with the reason, and what was not measured says
// why. A GPU that is lost ends the run with what was measured by then.
//
// Where the machine has no library for products, kernels of ours stand in, through
// mma.sync; their figures say so and are other figures. The rate of mma.sync from
// registers is measured too: an issue rate, not a product of matrices. From Hopper on
// both are below the part's peak, which other instructions reach.
//
// Attention over prompts is timed as the two products that it is made of, without
// what lies between them. Nothing here changes a clock, a power limit or a mode.
//
// The package has been run on a stand-in driver, and not yet on a card.
package gpu
