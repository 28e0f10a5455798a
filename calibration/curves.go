package calibration

import "github.com/plimsoll-dev/plimsoll/benchmarks"

// curves refits the kernel curves of GPUs.
func (f *fitter) curves([]*benchmarks.Result) {}
