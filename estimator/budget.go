package estimator

import "math"

// VisibleReserve is the part of the driver's total that an engine's runtime
// never sees, in bytes. Memory shared with the host is seen whole.
func (d *Deployment) VisibleReserve() float64 {
	if a := d.Device.Accelerator; a.Unified || a.Class == "cpu" {
		return 0
	}
	return d.Version.Memory.VisibleReserve
}

// Visible is what the engine's runtime reports as total, in bytes.
func (d *Deployment) Visible() float64 {
	return max(0, float64(d.Device.MemoryBytes)-d.VisibleReserve())
}

// available is what the engine finds free before it starts. What a driver
// reports as free is already without its reserve; of hardware that is only
// named everything counts as free, so that the reserve is still in it.
func (d *Deployment) available() float64 {
	return max(0, min(float64(d.Device.FreeBytes), d.Visible()))
}

// contextBytes is the device context, outside of the engine's own accounting.
func (d *Deployment) contextBytes() float64 {
	if a := d.Device.Accelerator; a.Class == "cpu" || a.Vendor == "apple" {
		return 0
	}
	return d.Version.Memory.Context
}

// NonTorch is what the engine's libraries take beside its allocator, in bytes.
func (d *Deployment) NonTorch() float64 {
	bytes, _ := d.nonTorch()
	return bytes
}

// budget is how an engine divides the memory of one accelerator, in bytes.
type budget struct {
	claim   float64 // what it lets itself use
	pool    float64 // of that, the cache; not positive: there is none
	outside float64 // what it takes beside the claim
}

// budget divides the memory at the deployment's memory fraction.
//
//	vLLM          claim = fraction x visible, pool = claim - weights - activations - non-torch (- graphs from 0.21);
//	              before 0.21 graphs come on top
//	SGLang        claim = fraction x free before load, pool = claim - weights;
//	              non-torch, activations and graphs come on top
//	TensorRT-LLM  pool = fraction x (free - weights - activations - non-torch)
//	Transformers  the same; the cache grows into it
func (d *Deployment) budget(p stageParts) budget {
	f, act := d.Options.MemoryFraction, p.activation.bytes
	switch d.Engine.ID {
	case "sglang":
		before := d.available() - p.nonTorch
		if f == 0 {
			f = d.sglangFraction(d.Visible())
		}
		return budget{claim: before * f, pool: before*f - p.weights, outside: p.nonTorch + act + p.graphs}
	case "tensorrt-llm", "transformers":
		free := d.available() - p.weights - act - p.nonTorch
		return budget{claim: d.available() - (1-f)*free, pool: f * free, outside: p.graphs}
	}
	b := budget{claim: f * d.Visible(), outside: p.graphs}
	b.pool = b.claim - p.weights - act - p.nonTorch
	if d.Version.Memory.GraphReserved {
		b.pool, b.outside = b.pool-p.graphs, 0
	}
	return b
}

// poolNote is the formula of the pool, and the same with its numbers.
func (d *Deployment) poolNote(p stageParts) (formula, numbers string) {
	f, act := d.Options.MemoryFraction, size(p.activation.bytes)
	switch d.Engine.ID {
	case "sglang":
		if f == 0 {
			f = d.sglangFraction(d.Visible())
		}
		return "static fraction x memory free before loading - weights", d.text("%.3f x %s - %s", f, size(d.available()-p.nonTorch), size(p.weights))
	case "tensorrt-llm", "transformers":
		return "fraction x (free - weights - activations - non-torch)",
			d.text("%.2f x (%s - %s - %s - %s)", f, size(d.available()), size(p.weights), act, size(p.nonTorch))
	}
	formula = "fraction x visible - weights - activations - non-torch"
	numbers = d.text("%.2f x %s - %s - %s - %s", f, size(d.Visible()), size(p.weights), act, size(p.nonTorch))
	if d.Version.Memory.GraphReserved {
		return formula + " - graphs", numbers + d.text(" - %s", size(p.graphs))
	}
	return formula, numbers
}

// sglangFraction is the static fraction that SGLang picks when none is given:
// (memory - reserved) / memory with reserved = 512 MiB + 1.5 MiB per token of
// the prefill chunk + 2 MiB per captured sequence + TP x PP / 8 GiB
// (+ 3 MiB per captured sequence and attention-DP group), at least 10 GiB on
// devices above 60 GiB. Source: server_args.py, GPU memory settings.
func (d *Deployment) sglangFraction(visible float64) float64 {
	const mib = 1 << 20
	o := d.Options
	reserved := 512 + 1.5*float64(max(o.MaxBatchedTokens, 2048)) + 2*float64(o.MaxSeqs) + float64(d.TP*d.PP)/8*1024
	if d.AttentionDP > 1 {
		reserved += 3 * float64(o.MaxSeqs*d.AttentionDP)
	}
	if visible > 60*1024*mib {
		reserved = math.Max(reserved, 10*1024)
	}
	return max(0, math.Round((visible-reserved*mib)/visible*1000)/1000)
}

// FreeFraction is the memory fraction to ask for: the engine's default, or what
// is left of it on a device that is busy, or too small to hold what the engine
// takes beside its claim. It is 0 where the engine has no default.
func FreeFraction(d Deployment) float64 {
	highest := d.Version.MemoryFraction
	if highest == 0 || d.Engine.ID == LlamaCpp {
		return 0
	}
	d.explain = false
	d, _, err := Resolve(d)
	if err != nil {
		return highest
	}
	return min(highest, d.largestFraction())
}

// largestFraction is the largest fraction, in hundredths, whose claim is free.
// Claims are linear in the fraction.
func (d *Deployment) largestFraction() float64 {
	least := 1.0
	for i := range d.PP {
		parts := stageParts{nonTorch: d.NonTorch(), graphs: d.graphBytes()}
		if d.Engine.ID != "vllm" { // vLLM's claim does not depend on the model
			parts = d.stageParts(d.stageOf(i))
		}
		at := func(f float64) float64 {
			try := *d
			try.Options.MemoryFraction = f
			b := try.budget(parts)
			return b.claim + b.outside + d.contextBytes()
		}
		half, whole := at(0.5), at(1)
		if whole > half {
			least = min(least, 1-(whole-d.available())/(2*(whole-half)))
		}
	}
	return max(0.01, math.Floor(least*100+1e-6)/100)
}
