package planner

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

const plainCase = `{"id": "a", "model": "Qwen/Qwen3-8B", "accelerator": "L40S", "workload": {"input_tokens": 1000, "output_tokens": 200, "concurrency": 8}}`

func TestParseCase(t *testing.T) {
	got, err := ParseCase([]byte(`{"id": "full", "model": "m", "accelerator": "a", "accelerators": 16, "engine": "vllm", "engine_version": "0.19", "precision": "fp8",
		"kv_precision": "fp8", "tp": 4, "pp": 2, "ep": 4, "dp": 2, "attention_dp": 2,
		"engine_options": {"max_num_seqs": 64, "max_num_batched_tokens": 8192, "max_model_len": 4096, "memory_fraction": 0.9, "prefix_caching": true, "speculative_tokens": 3, "acceptance": 0.7}, "prefix_hit": 0.5,
		"disaggregated": {"prefill": {"replicas": 1, "tp": 4, "ep": 4, "attention_dp": 4}, "decode": {"replicas": 2, "tp": 8}},
		"workload": {"input_tokens": 1024.5, "output_tokens": 128, "request_rate": 2.5}}`))
	if err != nil {
		t.Fatal(err)
	}
	on := true
	want := Case{
		ID: "full", Model: "m", Accelerator: "a", Accelerators: 16, Engine: "vllm", EngineVersion: "0.19", Precision: "fp8", KVPrecision: "fp8",
		TP: 4, PP: 2, EP: 4, DP: 2, AttentionDP: 2,
		EngineOptions: EngineOptions{MaxNumSeqs: 64, MaxNumBatchedTokens: 8192, MaxModelLen: 4096, MemoryFraction: 0.9, PrefixCaching: &on, SpeculativeTokens: 3, Acceptance: 0.7}, PrefixHit: 0.5,
		Disaggregated: &Disaggregation{Prefill: Stage{1, 4, 4, 4}, Decode: Stage{2, 8, 0, 0}},
		Workload:      CaseWorkload{InputTokens: 1024.5, OutputTokens: 128, RequestRate: 2.5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("case = %+v, want %+v", got, want)
	}
}

func TestParseCaseErrors(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(plainCase, old, replacement, 1) }
	for _, tt := range []struct{ text, id, want string }{
		{`{"id": "a"`, "", "not a JSON object: unexpected EOF"},
		{`{"id": }`, "", "not JSON at character 8"},
		{`[1]`, "", "an array where an object is accepted"},
		{plainCase + ` {}`, "a", `"{}" follows the object`},
		{with(`"model"`, `"modle"`), "a", `unknown key "modle"; accepted are id, model,`},
		{with(`"concurrency"`, `"users"`), "a", `unknown key "users"`},
		{with(`"model": "Qwen/Qwen3-8B"`, `"model": 3`), "a", "model: a number where a string is accepted"},
		{with(`"concurrency": 8`, `"concurrency": "8"`), "a", "workload.concurrency: a string where a number is accepted"},
		{with(`"workload"`, `"tp": 1.5, "workload"`), "a", "tp: a number 1.5 where a whole number is accepted"},
		{with(`"id": "a", `, ``), "", "id is missing"},
		{with(`"Qwen/Qwen3-8B"`, `" "`), "a", "model is missing"},
		{with(`, "accelerator": "L40S"`, ``), "a", "accelerator is missing"},
		{with(`"workload"`, `"tp": -1, "workload"`), "a", "tp -1: accepted are 1 to"},
		{with(`"workload"`, `"prefix_hit": 1.5, "workload"`), "a", "prefix_hit 1.5: accepted is a share from 0 to 1"},
		{with(`"workload"`, `"engine_options": {"memory_fraction": 2}, "workload"`), "a", "engine_options.memory_fraction 2"},
		{with(`"workload"`, `"disaggregated": {"prefill": {"replicas": 1, "tp": 1}, "decode": {"tp": 1}}, "workload"`), "a", "disaggregated.decode.replicas is missing"},
		{with(`"input_tokens": 1000, `, ``), "a", "workload.input_tokens 0: accepted are 1 to"},
		{with(`200`, `0`), "a", "workload.output_tokens 0"},
		{with(`, "concurrency": 8`, ``), "a", "workload has 0 of request_rate, concurrency, batch and saturate"},
		{with(`"concurrency": 8`, `"concurrency": 8, "saturate": true`), "a", "workload has 2 of"},
		{with(`"concurrency": 8`, `"concurrency": -8`), "a", "workload.concurrency -8"},
		{with(`"concurrency": 8`, `"request_rate": 1e300`), "a", "workload.request_rate 1e+300"},
	} {
		k, err := ParseCase([]byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s\n  error %v, want %q", tt.text, err, tt.want)
		}
		if k.ID != tt.id {
			t.Errorf("%s\n  id %q, want %q", tt.text, k.ID, tt.id)
		}
	}
}

// FuzzParseCase holds that a case that is read can be written and read again.
func FuzzParseCase(f *testing.F) {
	f.Add([]byte(plainCase))
	f.Add([]byte(`{"id":"x","model":"m","accelerator":"a","tp":1e9,"workload":{"input_tokens":1,"output_tokens":1,"saturate":true}}`))
	f.Add([]byte(`{"id":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, line []byte) {
		k, err := ParseCase(line)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		out, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseCase(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if !reflect.DeepEqual(k, again) {
			t.Fatalf("%+v, read again %+v", k, again)
		}
	})
}

func testCase() Case {
	return Case{ID: "a", Model: "Qwen/Qwen3-8B", Accelerator: "l40s", Workload: CaseWorkload{InputTokens: 1000, OutputTokens: 200, Concurrency: 8}}
}

func assumed(list []estimator.Assumption, name string) string {
	for _, a := range list {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

func TestCaseDeployment(t *testing.T) {
	c := shipped(t)
	type want struct {
		engine, release, weights, kv string
		tp, pp, dp, length           int
		assumed                      map[string]string
	}
	for _, tt := range []struct {
		name   string
		change func(*Case)
		want   want
	}{
		{"all left out", func(*Case) {}, want{"vllm", "0.19", "bf16", "", 1, 0, 0, 0, map[string]string{"engine": "vllm", "precision": "bf16", "tp": "1"}}},
		{"named", func(k *Case) {
			k.Engine, k.EngineVersion, k.Precision, k.KVPrecision, k.TP, k.DP = "trtllm", "1.0", "fp8", "fp8", 2, 4
		}, want{"tensorrt-llm", "1.0", "fp8", "fp8", 2, 0, 4, 0, nil}},
		{"version in the name", func(k *Case) { k.Engine, k.TP = "sglang@0.5.9", 1 }, want{"sglang", "0.5.9", "bf16", "", 1, 0, 0, 0, nil}},
		{"doubled suffix", func(k *Case) { k.Engine, k.EngineVersion, k.TP = "trtllm", "1.2.0rc6.post3", 1 },
			want{"tensorrt-llm", "1.2.0", "bf16", "", 1, 0, 0, 0, map[string]string{"engine_version": "1.2.0"}}},
		{"build of the day", func(k *Case) { k.Engine, k.EngineVersion, k.TP = "vllm", "nightly-dev", 1 },
			want{"vllm", "0.19", "bf16", "", 1, 0, 0, 0, map[string]string{"engine_version": "0.19"}}},
		// 32B in bf16 are 61 GiB: two L40S of 44.4 GiB hold them and a request, not the 40960 tokens of the model's context beside them.
		{"smallest that fits", func(k *Case) { k.Model = "Qwen/Qwen3-32B" }, want{"vllm", "0.19", "bf16", "", 2, 0, 0, 0, map[string]string{"tp": "2"}}},
		{"replicas of the smallest", func(k *Case) { k.Model, k.Accelerators = "Qwen/Qwen3-32B", 8 }, want{"vllm", "0.19", "bf16", "", 2, 0, 4, 0, map[string]string{"dp": "4"}}},
		{"replicas of a size", func(k *Case) { k.TP, k.Accelerators = 4, 8 }, want{"vllm", "0.19", "bf16", "", 4, 0, 2, 0, map[string]string{"dp": "2"}}},
		// 8B in bf16 are 15.3 GiB, of 22 GiB on an L4; 131072 tokens of 128 KiB would be 16 GiB more.
		{"context that does not fit", func(k *Case) { k.Model, k.Accelerator = "meta-llama/Llama-3.1-8B-Instruct", "l4" },
			want{"vllm", "0.19", "bf16", "", 1, 0, 0, 1200, map[string]string{"max_model_len": "1200"}}},
		{"Apple silicon", func(k *Case) { k.Accelerator = "M4 Max 64GB" }, want{"llama.cpp", "b6000", "q4_k_m", "", 0, 1, 0, 0, map[string]string{"engine": "llama.cpp", "precision": "q4_k_m"}}},
		{"CPU", func(k *Case) { k.Accelerator, k.Precision = "EPYC 9654", "q8_0" }, want{"llama.cpp", "b6000", "q8_0", "", 0, 1, 0, 0, map[string]string{"engine": "llama.cpp"}}},
		{"decode side", func(k *Case) {
			k.Disaggregated = &Disaggregation{Prefill: Stage{Replicas: 1, TP: 1}, Decode: Stage{Replicas: 3, TP: 2}}
		}, want{"vllm", "0.19", "bf16", "", 2, 0, 3, 0, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := testCase()
			tt.change(&k)
			d, load, assumptions, err := k.Deployment(c)
			if err != nil {
				t.Fatal(err)
			}
			kv := ""
			if d.KV != nil {
				kv = d.KV.ID
			}
			got := want{d.Engine.ID, d.Release, d.Weights.ID, kv, d.TP, d.PP, d.DP, d.Options.MaxModelLen, tt.want.assumed}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("deployment %+v, want %+v", got, tt.want)
			}
			for name, value := range tt.want.assumed {
				if assumed(assumptions, name) != value {
					t.Errorf("assumed %s = %q, want %q", name, assumed(assumptions, name), value)
				}
			}
			if load.Concurrency != 8 || load.InputTokens != 1000 || load.OutputTokens != 200 {
				t.Errorf("load = %+v", load)
			}
			if _, err := estimator.Fit(d); err != nil {
				t.Errorf("the ledger refuses it: %v", err)
			}
		})
	}
}

func TestCaseDeploymentErrors(t *testing.T) {
	c := shipped(t)
	for _, tt := range []struct {
		name   string
		change func(*Case)
		code   string
		want   string
	}{
		{"model", func(k *Case) { k.Model = "no/such" }, CodeUnknownName, `unknown model "no/such"`},
		{"accelerator", func(k *Case) { k.Accelerator = "Z9000" }, CodeUnknownName, `unknown accelerator "Z9000"`},
		{"two kinds", func(k *Case) { k.Accelerator = "L40S + H100" }, CodeInvalid, "one kind of accelerator"},
		{"engine", func(k *Case) { k.Engine = "warpdrive" }, CodeUnknownName, "unknown engine"},
		{"precision", func(k *Case) { k.Precision = "fp7" }, CodeUnknownName, "unknown precision"},
		{"accelerators do not divide", func(k *Case) { k.TP, k.Accelerators = 4, 6 }, CodeInvalid, "do not divide accelerators 6"},
		{"accelerators contradict", func(k *Case) { k.TP, k.DP, k.Accelerators = 2, 2, 8 }, CodeInvalid, "are 4 accelerators, accelerators says 8"},
		{"topology", func(k *Case) { k.TP = 3 }, CodeUnsupported, "TP 3 does not divide"},
		{"engine elsewhere", func(k *Case) { k.Engine, k.Accelerator = "trtllm", "mi300x" }, CodeUnsupported, "does not run on"},
		{"memory", func(k *Case) { k.Model, k.TP = "Qwen/Qwen3-32B", 1 }, CodeDoesNotFit, "it would with: "},
		{"nothing holds it", func(k *Case) { k.Model, k.Accelerators = "deepseek-ai/DeepSeek-V3", 2 }, CodeDoesNotFit, "GiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := testCase()
			tt.change(&k)
			r := NewEvaluatorWith(c, constant).Evaluate(k)
			if r.OK || r.Error == nil || r.Performance != nil || r.ID != "a" {
				t.Fatalf("result = %+v", r)
			}
			if r.Error.Code != tt.code || !strings.Contains(r.Error.Message, tt.want) {
				t.Errorf("error %+v, want %s, %q", *r.Error, tt.code, tt.want)
			}
			if (r.Memory != nil) != (tt.code == CodeDoesNotFit) {
				t.Errorf("memory = %+v", r.Memory)
			}
		})
	}
}

// constant is a time model that needs no physics.
func constant(_ *catalog.Catalog, _ estimator.Deployment, load estimator.Load) (estimator.Performance, error) {
	return estimator.Performance{OutputTokensPerS: load.OutputTokens, Assumptions: []estimator.Assumption{{Name: "constant"}}}, nil
}

func TestEvaluate(t *testing.T) {
	e := NewEvaluatorWith(shipped(t), constant)
	k := testCase()
	off := false
	k.PrefixHit, k.EngineOptions.PrefixCaching = 0.5, &off
	r := e.Evaluate(k)
	if !r.OK || r.Error != nil || r.OutputTokensPerS != 200 {
		t.Fatalf("result = %+v", r)
	}
	for _, name := range []string{"engine", "precision", "tp", "prefix_hit", "constant"} {
		if !hasAssumption(r.Assumptions, name) {
			t.Errorf("%s is not among the assumptions %+v", name, r.Assumptions)
		}
	}
	m := r.Memory
	if m.TotalBytes != m.WeightsBytes+m.KVCacheBytes+m.ActivationBytes+m.OverheadBytes || m.WeightsBytes < 15<<30 {
		t.Errorf("memory = %+v", *m)
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(out, &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id", "ok", "memory", "ttft_ms", "tpot_ms", "e2e_ms", "output_tokens_per_s", "total_tokens_per_s", "requests_per_s",
		"tokens_per_s_per_user", "prefill_tokens_per_s", "saturated", "max_stable_request_rate", "basis", "assumptions"} {
		if _, ok := keys[key]; !ok {
			t.Errorf("%s lacks %q", out, key)
		}
	}
	k.Disaggregated = &Disaggregation{Prefill: Stage{Replicas: 1, TP: 1}, Decode: Stage{Replicas: 1, TP: 1}}
	if r := e.Evaluate(k); !r.OK || !hasAssumption(r.Assumptions, "kv_transfer_ms") {
		t.Errorf("disaggregated: %+v", r)
	}
	k.Workload = CaseWorkload{InputTokens: 1000, OutputTokens: 200, Batch: 4}
	if r := e.Evaluate(k); r.OK || r.Error.Code != CodeUnknown {
		t.Errorf("a static batch over both sides: %+v", r)
	}
}

func hasAssumption(list []estimator.Assumption, name string) bool {
	for _, a := range list {
		if a.Name == name {
			return true
		}
	}
	return false
}

func BenchmarkEvaluateCase(b *testing.B) {
	e := NewEvaluatorWith(shipped(b), constant)
	k := testCase()
	k.Model, k.Accelerator, k.TP, k.Precision = "deepseek-ai/DeepSeek-R1", "h200", 8, "fp8-block"
	b.ReportAllocs()
	for b.Loop() {
		if r := e.Evaluate(k); !r.OK {
			b.Fatal(r.Error)
		}
	}
}
