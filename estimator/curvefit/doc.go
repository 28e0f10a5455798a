// Package curvefit finds the coefficients of a [catalog.Curve] from timings of its
// kernel: published ones, or those of this machine's own benchmark.
//
// A curve is fitted by least mean absolute log error, which no outlier can pull
// far, with a simplex search between physical bounds; the same samples give the
// same curve. It knows no table and no benchmark: callers turn theirs into
// samples, and say which timings may count.
package curvefit
