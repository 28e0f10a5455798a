package importer

import (
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// pattern writes one letter per layer as the shortest cycle in run-length form
// ("SSSSSFSSSSSF" is "S5F"), as [catalog.Architecture] reads it. A cycle has to
// come round at least once. A pattern of the default letter alone is empty.
func pattern(letters string, def byte) string {
	if strings.Trim(letters, string(def)) == "" {
		return ""
	}
	cycle := letters
	for n := 1; n <= len(letters)/2; n++ {
		if strings.HasPrefix(strings.Repeat(letters[:n], len(letters)/n+1), letters) {
			cycle = letters[:n]
			break
		}
	}
	var b strings.Builder
	for i := 0; i < len(cycle); {
		run := 1
		for i+run < len(cycle) && cycle[i+run] == cycle[i] {
			run++
		}
		b.WriteByte(cycle[i])
		if run > 1 {
			b.WriteString(strconv.Itoa(run))
		}
		i += run
	}
	return b.String()
}

// letters builds one letter per layer.
func letters(layers int, letter func(i int) byte) string {
	b := make([]byte, layers)
	for i := range b {
		b[i] = letter(i)
	}
	return string(b)
}

// layerTypes reads the layer_types list with one letter for each name; linear
// is the letter of linear_attention. It returns "" when the key is absent.
func layerTypes(c *config, layers int, linear byte) string {
	names := c.strs("layer_types")
	if len(names) == 0 {
		return ""
	}
	if len(names) < layers {
		c.fail("%slayer_types names %d layers, num_hidden_layers is %d", c.path, len(names), layers)
		return ""
	}
	return letters(layers, func(i int) byte {
		switch names[i] {
		case "full_attention", "attention":
			return catalog.FullAttention
		case "sliding_attention":
			return catalog.SlidingAttention
		case "chunked_attention":
			return catalog.ChunkedAttention
		case "linear_attention":
			return linear
		case "mamba", "mamba2":
			return catalog.Mamba2
		case "conv":
			return catalog.ShortConv
		}
		c.fail("%slayer_types: %q is unknown; accepted are full_attention, sliding_attention, chunked_attention, linear_attention, attention, mamba, conv", c.path, names[i])
		return catalog.FullAttention
	})
}

// windowOf returns the sliding window that the model really uses: 0 when it is
// switched off or as long as the context.
func windowOf(c *config, m *catalog.Model) int {
	w := c.opt(0, "sliding_window", "sliding_window_size")
	if !c.bool(true, "use_sliding_window") || w >= m.MaxContext {
		return 0
	}
	return w
}

// window reads sliding-window attention of families in which it is optional:
// by layer_types, by max_window_layers (the first of them stay full), or in
// all layers.
func window(c *config, m *catalog.Model) {
	w := windowOf(c, m)
	if w == 0 {
		return
	}
	a := &m.Arch
	mixers := layerTypes(c, a.Layers, catalog.GatedDeltaNet)
	if mixers == "" {
		full := 0
		if c.has("use_sliding_window") {
			full = c.opt(0, "max_window_layers")
		}
		mixers = letters(a.Layers, func(i int) byte {
			if i < full {
				return catalog.FullAttention
			}
			return catalog.SlidingAttention
		})
	}
	setMixers(a, mixers, w)
}

func setMixers(a *catalog.Architecture, mixers string, w int) {
	a.Mixers = pattern(mixers, catalog.FullAttention)
	if strings.ContainsAny(mixers, "SC") {
		a.Attention.Window = w
	}
}

// every reads families in which one layer of n attends fully (the last of
// each group) and the others locally, unless layer_types or
// sliding_window_pattern say otherwise.
func every(n int, local byte) part {
	return func(c *config, m *catalog.Model) {
		w := windowOf(c, m)
		if w == 0 {
			return
		}
		a := &m.Arch
		mixers := layerTypes(c, a.Layers, catalog.GatedDeltaNet)
		if mixers == "" {
			mixers = slidingPattern(c, a.Layers, n, local)
		}
		setMixers(a, mixers, w)
	}
}

// slidingPattern expands sliding_window_pattern: a group length, or Exaone's
// letters (L local, G global).
func slidingPattern(c *config, layers, n int, local byte) string {
	const key = "sliding_window_pattern"
	if s, ok := c.keys[key].(string); ok && s != "" {
		return letters(layers, func(i int) byte {
			if s[i%len(s)] == 'L' {
				return local
			}
			return catalog.FullAttention
		})
	}
	if n = c.opt(n, key); n < 1 {
		c.fail("%s%s is 0, want a positive number", c.path, key)
		n = 1
	}
	return letters(layers, func(i int) byte {
		if (i+1)%n == 0 {
			return catalog.FullAttention
		}
		return local
	})
}

// sparse builds the FFN letters of a mixture of experts from whichever of the
// usual keys the configuration has.
func sparse(c *config, layers int) string {
	freqs := []int(nil)
	if _, isList := c.keys["moe_layer_freq"].([]any); isList {
		freqs = c.ints("moe_layer_freq")
	}
	every := 1
	if freqs == nil {
		every = max(c.opt(1, "moe_layer_freq", "decoder_sparse_step", "moe_layer_interval"), 1)
	}
	first := c.opt(0, "first_k_dense_replace", "num_dense_layers", "moe_layer_start_index")
	last := layers - 1
	if end := c.float(-1, "moe_layer_end_index"); end >= 0 { // Ernie writes -1 for the last layer
		last = int(min(end, float64(last)))
	}
	only := map[int]bool{}
	for _, i := range c.ints("mlp_only_layers") {
		only[i] = true
	}
	// DeepSeek counts layers from 0, Qwen and Ernie from 1.
	shift := 1
	if c.has("moe_layer_freq") {
		shift = 0
	}
	return letters(layers, func(i int) byte {
		if freqs != nil {
			if i < len(freqs) && freqs[i] == 0 {
				return catalog.DenseFFN
			}
			return catalog.ExpertFFN
		}
		if i < first || i > last || only[i] || (i+shift)%every != 0 {
			return catalog.DenseFFN
		}
		return catalog.ExpertFFN
	})
}
