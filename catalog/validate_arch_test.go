package catalog

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// whole is a model in which every part of an architecture is present.
const whole = `
[[model]]
id = "org/whole"
family = "m"
kind = "generative"
modality = "text"
max_context = 4096
checkpoint = "bf16"
source = "s"
trust = "A"
[model.arch]
layers = 8
hidden = 64
vocab = 100
mixers = "FSMmGV"
ffns = "DE"
ffn = 128
norms = 2
conv_kernel = 3
per_layer_embedding = 16
rope_dim = 8
rope_positions = 4096
[model.arch.attention]
heads = 8
kv_heads = 4
head_dim = 16
v_head_dim = 16
window = 128
global_heads = 8
global_head_dim = 16
global_kv_heads = 2
global_v_head_dim = 16
shared_kv_layers = 1
[model.arch.ssm]
heads = 8
head_dim = 16
groups = 2
state = 16
conv = 4
inner = 128
dt_rank = 4
[model.arch.linear]
k_heads = 4
k_dim = 16
v_heads = 8
v_dim = 16
conv = 4
[model.arch.compressed]
q_lora_rank = 16
o_lora_rank = 16
o_groups = 2
qk_rope_head_dim = 8
sparse_ratio = 4
dense_ratio = 8
index_heads = 2
index_head_dim = 16
index_topk = 8
[model.arch.experts]
count = 8
per_token = 2
identity = 1
ffn = 32
shared_ffn = 32
latent = 32
[model.arch.mtp]
layers = 1
params = 1000
[model.arch.vision]
params = 1000
layers = 2
hidden = 16
ffn = 32
patch = 14
[model.arch.audio]
params = 1000
[[model.arch.extra]]
name = "scalars"
params = 10
`

// TestEveryDimensionIsBounded gives each number of an architecture, one at a
// time, the largest integer that TOML has and the smallest, and expects a
// problem that names the line and the key.
func TestEveryDimensionIsBounded(t *testing.T) {
	good := small + whole
	if _, err := Parse("c.toml", []byte(good)); err != nil {
		t.Fatalf("the good catalog has problems:\n%v", err)
	}
	lines := strings.Split(good, "\n")
	section, tried := "", 0
	for i, line := range lines {
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
		}
		key, value, ok := strings.Cut(line, " = ")
		if _, err := strconv.Atoi(value); !ok || err != nil || i < strings.Count(small, "\n") || !strings.HasPrefix(section, "model.arch") {
			continue
		}
		path := strings.TrimPrefix(strings.TrimPrefix(section+"."+key, "model.arch"), ".")
		path = "model[org/whole].arch." + strings.Replace(path, "extra.", "extra[0].", 1)
		for _, wrong := range []int64{math.MaxInt64, math.MinInt64, 1 << 62} {
			lines[i] = key + " = " + strconv.FormatInt(wrong, 10)
			_, err := Parse("c.toml", []byte(strings.Join(lines, "\n")))
			var problems Problems
			if !errors.As(err, &problems) {
				t.Errorf("%s = %d: %v", path, wrong, err)
				continue
			}
			named := false
			for _, p := range problems {
				named = named || p.Line == i+1 && p.Key == path && strings.Contains(p.Message, "accepted: ")
			}
			if !named {
				t.Errorf("%s = %d: no problem names line %d and the key:\n%v", path, wrong, i+1, err)
			}
			tried++
		}
		lines[i] = line
	}
	// Every integer of Architecture but those of MLA, which excludes the above.
	if want := 3 * (integers(reflect.TypeFor[Architecture]()) - integers(reflect.TypeFor[MLA]()) - 4); tried != want { // audio has one of five
		t.Errorf("%d values tried, want %d: add the missing dimensions to the model above", tried, want)
	}
}

// integers counts the integer fields below a type.
func integers(t reflect.Type) int {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return 1
	case reflect.Pointer, reflect.Slice:
		return integers(t.Elem())
	case reflect.Struct:
		n := 0
		for i := range t.NumField() {
			n += integers(t.Field(i).Type)
		}
		return n
	}
	return 0
}

// TestImpossibleArchitectures changes one thing at a time.
func TestImpossibleArchitectures(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"heads = 8\nkv_heads = 4", "heads = 8\nkv_heads = 3", `arch.attention.heads": is 8, which 3 kv_heads do not divide; accepted: a multiple`},
		{"global_kv_heads = 2", "global_kv_heads = 3", `arch.attention.global_heads": comes to 8 heads, which 3 KV heads do not divide`},
		{"groups = 2", "groups = 3", `arch.ssm.heads": is 8, which 3 groups do not divide`},
		{"k_heads = 4", "k_heads = 3", `arch.linear.v_heads": is 8, which 3 k_heads do not divide`},
		{"o_groups = 2", "o_groups = 3", `arch.attention.heads": is 8, which 3 compressed.o_groups do not divide`},
		{"shared_kv_layers = 1", "shared_kv_layers = 9", `arch.attention.shared_kv_layers": is 9; accepted: up to the 8 layers`},
		{"per_token = 2", "per_token = 10", `arch.experts.per_token": is 10; accepted: 1 to 9, the experts that there are`},
		{"per_token = 2", "per_token = 0", `arch.experts.per_token": is 0; accepted: 1 to 9`},
		{"hidden = 64\nvocab", "hidden = 0\nvocab", `arch.hidden": is 0; accepted: 1 to 1048576`},
		// each within its bound, together a million times too many
		{
			"layers = 8\nhidden = 64\nvocab = 100\nmixers = \"FSMmGV\"\nffns = \"DE\"\nffn = 128",
			"layers = 2000\nhidden = 1048576\nvocab = 100\nmixers = \"FSMmGV\"\nffns = \"DE\"\nffn = 1048576", `arch": comes to `, // 1000 dense layers of 3 x 2^40 alone are 3.3e15
		},
		{"count = 8\nper_token = 2", "count = 65536\nper_token = 2", ""},
	} {
		text := small + strings.Replace(whole, test.old, test.new, 1)
		if text == small+whole {
			t.Fatalf("%q is not in the text", test.old)
		}
		_, err := Parse("c.toml", []byte(text))
		if test.want == "" {
			if err != nil {
				t.Errorf("%q: %v", test.new, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "c.toml:") {
			t.Errorf("%q for %q:\ngot  %v\nwant %s", test.new, test.old, err, test.want)
		}
	}
}

func TestCheckModel(t *testing.T) {
	c := shippedCatalog(t)
	for i := range c.Models {
		if err := c.CheckModel("x", &c.Models[i]); err != nil {
			t.Fatal(err)
		}
	}
	m := c.Models[0]
	m.Arch.Hidden = 1 << 40
	err := c.CheckModel("config.json", &m)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].File != "config.json" || !strings.HasSuffix(problems[0].Key, ".arch.hidden") {
		t.Errorf("a hidden width of 2^40: %v", err)
	}
}
