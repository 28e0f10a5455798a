// Package launch writes down how to start a deployment: the engine's command line, a
// compose file, Kubernetes objects. Every flag comes from the deployment that was
// planned; what a plan does not know (where the weights lie, which image, the node's
// labels) is a note to the reader.
//
// It starts nothing and knows no cluster. Command lines hold what differs from how the
// engine would start by itself on this hardware, and what a later default could change.
//
// Flags are those of the engines' own parsers:
//
//   - vLLM: vllm/engine/arg_utils.py, vllm-project/vllm 99d7eb5. Attention-DP groups are
//     --data-parallel-size, and --tensor-parallel-size is that of one group; experts are
//     split over all of them by --enable-expert-parallel.
//   - SGLang: python/sglang/srt/server_args.py, sgl-project/sglang 469c63e. --tp-size
//     counts all accelerators; --dp-size with --enable-dp-attention divides them.
//   - TensorRT-LLM: tensorrt_llm/commands/serve.py, NVIDIA/TensorRT-LLM 00209af. What has
//     no flag is in a file for --extra_llm_api_options.
//   - llama.cpp: tools/server/README.md, ggml-org/llama.cpp. --ctx-size is shared by all
//     slots.
//
// Objects: apps/v1 Deployment and v1 Service of Kubernetes; serving.kserve.io/v1beta1
// InferenceService with a container of its own (kserve/website); leaderworkerset.x-k8s.io/v1
// (kubernetes-sigs/lws, docs/examples/vllm); the compose specification's services with
// device reservations (compose-spec/compose-spec, deploy.md).
package launch
