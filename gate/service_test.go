package gate

import (
	"context"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
)

func shipped(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asked is a request of a load, with hardware where it is named.
func asked(t testing.TB, c *catalog.Catalog, loaded bool, on ...string) *ServiceAsk {
	t.Helper()
	text := ""
	for _, name := range on {
		text += "[[hardware]]\non = \"" + name + "\"\nper_hour = 2.0\ncurrency = \"USD\"\n"
	}
	if loaded {
		text = "[workload.arrivals]\nrate_per_s = 3\n[[workload.classes]]\ninput_tokens = \"1024\"\noutput_tokens = \"256\"\n" + text
	}
	f, err := planner.ParsePlanFile("plan.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Request(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(on) == 0 {
		r.Hardware = nil
	}
	return &ServiceAsk{Catalog: c, Request: r}
}

// at is a place for each setting: its line says which.
func at(line int, key string) manifest.Position {
	return manifest.Position{File: "deploy.yaml", Line: line, Key: key}
}

func service(model string, options estimator.Options) *manifest.Service {
	return &manifest.Service{
		Name: "chat", Form: manifest.Kubernetes, Model: model, Ask: planner.Ask{Engine: "vllm@0.11.0", TP: 1, Options: options}, Replicas: 2,
		Positions: map[string]manifest.Position{
			"": at(1, ""), "model": at(2, "--model"), "tp": at(3, "--tensor-parallel-size"), "max_model_len": at(4, "--max-model-len"), "max_num_seqs": at(5, "--max-num-seqs"),
			"replicas": at(6, "spec.replicas"), "accelerators": at(7, "nvidia.com/gpu"), "accelerator": at(8, "nvidia.com/gpu.product"), "engine": at(9, "image"),
		},
	}
}

func own(t *testing.T, s *Subject, id string) Check {
	t.Helper()
	for _, k := range s.Own {
		if strings.HasPrefix(k.ID, "fact/"+id) {
			return k
		}
	}
	t.Fatalf("no check %s in %+v", id, s.Own)
	return Check{}
}

func TestServices(t *testing.T) {
	c := shipped(t)
	small := estimator.Options{MaxModelLen: 8192}
	for _, x := range []struct {
		name    string
		service *manifest.Service
		ask     *ServiceAsk
		check   string
		verdict Verdict
		line    int
		says    string
	}{
		{"it fits", service("Qwen/Qwen3-8B", small), asked(t, c, false, "1x L40S"), "fits", Pass, 4, "its cache holds"},
		{"the context is too long", service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 40960}), asked(t, c, false, "1x L4"), "fits", Fail, 4, ""},
		{"the model is too large", service("meta-llama/Llama-3.3-70B-Instruct", small), asked(t, c, false, "1x L40S"), "fits", Fail, 3, ""},
		{"nobody knows it", service("acme/secret-13b", small), asked(t, c, false, "1x L40S"), "model", Broken, 2, "acme/secret-13b"},
		{"a path that ends in a name", service("/models/Qwen3-8B", small), asked(t, c, false, "1x L40S"), "fits", Pass, 4, ""},
		{"no hardware", service("Qwen/Qwen3-8B", small), asked(t, c, false), "hardware", Broken, 7, "nothing says what it runs on"},
		{"two kinds of hardware", service("Qwen/Qwen3-8B", small), asked(t, c, false, "1x L40S", "1x H100 SXM5 80GB"), "hardware", Broken, 7, "L40S or H100 SXM5 80GB"},
		{"a request that is too long", service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 1100}), asked(t, c, true, "1x L40S"), "context", Fail, 4, "up to 1280 tokens long, and it accepts 1100"},
	} {
		s, err := SubjectOfService(context.Background(), x.service, x.ask)
		if err != nil {
			t.Fatal(err)
		}
		k := own(t, s, x.check)
		if k.Verdict != x.verdict || k.At.Line != x.line || k.At.File != "deploy.yaml" || !strings.Contains(k.Message, x.says) {
			t.Errorf("%s: %s at line %d: %s; want %s at %d with %q", x.name, k.Verdict, k.At.Line, k.Message, x.verdict, x.line, x.says)
		}
		if s.wrong() != (x.verdict != Pass) || s.wrong() && len(s.Figures) > 0 {
			t.Errorf("%s: what is wrong promises %d figures", x.name, len(s.Figures))
		}
	}
}

// TestUnsupportedIsAtItsFlag: the flag without which it would run.
func TestUnsupportedIsAtItsFlag(t *testing.T) {
	c := shipped(t)
	s := service("Qwen/Qwen3-8B", estimator.Options{})
	s.Ask.TP, s.AcceleratorsPerNode = 3, 3 // of 32 heads
	got, err := SubjectOfService(context.Background(), s, asked(t, c, false, "8x L40S"))
	if err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "runs"); k.Verdict != Fail || k.At.Line != 3 {
		t.Errorf("TP 3: %s at %+v: %s", k.Verdict, k.At, k.Message)
	}
	s = service("Qwen/Qwen3-8B", estimator.Options{})
	s.Ask.TP = 16
	if got, err = SubjectOfService(context.Background(), s, asked(t, c, false, "8x L40S")); err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "runs"); k.Verdict != Fail || k.At.Line != 3 || !strings.Contains(k.Message, "16 accelerators") {
		t.Errorf("more than a node has: %s at %+v: %s", k.Verdict, k.At, k.Message)
	}
}

func TestHardwareThatTheFileNames(t *testing.T) {
	c := shipped(t)
	s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
	s.Accelerator, s.AcceleratorsPerNode = "NVIDIA-L40S", 1
	got, err := SubjectOfService(context.Background(), s, asked(t, c, false))
	if err != nil {
		t.Fatal(err)
	}
	if acc, _ := got.fact("accelerator"); got.wrong() || acc != "L40S" {
		t.Errorf("named by its label: %q, %+v", acc, got.Own)
	}
	if f := got.figure("per_month"); f == nil || f.Value <= 0 {
		t.Errorf("at the usual price it costs %+v a month", f)
	}
	if got, err = SubjectOfService(context.Background(), s, asked(t, c, false, "8x H100 SXM5 80GB")); err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "hardware"); k.Verdict != Fail || k.At.Line != 8 {
		t.Errorf("asked for what is not there: %s at %+v", k.Verdict, k.At)
	}
	s.Accelerator, s.AcceleratorsPerNode = "", 8
	if got, err = SubjectOfService(context.Background(), s, asked(t, c, false, "4x L40S")); err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "hardware"); k.Verdict != Fail || k.At.Line != 7 || !strings.Contains(k.Message, "asks for 8 accelerators of a node, and 4x L40S has 4") {
		t.Errorf("more than a node has: %s at %+v: %s", k.Verdict, k.At, k.Message)
	}
}

// TestServiceUnderALoad has latencies, as many replicas as the file says, and the spare
// ones among them.
func TestServiceUnderALoad(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates")
	}
	c := shipped(t)
	ask := asked(t, c, true, "1x L40S")
	ask.Request.Spare = 1
	s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
	got, err := SubjectOfService(context.Background(), s, ask)
	if err != nil {
		t.Fatal(err)
	}
	if got.wrong() || got.figure("ttft_p95_ms") == nil {
		t.Fatalf("no latency of a load: %+v, %+v", got.Own, got.Figures)
	}
	if n, _ := got.fact("accelerators"); n != "2" {
		t.Errorf("2 replicas, one of them spare, are %s accelerators", n)
	}
	if f := got.figure("per_month"); f == nil || f.Value != 2*2*8760/12 {
		t.Errorf("2 accelerators at 2 an hour: %+v a month", f)
	}
	s.Replicas = 1
	if got, err = SubjectOfService(context.Background(), s, ask); err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "spare"); k.Verdict != Fail || k.At.Line != 6 {
		t.Errorf("one replica that may be down: %s at %+v", k.Verdict, k.At)
	}
	if got.figure("ttft_p95_ms") != nil {
		t.Error("what is wrong promises a latency")
	}
}

// TestSeveralNodes promise no latency: the network between them is not estimated.
func TestSeveralNodes(t *testing.T) {
	c := shipped(t)
	s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
	s.Ask.TP, s.Ask.PP, s.NodesPerReplica, s.AcceleratorsPerNode, s.Replicas = 2, 2, 2, 2, 1
	got, err := SubjectOfService(context.Background(), s, asked(t, c, true, "2x L40S"))
	if err != nil {
		t.Fatal(err)
	}
	if nodes, _ := got.fact("nodes"); got.wrong() || nodes != "2" {
		t.Fatalf("%s nodes: %+v", nodes, got.Own)
	}
	r := JudgePlan(rules(t, "ttft.p95 < 10s"), "x", []*Subject{got}, nil)
	if k := verdictOf(t, r, "ttft.p95 < 10s"); k.Verdict != Broken || !strings.Contains(k.Message, "the network between them") {
		t.Errorf("a latency over two nodes: %s, %s", k.Verdict, k.Message)
	}
}

// TestLicence: what the request does not accept is no fault of the engine.
func TestLicence(t *testing.T) {
	c := shipped(t)
	ask := asked(t, c, false, "1x L40S")
	for licence, want := range map[string]Verdict{"mit": Fail, "permissive": Pass, "Apache-2.0": Pass} {
		ask.Request.Licences = []string{licence}
		s, err := SubjectOfService(context.Background(), service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192}), ask)
		if err != nil {
			t.Fatal(err)
		}
		r := JudgePlan(rules(t, "kv_tokens > 1"), "x", []*Subject{s}, nil)
		if k := verdictOf(t, r, "the request accepts the licence"); k.Verdict != want || k.At.Line != 2 {
			t.Errorf("accepted %s: %s at %+v, want %s", licence, k.Verdict, k.At, want)
		}
		if k := verdictOf(t, r, "kv_tokens > 1"); k.Verdict != Pass {
			t.Errorf("it runs all the same: %s, %s", k.Verdict, k.Message)
		}
	}
}

func TestProblemsOfAFile(t *testing.T) {
	c := shipped(t)
	s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
	s.Problems = []manifest.Problem{{At: at(11, "--gpu-memory-utilization"), Message: "1.4 is no share"}, {At: at(12, "--max-model-length"), Message: "no such flag", Change: "--max-model-len"}}
	got, err := SubjectOfService(context.Background(), s, asked(t, c, false, "1x L40S"))
	if err != nil {
		t.Fatal(err)
	}
	r := JudgePlan(rules(t), "deploy.yaml", []*Subject{got}, nil)
	failed := 0
	ids := map[string]bool{}
	for _, k := range r.Checks {
		if k.Verdict == Fail {
			failed++
		}
		if ids[k.ID] {
			t.Errorf("two checks are called %s", k.ID)
		}
		ids[k.ID] = true
	}
	if failed != 2 || r.Checks[0].At.Line != 11 || r.Checks[1].Change != "--max-model-len" || r.ExitCode() != ExitFact {
		t.Errorf("%+v", r.Checks)
	}
}

// A file that says something twice, or asks for more than it uses, runs; one whose values
// are not at hand may run.
func TestWhatRunsAllTheSame(t *testing.T) {
	c := shipped(t)
	look := func(p manifest.Problem, accelerators int) *Subject {
		s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
		s.Problems, s.AcceleratorsPerNode = []manifest.Problem{p}, accelerators
		got, err := SubjectOfService(context.Background(), s, asked(t, c, false, "4x L40S"))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	problem := manifest.Problem{At: at(3, "-tp"), Message: "said", Change: "mend it"}
	for kind, want := range map[manifest.ProblemKind]Verdict{manifest.Refused: Fail, manifest.Unknown: Broken, manifest.Doubtful: Warn} {
		problem.Kind = kind
		got := look(problem, 1)
		if k := own(t, got, "settings"); k.Verdict != want {
			t.Errorf("%q: %s, want %s", kind, k.Verdict, want)
		}
		if runs := len(got.Figures) > 0; runs != (want == Warn) {
			t.Errorf("%q: promises %d figures", kind, len(got.Figures))
		}
	}
	// two replicas that are given four each, and use one
	problem.Kind = manifest.Doubtful
	idle := look(problem, 4)
	if n, _ := idle.fact("accelerators"); n != "8" {
		t.Errorf("accelerators are %s, asked for are 8", n)
	}
	if idle.figure("per_month") != nil || idle.Lacks == "" {
		t.Errorf("idle accelerators cost nothing: %+v", idle.Figures)
	}
	if idle.figure("kv_tokens") == nil {
		t.Errorf("it runs, and promises nothing: %+v", idle.Figures)
	}
}

func TestUnknownFlagsAreNamed(t *testing.T) {
	s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 8192})
	s.Unchecked = []string{"--frobnicate"}
	got, err := SubjectOfService(context.Background(), s, asked(t, shipped(t), false, "1x L40S"))
	if err != nil {
		t.Fatal(err)
	}
	if k := own(t, got, "settings"); k.Verdict != Pass || !strings.Contains(k.Message, "not checked: --frobnicate") {
		t.Errorf("%s: %s", k.Verdict, k.Message)
	}
}

// A context beyond the model's own is refused unless the engine is told to go there.
func TestBeyondTheModelsContext(t *testing.T) {
	for beyond, want := range map[bool]Verdict{false: Fail, true: Pass} {
		s := service("Qwen/Qwen3-8B", estimator.Options{MaxModelLen: 131072})
		s.Beyond = beyond
		got, err := SubjectOfService(context.Background(), s, asked(t, shipped(t), false, "1x H100 SXM5 80GB"))
		if err != nil {
			t.Fatal(err)
		}
		if k := own(t, got, "runs"); k.Verdict != want || strings.Count(k.Message+k.Change, "ask for at most") > 1 {
			t.Errorf("beyond %t: %s: %s; %s", beyond, k.Verdict, k.Message, k.Change)
		}
	}
}

// What llama.cpp lowers by itself is no failure, and its figures are not known.
func TestLlamaFitsByItself(t *testing.T) {
	ask := asked(t, shipped(t), false, "1x RTX 4090")
	for _, x := range []struct {
		name string
		line string
		want Verdict
	}{
		{"all is left to it", "llama-server -m Llama-3.3-70B-Instruct-Q4_K_M.gguf", Warn},
		{"the context is left to it", "llama-server -m Llama-3.1-8B-Instruct-Q8_0.gguf -ngl 99", Warn},
		{"and that does not help", "llama-server -m Llama-3.3-70B-Instruct-Q4_K_M.gguf -ngl 99", Fail},
		{"it is told not to", "llama-server -m Llama-3.3-70B-Instruct-Q4_K_M.gguf --fit off", Fail},
		{"nothing is left to it", "llama-server -m Llama-3.1-8B-Instruct-Q8_0.gguf -ngl 99 -c 131072", Fail},
		{"slots share the model's own context", "llama-server -m Llama-3.1-8B-Instruct-Q4_K_M.gguf -ngl 99 -c 0 -np 8", Pass},
		{"an older build has a short one", "docker run ghcr.io/ggml-org/llama.cpp:server-cuda-b6500 -m Llama-3.1-8B-Instruct-Q8_0.gguf -ngl 99", Pass},
	} {
		services, _, err := manifest.Read("run.sh", []byte(x.line))
		if err != nil || len(services) != 1 {
			t.Fatalf("%s: %v", x.name, err)
		}
		got, err := SubjectOfService(context.Background(), &services[0], ask)
		if err != nil {
			t.Fatal(err)
		}
		k := own(t, got, "fits")
		if k.Verdict != x.want {
			t.Errorf("%s: %s: %s", x.name, k.Verdict, k.Message)
		}
		if figures := len(got.Figures) > 0; figures != (x.want == Pass) {
			t.Errorf("%s: %d figures, and it lacks %q", x.name, len(got.Figures), got.Lacks)
		}
	}
}

// A shortage within the intervals of the ledger is no certain one.
func TestNearlyFits(t *testing.T) {
	for _, x := range []struct {
		batch int
		len   int
		want  Verdict
	}{{1024, 65536, Pass}, {1024, 131072, Inconclusive}} {
		s := service("openai/gpt-oss-120b", estimator.Options{MaxModelLen: x.len, MaxBatchedTokens: x.batch, MemoryFraction: 0.95})
		s.Ask.Engine = "vllm@0.10.2"
		got, err := SubjectOfService(context.Background(), s, asked(t, shipped(t), false, "1x H100 SXM5 80GB"))
		if err != nil {
			t.Fatal(err)
		}
		if k := own(t, got, "fits"); k.Verdict != x.want {
			t.Errorf("%d tokens: %s: %s", x.len, k.Verdict, k.Message)
		}
		if promises := len(got.Figures) > 0; promises != (x.want == Pass) {
			t.Errorf("%d tokens: %d figures", x.len, len(got.Figures))
		}
	}
}

// Slots that share one cache accept a request of all of it.
func TestSharedContext(t *testing.T) {
	ask := asked(t, shipped(t), true, "1x RTX 4090") // requests of 1280 tokens
	for line, want := range map[string]Verdict{
		"llama-server -m Llama-3.1-8B-Instruct-Q4_K_M.gguf -ngl 99 -c 2048 -np 4":                        Fail,
		"llama-server -m Llama-3.1-8B-Instruct-Q4_K_M.gguf -ngl 99 -c 2048 -np 4 --kv-unified --fit off": Pass,
	} {
		services, _, err := manifest.Read("run.sh", []byte(line))
		if err != nil || len(services) != 1 {
			t.Fatal(err)
		}
		got, err := SubjectOfService(context.Background(), &services[0], ask)
		if err != nil {
			t.Fatal(err)
		}
		if k := own(t, got, "context"); k.Verdict != want {
			t.Errorf("%s: %s: %s", line, k.Verdict, k.Message)
		}
	}
}
