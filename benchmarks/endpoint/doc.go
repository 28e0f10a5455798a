// Package endpoint measures an OpenAI-compatible inference server under load:
// POST /v1/completions and /v1/chat/completions with streamed answers.
//
// [Run] offers one load and returns what was measured; [RunSweep] raises the
// load until more of it brings no more throughput and says why it stopped;
// [Models] and [Calibrate] ask the server what it serves and how its tokenizer
// counts. Requests go to the URL given and nowhere else: redirects are not
// followed, and a proxy is used only where the caller sets one. The API key is
// sent in the Authorization header and appears in no message or document.
//
// # Definitions
//
// Times of a request count from its start. In an open loop that is when the
// schedule wanted it sent, so that a server (or a client) that freezes does
// not hide the requests that waited meanwhile (coordinated omission); in a
// closed loop it is when its slot became free.
//
//   - TTFT: start to the first piece of text.
//   - E2E: start to the last piece of text, or to the finish reason where that
//     comes later (an end-of-sequence token has no text).
//   - TPOT: (E2E - TTFT) / (output tokens - 1), of requests with two or more.
//   - ITL: gap between two successive pieces of text. A piece often is a token
//     and may be several; [Result.TokensPerPiece] says how many on average.
//     Pieces that came in one read of the network have no gap between them.
//   - Throughput: output tokens/s unless it says otherwise. [Rates] are taken
//     from the first start to the last end, as other tools do; [Steady] is taken
//     from the time in which the load was held, free of the run's tail.
//   - Goodput: requests/s that met every objective stated.
//
// Token counts are the server's (usage), which every request asks for. Where
// it gives none, output tokens are the pieces of text and input tokens come
// from the words of the prompt; the document says which.
//
// Synthetic prompts are common words drawn from a seed: two runs with one seed
// send the same prompts, and the second may find them in the server's prefix
// cache. Cached tokens that the server reports are part of the result.
//
// The client measures itself: how late it sent, how late its goroutines ran.
// When it is late by more than [LagLimit] at p99 the result says so.
//
// # Sources
//
//   - Event stream format: HTML standard, section 9.2, server-sent events.
//   - Stream and usage fields: OpenAI API reference, with the fields that vLLM,
//     SGLang and llama.cpp add (reasoning_content, error objects in the stream).
//   - Gamma variates: Marsaglia and Tsang, "A simple method for generating gamma
//     variables", ACM TOMS 26 (2000).
//   - Merging of variances: Chan, Golub and LeVeque (1979).
package endpoint
