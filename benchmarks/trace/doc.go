// Package trace reads when requests came and how long they were, from files that
// services published and from our own. It replays nothing.
//
// # Formats
//
// A format is told from the first line.
//
//   - plimsoll: JSON Lines with at_s, input_tokens, output_tokens, and prompt for a
//     text to send as it is. Samples of `bench endpoint` (start_s) are read too:
//     those of the warm-up and those that failed are passed over.
//   - mooncake: JSON Lines with timestamp in ms, input_length, output_length
//     (github.com/kvcache-ai/Mooncake, FAST25-release).
//   - azure: CSV with TIMESTAMP, ContextTokens, GeneratedTokens
//     (github.com/Azure/AzurePublicDataset, LLM inference traces of 2023 and 2024).
//   - burstgpt: CSV with Timestamp in s, Request tokens, Response tokens
//     (github.com/HPMLL/BurstGPT). Requests without a response failed there, and are
//     passed over.
package trace
