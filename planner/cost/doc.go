// Package cost turns accelerators over time into money: what a fleet costs a
// year and over its life, what a token of it costs, when owning beats renting or
// an API, and how sure that is. It is pure: prices, dates and loads come from the
// caller.
//
// What it does:
//
//   - [Terms.Cost]: line items of a [Fleet], each with amount, basis and formula,
//     per year (straight line and annuity), over the horizon undiscounted, and as
//     net present value. Energy from measured watts, carbon.
//   - [PerToken]: money per million tokens on the allocation basis (annual cost
//     over tokens really served) and on the usage basis (hourly cost over what an
//     hour can serve at the objective). Only the first compares with an API; the
//     second almost always makes self-hosting look cheaper than it is.
//   - [BreakEvenUtilisation], [BreakEvenVolume], [Commit], [Crossing].
//   - [ChoosePrice]: an offer of the catalog, with the reason, or why there is none.
//   - [MonteCarlo], [Rank], [Tornado]: uncertainty of any function of factors.
//
// What it does not do: taxes, inflation, changes of price or demand over the
// horizon, exchange rates, interest on working capital, insurance, floor space
// beside colocation, and purchases after the start (a replacement beyond the
// spares). Downtime shows only in the tokens that the caller says were served.
// Factors of a Monte Carlo are independent.
//
// What is unknown is nil with a reason, never zero. A total that lacks an
// essential line is unknown; lines that are optional and not stated (staff,
// software, storage, support, set-up) are named in [Statement.LeftOut].
//
// Sources:
//
//   - line items and steps from a benchmark to a TCO: NVIDIA,
//     https://developer.nvidia.com/blog/benchmarking-llm-inference-costs-for-smarter-scaling-and-deployment
//   - both bases of money per token, and the split of input and output by time:
//     llm-d, docs/proposals/inference-costs.md (llm-d/llm-d#1646)
//   - break-even utilisation: https://ai-infrastructure.net/build-vs-rent-gpu-cost-model/
//   - break-even volume: https://llmtco.com/methodology/
//   - physical floor of a token's cost: https://github.com/EvilFreelancer/token-cost
//   - carbon as energy times intensity: CodeCarbon, https://github.com/mlco2/codecarbon
//   - annuity, net present value and the newsvendor rule: textbooks
//
// Defaults of [Terms] name theirs in [Terms.Assumptions].
package cost
