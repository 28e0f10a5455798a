// Package trace reads request traces: when requests came and how long they
// were, from files that services published, from results of load tools and from
// our own. [Read] gives the
// requests in the order of their times, ready for a load generator or a
// simulator. It replays nothing, and invents nothing: what a file does not say
// stays empty.
//
// # Formats
//
// How a file begins tells the format: by the first line, or of a file that is one
// JSON document by the keys in its first 64 KiB. Columns are found by name, in any order;
// columns that are not known are left out, and a note says so. Files may be
// compressed by gzip, begin with a byte order mark and end lines with CRLF.
//
//   - azure: CSV with TIMESTAMP (a date and time; UTC where no zone is given),
//     ContextTokens, GeneratedTokens. The LLM inference traces of 2023 and 2024,
//     github.com/Azure/AzurePublicDataset.
//   - burstgpt: CSV with Timestamp (s), Model, Request tokens, Response tokens,
//     Total tokens, Log Type, and from BurstGPT_3 on Session ID and Elapsed time;
//     github.com/HPMLL/BurstGPT. Model and Log Type are the class.
//   - mooncake: JSON Lines with timestamp (ms), input_length, output_length and
//     hash_ids, which name the prompt's prefix in blocks of [MooncakeBlock]
//     tokens; github.com/kvcache-ai/Mooncake, FAST25-release.
//   - plimsoll: JSON Lines with at_s, input_tokens, output_tokens, and where
//     wanted prompt (a text to send as it is; input_tokens may then be left out),
//     session and class. Other keys are errors: one that is misspelled would
//     change what is replayed.
//   - samples: JSON Lines, the records that `bench endpoint` keeps of one run.
//
// # Results of load tools
//
// Their requests come in an order of their own, and are sorted. Each counts time
// from an origin and in a unit of its own; of texts and of the times of tokens
// nothing is kept. Shapes are those of the tools' sources, by commit:
//
//   - aiperf: JSON Lines, profile_export.jsonl with metadata.request_start_ns
//     (whole ns since 1970; timestamp_ns in the first versions), and in metrics
//     input_sequence_length and output_sequence_length (tokens, reasoning
//     included). ai-dynamo/aiperf 13992db, docs/tutorials/working-with-profile-exports.md.
//   - guidellm: JSON, benchmarks.json with benchmarks[].requests.successful,
//     errored and incomplete; prompt_tokens, output_tokens, and the time (s since
//     1970) as start_time, scheduler_info.request_timings.request_start or
//     request_start_time. vllm-project/guidellm, src/guidellm: benchmark/benchmark.py
//     at 47ce292, benchmark/objects.py at 414febe, schemas/request_stats.py at 06cef29.
//     A report may keep a sample of the requests alone, and a note says so.
//   - inference-perf: JSON, per_request_lifecycle_metrics.json, a list with
//     start_time (s of a clock that begins anywhere), and in info input_tokens and
//     output_tokens, or request_metrics and response_metrics that hold them.
//     kubernetes-sigs/inference-perf, inference_perf: reportgen/base.py at 010d12f,
//     apis/base.py at 03e89d4. The file does not name stages: they are one load.
//   - vllm: JSON, what `vllm bench serve --save-result --save-detailed` writes, with
//     the lists input_lens, output_lens, start_times (s of a clock that begins
//     anywhere, when a request was sent and not when it began to wait for
//     --max-concurrency) and errors. vllm-project/vllm, vllm/benchmarks: serve.py at
//     009e6d4, lib/endpoint_request_func.py at 02cfb53. Without start_times it is
//     no trace.
//
// What genai-perf and perf_analyzer export has texts and no numbers of tokens
// (triton-inference-server/perf_analyzer 00168fe), and is refused, as summaries are.
//
// Lines that are broken can be skipped, and so can requests in a document that
// lack a key or are out of bounds. What is no JSON breaks the whole document.
//
// # What is left out
//
// Some lines are sound and yet no request to replay. They are passed over,
// counted, and told in a note each:
//
//   - Of published traces, requests without input or output tokens. BurstGPT
//     says that those without a response failed.
//   - Of samples, the warm-up, and requests whose length nobody knows: replayed
//     texts that the server did not count.
//   - Of load tools, the warm-up, requests that the end of the run cut off, those
//     without a time, and those that failed and do not say what they asked for.
//
// Samples of requests that failed are part of the load and stay, with the lengths
// that they asked for; so do those of inference-perf whose input was counted and
// whose body has max_tokens. The samples of a sweep are several runs whose times
// overlap, and are refused, as several documents in one file are, and benchmarks
// of guidellm that overlap. Those that follow one another are one load, and a note
// says so.
package trace
