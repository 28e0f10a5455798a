package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

// kind is an object whose pods run vLLM.
func kind(name, spec string) string {
	return "apiVersion: x/v1\nkind: " + name + "\nmetadata: {name: a}\nspec: " + spec + "\n"
}

const serving = "{containers: [{command: [vllm, serve, x/y]}]}"

func TestObjects(t *testing.T) {
	beside := []manifest.File{
		{Name: "base.yaml", Data: []byte("services:\n  base:\n    image: vllm/vllm-openai:v0.11.0\n    environment: [LEN=4096]\n    deploy: {replicas: 5}\n")},
		{Name: "conf/engine.yaml", Data: []byte("max-num-seqs: 9\ntensor-parallel-size: 2\nno-enable-prefix-caching: true\n")},
		{Name: ".env", Data: []byte("TAG=v0.12.0\nSEQS=12\nEMPTY=\n")},
	}
	for _, test := range []struct {
		name, text string
		want       []string // services, then notes
	}{
		{"a pod", kind("Pod", serving), []string{"Pod/a vllm x/y replicas=1"}},
		{"a job", kind("Job", "{parallelism: 3, template: {spec: "+serving+"}}"), []string{"Job/a vllm x/y replicas=3"}},
		{"a cron job", kind("CronJob", "{jobTemplate: {spec: {template: {spec: "+serving+"}}}}"), []string{"CronJob/a vllm x/y"}},
		{"a set of replicas", kind("ReplicaSet", "{replicas: 0, template: {spec: "+serving+"}}"), []string{"ReplicaSet/a vllm x/y", "note m.yaml:4: spec.replicas of ReplicaSet/a is 0: it is counted as not said"}},
		{"a daemon", kind("DaemonSet", "{template: {spec: "+serving+"}}"), []string{"DaemonSet/a vllm x/y", "note m.yaml:2: DaemonSet/a runs on every node that it may: how many there are is not in the file"}},
		{"two servers in a pod", kind("Pod", "{containers: [{name: one, command: [vllm, serve, x/y]}, {name: two, command: [sh, -c, 'vllm serve a/b & vllm serve c/d']}]}"),
			[]string{"Pod/a vllm x/y replicas=1", "Pod/a vllm a/b replicas=1", "Pod/a/two vllm c/d replicas=1"}},
		{"objects that are not read", kind("RayService", "{}") + "---\n" + kind("Pod", serving), []string{"Pod/a vllm x/y replicas=1", "note m.yaml:2: RayService/a is not read"}},
		{"an object of no account", kind("Service", "{ports: []}") + "---\n" + kind("Pod", serving), []string{"Pod/a vllm x/y replicas=1"}},
		{"a script of something else", kind("Pod", "{containers: [{command: [sh, -c, \"echo 'x\"]}, {command: [vllm, serve, x/y]}]}"),
			[]string{"Pod/a vllm x/y replicas=1", "note m.yaml:4: shell text is not read: m.yaml:4: no valid shell text: reached EOF without closing quote `'`"}},
		{"something else without replicas", kind("Deployment", "{replicas: 0, template: {spec: {containers: [{image: redis}]}}}") + "---\n" + kind("Pod", serving), []string{"Pod/a vllm x/y replicas=1"}},
		{"AMD", kind("Pod", "{containers: [{command: [vllm, serve, x/y, -tp, '2'], resources: {requests: {amd.com/gpu: 2}}}], nodeSelector: {amd.com/gpu.product-name: AMD_Instinct_MI300X_OAM}}"),
			[]string{"Pod/a vllm x/y tp=2 replicas=1 gpus=2 on=AMD_Instinct_MI300X_OAM"}},
		{"a slice of a known accelerator", kind("Pod", "{containers: [{command: [vllm, serve, x/y], resources: {limits: {nvidia.com/mig-1g.10gb: 1}}}], nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}}"),
			[]string{"Pod/a vllm x/y replicas=1 gpus=1 on=NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "note m.yaml:4: Pod/a asks for slices of an accelerator, NVIDIA-H100-80GB-HBM3-MIG-1g.10gb"}},
		{"shared accelerators", kind("Pod", "{containers: [{command: [vllm, serve, x/y], resources: {limits: {nvidia.com/gpu.shared: 1, cpu: 4}}}]}"),
			[]string{"Pod/a vllm x/y replicas=1 gpus=1", "note m.yaml:4: Pod/a asks for accelerators that others use too: they are counted as whole ones"}},
		{"no number of accelerators", kind("Pod", "{containers: [{command: [vllm, serve, x/y], resources: {limits: {nvidia.com/gpu: all}}}]}"),
			[]string{"Pod/a vllm x/y replicas=1", `note m.yaml:4: nvidia.com/gpu of Pod/a: "all" is no number of accelerators`}},
		{"several accelerators", kind("Pod", "{containers: [{command: [vllm, serve, x/y]}], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: nvidia.com/gpu.product, operator: In, values: [A, B]}]}]}}}}"),
			[]string{"Pod/a vllm x/y replicas=1", "note m.yaml:4: Pod/a may run on several accelerators: which one is not known"}},
		{"variables of a pod", kind("Pod", "{containers: [{command: [vllm, serve], args: ['$(ORG)/$(NAME)$$(X)', --max-num-seqs=$(SEQS)], env: [{name: ORG, value: me}, {name: NAME, value: $(ORG)-1}, {name: SEQS, value: '7'}, {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}"),
			[]string{"Pod/a vllm me/me-1$(X) seqs=7 replicas=1"}},
		{"variables of a ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {MODEL: x/y, SEQS: '5'}\n---\n" +
			kind("Pod", "{containers: [{command: [sh, -c, 'exec vllm serve $C_MODEL --max-num-seqs ${C_SEQS} --max-model-len $(nproc)'], envFrom: [{prefix: C_, configMapRef: {name: c}}]}]}"),
			[]string{"Pod/a vllm x/y seqs=5 replicas=1", "problem m.yaml:9 $(nproc) is only known where it runs: --max-model-len has no known value"}},
		{"a script of a ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  start.sh: |\n    exec vllm serve \"$1\" --enforce-eager\n---\n" +
			kind("Pod", "{containers: [{command: [/bin/bash, /opt/run.sh, x/y], volumeMounts: [{name: v, mountPath: /opt/run.sh, subPath: run.sh}]}], volumes: [{name: v, configMap: {name: c, items: [{key: start.sh, path: run.sh}]}}]}"),
			[]string{"Pod/a vllm x/y eager=true replicas=1"}},
		{"a leader without accelerators", kind("LeaderWorkerSet", "{replicas: 1, leaderWorkerTemplate: {size: 3, leaderTemplate: {spec: {containers: [{command: [vllm, serve, x/y, -tp=8, -pp=2]}]}}, workerTemplate: {spec: {containers: [{resources: {limits: {nvidia.com/gpu: 8}}}]}}}}"),
			[]string{"LeaderWorkerSet/a vllm x/y tp=8 pp=2 replicas=1 nodes=2 gpus=8"}},
		{"runtimes of KServe", kind("InferenceService", "{predictor: {model: {modelFormat: {name: sklearn}}}}") + "---\n" +
			kind("InferenceService", "{predictor: {model: {modelFormat: {name: x}, runtime: kserve-sglang, args: [--model-path=a/b, --tp=2]}}}"),
			[]string{"InferenceService/a sglang a/b tp=2", `note m.yaml:4: InferenceService/a has a model of the format "sklearn", whose runtime is not read`, "note m.yaml:9: InferenceService/a is served by a runtime of KServe, which chooses the version of the engine and may add options"}},
		{"a model in a store", kind("InferenceService", "{predictor: {model: {modelFormat: {name: huggingface}, storageUri: 's3://b/m'}}}"),
			[]string{"InferenceService/a vllm s3://b/m", "note m.yaml:4: InferenceService/a is served by a runtime of KServe, which chooses the version of the engine and may add options"}},
		{"prefill apart in KServe", kind("LLMInferenceService", "{model: {uri: 'hf://a/b:main'}, parallelism: {data: 8, dataLocal: 8, expert: true}, prefill: {replicas: 1}}"),
			[]string{"LLMInferenceService/a vllm a/b tp=8 ep=8 adp=8", "note m.yaml:4: LLMInferenceService/a prefills apart: only the replicas that decode are read"}},
		{"JSON", `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"command": ["vllm", "serve", "x/y"]}]}}`, []string{"Pod/a vllm x/y replicas=1"}},
		{"scale", "services: {a: {image: 'vllm/vllm-openai:${TAG}', command: 'x/y --max-num-seqs ${SEQS}', scale: 2}}", []string{"a vllm@0.12.0 x/y seqs=12 replicas=2"}},
		{"an image that is not known", "services: {a: {image: 'vllm/vllm-openai:${NONE}', command: x/y}}", []string{"a vllm x/y", "note m.yaml:1: the image vllm/vllm-openai:$NONE is not known: nor is the version of vLLM"}},
		{"what Compose replaces", "services: {a: {image: vllm/vllm-openai:v0.1.0, command: ['$SEQS/${A:-${B-x}}$${C}', '--max-num-seqs=${EMPTY:-3}', '-tp=${EMPTY-2}4', '-pp=${SEQS:+2}${NONE+7}', '$9', '--dtype=${UNSET?no}']}}",
			[]string{"a vllm@0.1.0 12/x${C} tp=4 pp=2 seqs=3", "problem m.yaml:1 $UNSET is not set by anything that is at hand: --dtype has no known value"}},
		{"another file's service", "services: {a: {extends: {file: ./base.yaml, service: base}, entrypoint: sh -c, command: ['vllm serve x/y --max-model-len $$LEN']}}", []string{"a vllm@0.11.0 x/y len=4096 replicas=5"}},
		{"another file that is not there", "services: {a: {extends: {file: none.yaml, service: base}, command: vllm serve x/y}}", []string{"a vllm x/y", "note m.yaml:1: none.yaml is not at hand, or no YAML: what the service extends is not known"}},
		{"a service that extends itself", "services: {a: {extends: a, command: vllm serve x/y}}", []string{"a vllm x/y"}},
		{"environment of the host", "services: {a: {command: ['sh', '-c', 'vllm serve x/y --max-num-seqs $$SEQS -tp $$NONE'], environment: [SEQS, NONE]}}", []string{"a vllm x/y seqs=12", "problem m.yaml:1 $NONE is not set by anything that is at hand: -tp has no known value"}},
		{"environment without a value", "services: {a: {command: ['sh', '-c', 'vllm serve x/y --max-num-seqs $$SEQS'], environment: {SEQS: }}}", []string{"a vllm x/y seqs=12"}},
		{"files of variables", "services: {a: {command: vllm serve x/y, env_file: [{path: none.env}]}}", []string{"a vllm x/y", "note m.yaml:1: none.env is not at hand: what it sets is not known"}},
		{"files of options", "services: {a: {command: vllm serve x/y --config /c.yaml, configs: [{source: e, target: /c.yaml}], gpus: [{count: 2}]}}\nconfigs: {e: {file: ./conf/engine.yaml}}", []string{"a vllm x/y tp=2 seqs=9 noprefix=true gpus=2"}},
		{"options in the file itself", "services: {a: {command: vllm serve --config /e, configs: [e]}}\nconfigs:\n  e:\n    content: |\n      model: x/$$y\n      max-num-seqs: ${SEQS}\n", []string{"a vllm x/$y seqs=12"}},
		{"options that are mounted", "services: {a: {command: vllm serve x/y --config /c/o.yaml, volumes: [{type: bind, source: ./conf/engine.yaml, target: /c/o.yaml}, cache]}}", []string{"a vllm x/y tp=2 seqs=9 noprefix=true"}},
		{"options that are not there", "services: {a: {command: vllm serve x/y --config /none.yaml}}", []string{"a vllm x/y", "note m.yaml:1: the options in /none.yaml are not known: the file is not at hand"}},
		{"all accelerators", "services: {a: {command: vllm serve x/y -tp 4, gpus: all, deploy: {resources: {reservations: {devices: [{count: all}]}}}}}", []string{"a vllm x/y tp=4"}},
		{"accelerators by variable", "services: {a: {command: vllm serve x/y, environment: {NVIDIA_VISIBLE_DEVICES: '3'}, deploy: {resources: {reservations: {devices: [{count: few}]}}}}}", []string{"a vllm x/y gpus=1", "note m.yaml:1: count few is no number of accelerators"}},
		{"a tag in YAML", "services: {a: {command: !!str 'vllm serve x/y', environment: &e !!map {A: b}}}", []string{"a vllm x/y"}},
	} {
		services, notes, err := manifest.Read("m.yaml", []byte(test.text), beside...)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, s := range services {
			got = append(got, describe(s))
			for _, p := range s.Problems {
				got = append(got, fmt.Sprintf("problem %s:%d %s", p.At.File, p.At.Line, p.Message))
			}
		}
		for _, n := range notes {
			got = append(got, "note "+n)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// What an option means can depend on the model.
func TestSetModel(t *testing.T) {
	model := func(id string) string { return "vllm serve " + id + " " }
	for _, test := range []struct {
		model, options string
		named          planner.Checkpoint
		want           string
		problem        string
	}{
		{"Qwen/Qwen3-8B", "-tp 2 -dp 4", planner.Checkpoint{}, "tp=2 dp=4", ""},
		{"deepseek-ai/DeepSeek-V3", "-tp 2 -dp 4", planner.Checkpoint{}, "tp=8 adp=4", ""},
		{"deepseek-ai/DeepSeek-V3", "-tp 2 -dp 4 -ep", planner.Checkpoint{}, "tp=8 ep=8 adp=4", ""},
		{"Qwen/Qwen3-8B", "-tp 2 -dp 4 -ep", planner.Checkpoint{}, "tp=2 dp=4", "Qwen/Qwen3-8B has no experts to spread"},
		{"Qwen/Qwen3-8B", "-q fp8", planner.Checkpoint{}, "weights=fp8", ""},
		{"Qwen/Qwen3-8B", "--dtype half", planner.Checkpoint{}, "weights=fp16", ""},
		{"Qwen/Qwen3-8B", "--dtype half", planner.Checkpoint{Precision: "AWQ"}, "", ""},
		{"deepseek-ai/DeepSeek-V3", "-q fp8 --dtype bfloat16", planner.Checkpoint{}, "", ""},
		{"openai/gpt-oss-120b", "--dtype bfloat16", planner.Checkpoint{}, "", ""},
	} {
		services, _, err := manifest.Read("x", []byte(model(test.model)+test.options))
		if err != nil {
			t.Fatal(err)
		}
		m, err := shipped().Model(test.model)
		if err != nil {
			t.Fatal(err)
		}
		s := services[0]
		s.SetModel(m, test.named)
		if got, want := describe(s), strings.TrimSpace("x vllm "+test.model+" "+test.want); got != want {
			t.Errorf("%s %s: %s, want %s", test.model, test.options, got, want)
		}
		if test.problem != "" && (len(s.Problems) != 1 || s.Problems[0].Message != test.problem || s.Problems[0].At.Key != "-ep") || test.problem == "" && len(s.Problems) > 0 {
			t.Errorf("%s %s: %+v", test.model, test.options, s.Problems)
		}
		if s.Ask.Model != m || s.Ask.Named != test.named {
			t.Errorf("%s: %+v", test.model, s.Ask)
		}
	}
}

// Prefill and decode that launch writes apart are two services.
func TestPrefillApart(t *testing.T) {
	r := newResolver()
	decode, err := r.deployment(asked{model: "Qwen/Qwen3-8B", engine: "vllm@0.19", on: "8x H100", tp: 2, dp: 2})
	if err != nil {
		t.Fatal(err)
	}
	prefill, err := r.deployment(asked{model: "Qwen/Qwen3-8B", engine: "vllm@0.19", on: "8x H100", dp: 3})
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := launch.Render(launch.Service{Deployment: decode, Prefill: &prefill}, launch.Kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	services, _, err := manifest.Read(files[0].Name, []byte(files[0].Text))
	if err != nil || len(services) != 2 {
		t.Fatalf("%v, %d services", err, len(services))
	}
	for i, d := range []launch.Service{{Deployment: prefill}, {Deployment: decode}} {
		if services[i].Replicas != d.Deployment.DP {
			t.Errorf("%s: %d replicas", services[i].Name, services[i].Replicas)
		}
		for _, what := range differ(d, launch.Kubernetes, services[i]) {
			t.Errorf("%s: %s", services[i].Name, what)
		}
	}
}
