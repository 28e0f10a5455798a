#!/bin/sh
# Builds the PTX that the driver compiles at run time. Needs clang 19 (Debian:
# clang-19), no CUDA toolkit. CLANG names another build of it.
set -eu
cd "$(dirname "$0")"
ptx() { # source architecture ptx-version output flags...
	source=$1 arch=$2 version=$3 to=$4
	shift 4
	"${CLANG:-clang-19}" -x cuda --cuda-device-only --cuda-gpu-arch="$arch" -Xclang -target-feature -Xclang "+$version" \
		-nocudainc -nocudalib -O3 -S -std=c++17 "$@" -o - "$source" | grep -v '^//' >"$to"
}
dir=${1:-.}
ptx memory.cu sm_80 ptx70 "$dir/memory.ptx"
ptx tensor.cu sm_80 ptx70 "$dir/tensor.ptx"
ptx tensor.cu sm_89 ptx84 "$dir/tensor_fp8.ptx" -DFP8
