package catalog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shippedModels reads the models of the catalog in the repository's root.
func shippedModels(t *testing.T) []Model {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "catalog.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var c Catalog
	if err := DecodeStrict("catalog.toml", data, &c); err != nil {
		t.Fatal(err)
	}
	return c.Models
}

// knownDifferences are the models whose published total is not ours, as ours
// less theirs. The catalog's checkpoint_note says why.
var knownDifferences = map[string]int64{
	"deepseek-ai/DeepSeek-V4-Flash":                 44 * 256 * 3 * 2048 * 4096 / 2, // two FP4 weights counted as one
	"deepseek-ai/DeepSeek-V4-Pro":                   62 * 384 * 3 * 3072 * 7168 / 2,
	"LiquidAI/LFM2-8B-A1B":                          22 * 32, // router biases not counted
	"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16":    23 * 128,
	"nvidia/Nemotron-Cascade-2-30B-A3B":             23 * 128,
	"nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16": 41 * 512,
	"moonshotai/Kimi-K2-Instruct":                   -61 * 56, // not identified
	"XiaomiMiMo/MiMo-V2.5-Pro":                      -12_736,  // not identified
}

func TestShippedModelsMeetPublishedTotals(t *testing.T) {
	const wantExact = 212
	var exact, remainder int
	seen := map[string]bool{}
	for _, m := range shippedModels(t) {
		if m.CheckpointParams == 0 {
			continue
		}
		got, err := m.CheckpointElements()
		if err != nil {
			t.Error(err)
			continue
		}
		known, listed := knownDifferences[m.ID]
		seen[m.ID] = true
		if diff := got - m.CheckpointParams; diff != known {
			t.Errorf("%s: architecture gives %d elements, the checkpoint has %d: difference %d, expected %d", m.ID, got, m.CheckpointParams, diff, known)
		}
		if listed != (m.CheckpointNote != "") {
			t.Errorf("%s: checkpoint_note is %q, a known difference listed: %v", m.ID, m.CheckpointNote, listed)
		}
		switch {
		case known != 0:
		case byRemainder(m.Arch):
			remainder++
		default:
			exact++
		}
	}
	for id := range knownDifferences {
		if !seen[id] {
			t.Errorf("%s has a known difference but is not in the catalog", id)
		}
	}
	t.Logf("%d totals met by formula, %d more by a part that was taken as the remainder", exact, remainder)
	if exact+remainder < wantExact {
		t.Errorf("%d checkpoint totals are met exactly, want at least %d", exact+remainder, wantExact)
	}
	if remainder > wantExact/10 {
		t.Errorf("%d totals are met by a remainder only: that proves nothing about the rest", remainder)
	}
}

// byRemainder tells whether a part's size was derived from the total that it
// is then held against.
func byRemainder(a Architecture) bool {
	for _, tower := range []*Tower{a.Vision, a.Audio} {
		if tower != nil && strings.Contains(tower.Source, "checkpoint total") {
			return true
		}
	}
	for _, x := range a.Extra {
		if strings.Contains(x.Name, "remainder") {
			return true
		}
	}
	return false
}

func TestShippedModelsAreConsistent(t *testing.T) {
	for _, m := range shippedModels(t) {
		total, err := m.Params()
		if err != nil {
			t.Errorf("%s: %v", m.ID, err)
			continue
		}
		active, err := m.ActiveParams()
		if err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
		if active <= 0 || active > total {
			t.Errorf("%s: %d active of %d parameters", m.ID, active, total)
		}
		if err := eachLayerOnce(&m.Arch); err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
		tensors, err := m.Tensors()
		if err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
		for _, x := range tensors {
			if x.Rows <= 0 || x.Cols <= 0 || x.Copies <= 0 || x.Class == "" || x.Split == "" {
				t.Errorf("%s: incomplete tensor %+v", m.ID, x)
			}
			if x.Split == ByKVHead && (x.KVHeads <= 0 || x.Rows%x.KVHeads != 0) {
				t.Errorf("%s: %s has %d rows for %d KV heads", m.ID, x.Name, x.Rows, x.KVHeads)
			}
		}
	}
}

func eachLayerOnce(a *Architecture) error {
	kinds, err := a.LayerKinds()
	if err != nil {
		return err
	}
	seen := make([]int, a.Layers)
	for _, k := range kinds {
		for i, l := range k.Layers {
			if i > 0 && l <= k.Layers[i-1] {
				return fmt.Errorf("layers of %c%c are not ascending: %v", k.Mixer, k.FFN, k.Layers)
			}
			seen[l]++
		}
	}
	for l, n := range seen {
		if n != 1 {
			return fmt.Errorf("layer %d is in %d kinds", l, n)
		}
	}
	return nil
}

func llama3() Model {
	return Model{ID: "llama-3-8b", Arch: Architecture{
		Layers: 32, Hidden: 4096, Vocab: 128256, FFN: 14336,
		Attention: Attention{Heads: 32, KVHeads: 8, HeadDim: 128},
	}}
}

func TestTensorsOfLlama3(t *testing.T) {
	m := llama3()
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	type shape struct {
		rows, cols int
		count      int64
		class      Class
		split      Split
	}
	want := map[string]shape{
		"token_embd":  {128256, 4096, 1, Embed, ByVocab},
		"output":      {128256, 4096, 1, Head, ByVocab},
		"output_norm": {4096, 1, 1, Small, Whole},
		"attn_q":      {4096, 4096, 32, Matrix, ByRow},
		"attn_k":      {1024, 4096, 32, Matrix, ByKVHead},
		"attn_v":      {1024, 4096, 32, Matrix, ByKVHead},
		"attn_output": {4096, 4096, 32, Matrix, ByCol},
		"ffn_gate":    {14336, 4096, 32, Matrix, ByRow},
		"ffn_up":      {14336, 4096, 32, Matrix, ByRow},
		"ffn_down":    {4096, 14336, 32, Matrix, ByCol},
		"norm":        {4096, 1, 64, Small, Whole},
	}
	got := map[string]shape{}
	for _, x := range tensors {
		s := got[x.Name]
		got[x.Name] = shape{x.Rows, x.Cols, s.count + x.Count(), x.Class, x.Split}
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s is %v, want %v", name, got[name], w)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("unexpected tensors %v", got)
	}
}

// The totals below are added up by hand in the comments or are the ones that
// the vendors' checkpoints have; none is read from the catalog.
func TestParams(t *testing.T) {
	deepSeekV3 := Architecture{
		Layers: 61, Hidden: 7168, Vocab: 129280, FFN: 18432, FFNs: "D3E58",
		Attention: Attention{Heads: 128},
		MLA:       &MLA{KVLoraRank: 512, QLoraRank: 1536, NopeDim: 128, RopeDim: 64, VDim: 128},
		Experts:   &Experts{Count: 256, PerToken: 8, FFN: 2048, Shared: 2048, RouterBias: true},
		MTP:       &MTP{Layers: 1, OwnEmbeddings: true},
	}
	tests := []struct {
		name               string
		arch               Architecture
		total, active, mtp int64
	}{{
		// 2 x 128256 x 4096 + 4096 + 32 x (41,943,040 attention + 176,160,768 MLP + 8192 norms)
		name: "Llama 3 8B", arch: llama3().Arch, total: 8_030_261_248, active: 8_030_261_248,
	}, {
		// one expert is 3 x 14336 x 4096 = 176,160,768; active: 6 of 8 experts fewer in 32 layers
		name: "Mixtral 8x7B",
		arch: Architecture{
			Layers: 32, Hidden: 4096, Vocab: 32000, Attention: Attention{Heads: 32, KVHeads: 8, HeadDim: 128},
			Experts: &Experts{Count: 8, PerToken: 2, FFN: 14336},
		},
		total: 46_702_792_704, active: 46_702_792_704 - 32*6*176_160_768,
	}, {
		// active: 248 of 256 experts of 44,040,192 fewer in 58 layers; MTP: a layer of 11,507,286,272,
		// 2 x 7168^2, 3 x 7168 and 2 x 129280 x 7168
		name: "DeepSeek-V3", arch: deepSeekV3,
		total: 671_026_419_200, active: 671_026_419_200 - 58*248*44_040_192,
		mtp: 11_507_286_272 + 102_760_448 + 21_504 + 1_853_358_080,
	}, {
		// 2 x 201088 x 2880 + 2880 + 24 x (26,555,904 attention with biases, sinks and norms
		// + 92,192 router + 32 experts of 3 x 2880^2 + 3 x 2880 biases)
		name: "gpt-oss-20b",
		arch: Architecture{
			Layers: 24, Hidden: 2880, Vocab: 201088, Mixers: "SF",
			Attention: Attention{Heads: 64, KVHeads: 8, HeadDim: 64, QKVBias: true, OBias: true, Sinks: true, Window: 128},
			Experts:   &Experts{Count: 32, PerToken: 4, FFN: 2880, RouterBias: true, Bias: true},
		},
		total: 20_914_757_184, active: 20_914_757_184 - 24*28*(3*2880*2880+3*2880),
	}, {
		// the module is a full-attention layer with experts: 1,642,076,672 + 2 x 2048^2 + 3 x 2048
		name: "Qwen3-Next 80B-A3B",
		arch: Architecture{
			Layers: 48, Hidden: 2048, Vocab: 151936, Mixers: "G3F",
			Attention: Attention{Heads: 16, KVHeads: 2, HeadDim: 256, QKNorm: "head", OutputGate: true},
			Linear:    &Linear{KHeads: 16, KDim: 128, VHeads: 32, VDim: 128, Conv: 4},
			Experts:   &Experts{Count: 512, PerToken: 10, FFN: 512, Shared: 512, SharedGate: true},
			MTP:       &MTP{Layers: 1},
		},
		total: 79_674_391_296, active: 79_674_391_296 - 48*502*3*512*2048,
		mtp: 1_642_076_672 + 8_388_608 + 6_144,
	}, {
		// 12 x (4 x 768^2 + 4 x 768 biases + 2 x 768 x 3072 + 3840 biases + 4 x 768 norms)
		// + 30522 x 768; positions and pooler are Extra
		name: "BERT base without its embeddings' extras",
		arch: Architecture{
			Layers: 12, Hidden: 768, Vocab: 30522, FFN: 3072, NoHead: true, Ungated: true, MLPBias: true, LayerNorm: true, NoRope: true,
			Attention: Attention{Heads: 12, KVHeads: 12, HeadDim: 64, QKVBias: true, OBias: true},
		},
		total: 12*7_087_872 + 23_440_896, active: 12*7_087_872 + 23_440_896,
	}, {
		// M: (4096 + 4352 + 64) x 2048 in, 4352 x 5 convolution, 3 x 64, 4096 norm, 4096 x 2048 out;
		// granite-4.0-h-micro, total of its checkpoint
		name: "Granite 4.0 H Micro",
		arch: Architecture{
			Layers: 40, Hidden: 2048, Vocab: 100352, FFN: 8192, TieEmbeddings: true, Mixers: "M5FM9FM9FM9FM4",
			Attention: Attention{Heads: 32, KVHeads: 8, HeadDim: 64},
			SSM:       &SSM{Heads: 64, HeadDim: 64, Groups: 1, State: 128, Conv: 4},
		},
		total: 3_191_396_096, active: 3_191_396_096,
	}, {
		name: "double-wide MLP and experts beside a dense branch",
		arch: Architecture{
			Layers: 2, Hidden: 4, Vocab: 10, FFN: 4, FFNs: "WB", TieEmbeddings: true,
			Attention: Attention{Heads: 1, KVHeads: 1, HeadDim: 4},
			Experts:   &Experts{Count: 2, PerToken: 1, FFN: 2, Identity: 1},
		},
		// embedding 40, last norm 4, 2 x (4 x 16 attention + 8 norms), W 3x8x4, B 3x4x4 + router 3x4 + 2 x 3x2x4
		total: 40 + 4 + 2*(64+8) + 96 + 48 + 12 + 48, active: 40 + 4 + 2*(64+8) + 96 + 48 + 12 + 24,
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Model{ID: tt.name, Arch: tt.arch}
			for _, c := range []struct {
				what  string
				count func() (int64, error)
				want  int64
			}{{"parameters", m.Params, tt.total}, {"active parameters", m.ActiveParams, tt.active}, {"MTP parameters", m.MTPParams, tt.mtp}, {"elements", m.CheckpointElements, tt.total + tt.mtp}} {
				if got, err := c.count(); err != nil || got != c.want {
					t.Errorf("%d %s, want %d (error %v)", got, c.what, c.want, err)
				}
			}
		})
	}
}

func TestStoredOnlyIsNotLoaded(t *testing.T) {
	m := llama3()
	m.Arch.Extra = []ExtraParams{{Name: "scalars", Params: 7}, {Name: "tied head stored twice", Params: 100, StoredOnly: true}}
	params, err := m.Params()
	if err != nil || params != 8_030_261_248+7 {
		t.Errorf("%d parameters (error %v), want the scalars and not the second head", params, err)
	}
	elements, err := m.CheckpointElements()
	if err != nil || elements != params+100 {
		t.Errorf("%d elements (error %v), want %d", elements, err, params+100)
	}
}
