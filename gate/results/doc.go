// Package results reads what benchmarks measured into runs that a gate can compare: the
// project's own files, and those of other tools with their own definitions. It measures
// nothing, judges nothing and opens no file.
//
// # One dictionary
//
// Figures of endpoints have the names and the definitions of
// [github.com/plimsoll-dev/plimsoll/benchmarks/endpoint] whatever tool measured them:
// ttft, tpot, itl and e2e in ms, each with a statistic over requests (itl: over gaps),
// output_tokens_per_s, input_tokens_per_s, total_tokens_per_s and requests_per_s over
// the whole measured window, goodput_per_s, good_share and failed_share (0 to 1). TPOT is
// (E2E - TTFT) / (output tokens - 1) of a request. A figure that a tool defines otherwise
// is put under the name of what it really is, converted, or left out, and a note of the run
// says so. The file of each format states the tool's definitions and where they are written:
//
//	tool's name                                   is
//	guidellm    inter_token_latency_ms            tpot; statistics anew, its own weigh by tokens
//	guidellm    time_per_output_token_ms          left out: it counts the first token
//	guidellm    output_tokens_per_second          left out, for requests/s x mean tokens
//	vllm        tpot, itl                         tpot, itl
//	inference-perf time_per_output_token          tpot
//	inference-perf inter_token_latency            itl
//	inference-perf normalized_time_per_output_token  left out: E2E / output tokens
//	genai-perf  inter_token_latency               tpot
//	aiperf      inter_token_latency               tpot
//	aiperf      inter_chunk_latency               itl
//
// Figures of hardware and engines keep their names and labels; tests of llama-bench have
// those that benchmarks/engine gives them.
//
// # What is refused
//
// A file that contradicts itself is an error and never a run: counts that do not add up,
// percentiles that fall, negative numbers, rates that are not what their tokens and
// seconds make (by more than 5 %), latencies of no request, no figures at all. A run in
// which every request failed is sound: failed_share is 1, and it has no latencies.
// Figures of a latency that are all zero are what tools write when they could not measure
// it; they are left out, with a note.
package results
