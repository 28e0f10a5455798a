package manifest_test

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

var shipped = sync.OnceValue(func() *catalog.Catalog {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		panic(err)
	}
	return c
})

// asked describes a deployment by names.
type asked struct {
	model, engine, on, weights, kv string
	tp, pp, ep, adp, dp            int
	options                        estimator.Options
}

// resolver keeps what takes long to work out.
type resolver struct {
	shapes  map[string]*estimator.Shape
	devices map[string]estimator.Device
}

func newResolver() *resolver {
	return &resolver{map[string]*estimator.Shape{}, map[string]estimator.Device{}}
}

func (r *resolver) deployment(a asked) (d estimator.Deployment, err error) {
	c := shipped()
	d = estimator.Deployment{TP: a.tp, PP: a.pp, EP: a.ep, AttentionDP: a.adp, DP: a.dp, Options: a.options}
	if d.Model, err = c.Model(a.model); err != nil {
		return d, err
	}
	if d.Engine, d.Version, d.Release, err = c.Engine(a.engine); err != nil {
		return d, err
	}
	if d.Weights, err = c.Precision(cmp.Or(a.weights, d.Model.Checkpoint)); err != nil {
		return d, err
	}
	if a.kv != "" {
		if d.KV, err = c.Precision(a.kv); err != nil {
			return d, err
		}
	}
	if d.Device, err = r.device(a.on); err != nil {
		return d, err
	}
	if r.shapes[a.model] == nil {
		if r.shapes[a.model], err = estimator.NewShape(d.Model); err != nil {
			return d, err
		}
	}
	d.Shape = r.shapes[a.model]
	d, _, err = estimator.Resolve(d)
	return d, err
}

func (r *resolver) device(on string) (estimator.Device, error) {
	if d, ok := r.devices[on]; ok {
		return d, nil
	}
	if on == "cpu" {
		for i := range shipped().Accelerators {
			if a := &shipped().Accelerators[i]; a.Class == "cpu" {
				return estimator.Device{Accelerator: a, MemoryBytes: 256 << 30, FreeBytes: 256 << 30}, nil
			}
		}
	}
	node, err := shipped().ParseHardware(on)
	if err != nil {
		return estimator.Device{}, err
	}
	g := node.Groups[0]
	r.devices[on] = estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}
	return r.devices[on], nil
}

// deployments are every engine's, in every layout that launch writes.
func deployments() []asked {
	base := estimator.Options{MaxModelLen: 8192, MaxSeqs: 64, MaxBatchedTokens: 2048, MemoryFraction: 0.85}
	draft := base
	draft.Speculation = estimator.Speculation{Tokens: 2, Acceptance: 0.8}
	eager := base
	eager.EnforceEager = true
	context := base
	context.ContextParallel = 8
	slots := estimator.Options{MaxModelLen: 8192, MaxSeqs: 4, MaxBatchedTokens: 512}
	large := slots
	large.MaxBatchedTokens = 4096
	large.NoFlashAttention = true
	const qwen, deepseek, oss = "Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-V3", "openai/gpt-oss-120b"
	var list []asked
	for _, engine := range []string{"vllm@0.11", "vllm@0.19", "sglang@0.5.6", "tensorrt-llm@1.0"} {
		list = append(list,
			asked{model: qwen, engine: engine, on: "8x H100", options: base},
			asked{model: qwen, engine: engine, on: "8x H100", tp: 2, dp: 3, options: eager},
			asked{model: qwen, engine: engine, on: "8x H100", tp: 4, pp: 2, kv: "fp8", weights: "fp8", options: base},
			asked{model: qwen, engine: engine, on: "8x H100", weights: "fp16", options: base},
			asked{model: qwen, engine: engine, on: "8x MI300X", tp: 2, dp: 2, options: base},
			asked{model: oss, engine: engine, on: "8x H100", tp: 8, ep: 8, options: base},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 8, ep: 8, adp: 8, kv: "fp8", options: draft},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 8, adp: 4, options: base},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 8, options: context},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 8, pp: 2, options: base},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 32, ep: 32, adp: 16, dp: 2, options: base},
			asked{model: deepseek, engine: engine, on: "8x H200", tp: 16, ep: 16, adp: 16, options: base})
	}
	for _, engine := range []string{"llama.cpp@b6000", "llama.cpp@b7000"} {
		list = append(list,
			asked{model: qwen, engine: engine, on: "2x RTX 4090", weights: "q4_k_m", kv: "q8_0", pp: 2, options: slots},
			asked{model: qwen, engine: engine, on: "2x RTX 4090", weights: "q8_0", dp: 2, options: slots},
			asked{model: qwen, engine: engine, on: "2x RTX 4090", weights: "q4_k_m", pp: 2, options: large},
			asked{model: qwen, engine: engine, on: "cpu", weights: "q4_k_m", options: slots})
	}
	return list
}

// What launch writes reads back as the deployment that it was written of.
func TestRoundTrip(t *testing.T) {
	r := newResolver()
	written := map[launch.Form]int{}
	for _, a := range deployments() {
		d, err := r.deployment(a)
		if err != nil {
			continue // no engine runs it
		}
		for _, s := range []launch.Service{{Deployment: d, PerNode: 8}, {Deployment: d, PerNode: 8, Model: "/data/it's a $(model).gguf", Draft: "me/draft"}} {
			for _, form := range []launch.Form{launch.Commands, launch.Compose, launch.Kubernetes, launch.LWS, launch.KServe} {
				files, _, err := launch.Render(s, form)
				if err != nil {
					continue
				}
				written[form]++
				name := fmt.Sprintf("%+v %q as %s", a, s.Model, form)
				for _, problem := range readBack(s, form, files) {
					t.Errorf("%s: %s\n%s", name, problem, files[len(files)-1].Text)
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	for form, least := range map[launch.Form]int{launch.Commands: 60, launch.Compose: 50, launch.Kubernetes: 60, launch.LWS: 8, launch.KServe: 60} {
		if written[form] < least {
			t.Errorf("%s: %d sets of files only", form, written[form])
		}
	}
}

// readBack reads files and says how what is read differs from what was written.
func readBack(s launch.Service, form launch.Form, files []launch.File) (problems []string) {
	var beside []manifest.File
	for _, f := range files {
		beside = append(beside, manifest.File{Name: f.Name, Data: []byte(f.Text)})
	}
	replicas := 0
	for _, f := range files {
		if form == launch.Commands && !strings.HasSuffix(f.Name, ".sh") {
			continue
		}
		services, _, err := manifest.Read(f.Name, []byte(f.Text), beside...)
		if err != nil {
			return append(problems, err.Error())
		}
		for _, got := range services {
			replicas += max(got.Replicas, 1)
			problems = append(problems, differ(s, form, got)...)
		}
	}
	if replicas != s.Deployment.DP {
		problems = append(problems, fmt.Sprintf("%d replicas, %d are read", s.Deployment.DP, replicas))
	}
	return problems
}

// differ compares field by field.
func differ(s launch.Service, form launch.Form, got manifest.Service) (list []string) {
	d := s.Deployment
	for _, p := range got.Problems {
		list = append(list, fmt.Sprintf("line %d: %s", p.At.Line, p.Message))
	}
	got.SetModel(d.Model, planner.Checkpoint{})
	a, o := got.Ask, d.Options
	check := func(what string, have, want any) {
		if have != want {
			list = append(list, fmt.Sprintf("%s is %v, read as %v", what, want, have))
		}
	}
	llama := d.Engine.ID == "llama.cpp"
	engine, version, _ := strings.Cut(a.Engine, "@")
	check("engine", engine, d.Engine.ID)
	if form != launch.Commands {
		check("release", strings.HasPrefix(version+".0.0", d.Release), true)
	}
	check("TP", max(a.TP, 1), d.TP)
	check("PP", max(a.PP, 1), d.PP)
	check("EP", max(a.EP, 1), d.EP)
	check("attention-DP", max(a.AttentionDP, 1), d.AttentionDP)
	check("DP of a process", max(a.DP, 1), 1)
	check("context", a.Options.MaxModelLen, o.MaxModelLen)
	check("sequences", a.Options.MaxSeqs, o.MaxSeqs)
	check("tokens", a.Options.MaxBatchedTokens, o.MaxBatchedTokens)
	if !llama {
		check("memory fraction", a.Options.MemoryFraction, o.MemoryFraction)
		check("eager", a.Options.EnforceEager, o.EnforceEager)
		check("speculation", a.Options.Speculation.Tokens, o.Speculation.Tokens)
	}
	check("context parallel", max(a.Options.ContextParallel, 1), max(o.ContextParallel, 1))
	if form != launch.Commands || d.Release != "b6000" { // where it is off by default, and the command does not tell the release
		check("flash attention", a.Options.NoFlashAttention, o.NoFlashAttention)
	}
	if cpu := d.Device.Accelerator.Class == "cpu"; llama {
		ledger, _ := estimator.Memory(d)
		check("layers", a.Options.GPULayers, map[bool]int{true: 0, false: ledger.GPULayers}[cpu])
		check("no accelerator", got.NoAccelerator, cpu)
	} else if platform := d.Device.Accelerator.Platform(); form != launch.Compose || platform == "nvidia" {
		check("accelerators", got.AcceleratorsPerNode*got.NodesPerReplica, d.World())
	}
	model := s.Model
	if model != "" && form != launch.Commands {
		model = "/models/it's a $(model).gguf"
	}
	switch {
	case model == "" && llama:
		model = "Qwen3-8B-" + d.Weights.GGUFMix + ".gguf"
		if form != launch.Commands {
			model = "/models/" + model
		}
	case model == "":
		model = d.Model.ID
	}
	check("model", got.Model, model)
	kv, weights := "", ""
	if d.KV != nil {
		kv = d.KV.ID
	}
	if a.KV == "" && (kv == "bf16" || kv == "fp16" || kv == "f16") {
		kv = "" // the default, which no option names
	}
	check("cache", a.KV, kv)
	if s.Model == "" && d.Weights.ID != d.Model.Checkpoint {
		weights = d.Weights.ID
	}
	if s.Model == "" && !(engine == "tensorrt-llm" && weights == "fp8") { // it loads what is quantised already
		check("weights", a.Precision, weights)
	}
	return list
}
