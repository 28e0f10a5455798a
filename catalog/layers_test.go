package catalog

import (
	"strings"
	"testing"
)

func TestExpandPattern(t *testing.T) {
	tests := []struct {
		pattern string
		layers  int
		want    string // or part of the error
	}{
		{"F", 3, "FFF"},
		{"S5F", 8, "SSSSSFSS"},
		{"m4Fm3", 8, "mmmmFmmm"},
		{"F2S", 3, "FFS"},
		{"FS3", 2, "describes 4 layers, the model has 2"},
		{"", 2, "is empty"},
		{"FQ", 2, `unknown letter 'Q'`},
		{"5F", 6, `unknown letter '5'`},
		{"F0", 6, "out of range"},
		{"F99999999999999999999", 6, "out of range"},
	}
	for _, tt := range tests {
		got, err := expandPattern("mixers", tt.pattern, mixerChars, tt.layers)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != tt.want || err != nil && !strings.Contains(got, tt.want) {
			t.Errorf("%q over %d layers gives %q, want %q", tt.pattern, tt.layers, got, tt.want)
		}
	}
}

func FuzzExpandPattern(f *testing.F) {
	for _, s := range []string{"F", "S5F", "D3E58", "m4Fm3", "F-", "F00", "M10000"} {
		f.Add(s, 61)
	}
	f.Fuzz(func(t *testing.T, pattern string, layers int) {
		if layers < 1 || layers > 1000 {
			t.Skip()
		}
		got, err := expandPattern("mixers", pattern, mixerChars, layers)
		if err != nil {
			return
		}
		if len(got) != layers {
			t.Fatalf("%q: %d letters for %d layers", pattern, len(got), layers)
		}
		if bad := strings.Trim(got, mixerChars); bad != "" {
			t.Fatalf("%q: letters %q are not mixers", pattern, bad)
		}
	})
}

func TestLayerKindsNeedGeometry(t *testing.T) {
	attention := Attention{Heads: 8, KVHeads: 2, HeadDim: 64}
	tests := []struct {
		arch Architecture
		want string
	}{
		{Architecture{FFN: 1}, "attention.heads"},
		{Architecture{Attention: attention}, "needs ffn"},
		{Architecture{Attention: attention, FFN: 1, Mixers: "FS"}, "layer 1 (SD) needs attention.heads, kv_heads, head_dim and window"},
		{Architecture{Attention: attention, FFN: 1, MLA: &MLA{}}, "mla.kv_lora_rank"},
		{Architecture{FFN: 1, Mixers: "M"}, "ssm.heads"},
		{Architecture{FFN: 1, Mixers: "m"}, "ssm.inner"},
		{Architecture{FFN: 1, Mixers: "P"}, "attention.heads"},
		{Architecture{FFN: 1, Mixers: "G"}, "linear"},
		{Architecture{FFN: 1, Mixers: "V"}, "conv_kernel"},
		{Architecture{FFN: 1, Mixers: "X", Attention: attention}, "compressed"},
		{Architecture{Attention: attention, FFNs: "E"}, "experts.count"},
		{Architecture{Attention: attention, FFNs: "B", Experts: &Experts{Count: 1, PerToken: 1, FFN: 1}}, "needs ffn, and experts"},
	}
	for _, tt := range tests {
		tt.arch.Layers = 4
		if _, err := tt.arch.LayerKinds(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("mixers %q, ffns %q: error %v, want %q", tt.arch.Mixers, tt.arch.FFNs, err, tt.want)
		}
	}
}

func TestAttentionOf(t *testing.T) {
	gemma4 := Architecture{Attention: Attention{
		Heads: 32, KVHeads: 16, HeadDim: 256, Window: 1024, GlobalHeadDim: 512, GlobalKVHeads: 4, KEqualsV: true,
	}}
	mimo := Architecture{Attention: Attention{
		Heads: 64, KVHeads: 8, HeadDim: 192, VHeadDim: 128, Window: 128, GlobalKVHeads: 4, GlobalHeadDim: 192, GlobalVHeadDim: 128,
	}}
	tests := []struct {
		name  string
		arch  Architecture
		mixer byte
		want  Geometry
	}{
		{"Gemma 4, sliding", gemma4, SlidingAttention, Geometry{Heads: 32, KVHeads: 16, HeadDim: 256, VHeadDim: 256, Window: 1024}},
		{"Gemma 4, full", gemma4, FullAttention, Geometry{Heads: 32, KVHeads: 4, HeadDim: 512, VHeadDim: 512, NoValue: true}},
		{"MiMo V2, sliding", mimo, SlidingAttention, Geometry{Heads: 64, KVHeads: 8, HeadDim: 192, VHeadDim: 128, Window: 128}},
		{"MiMo V2, full", mimo, FullAttention, Geometry{Heads: 64, KVHeads: 4, HeadDim: 192, VHeadDim: 128}},
	}
	for _, tt := range tests {
		if got := tt.arch.AttentionOf(tt.mixer); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
