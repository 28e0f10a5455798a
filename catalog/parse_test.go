package catalog

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// small is a catalog with one entry of nearly every kind, without a problem.
const small = `
[[source]]
id = "s"
title = "A source"
trust = "A"

[[benchmark]]
id = "b"
name = "B"
unit = "%"

[[precision]]
id = "bf16"
name = "BF16"
use = ["weights", "kv"]
bits = 16
compute = "bf16"
source = "s"
trust = "A"

[[accelerator]]
id = "x1"
name = "Example X1"
vendor = "nvidia"
class = "datacenter"
architecture = "Example"
memory_bytes = 85520809984
memory_nominal_gb = 80
memory_bandwidth_gbps = 3350
peak_tflops = { fp32 = 67, bf16 = 989, fp8 = 1978 }
device = [{ pci_vendor = "0x10de", pci_device = "0x2330" }]
source = "s"
trust = "A"

[[engine]]
id = "e"
name = "E"
default_version = "0.2"
vendors = ["nvidia"]
weights = ["bf16"]
kv = ["bf16"]
mixers = "F"
mla = false
source = "s"
[[engine.version]]
from = "0.1"
source = "s"
trust = "A"

[[model]]
id = "org/m"
family = "m"
kind = "generative"
modality = "text"
max_context = 4096
checkpoint = "bf16"
source = "s"
trust = "A"
score = [{ benchmark = "b", value = 50, source = "s" }]
[model.arch]
layers = 2
hidden = 64
vocab = 100
ffn = 128
attention = { heads = 4, kv_heads = 2, head_dim = 16 }

[[price]]
accelerator = "x1"
provider = "p"
count = 8
term = "on_demand"
per_accelerator_hour = 2.5
currency = "USD"
source = "s"
trust = "A"

[[use_case]]
id = "chat"
about = "chat"
kind = "generative"
input_tokens = 100
output_tokens = 100
context = 200
benchmark = [{ id = "b", weight = 1 }]
`

// TestParseProblems changes one thing in a good catalog at a time. Lines are
// those of the changed text; the first line of small is empty.
func TestParseProblems(t *testing.T) {
	if _, err := Parse("c.toml", []byte(small)); err != nil {
		t.Fatalf("the good catalog has problems:\n%v", err)
	}
	tests := []struct{ old, new, want string }{
		{`title = "A source"`, ``, `c.toml:2: key "source[s].title": is missing; accepted: a text`},
		{`trust = "A"`, `date = "2026-13"`, `c.toml:5: key "source[s].date": is "2026-13"; accepted: 2026-11-23, 2026-11 or 2026`},
		{`trust = "A"`, ``, `c.toml:2: key "source[s].trust": is missing; accepted: A, B, C, D`},
		{`layers = 2`, `layrs = 2`, `key "model[org/m].arch.layrs": unknown key, did you mean "layers"?; accepted: layers, hidden, vocab`},
		{`layers = 2`, ``, `key "model[org/m].arch.layers": is 0; accepted: 1 to 2000`},
		{`layers = 2`, `layers = -2`, `key "model[org/m].arch.layers": is -2; accepted: zero or more`},
		{`ffn = 128`, "ffn = 128\nmixers = \"FQ\"", `key "model[org/m].arch.mixers": mixers "FQ": unknown letter 'Q'`},
		{`heads = 4, `, ``, `key "model[org/m].arch": layer 0`},
		{`checkpoint = "bf16"`, `checkpoint = "bf61"`, `key "model[org/m].checkpoint": no precision has the id "bf61", did you mean "bf16"?`},
		{`benchmark = "b", value`, `benchmark = "bb", value`, `key "model[org/m].score[0].benchmark": no benchmark has the id "bb", did you mean "b"?`},
		{`value = 50, source = "s"`, `value = 50, source = "web"`, `key "model[org/m].score[0].source": no source has the id "web"`},
		{`kind = "generative"`, `kind = "chat"`, `key "model[org/m].kind": is "chat"; accepted: generative, embedding, rerank`},
		{`memory_bytes = 85520809984`, `memory_bytes = 80`, `key "accelerator[x1].memory_bytes": is 80; accepted: 268435456 to 17592186044416 bytes`},
		{`memory_nominal_gb = 80`, `memory_nominal_gb = 40`, `key "accelerator[x1].memory_nominal_gb": is 40, memory_bytes 85520809984 is 199 % of it`},
		{`memory_bandwidth_gbps = 3350`, ``, `key "accelerator[x1].memory_bandwidth_gbps": is 0; accepted: 1 to 200000 decimal GB/s`},
		{`fp8 = 1978`, `fp8 = 500`, `key "accelerator[x1].peak_tflops.fp8": 500 is below bf16, 989`},
		{`bf16 = 989, fp8 = 1978`, `bf16 = 20`, `key "accelerator[x1].peak_tflops.bf16": 20 is below half of fp32, 33.5`},
		{`pci_device = "0x2330"`, `pci_device = "2330"`, `key "accelerator[x1].device[0].pci_device": is "2330"; accepted: like "0x2330"`},
		{`class = "datacenter"`, `class = "gpu"`, `key "accelerator[x1].class": is "gpu"; accepted: datacenter, workstation, consumer, edge, apple, apu, cpu`},
		{`accelerator = "x1"`, `accelerator = "x2"`, `key "price[0].accelerator": no accelerator has the id "x2", did you mean "x1"?`},
		{`per_accelerator_hour = 2.5`, `purchase = 2.5`, `key "price[0].term": is "on_demand"; accepted: purchase with the key purchase`},
		{`per_accelerator_hour = 2.5`, ``, `key "price[0].per_accelerator_hour": and purchase: accepted is exactly one of the two`},
		{`currency = "USD"`, `currency = "$"`, `key "price[0].currency": is "$"; accepted: a code of three capitals`},
		{`from = "0.1"`, "from = \"0.3\"\nuntil = \"0.2\"", `key "engine[e].version[0].until": is "0.2"; accepted: newer than from, "0.3"`},
		{`from = "0.1"`, `from = "one"`, `key "engine[e].version[0].from": version "one": accepted are`},
		{`weights = ["bf16"]`, `weights = ["bf16", "fp8"]`, `key "engine[e].weights[1]": no precision has the id "fp8"`},
		{`mixers = "F"`, `mixers = "Fz"`, `key "engine[e].mixers": has the unknown letters "z"`},
		{`context = 200`, `context = 199`, `key "use_case[chat].context": is 199; accepted: 200 to 1073741824 tokens`},
		{`id = "b", weight = 1`, `id = "b"`, `key "use_case[chat].benchmark[0].weight": is 0`},
		{`bits = 16`, ``, `key "precision[bf16].bits": is 0; accepted: 1 to 64`},
		{`bits = 16`, "bits = 16\ngroup = 32", `key "precision[bf16].group": and group_bytes belong together`},
		{`vendors = ["nvidia"]`, ``, `key "engine[e].vendors": is missing, so that nothing would run; accepted: those of accelerators, or cpu`},
		{`vendors = ["nvidia"]`, `vendors = ["nvdia"]`, `key "engine[e].vendors[0]": is "nvdia"; accepted: cpu, nvidia`},
		{`weights = ["bf16"]`, `weights = []`, `key "engine[e].weights": is missing`},
		{`kv = ["bf16"]`, ``, `key "engine[e].kv": is missing`},
		{`mixers = "F"`, ``, `key "engine[e].mixers": is missing`},
		{`input_tokens = 100`, `input_tokens = 9223372036854775807`, `key "use_case[chat].input_tokens": is 9223372036854775807; accepted: 1 to 1073741824 tokens`},
		{`count = 8`, `count = 9223372036854775807`, `key "price[0].count": is 9223372036854775807; accepted: up to 9007199254740992`},
		{`id = "x1"`, `id = "bad "`, `key "accelerator[bad ].id": "bad " has blanks around it`},
	}
	for _, test := range tests {
		text := strings.Replace(small, test.old, test.new, 1)
		if text == small {
			t.Fatalf("%q is not in the text", test.old)
		}
		_, err := Parse("c.toml", []byte(text))
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%q for %q: %v", test.new, test.old, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q for %q:\ngot  %v\nwant %s", test.new, test.old, err, test.want)
		}
		for _, p := range problems {
			if p.File != "c.toml" || p.Line < 1 {
				t.Errorf("%q for %q: no line: %v", test.new, test.old, p)
			}
		}
	}
}

func TestProblemLines(t *testing.T) {
	text := strings.Replace(small, "max_context = 4096", "max_context = 0", 1)
	line := 1 + strings.Count(text[:strings.Index(text, "max_context")], "\n")
	var problems Problems
	if _, err := Parse("c.toml", []byte(text)); !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line != line {
		t.Errorf("got %v, want line %d", problems, line)
	}
}

func TestNamesClash(t *testing.T) {
	second := strings.NewReplacer(`id = "x1"`, `id = "x2"`, `name = "Example X1"`, "name = \"Example X2\"\naliases = [\"Other\", \"EXAMPLE-x1\"]").Replace(entryOf("accelerator"))
	_, err := Parse("c.toml", []byte(small+second))
	if want := `key "accelerator[x2].aliases[1]": "EXAMPLE-x1" already names "x1"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Parse("c.toml", []byte(small+entryOf("source")))
	if want := `key "source[s].id": is also the id of entry 1 of this file`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Parse("c.toml", []byte(small+entryOf("price")))
	if want := `is the same offer as price 1 of this file`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// entryOf cuts an entry out of small.
func entryOf(section string) string {
	start := strings.Index(small, "[["+section+"]]")
	entry, _, _ := strings.Cut(small[start:], "\n\n")
	return "\n" + entry + "\n"
}

func TestOverlay(t *testing.T) {
	base, err := Parse("base.toml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	faster := strings.NewReplacer("3350", "4000", "class = ", "notes = \"mine\"\nclass = ").Replace(entryOf("accelerator"))
	another := strings.NewReplacer(`"x1"`, `"x2"`, "Example X1", "Example X2", "0x2330", "0x2331").Replace(entryOf("accelerator"))
	cheaper := strings.Replace(entryOf("price"), "2.5", "1.5", 1)
	spot := strings.NewReplacer("on_demand", "spot", "2.5", "0.5").Replace(entryOf("price"))
	over, err := base.Overlay("my.toml", []byte(faster+another+cheaper+spot))
	if err != nil {
		t.Fatal(err)
	}
	x1, err := over.Accelerator("Example X1")
	if err != nil || x1.MemoryBandwidth != 4000 || x1.Notes != "mine" || x1 != &over.Accelerators[0] {
		t.Errorf("the entry is not replaced in its place: %+v, %v", x1, err)
	}
	if x2, err := over.Accelerator("x2"); err != nil || x2 != &over.Accelerators[1] {
		t.Errorf("the entry is not added: %v", err)
	}
	if len(over.Prices) != 2 || over.Prices[0].PerHour != 1.5 || over.Prices[1].Term != "spot" {
		t.Errorf("prices %+v", over.Prices)
	}
	if old, err := base.Accelerator("x1"); err != nil || old.MemoryBandwidth != 3350 || len(base.Accelerators) != 1 || base.Prices[0].PerHour != 2.5 {
		t.Error("the base has changed")
	}
	clash := strings.NewReplacer(`id = "x1"`, `id = "x3"`).Replace(entryOf("accelerator"))
	if _, err = base.Overlay("my.toml", []byte(clash)); err == nil || !strings.Contains(err.Error(), `my.toml:4: key "accelerator[x3].name": "Example X1" already names "x1"`) {
		t.Errorf("clash with the base: %v", err)
	}
	if same, err := base.Overlay("empty.toml", nil); err != nil || len(same.Models) != 1 {
		t.Errorf("an empty file changes something: %v", err)
	}
}

// TestPartsDecodeAsTheWhole holds the concurrent decoding of a large text
// against the plain one.
func TestPartsDecodeAsTheWhole(t *testing.T) {
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		t.Fatal(err)
	}
	var whole Catalog
	if err := DecodeStrict("catalog.toml", data, &whole); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 3, 8} {
		parts := splitSections(data, n)
		if len(parts) < 2 {
			t.Fatalf("%d parts of %d bytes", len(parts), len(data))
		}
		joined, ok := decodeParts(parts)
		if !ok {
			t.Fatalf("%d parts do not decode", n)
		}
		if diff := cmp.Diff(&whole, joined, cmpopts.IgnoreUnexported(Catalog{})); diff != "" {
			t.Fatalf("%d parts: %s", n, diff)
		}
	}
}

// TestProblemsOfALargeFile: cuts do not show in lines, and a header inside a
// string does not end the reading.
func TestProblemsOfALargeFile(t *testing.T) {
	filler := strings.Repeat("# filler line of a large file\n", 3*minPart/30)
	text := "[[source]]\nid = \"a\"\ntitle = '''\n" + filler + "[[source]]\n'''\ntrust = \"A\"\n" + filler + "[[source]]\nid = \"b\"\ntitl = \"B\"\n"
	_, err := Parse("c.toml", []byte(text))
	line := strings.Count(text, "\n")
	var problems Problems
	if !errors.As(err, &problems) || problems[len(problems)-1].Line != line {
		t.Errorf("got %v, want line %d", err, line)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	for _, section := range []string{"model", "accelerator", "engine", "price"} {
		f.Add(entryOf(section))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("c.toml", []byte(text))
		var problems Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Fatalf("error %v is not Problems", err)
		}
		if err != nil {
			return
		}
		for i := range c.Models {
			if m, err := c.Model(c.Models[i].ID); err == nil && m != &c.Models[i] {
				t.Errorf("id %q resolves to another model", c.Models[i].ID)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("../catalog.toml")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse("catalog.toml", data); err != nil {
			b.Fatal(err)
		}
	}
}
