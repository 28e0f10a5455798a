package importer

import "github.com/plimsoll-dev/plimsoll/catalog"

// deepseek4 reads compressed sparse attention: the entry of compress_ratios
// tells a layer's kind, 0 for the window alone, 4 and 128 for tokens per entry
// of the compressed cache. Each residual stream is widened to hc_mult
// (hyper-connections, arXiv 2409.19606).
func deepseek4(c *config, m *catalog.Model) {
	a := &m.Arch
	ratios := c.ints("compress_ratios")
	if len(ratios) < a.Layers {
		c.fail("%scompress_ratios has %d entries, num_hidden_layers is %d", c.path, len(ratios), a.Layers)
		return
	}
	const sparse, dense = 4, 128
	setMixers(a, letters(a.Layers, func(i int) byte {
		switch ratios[i] {
		case 0:
			return catalog.SlidingAttention
		case sparse:
			return catalog.CompressedSparse
		case dense:
			return catalog.CompressedDense
		}
		c.fail("%scompress_ratios: %d is unknown; accepted are 0, %d and %d", c.path, ratios[i], sparse, dense)
		return catalog.SlidingAttention
	}), c.need("sliding_window"))
	a.Attention.Window = c.need("sliding_window")
	a.Compressed = &catalog.Compressed{
		QLoraRank: c.need("q_lora_rank"), OLoraRank: c.need("o_lora_rank"), Groups: c.need("o_groups"), RopeDim: c.need("qk_rope_head_dim"),
		SparseRatio: sparse, DenseRatio: dense,
		IndexHeads: c.need("index_n_heads"), IndexDim: c.need("index_head_dim"), IndexTopK: c.need("index_topk"),
	}
	experts(c, m)
	a.RopeDim, a.RopePositions = 0, 2*m.MaxContext // a table for the window and one for compressed entries
	streams := c.opt(4, "hc_mult")
	hashed := min(c.opt(0, "num_hash_layers"), a.Layers)
	// The first layers choose experts by token, from a table, instead of by a
	// router with a correction bias.
	connection := 2 * hyperConnection(streams, a.Hidden)
	extra(m, "hyper-connections", a.Layers*connection+hyperHead(streams, a.Hidden))
	extra(m, "router biases", (a.Layers-hashed)*a.Experts.Count)
	extra(m, "hash routing tables", hashed*a.Vocab*a.Experts.PerToken)
	if n := c.opt(0, "num_nextn_predict_layers"); n > 0 && len(*c.errs) == 0 {
		one := *m
		one.Arch.Layers, one.Arch.Mixers, one.Arch.FFNs = 1, string(catalog.SlidingAttention), ""
		one.Arch.Vocab, one.Arch.TieEmbeddings, one.Arch.Extra = 1, true, nil
		params, err := one.Params()
		if err != nil {
			c.fail("multi-token-prediction module: %w", err)
			return
		}
		h := a.Hidden
		// The stand-in embedding row and the final norm count for two of the
		// module's three norms.
		more := connection + hyperHead(streams, h) + a.Experts.Count + 2*h*h + h
		a.MTP = &catalog.MTP{Layers: n, Params: int64(n) * (params + int64(more))}
	}
}

// hyperConnection mixes streams before and after one block: a matrix from all
// streams to (2 + streams) x streams weights, their biases and three scales.
func hyperConnection(streams, hidden int) int {
	weights := (2 + streams) * streams
	return weights*streams*hidden + weights + 3
}

// hyperHead joins the streams at the end.
func hyperHead(streams, hidden int) int { return streams*streams*hidden + streams + 1 }
