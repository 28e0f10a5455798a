// Package manifest reads deployments of inference engines out of the files that
// start them: shell scripts and command lines, Docker Compose, and what Kubernetes
// is given (plain, KServe's, LeaderWorkerSets, as `helm template` renders them).
//
// It says what the file asks for, each setting with the line that says it, and
// what the engine would refuse. It fills in no default, resolves no name in the
// catalog and judges nothing: that is done by who reads the services. It runs
// nothing either: shell text is parsed, its variables are expanded, and what only
// a running shell knows (the output of a program, an argument) is unknown, never
// empty.
//
// Options mean what the engines' documentation says: docs.vllm.ai (engine
// arguments), docs.sglang.ai (server arguments), the README of llama.cpp's server,
// and trtllm-serve's reference. [github.com/plimsoll-dev/plimsoll/planner/launch]
// is the way back.
package manifest
