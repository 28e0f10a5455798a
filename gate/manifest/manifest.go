package manifest

import "github.com/plimsoll-dev/plimsoll/planner"

// Form is how a deployment is written down.
type Form string

// The forms.
const (
	Command    Form = "command"    // a shell script, or a command line alone
	Compose    Form = "compose"    // Docker Compose
	Kubernetes Form = "kubernetes" // Deployment, StatefulSet, LeaderWorkerSet, InferenceService, ...; what Helm renders
)

// Position is a place in a file: where an option stands, or, of what a variable
// brings along, where that is written.
type Position struct {
	File string
	Line int    // from 1
	Key  string // "--max-model-len", "spec.replicas"
}

// Service is one deployment of an engine, as a file asks for it.
type Service struct {
	Name  string // "Deployment/chat", "chat" (of Compose), or of the file: "serve.sh", then "serve.sh#2"
	Form  Form
	Image string // empty: none is named

	// Ask is what the engine's flags say, nothing filled in; Ask.Model is nil and
	// Model names it: the id or path that the engine loads. Once it is found,
	// [Service.SetModel] settles what depends on it. Ask.DP counts the whole copies
	// that one process starts: replicas in all are Replicas x Ask.DP, each at least 1.
	Model string
	Ask   planner.Ask

	Replicas            int    // 0: the file does not say
	NodesPerReplica     int    // of a LeaderWorkerSet or workerSpec; else 1
	AcceleratorsPerNode int    // that are asked for, of one replica; 0: the file does not say
	Accelerator         string // as the file names it (a node selector's "NVIDIA-H100-80GB-HBM3"); empty: it does not
	NoPrefixCache       bool
	NoAccelerator       bool   // llama.cpp keeps every layer in host memory
	Draft               string // model that speculates, as the engine loads it; empty: none, or the model's own layers

	// Beyond says that the engine goes beyond the context that the model was made for: it
	// is told to, or always does.
	Beyond bool
	// SharedContext is the tokens of a cache that all sequences share, so that one alone may
	// take them all; 0: each has its own.
	SharedContext int
	// Fits says that llama.cpp lowers what the file leaves to it until it fits.
	Fits Fitting
	// Unchecked are options that are not known here: the engine may take them or not.
	Unchecked []string

	// Positions are where each of these is said, by the names of a lock's facts:
	// model, engine, precision, kv_precision, tp, pp, ep, attention_dp, replicas,
	// accelerators, max_model_len, max_num_seqs, max_num_batched_tokens,
	// memory_fraction, nodes; and accelerator. "" is the service as a whole.
	Positions map[string]Position
	slots     int    // that share the model's own context, which no option sets; 0: none do
	method    string // by which options say that the checkpoint is quantised already; empty: none

	// Problems are what the engine would refuse, or the file contradicts itself in, and
	// what is not known of it.
	Problems []Problem
}

// Fitting is what an engine may lower by itself: its context, to so many tokens of a
// sequence (0: it does not), and the layers that are on accelerators.
type Fitting struct {
	Context int
	Layers  bool
}

// Problem is what is wrong with a service, and where.
type Problem struct {
	At      Position
	Message string
	Change  string // what would mend it; empty: nobody knows
	Kind    ProblemKind
}

// ProblemKind is what a problem comes to.
type ProblemKind string

// Kinds of problems.
const (
	Refused  ProblemKind = ""         // the engine or the cluster refuses it
	Unknown  ProblemKind = "unknown"  // a value is not at hand: it may be right
	Doubtful ProblemKind = "doubtful" // it runs, and hardly as it is meant
)
