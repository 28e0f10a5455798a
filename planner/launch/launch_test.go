package launch

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func shipped(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deployment is a resolved one by names.
func deployment(t testing.TB, c *catalog.Catalog, model, hardware, engine, weights string, change func(d *estimator.Deployment)) *estimator.Deployment {
	t.Helper()
	node, err := c.ParseHardware(hardware)
	if err != nil {
		t.Fatal(err)
	}
	d := estimator.Deployment{TP: 1}
	if len(node.Groups) > 0 {
		g := node.Groups[0]
		d.Device = estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}
	}
	if d.Model, err = c.Model(model); err != nil {
		t.Fatal(err)
	}
	if d.Weights, err = c.Precision(weights); err != nil {
		t.Fatal(err)
	}
	if d.Engine, d.Version, d.Release, err = c.Engine(engine); err != nil {
		t.Fatal(err)
	}
	d.Options.MaxModelLen = 8192
	if change != nil {
		change(&d)
	}
	if d, _, err = estimator.Resolve(d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestCommands(t *testing.T) {
	c := shipped(t)
	fp8, err := c.Precision("fp8")
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct {
		d    *estimator.Deployment
		want string
		note string
	}{
		"vllm": {deployment(t, c, "meta-llama/Llama-3.3-70B-Instruct", "8x H100 SXM5 80GB", "vllm@0.19", "fp8", func(d *estimator.Deployment) { d.TP, d.KV = 4, fp8 }),
			"vllm serve meta-llama/Llama-3.3-70B-Instruct --host 0.0.0.0 --port 8000 --tensor-parallel-size 4 --max-model-len 8192 --max-num-seqs 1024 --max-num-batched-tokens 8192 --gpu-memory-utilization 0.9 --quantization fp8 --kv-cache-dtype fp8", ""},
		"vllm, attention-DP": {deployment(t, c, "deepseek-ai/DeepSeek-R1", "8x H200 SXM", "vllm@0.19", "fp8-block", func(d *estimator.Deployment) { d.TP, d.AttentionDP, d.EP = 8, 4, 8 }),
			"--tensor-parallel-size 2 --data-parallel-size 4 --enable-expert-parallel", ""},
		"vllm, another checkpoint": {deployment(t, c, "Qwen/Qwen3-32B", "1x H100 SXM5 80GB", "vllm@0.19", "awq-int4", nil), "vllm serve Qwen/Qwen3-32B", "name a checkpoint that holds it"},
		"sglang": {deployment(t, c, "deepseek-ai/DeepSeek-R1", "8x H200 SXM", "sglang", "fp8-block", func(d *estimator.Deployment) { d.TP, d.AttentionDP, d.EP = 8, 8, 8 }),
			"python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 --host 0.0.0.0 --port 8000 --tp-size 8 --dp-size 8 --enable-dp-attention --ep-size 8 --context-length 8192", ""},
		"tensorrt-llm": {deployment(t, c, "deepseek-ai/DeepSeek-R1", "8x B200", "tensorrt-llm", "fp8-block", func(d *estimator.Deployment) { d.TP, d.AttentionDP, d.EP = 8, 8, 8 }),
			"trtllm-serve deepseek-ai/DeepSeek-R1 --host 0.0.0.0 --port 8000 --tp_size 8 --ep_size 8", ""},
		"llama.cpp": {deployment(t, c, "Qwen/Qwen3-8B", "1x RTX 4090", "llama.cpp", "q4_k_m", func(d *estimator.Deployment) { d.Options.MaxSeqs = 4 }),
			"llama-server --model model.gguf --host 0.0.0.0 --port 8000 --ctx-size 32768 --parallel 4", "put the GGUF file of Qwen/Qwen3-8B"},
	} {
		got, err := CommandOf(k.d, "", All, 8000)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if line := strings.Join(got.Args, " "); !strings.Contains(line, k.want) {
			t.Errorf("%s: %s\nwant %s", name, line, k.want)
		}
		if notes := strings.Join(got.Notes, "; "); (k.note == "") != (notes == "") || !strings.Contains(notes, k.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, k.note)
		}
	}
}

// TestObjects: whatever the engine and the size, every file parses, and asks for as many
// accelerators as the replicas take.
func TestObjects(t *testing.T) {
	c := shipped(t)
	for _, k := range []struct {
		model, hardware, engine, weights string
		tp, replicas, perNode            int
	}{
		{"Qwen/Qwen3-8B", "8x H100 SXM5 80GB", "vllm@0.19", "bf16", 1, 3, 8},
		{"meta-llama/Llama-3.3-70B-Instruct", "8x H100 SXM5 80GB", "sglang", "bf16", 4, 2, 8},
		{"Qwen/Qwen3-30B-A3B", "8x MI300X", "vllm@0.19", "bf16", 2, 4, 8},
		{"meta-llama/Llama-3.1-405B-Instruct", "16x H100 SXM5 80GB", "vllm@0.19", "bf16", 16, 2, 8},
	} {
		d := deployment(t, c, k.model, k.hardware, k.engine, k.weights, func(d *estimator.Deployment) { d.TP = k.tp })
		for _, form := range Forms() {
			files, _, err := Render(Service{Deployment: d, Replicas: k.replicas, PerNode: k.perNode}, form)
			refused := form == Ollama || form == LWS && d.Engine.ID != "vllm" || (form == Kubernetes || form == KServe) && k.tp > k.perNode
			if (err != nil) != refused {
				t.Fatalf("%s on %s as %s: %v", k.model, k.engine, form, err)
			}
			asked := 0
			for _, f := range files {
				asked += accelerators(t, f)
			}
			if want := k.tp * k.replicas; len(files) > 0 && form != Shell && asked != want {
				t.Errorf("%s on %s as %s asks for %d accelerators, want %d", k.model, k.engine, form, asked, want)
			}
		}
	}
}

// accelerators counts what a file asks for.
func accelerators(t *testing.T, f File) (n int) {
	t.Helper()
	if !strings.HasSuffix(f.Name, ".yaml") {
		return 0
	}
	decoder := yaml.NewDecoder(strings.NewReader(f.Text))
	for {
		var doc map[string]any
		if err := decoder.Decode(&doc); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, f.Text)
		}
		n += count(doc, 1)
	}
}

// count walks an object: limits times the replicas above them, and devices of compose.
func count(v any, times int) (n int) {
	switch v := v.(type) {
	case map[string]any:
		own := times
		for _, key := range []string{"replicas", "minReplicas", "size"} {
			if r, ok := v[key].(int); ok && key != "size" {
				own *= r
			}
		}
		if limits, ok := v["limits"].(map[string]any); ok {
			for name, amount := range limits {
				if strings.HasSuffix(name, "/gpu") {
					var k int
					fmt.Sscan(fmt.Sprint(amount), &k)
					n += k * times
				}
			}
		}
		if ids, ok := v["device_ids"].([]any); ok {
			n += len(ids)
		}
		if env, ok := v["environment"].(map[string]any); ok {
			if list, ok := env["HIP_VISIBLE_DEVICES"].(string); ok {
				n += len(strings.Split(list, ","))
			}
		}
		for key, x := range v {
			switch key {
			case "limits", "requests", "environment":
			case "workerTemplate": // of a group, all but the leader
				size, _ := v["size"].(int)
				n += count(x, own*(size-1))
			default:
				n += count(x, own)
			}
		}
	case []any:
		for _, x := range v {
			n += count(x, times)
		}
	}
	return n
}

// TestQuote: what a shell reads is what was meant.
func TestQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here")
	}
	for _, word := range []string{"plain", "", "two words", "it's", `"$HOME" \ $(id)`, "a\nb", "--flag={\"a\": 1}", "*;&|<>", "日本"} {
		out, err := exec.Command(sh, "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is read as %q (%v)", word, out, err)
		}
	}
}

func TestRefused(t *testing.T) {
	c := shipped(t)
	d := deployment(t, c, "Qwen/Qwen3-8B", "1x L40S", "vllm@0.19", "bf16", nil)
	for want, s := range map[string]Service{
		"a service without a deployment": {},
		`name "No Name"`:                 {Deployment: d, Name: "No Name"},
		"port 70000":                     {Deployment: d, Port: 70000},
	} {
		if _, _, err := Render(s, Compose); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for form, want := range map[Form]string{"helm": "accepted are [command", Ollama: "plan with --engine llama.cpp"} {
		if _, _, err := Render(Service{Deployment: d}, form); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", form, err, want)
		}
	}
	if _, err := CommandOf(deployment(t, c, "Qwen/Qwen3-8B", "1x L40S", "transformers", "bf16", nil), "", All, 1); err == nil {
		t.Error("Transformers has a command")
	}
}

func TestNames(t *testing.T) {
	for id, want := range map[string]string{"Qwen/Qwen3-8B": "qwen3-8b", "01-ai/Yi_1.5": "yi-1-5", "x/123": "model-123", "x/" + strings.Repeat("a", 90): strings.Repeat("a", 50)} {
		if got := nameOf(id); got != want || !nameForm.MatchString(got) {
			t.Errorf("%s is named %s, want %s", id, got, want)
		}
	}
}
