package cuda

import (
	"errors"
	"fmt"
)

// ErrNoDriver says that there is no driver to call.
var ErrNoDriver = errors.New("no NVIDIA driver library")

// Result is a status of the driver, not zero.
type Result int32

// Results that callers tell apart (cuda.h, CUresult).
const (
	OutOfMemory    Result = 2
	NoDevice       Result = 100
	NoBinary       Result = 209 // no kernel image for the part
	UnsupportedPTX Result = 222 // the driver is older than the PTX
	IllegalAddress Result = 700
	LaunchFailed   Result = 719
	EccError       Result = 214
	DeviceLost     Result = 999 // CUDA_ERROR_UNKNOWN: what a lost GPU gives
)

var resultText = map[Result]string{
	1: "invalid value", OutOfMemory: "out of memory", 3: "not initialised", 4: "the driver is shutting down", NoDevice: "no device", 101: "invalid device",
	200: "invalid image", 201: "invalid context", NoBinary: "no kernel for this part", EccError: "uncorrectable memory error", 218: "invalid PTX", UnsupportedPTX: "the driver is older than the PTX",
	500: "not found", IllegalAddress: "illegal address", 701: "out of launch resources", 702: "the launch timed out", LaunchFailed: "the launch failed", 801: "not supported",
	802: "the system is not ready (is the fabric manager running?)", 803: "driver and display driver do not match", DeviceLost: "unknown error: the GPU may be lost",
}

// Error is the result in words.
func (r Result) Error() string {
	if text, ok := resultText[r]; ok {
		return fmt.Sprintf("CUDA error %d: %s", int32(r), text)
	}
	return fmt.Sprintf("CUDA error %d", int32(r))
}

// Lost reports whether an error ends all work on its device: it is gone, its
// memory failed, or its context is broken.
func Lost(err error) bool {
	var r Result
	if !errors.As(err, &r) {
		return false
	}
	switch r {
	case IllegalAddress, LaunchFailed, EccError, DeviceLost, 702, 709, 713, 714, 715, 716, 717, 718:
		return true
	}
	return false
}

// check names the call that failed.
func check(call string, code int32) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", call, Result(code))
}
