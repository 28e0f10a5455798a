package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

// Shares of the board's power (its TDP, or power limit where that is set to
// it). They were fitted on NVIDIA's published GEMM measurements of GB200
// (aiconfigurator, gemm tables of TensorRT-LLM in bf16 and fp8, which were
// sampled long enough to settle): over shapes that were held back the error is
// 12 % in the median, 18 % in the mean and 38 % at p90. Nine InferenceX runs of
// DeepSeek-R1 on MI355X (0.36 to 0.61 of TDP) come out within 6 % in the
// median, 7 % in the mean and 16 % at p90; of the settings that fit the GEMMs
// alike, the one that fits these runs was taken.
const (
	idleShare   = 0.20 // resident process, no kernels: lowest readings 0.18 (GB200), 0.19 (H200), 0.25 (B200)
	activeShare = 0.30 // clocks up, kernels in sequence
	byteWeight  = 0.55 // reading memory at its peak rate
	flopWeight  = 2.0  // computing at the dense peak, which the limit throttles long before
)

// powerWatts is the electrical power of one accelerator in watts, between its
// idle draw and its TDP. flopShare is the achieved share of the dense peak
// FLOP/s of the precision in use and byteShare that of the peak memory
// bandwidth, both averaged over time and between 0 and 1:
//
//	P = TDP x min(1, 0.3 + 0.55 byteShare + 2 flopShare)
//
// Without any work it is 0.2 TDP. 0 means unknown: no TDP is published.
// Consumer parts and those of other makers than NVIDIA and AMD are taken to
// behave alike, which nobody measured.
func powerWatts(acc *catalog.Accelerator, flopShare, byteShare float64) float64 {
	if flopShare <= 0 && byteShare <= 0 {
		return idleShare * acc.TDPWatts
	}
	return acc.TDPWatts * min(1, activeShare+byteWeight*max(byteShare, 0)+flopWeight*max(flopShare, 0))
}
