// Package enginelog reads what an inference engine says about itself while it
// starts: version, model, arguments, and where the memory of each accelerator
// went. It understands vLLM (0.6 and later), SGLang, llama.cpp and its fork
// ik_llama.cpp, whatever wraps their lines: worker prefixes, time stamps,
// container runtimes, JSON lines, terminal colours, progress bars.
//
// It observes and never infers: every [Fact] keeps the line it was read from,
// and what the log does not say stays unknown. Comparing the facts with an
// estimate is the business of package accuracy.
package enginelog
