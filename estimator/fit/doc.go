// Command fit derives the kernel curves of the catalog from published kernel
// timings:
//
//	go run ./estimator/fit -silicon DIR [-out curves.toml]
//
// DIR holds tables as NVIDIA's aiconfigurator publishes them (Apache-2.0):
// gemm_*.csv, moe_*.csv, attn_context_*.csv, attn_generation_*.csv, comm.csv.
// Each curve is fitted on seven tenths of the shapes by least mean absolute
// log error, which no outlier can pull far, and its residuals are printed for
// all rows and for the shapes that were held out. Rows that are left out are
// counted with the reason.
//
// Forms and bounds are those of [catalog.Curve].
package main
