package probe

import (
	"slices"

	"golang.org/x/sys/cpu"
)

// isaNames are the instruction sets that inference engines choose kernels by,
// under the names that Linux gives them in /proc/cpuinfo (x86 flags, arm64
// features), in the order in which they are listed.
var isaNames = []struct{ flag, name string }{
	{"avx2", "avx2"},
	{"f16c", "f16c"},
	{"fma", "fma"},
	{"avx512f", "avx512f"},
	{"avx512_vnni", "avx512_vnni"},
	{"avx_vnni", "avx_vnni"},
	{"avx512_bf16", "avx512_bf16"},
	{"avx512_fp16", "avx512_fp16"},
	{"amx_tile", "amx_tile"},
	{"amx_int8", "amx_int8"},
	{"amx_bf16", "amx_bf16"},
	{"asimd", "neon"},
	{"asimddp", "dotprod"},
	{"i8mm", "i8mm"},
	{"bf16", "bf16"},
	{"sve", "sve"},
	{"sve2", "sve2"},
	{"sme", "sme"},
}

// isa returns the instruction sets among the kernel's flags. Where the
// operating system lists none, the running processor is asked instead.
func (h *host) isa(flags []string) []string {
	var names []string
	for _, i := range isaNames {
		if slices.Contains(flags, i.flag) {
			names = append(names, i.name)
		}
	}
	if names == nil && h.root == "" {
		return runningISA()
	}
	return names
}

// runningISA asks the processor that this program runs on.
func runningISA() []string {
	x86, arm := &cpu.X86, &cpu.ARM64
	var names []string
	for _, f := range []struct {
		has  bool
		name string
	}{
		{x86.HasAVX2, "avx2"},
		{x86.HasFMA, "fma"},
		{x86.HasAVX512F, "avx512f"},
		{x86.HasAVX512VNNI, "avx512_vnni"},
		{x86.HasAVXVNNI, "avx_vnni"},
		{x86.HasAVX512BF16, "avx512_bf16"},
		{x86.HasAMXTile, "amx_tile"},
		{x86.HasAMXInt8, "amx_int8"},
		{x86.HasAMXBF16, "amx_bf16"},
		{arm.HasASIMD, "neon"},
		{arm.HasASIMDDP, "dotprod"},
		{arm.HasI8MM, "i8mm"},
		{arm.HasSVE, "sve"},
		{arm.HasSVE2, "sve2"},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}
