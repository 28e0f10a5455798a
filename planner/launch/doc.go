// Package launch turns a chosen deployment into the files that start it: a
// command line, a Docker Compose file, Kubernetes manifests (Deployment,
// LeaderWorkerSet, KServe) or an Ollama Modelfile ([Render]). It is pure: it
// computes texts and touches nothing.
//
// Every size and option in a file is that of the deployment, so that what runs
// is what was estimated. Where an engine counts otherwise than the estimator,
// the figure is converted: vLLM's tensor-parallel size is that of one
// attention-DP group, SGLang's limits are those of all groups, llama.cpp's
// context is that of all slots. A deployment that the engine has no options for
// is an error that says why.
//
// Nothing opens a server without authentication to the network: scripts listen on
// their machine alone, Compose publishes ports to its host alone, and pods are
// reached by a Service of the cluster. Replicas that fill a host go on on the next.
//
// What it does not do: it downloads nothing, sets up no router, no ingress, no
// authentication and no storage, and does not know whether an image or a
// checkpoint exists. What the reader must fill in or know comes as notes.
//
// # Sources of names
//
//   - vLLM: vllm/engine/arg_utils.py, vllm/entrypoints/openai/cli_args.py and
//     docs/features/nixl_connector_usage.md of vllm-project/vllm; several nodes:
//     docs.vllm.ai, data parallel deployment
//   - SGLang: docs/advanced_features/server_arguments.md and
//     python/sglang/srt/server_args.py of sgl-project/sglang
//   - TensorRT-LLM: tensorrt_llm/commands/serve.py and tensorrt_llm/llmapi/llm_args.py
//     of NVIDIA/TensorRT-LLM
//   - llama.cpp: tools/server/README.md and .devops of ggml-org/llama.cpp
//   - Ollama: envconfig/config.go, docs/modelfile and docs/faq of ollama/ollama
//   - Compose: schema/compose-spec.json of compose-spec/compose-go
//   - LeaderWorkerSet: docs/examples/leaderworkerset/basic and config/crd/bases of
//     kubernetes-sigs/lws
//   - KServe: InferenceService v1beta1, pkg/apis/serving/v1beta1 and config/crd/full
//     of kserve/kserve.
//     Its LLMInferenceService is left out: how a service's arguments reach vLLM
//     differs between the templates of its releases (config/llmisvcconfig)
package launch
