//go:build !amd64 && !arm64

package cpu

// detect returns the portable kernels: there is no assembly for this processor.
func detect() kernels { return portable() }
