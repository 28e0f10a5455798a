package calibration

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// leastProducts is how many shapes a curve of products may rest on.
const leastProducts = 12

// curves refits the curves of matrix products of GPUs, from products through the
// library that engines call. Our own kernels stand for no engine's, so that
// attention and memory refit nothing.
func (f *fitter) curves(results []*benchmarks.Result) error {
	if len(results) == 0 {
		return nil
	}
	r := results[len(results)-1] // the last: products of older libraries are another thing
	var report gpu.Report
	if err := json.Unmarshal(r.Detail, &report); err != nil {
		return fmt.Errorf("result %s: %w", r.ID, err)
	}
	fitted := map[string]bool{} // several cards of one kind: the first
	for i, d := range report.Devices {
		part, err := f.in.Catalog.Accelerator(d.Accelerator)
		if d.Accelerator == "" || err != nil {
			f.refuse(r.ID, fmt.Sprintf("products of device %d", i), "the catalog does not know %s", d.Name)
			continue
		}
		for _, precision := range []string{"bf16", "fp8"} {
			if key := part.ID + " " + precision; !fitted[key] {
				fitted[key] = f.products(r, &report, i, part, precision)
			}
		}
	}
	return nil
}

// products fits the curve of one precision; false where there are too few.
func (f *fitter) products(r *benchmarks.Result, report *gpu.Report, device int, part *catalog.Accelerator, precision string) bool {
	peak, bytes := part.Peak.BF16, 2.0
	if precision == "fp8" {
		peak, bytes = part.Peak.FP8, 1
	}
	var samples []curvefit.Sample
	for i := range report.Figures {
		x := &report.Figures[i]
		if x.Name != "gemm" || !x.Known() || x.Labels["device"] != strconv.Itoa(device) || x.Labels["precision"] != precision || !strings.HasPrefix(x.Labels["through"], "cublasLt") {
			continue
		}
		m, n, k := number(x.Labels["m"]), number(x.Labels["n"]), number(x.Labels["k"])
		s := curvefit.Product(part, peak, m, n, k, bytes, bytes)
		s.Us, s.Held = 2*m*n*k/(x.Median*1e6), curvefit.HoldBack(m, n, k)
		samples = append(samples, s)
	}
	figure := "products in " + precision + " of " + part.Name
	switch {
	case len(samples) == 0:
		return false
	case peak <= 0:
		f.refuse(r.ID, figure, "the peak of the part in it is unknown")
		return false
	case len(samples) < leastProducts:
		f.refuse(r.ID, figure, "%d shapes were measured: a curve rests on %d or more", len(samples), leastProducts)
		return false
	}
	c := catalog.Curve{Accelerator: part.ID, Kernel: "gemm", Precision: precision}
	curvefit.Fit(&c, samples)
	c.Source = f.source("bench gpu", []string{r.ID})
	f.Overlay.Curves = append(f.Overlay.Curves, c)
	return true
}

// number reads a label that was written from one.
func number(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return v
}
