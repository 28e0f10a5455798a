package estimator

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// LlamaDemand is what passes of llama.cpp ask of one memory and its processor.
// Demands of several passes add up, and so do their times.
type LlamaDemand struct {
	WeightBytes   float64 `json:"weight_bytes"`
	CacheBytes    float64 `json:"cache_bytes"`
	UnpackWeights float64 `json:"unpack_weights"` // weights that become numbers again
	ProductFLOP   float64 `json:"product_flop"`
	AttentionFLOP float64 `json:"attention_flop"`
	Layers        float64 `json:"layers"`
	ExpertLayers  float64 `json:"expert_layers"`
	GroupLayers   float64 `json:"group_layers"` // of them, where several tokens are sorted by expert
	Passes        float64 `json:"passes"`
}

func (d *LlamaDemand) add(more LlamaDemand, times float64) {
	d.WeightBytes += times * more.WeightBytes
	d.CacheBytes += times * more.CacheBytes
	d.UnpackWeights += times * more.UnpackWeights
	d.ProductFLOP += times * more.ProductFLOP
	d.AttentionFLOP += times * more.AttentionFLOP
	d.Layers += times * more.Layers
	d.ExpertLayers += times * more.ExpertLayers
	d.GroupLayers += times * more.GroupLayers
	d.Passes += times
}

// seconds are those of the passes but for the constant of each.
func (d LlamaDemand) seconds(r *llamaRates) float64 {
	return d.WeightBytes/r.weights + d.CacheBytes/r.read + d.UnpackWeights/r.unpack + d.ProductFLOP/r.multiply + d.AttentionFLOP/r.attention +
		d.Layers*r.layerS + d.ExpertLayers*r.expertS + d.GroupLayers*r.groupS
}

// Seconds are those of the passes on a part with these coefficients. The error
// says which peak of the part is unknown.
func (d LlamaDemand) Seconds(p LlamaPacking, acc *catalog.Accelerator, eff *catalog.Efficiency) (float64, error) {
	r, err := newLlamaRates(p, acc, eff)
	if err != nil {
		return 0, err
	}
	return d.Passes*eff.StepUs*1e-6 + d.seconds(&r), nil
}

// LlamaPrefill is the demand of a prompt of so many new tokens after depth cached
// ones, on one device that holds every layer.
func LlamaPrefill(d *Deployment, tokens, depth int) (sum LlamaDemand) {
	work, _ := llamaSplit(d, 0)
	ubatch := float64(d.Options.MaxBatchedTokens)
	for done := 0.0; done < float64(tokens); {
		n := min(float64(tokens)-done, ubatch)
		sum.add(work.demand(n, 1, float64(depth)+done+n/2, ubatch), 1)
		done += n
	}
	return sum
}

// LlamaDecode is the demand of so many further tokens of one sequence after
// depth cached ones, as LlamaPrefill.
func LlamaDecode(d *Deployment, tokens, depth int) (sum LlamaDemand) {
	work, _ := llamaSplit(d, 0)
	mean := float64(depth) + float64(tokens)/2 // every term is linear in it, but for windows
	sum.add(work.demand(1, 1, mean, float64(d.Options.MaxBatchedTokens)), float64(tokens))
	return sum
}

// LlamaPacking is how weights lie in a file, as far as speed depends on it.
type LlamaPacking struct {
	Packed bool `json:"packed"` // in blocks of less than 16 bits
	K      bool `json:"k"`      // K-quants, with scales of scales
}

// PackingOf is that of a deployment.
func PackingOf(d *Deployment) LlamaPacking {
	mix := d.layout().Mix
	return LlamaPacking{Packed: mix != "F32" && mix != "F16" && mix != "BF16", K: strings.Contains(mix, "_K")}
}
