// Package cuda calls NVIDIA's driver, and the libraries that engines call, without
// a CUDA toolkit at build or run time: libcuda, libcublasLt and libnccl are opened
// at run time where the machine has them, and [ErrNoDriver] says that it has not.
//
// It covers what a benchmark needs and no more: devices, memory, streams, events,
// modules of PTX, launches, copies between GPUs; matrix products; all-reduce.
// Nothing here sets a clock, a power limit or a mode.
//
// A context is current for one thread of the operating system: whoever uses a
// [Device] locks its goroutine to its thread (runtime.LockOSThread) and calls
// [Device.Use] first.
//
// # Sources
//
// Names, signatures and numbers are those of CUDA's driver API (cuda.h, functions
// with their _v2 names), of cublasLt.h and library_types.h, and of nccl.h. The
// heuristic result of cublasLt is a struct of 96 bytes: an algorithm of 64, the
// size of its workspace, a status, a count of waves and four reserved numbers.
//
// It has been run against a stand-in library, and not yet on a card.
package cuda
