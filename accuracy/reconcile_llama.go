package accuracy

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// llama compares the sums over devices, which do not depend on how layers
// were split, and the compute buffer of the fullest device.
func (r *reconciler) llama() {
	all := r.d
	all.PP = 1
	all.Device.MemoryBytes, all.Device.FreeBytes = roomy, roomy // sizes, not what fits
	ledger, err := estimator.Memory(all)
	if err != nil {
		ledger = r.whole // the same deployment on fewer devices is refused: compare what there is
	}
	line := func(id string) estimator.Line {
		if l := ledger.Line(id); l != nil {
			return *l
		}
		return estimator.Line{ID: id}
	}
	weights, compute, pool := line("weights"), line("activations"), line("kv_cache")

	r.total(weights, false, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Weights })
	// what is mapped on the host is not all used when layers are offloaded by halves
	host := estimator.Line{ID: "host_weights", Name: "Weights on the host", Bytes: ledger.HostBytes,
		Low: ledger.HostBytes - ledger.HostBytes/50, High: ledger.HostBytes + ledger.HostBytes/50}
	if r.d.Device.Accelerator.Class != "cpu" && r.d.Options.GPULayers == ledger.TotalLayers {
		r.total(host, true, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Weights })
	}
	r.cache(pool)
	if whole := r.whole.Line("activations"); whole != nil {
		compute = *whole
	}
	r.bytes(compute, r.withWeights(), func(k *enginelog.Rank) enginelog.Fact[int64] { return k.Activation })
	if f := r.log.File.Bytes; f.Known() && !r.d.Device.Accelerator.Unified {
		size := fileSize(r.d)
		r.add(Comparison{ID: "file_size", Name: "Size of the file", Unit: "bytes", Predicted: size, Low: size * 0.98, High: size * 1.02,
			Observed: float64(f.Value), Rounding: f.Rounding, Line: f.Line, Raw: f.Raw})
	}
}

// cache compares the whole cache, wherever its layers lie, and the recurrent
// state of all slots, which one unified cache may be fewer than.
func (r *reconciler) cache(pool estimator.Line) {
	c := r.log.Cache
	if !c.Bytes.Known() {
		r.total(pool, false, func(k *enginelog.Rank) enginelog.Fact[int64] { return k.KVPool })
		return
	}
	all := r.d
	all.PP, all.Options.GPULayers = 1, 0
	all.Device.MemoryBytes, all.Device.FreeBytes = roomy, roomy
	l, err := estimator.Memory(all)
	if err != nil {
		return
	}
	if line := l.Line("kv_cache"); line != nil {
		pool = *line
	}
	state := l.StateBytes * int64(r.d.Options.MaxSeqs)
	r.add(Comparison{ID: pool.ID, Name: pool.Name, Unit: "bytes",
		Predicted: float64(pool.Bytes - state), Low: float64(pool.Low - state), High: float64(pool.High - state),
		Observed: float64(c.Bytes.Value), Rounding: c.Bytes.Rounding, Line: c.Bytes.Line, Raw: c.Bytes.Raw})
	if f := c.StateBytes; f.Known() {
		slots := max(r.log.Settings.MaxSeqs.Value, 1)
		v := float64(l.StateBytes * int64(slots))
		r.add(Comparison{ID: "state", Name: fmt.Sprintf("Recurrent state of %d slots", slots), Unit: "bytes",
			Predicted: v, Low: v * 0.99, High: v * 1.01, Observed: float64(f.Value), Rounding: f.Rounding, Line: f.Line, Raw: f.Raw})
	}
}

// total compares a line with the sum over the devices, or over host memory.
func (r *reconciler) total(line estimator.Line, host bool, of func(*enginelog.Rank) enginelog.Fact[int64]) {
	cpu := r.d.Device.Accelerator.Class == "cpu"
	c := Comparison{ID: line.ID, Name: line.Name, Unit: "bytes", Predicted: float64(line.Bytes), Low: float64(line.Low), High: float64(line.High)}
	n := 0
	for i := range r.log.Ranks {
		k := &r.log.Ranks[i]
		f := of(k)
		if !f.Known() || k.Host != (host || cpu) {
			continue
		}
		n++
		c.Observed += float64(f.Value)
		c.Rounding += f.Rounding
		c.Line, c.Raw, c.Rank = f.Line, f.Raw, k.Name
	}
	if n == 0 {
		return
	}
	if n > 1 {
		c.Rank = "sum of the devices"
	}
	r.add(c)
}

// withWeights returns the devices that hold part of the model.
func (r *reconciler) withWeights() []enginelog.Rank {
	cpu := r.d.Device.Accelerator.Class == "cpu"
	var list []enginelog.Rank
	for _, k := range r.log.Ranks {
		if k.Weights.Value > 0 && k.Host == cpu {
			list = append(list, k)
		}
	}
	return list
}

// fileSize is the file by the mix's rule: what lies on the device and what
// stays on the host with all layers offloaded, a tied embedding counted once.
func fileSize(d estimator.Deployment) float64 {
	d.PP, d.Options.GPULayers = 1, 0
	d.Device.MemoryBytes, d.Device.FreeBytes = roomy, roomy
	l, err := estimator.Memory(d)
	if err != nil {
		return 0
	}
	size := float64(l.WeightsBytes + l.HostBytes)
	if d.Model.Arch.TieEmbeddings && d.Device.Accelerator.Class != "cpu" {
		size -= float64(l.HostBytes)
	}
	return size
}
