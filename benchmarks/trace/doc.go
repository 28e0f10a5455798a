// Package trace reads request traces: when requests came and how long they
// were, from files that services published and from our own. [Read] gives the
// requests in the order of their times, ready for a load generator or a
// simulator. It replays nothing, and invents nothing: what a file does not say
// stays empty.
//
// # Formats
//
// The first line tells the format. Columns are found by name, in any order;
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
// # What is left out
//
// Some lines are sound and yet no request to replay. They are passed over,
// counted, and told in a note each:
//
//   - Of published traces, requests without input or output tokens. BurstGPT
//     says that those without a response failed.
//   - Of samples, the warm-up, and requests whose length nobody knows: replayed
//     texts that the server did not count.
//
// Samples of requests that failed are part of the load and stay, with the lengths
// that they asked for. The samples of a sweep are several runs whose times
// overlap, and are refused.
package trace
