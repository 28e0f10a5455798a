// Command fit derives the kernel curves of the catalog from published kernel
// timings:
//
//	go run ./estimator/fit -silicon DIR [-out curves.toml]
//
// DIR holds tables as NVIDIA's aiconfigurator publishes them (Apache-2.0):
// gemm_*.csv, moe_*.csv, attn_context_*.csv, attn_generation_*.csv, comm.csv.
// Each curve is fitted by least mean absolute log error, which no outlier can
// pull far. Its residuals are printed for all rows, and for three shapes in ten
// that a second fit did not see. Rows that are left out are counted with the
// reason; rules.go states them, and which engines' rows make a curve.
//
// Forms and bounds are those of [catalog.Curve].
package main
