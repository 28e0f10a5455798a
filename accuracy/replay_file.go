package accuracy

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// roomy is a device on which everything fits: what is replayed are sizes, not
// the choice of layers.
const roomy = int64(1) << 50

func (m fileMeasurement) replay(c *catalog.Catalog) (MemoryRow, error) {
	r := MemoryRow{
		Class: m.class, Source: m.source, Engine: m.engine, Checkpoint: m.checkpoint, Model: m.model, Precision: m.weights, KV: m.kv,
		Setting: fmt.Sprintf("%d devices, %d tokens, ubatch %d", m.devices, m.context, m.ubatch),
	}
	gpu, err := m.ledger(c, func(a *catalog.Accelerator) bool { return a.Vendor == "nvidia" && a.Architecture == "Hopper" })
	if err != nil {
		return r, r.refuse(err)
	}
	cpu, err := m.ledger(c, func(a *catalog.Accelerator) bool { return a.Class == "cpu" })
	if err != nil {
		return r, r.refuse(err)
	}
	r.add(FileSize, float64(cpu.WeightsBytes), m.fileGiB*gib)
	r.add(Weights, float64(gpu.WeightsBytes), m.gpuMiB*mib)
	r.add(HostWeights, float64(gpu.HostBytes), m.hostMiB*mib)
	r.add(KVCache, float64(gpu.KVPoolBytes), m.kvMiB*mib)
	r.add(Compute, float64(gpu.ActivationBytes), m.computeMiB*mib)
	return r, nil
}

// ledger places the whole file on one roomy device of the wanted kind: sizes
// of several devices add up to it, and do not depend on the part.
func (m fileMeasurement) ledger(c *catalog.Catalog, kind func(*catalog.Accelerator) bool) (estimator.Ledger, error) {
	weights := m.weights
	if weights == "" {
		weights = "q8_0" // only the cache is replayed, which the weights do not change
	}
	var acc string
	for i := range c.Accelerators {
		if kind(&c.Accelerators[i]) {
			acc = c.Accelerators[i].ID
			break
		}
	}
	d, err := named(c, m.model, weights, m.kv, m.engine, acc)
	if err != nil {
		return estimator.Ledger{}, err
	}
	d.Device.MemoryBytes, d.Device.FreeBytes = roomy, roomy
	d.Options = m.options(d.Model)
	return estimator.Memory(d)
}

// options spreads a context that is longer than the model's own over several
// slots: llama.cpp allocates it all the same, and only the total counts.
func (m fileMeasurement) options(model *catalog.Model) estimator.Options {
	o := estimator.Options{MaxModelLen: max(m.context, 512), MaxSeqs: 1, MaxBatchedTokens: m.ubatch, NoFlashAttention: !m.flash}
	for model.MaxContext > 0 && o.MaxModelLen > model.MaxContext && o.MaxModelLen%2 == 0 {
		o.MaxModelLen, o.MaxSeqs = o.MaxModelLen/2, o.MaxSeqs*2
	}
	return o
}
