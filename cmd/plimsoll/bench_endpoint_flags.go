package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// endpointFlags are those of `bench endpoint`.
type endpointFlags struct {
	target targetFlags

	concurrency, rate string
	arrival           string
	burstiness        float64
	replay            string
	skipBad           bool
	replayed          string // what the trace was, in words
	speed             float64
	sweep             bool
	refine            int
	input, output     string
	shared            float64
	seed              uint64
	requests, warmupN int
	duration, warmup  time.Duration
	maxInFlight       int
	ttft, tpot, e2e   float64
}

func (o *endpointFlags) addTo(f *pflag.FlagSet) {
	o.target.addTo(f)
	f.StringVar(&o.concurrency, "concurrency", "", "closed loop: requests in flight, `N`, or a sweep over N,N,... (default 1)")
	f.StringVar(&o.rate, "rate", "", "open loop: requests a second, `R`, or a sweep over R,R,...")
	f.StringVar(&o.arrival, "arrival", endpoint.Poisson, "arrivals of an open loop: "+strings.Join(arrivals, ", "))
	f.Float64Var(&o.burstiness, "burstiness", 0.5, "arrivals in bursts: shape of their gamma distribution; 1 is poisson, less is burstier")
	f.StringVar(&o.replay, "replay", "", "replay the requests of a trace `FILE`")
	f.BoolVar(&o.skipBad, "skip-bad", false, "skip lines or requests of the trace that cannot be read, and count them")
	f.Float64Var(&o.speed, "replay-speed", 1, "times the pace of the trace")
	f.BoolVar(&o.sweep, "sweep", false, "raise the load, doubling it, until the server saturates")
	f.IntVar(&o.refine, "refine", 3, "sweep of rates: bisect so often around the highest that the server keeps up with")
	f.StringVar(&o.input, "input-tokens", "512", "prompt `LENGTHS`: 512, 128-1024, normal:512,64, lognormal:512,256,16-4096 or @FILE with a length a line")
	f.StringVar(&o.output, "output-tokens", "128", "answer `LENGTHS`, at most; the same forms")
	f.Float64Var(&o.shared, "shared-prefix", 0, "share of each prompt, 0 to 1, that all prompts begin with")
	f.Uint64Var(&o.seed, "seed", 0, "seed of prompts and arrivals (default: another one each time)")
	f.IntVar(&o.requests, "requests", 0, "end after `N` measured requests")
	f.DurationVar(&o.duration, "duration", 0, "end after so much measured `TIME` (default 30s without --requests)")
	f.IntVar(&o.warmupN, "warmup-requests", 0, "send `N` requests first that are not measured")
	f.DurationVar(&o.warmup, "warmup", 0, "send requests for so much `TIME` first that are not measured")
	f.IntVar(&o.maxInFlight, "max-in-flight", endpoint.DefaultMaxInFlight, "open loop: hold arrivals back while so many requests are in flight")
	f.Float64Var(&o.ttft, "ttft-ms", 0, "objective: time to the first token, `MS`")
	f.Float64Var(&o.tpot, "tpot-ms", 0, "objective: time per further token, `MS`")
	f.Float64Var(&o.e2e, "e2e-ms", 0, "objective: time of a request, `MS`")
}

// arrivals are the forms of --arrival, the default first.
var arrivals = []string{endpoint.Poisson, endpoint.Constant, endpoint.Burst}

// targetFlags say how the server is asked.
type targetFlags struct {
	model, api, keyEnv, ca, proxy, maxTokens string
	headers, extra                           []string
	insecure, ignoreEOS, noUsage             bool
	timeout, stall                           time.Duration
}

func (o *targetFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.model, "model", "", "`MODEL` as the server names it (default: the first that it lists)")
	f.StringVar(&o.api, "api", "", "chat or completions (default: as the URL says, else chat)")
	f.StringVar(&o.keyEnv, "key-env", "", "environment `VARIABLE` that holds the API key")
	f.StringArrayVar(&o.headers, "header-env", nil, "header whose value an environment variable holds, `NAME=VARIABLE` (repeatable)")
	f.StringVar(&o.ca, "ca", "", "`FILE` of certificates to trust in place of the system's")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify the server's certificate")
	f.StringVar(&o.proxy, "proxy", "", "proxy `URL`; the environment's is not used")
	f.DurationVar(&o.timeout, "timeout", endpoint.DefaultTimeout, "longest `TIME` of a request")
	f.DurationVar(&o.stall, "stall", endpoint.DefaultStall, "longest `TIME` without a byte within an answer")
	f.BoolVar(&o.ignoreEOS, "ignore-eos", false, "ask for answers of the full length (vLLM, SGLang, llama.cpp)")
	f.BoolVar(&o.noUsage, "no-usage", false, "do not ask for token counts, for servers that refuse that")
	f.StringVar(&o.maxTokens, "max-tokens-field", "", "`FIELD` that bounds the answer (default max_tokens)")
	f.StringArrayVar(&o.extra, "extra", nil, "further field of every request, `NAME=JSON` (repeatable)")
}

func (a *app) target(o *targetFlags, address string) (endpoint.Target, error) {
	t := endpoint.Target{
		URL: address, API: endpoint.API(o.api), Model: o.model, Timeout: o.timeout, Stall: o.stall,
		IgnoreEOS: o.ignoreEOS, NoUsage: o.noUsage, MaxTokensField: o.maxTokens,
		Header: map[string]endpoint.Secret{}, Extra: map[string]any{},
	}
	var err error
	if o.keyEnv != "" {
		if t.Key, err = a.secret("--key-env", o.keyEnv); err != nil {
			return t, err
		}
	}
	for _, h := range o.headers {
		name, variable, ok := strings.Cut(h, "=")
		if !ok || name == "" || variable == "" {
			return t, usagef("--header-env %q: accepted is NAME=VARIABLE", h)
		}
		if t.Header[name], err = a.secret("--header-env", variable); err != nil {
			return t, err
		}
	}
	for _, x := range o.extra {
		name, text, ok := strings.Cut(x, "=")
		var value any
		if !ok || name == "" || json.Unmarshal([]byte(text), &value) != nil {
			return t, usagef("--extra %q: accepted is NAME=JSON, such as temperature=0 or stop='[\"x\"]'", x)
		}
		t.Extra[name] = value
	}
	if o.proxy != "" {
		if t.Proxy, err = url.Parse(o.proxy); err != nil || t.Proxy.Host == "" {
			return t, usagef("--proxy: accepted is http[s]://HOST[:PORT]")
		}
	}
	t.TLS, err = o.tls()
	return t, err
}

// secret reads a variable. Secrets come from nowhere else: a command line is
// seen by every user of a machine, and kept with the result.
func (a *app) secret(flag, variable string) (endpoint.Secret, error) {
	value, ok := a.LookupEnv(variable)
	if !ok || value == "" {
		return "", usagef("%s %s: the variable is not set", flag, variable)
	}
	return endpoint.Secret(value), nil
}

func (o *targetFlags) tls() (*tls.Config, error) {
	if o.ca == "" && !o.insecure {
		return nil, nil
	}
	c := &tls.Config{InsecureSkipVerify: o.insecure}
	if o.ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, usage(fmt.Errorf("--ca: %w", err))
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, usagef("--ca %s: it holds no certificate in PEM", o.ca)
	}
	return c, nil
}

// config makes a run of the flags, and the levels of a sweep where there are
// several.
func (o *endpointFlags) config(given func(string) bool) (cfg endpoint.Config, levels []float64, err error) {
	if err := o.conflicts(given); err != nil {
		return cfg, nil, err
	}
	cfg = endpoint.Config{
		SharedPrefix: o.shared, Seed: o.seed, Requests: o.requests, Duration: o.duration,
		WarmupRequests: o.warmupN, Warmup: o.warmup, MaxInFlight: o.maxInFlight,
		Objectives: endpoint.Objectives{TTFTMs: o.ttft, TPOTMs: o.tpot, E2EMs: o.e2e},
	}
	if o.requests == 0 && o.duration == 0 && o.replay == "" {
		cfg.Duration = defaultDuration
	}
	if cfg.Input, err = lengths("--input-tokens", o.input); err != nil {
		return cfg, nil, err
	}
	if cfg.Output, err = lengths("--output-tokens", o.output); err != nil {
		return cfg, nil, err
	}
	levels, err = o.load(&cfg)
	return cfg, levels, err
}

// defaultDuration of a run that nothing else ends.
const defaultDuration = 30 * time.Second

// conflicts refuses flags that would have to be ignored.
func (o *endpointFlags) conflicts(given func(string) bool) error {
	loads := 0
	for _, flag := range []string{"concurrency", "rate", "replay"} {
		if given(flag) {
			loads++
		}
	}
	open := given("rate")
	means := func(flag string, when bool, needs string) error {
		if given(flag) && !when {
			return usagef("--%s means nothing without %s", flag, needs)
		}
		return nil
	}
	if loads > 1 {
		return usagef("--concurrency, --rate and --replay exclude each other: each says what the load is")
	}
	if given("replay") && (given("sweep") || given("input-tokens") || given("output-tokens")) {
		return usagef("--replay takes lengths and times from the trace: --sweep, --input-tokens and --output-tokens mean nothing to it")
	}
	return errors.Join(
		means("arrival", open, "--rate"),
		means("burstiness", open && o.arrival == endpoint.Burst, "--rate and --arrival burst"),
		means("replay-speed", given("replay"), "--replay"),
		means("skip-bad", given("replay"), "--replay"),
		means("refine", open, "--rate"),
		means("max-in-flight", open || given("replay"), "--rate or --replay"),
	)
}

// load sets the load, and returns the levels of a sweep.
func (o *endpointFlags) load(cfg *endpoint.Config) ([]float64, error) {
	switch {
	case o.replay != "":
		timed, err := o.trace()
		cfg.Load = endpoint.Load{Kind: endpoint.Replay, Speed: o.speed, Timed: timed}
		return nil, err
	case o.rate != "":
		if !slices.Contains(arrivals, o.arrival) {
			return nil, usagef("--arrival %q: accepted are %s", o.arrival, strings.Join(arrivals, ", "))
		}
		levels, err := numbers("--rate", o.rate)
		if err != nil {
			return nil, err
		}
		cfg.Load = endpoint.Load{Kind: o.arrival, Rate: levels[0]}
		if o.arrival == endpoint.Burst {
			cfg.Load.Burstiness = o.burstiness
		}
		return o.levels(levels, "--rate")
	}
	cfg.Load = endpoint.Load{Kind: endpoint.ClosedLoop, Concurrency: 1}
	if o.concurrency == "" {
		return nil, nil
	}
	levels, err := numbers("--concurrency", o.concurrency)
	if err != nil {
		return nil, err
	}
	if levels[0] != float64(int(levels[0])) {
		return nil, usagef("--concurrency %s: accepted are whole numbers", o.concurrency)
	}
	cfg.Load.Concurrency = int(levels[0])
	return o.levels(levels, "--concurrency")
}

// trace reads the requests to replay.
func (o *endpointFlags) trace() ([]endpoint.Timed, error) {
	t, err := readTrace(o.replay, o.skipBad)
	if err != nil {
		return nil, err
	}
	o.replayed = fmt.Sprintf("%d requests of a trace (%s), %d passed over, %d bad ones skipped", len(t.Requests), t.Format, t.Passed, t.BadLines)
	for _, note := range t.Notes {
		o.replayed += "; " + note
	}
	if t.BlockTokens > 0 {
		o.replayed += "; which prompts share a prefix is not replayed"
	}
	timed := make([]endpoint.Timed, len(t.Requests))
	for i, r := range t.Requests {
		timed[i] = endpoint.Timed{At: r.At, InputTokens: r.InputTokens, OutputTokens: r.OutputTokens, Prompt: r.Prompt}
	}
	return timed, nil
}

// levels are those of a sweep, nil for a single run or a sweep that doubles.
func (o *endpointFlags) levels(list []float64, flag string) ([]float64, error) {
	switch {
	case len(list) > 1:
		return list, nil
	case o.sweep:
		return doubled(list[0]), nil
	}
	return nil, nil
}

// doubled are levels from the first on, each twice the one before.
func doubled(first float64) (levels []float64) {
	for level := first; len(levels) < 13; level *= 2 {
		levels = append(levels, level)
	}
	return levels
}

// numbers reads "1,2,4".
func numbers(flag, text string) (list []float64, err error) {
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(v > 0) {
			return nil, usagef("%s %q: accepted are positive numbers, with commas between them", flag, text)
		}
		list = append(list, v)
	}
	return list, nil
}

// lengths reads a distribution, or a file of lengths.
func lengths(flag, text string) (workload.Lengths, error) {
	file, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		l, err := workload.ParseLengths(text)
		if err != nil {
			return l, usage(fmt.Errorf("%s: %w, or @FILE", flag, err))
		}
		return l, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return workload.Lengths{}, usage(fmt.Errorf("%s: %w", flag, err))
	}
	defer f.Close()
	l, err := workload.ReadLengths(f)
	if err != nil {
		return l, usage(fmt.Errorf("%s: %s: %w", flag, file, err))
	}
	return l, nil
}
