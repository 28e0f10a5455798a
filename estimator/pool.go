package estimator

import "math"

// pool is what a KV pool of a given size holds on one accelerator.
type pool struct {
	perToken float64 // bytes that one more token costs once windows are full
	state    float64 // bytes of a sequence whatever its length
	tokens   int64   // as the engine reports it
	seqs     float64 // sequences of maxLen that fit
	one      float64 // bytes that one sequence of maxLen takes
	blocks   int64
}

// growth returns the marginal bytes per token over layers without a window and
// the constant bytes per sequence.
func growth(kinds []cacheKind) (perToken, state float64) {
	for _, k := range kinds {
		if k.window == 0 {
			perToken += float64(k.layers) * k.perToken
		}
		state += float64(k.layers) * k.state
	}
	return perToken, state
}

// flatPool divides bytes by token: engines that keep every token of every
// layer. Windows are honoured per sequence when the engine frees them.
func flatPool(bytes float64, kinds []cacheKind, maxLen, block int) pool {
	p := pool{}
	p.perToken, p.state = growth(kinds)
	p.one = cacheBytes(kinds, float64(maxLen))
	all := 0.0
	for _, k := range kinds {
		all += float64(k.layers) * k.perToken
	}
	if p.one > 0 {
		p.seqs = math.Max(0, bytes) / p.one
	}
	if all > 0 {
		p.tokens = int64(math.Max(0, bytes)/(all*float64(block))) * int64(block)
	}
	return p
}

// blockPool is vLLM's V1 allocator. One kind of layer: blocks of blockTokens
// over all layers. Mixed kinds: layers form groups of equal size (the smallest
// kind, or the largest when it is under 1.25 of the smallest), kinds are padded
// up to whole groups, all pages are made equal by scaling the block of the
// kind with smaller bytes, and a sequence takes blocks from each group:
//
//	full      ceil(len / block)
//	window    ceil(min(window - 1 + chunk, len) / block) + 1
//	state     1
//
// Source: behaviour of vllm.v1.core.kv_cache_utils, held to published logs.
func blockPool(bytes float64, kinds []cacheKind, blockTokens, maxLen, chunk int, byConcurrency bool) pool {
	p := pool{}
	p.perToken, p.state = growth(kinds)
	if len(kinds) == 0 {
		return p
	}
	page, tokensOf := pages(kinds, blockTokens)
	size := groupSize(kinds)
	p.blocks = int64(max(bytes, 0) / (float64(size) * page))
	var perSeq, groups float64
	for i, k := range kinds {
		g := float64(ceilDiv(k.layers, size))
		groups += g
		perSeq += g * float64(blocksOf(k, tokensOf[i], maxLen, chunk))
	}
	p.one = perSeq * float64(size) * page
	p.seqs = float64(p.blocks) / perSeq
	longest, grows := 0, false
	for i, k := range kinds {
		if k.window == 0 && k.perToken > 0 || len(kinds) == 1 {
			longest = max(longest, tokensOf[i])
		}
		grows = grows || k.perToken > 0
	}
	if longest == 0 {
		longest = blockTokens
	}
	switch {
	case !grows: // a block of state serves a sequence of any length
		p.tokens = int64(p.seqs * float64(maxLen))
	case len(kinds) == 1 && kinds[0].window == 0:
		p.tokens = p.blocks * int64(longest)
	case byConcurrency:
		p.tokens = int64(p.seqs * float64(maxLen))
	default:
		p.tokens = int64(float64(p.blocks)/groups) * int64(longest)
	}
	return p
}

// pages returns the common page size in bytes and each kind's tokens per block.
// A state that is larger than an attention page stretches the attention block
// to the next multiple of blockTokens that holds it.
func pages(kinds []cacheKind, blockTokens int) (page float64, tokens []int) {
	tokens = make([]int, len(kinds))
	largest, state := 0.0, 0.0
	for _, k := range kinds {
		largest, state = math.Max(largest, k.perToken), math.Max(state, k.state)
	}
	block := blockTokens
	page = largest * float64(block)
	if state > page {
		if largest == 0 {
			page = state
		} else {
			block = blockTokens * int(math.Ceil(state/(float64(blockTokens)*largest)))
			page = largest * float64(block)
		}
	}
	for i, k := range kinds {
		if k.perToken > 0 {
			tokens[i] = int(page / k.perToken)
		}
	}
	return page, tokens
}

// groupSize is the number of layers in one KV cache group.
func groupSize(kinds []cacheKind) int {
	least, most := math.MaxInt, 0
	for _, k := range kinds {
		least, most = min(least, k.layers), max(most, k.layers)
	}
	if float64(most) < 1.25*float64(least) {
		return most
	}
	return least
}

// blocksOf is what one sequence of maxLen takes from one group of the kind.
func blocksOf(k cacheKind, tokens, maxLen, chunk int) int {
	switch {
	case k.perToken == 0:
		return 1
	case k.window > 0:
		return ceilDiv(min(k.window-1+chunk, maxLen), tokens) + 1
	default:
		return ceilDiv(maxLen, tokens)
	}
}
