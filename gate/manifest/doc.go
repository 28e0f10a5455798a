// Package manifest reads deployments of inference engines out of the files that start
// them: command lines of vLLM, SGLang and llama.cpp, Docker Compose, and what
// Kubernetes is given (Deployment, LeaderWorkerSet, KServe, rendered Helm charts), each
// setting with its file and line.
package manifest
