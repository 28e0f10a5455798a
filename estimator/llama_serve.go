package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// serveLlama is [Serve] of llama.cpp: llama-server's slots decode together,
// and the prompt of a request that enters a slot holds up the others while it
// is computed.
func serveLlama(c *catalog.Catalog, d Deployment, load Load) (Performance, error) {
	d, l, err := fitted(d)
	if err != nil {
		return Performance{}, err
	}
	t, err := newLlamaTime(c, &d, &l)
	if err != nil {
		return Performance{}, err
	}
	if err := load.check(&d); err != nil {
		return Performance{}, err
	}
	s := newLlamaServer(t, &d, load)
	switch {
	case load.Batch > 0:
		s.static(load.Batch)
	case load.RequestRate > 0:
		s.open(load.RequestRate / s.replicas)
	case load.Saturate:
		s.closed(s.slots)
	default:
		s.closed(max(load.Concurrency/s.replicas, 1))
	}
	p := s.performance(&d)
	p.Assumptions = append(load.notes(&d), p.Assumptions...)
	return p, nil
}

// llamaServer is one replica under a load; times are milliseconds.
type llamaServer struct {
	t        *llamaTime
	load     Load
	replicas float64
	slots    float64
	context  float64 // mean, of a sequence that decodes
	steps    float64 // decode steps of a request: its first token comes with the prompt
	prompt   float64 // one prompt alone
	p        Performance
	perMs    float64 // requests per ms of one replica
}

func newLlamaServer(t *llamaTime, d *Deployment, load Load) *llamaServer {
	cached := load.InputTokens * load.PrefixHit
	return &llamaServer{
		t: t, load: load, replicas: float64(d.DP), slots: float64(d.Options.MaxSeqs),
		context: load.InputTokens + load.OutputTokens/2,
		steps:   max(load.OutputTokens-1, 0),
		prompt:  t.prefillMs(load.InputTokens-cached, cached),
	}
}

// static prefills the prompts of a batch one after another, then decodes them
// together; more than the slots hold run in waves.
func (s *llamaServer) static(batch int) {
	perReplica := math.Ceil(float64(batch) / s.replicas)
	waves := math.Ceil(perReplica / s.slots)
	n := perReplica / waves
	step := s.t.decodeMs(n, s.context)
	wave := n*s.prompt + s.steps*step
	s.latency(n*s.prompt+(waves-1)/2*wave, step)
	s.perMs = n / wave
	s.p.MaxStableRequestRate = s.perMs * s.replicas * 1e3
}

// service is the time that a request holds a slot when n slots are busy. Each
// of the others prefills once in that time:
//
//	n x prompt + steps x decode(n)
func (s *llamaServer) service(n float64) float64 {
	return n*s.prompt + s.steps*s.t.decodeMs(n, s.context)
}

// closed keeps a number of requests in flight; those beyond the slots wait.
func (s *llamaServer) closed(inFlight float64) {
	n := min(inFlight, s.slots)
	service := s.service(n)
	s.perMs = n / service
	wait := (inFlight - n) / s.perMs
	ttft := s.first(n) + wait
	s.latency(ttft, s.perStep(inFlight/s.perMs-ttft))
	s.p.MaxStableRequestRate = s.capacity() * s.replicas * 1e3
	s.p.FirstWaveTTFTMs = s.prompt * (n + 1) / 2
	if inFlight > n { // the waves after the first
		s.p.FirstWaveTTFTMs = (s.p.FirstWaveTTFTMs*n + (inFlight-n)*(wait/2+s.first(n))) / inFlight
	}
}

// first is the time from entering a slot to the first token: the own prompt
// and, by chance, the rest of another's.
func (s *llamaServer) first(n float64) float64 {
	busy := s.prompt * (n - 1) / s.service(n) // share of time that the other slots prefill
	return s.prompt * (1 + busy/2)
}

func (s *llamaServer) perStep(ms float64) float64 {
	if s.steps == 0 {
		return 0
	}
	return ms / s.steps
}

// capacity is the highest rate of one replica, in requests per ms.
func (s *llamaServer) capacity() float64 {
	best := 0.0
	for n := 1.0; n < s.slots; n *= 2 {
		best = max(best, n/s.service(n))
	}
	return max(best, s.slots/s.service(s.slots))
}

// open is Poisson arrivals at a rate per second and replica. The number of
// busy slots is where arrivals x service time holds it; requests wait for a
// slot as in a queue with that many servers (Sakasegawa 1977, with a
// coefficient of variation of service of 0.7).
func (s *llamaServer) open(rate float64) {
	perMs, capacity := rate/1e3, s.capacity()
	s.p.MaxStableRequestRate = capacity * s.replicas * 1e3
	if perMs >= capacity {
		s.closed(s.slots)
		s.p.Saturated = true
		s.p.FirstWaveTTFTMs = 0
		return
	}
	low, high := 0.0, s.slots // busy slots: n / service(n) = rate has one root below the capacity
	for range 60 {
		if mid := (low + high) / 2; mid/s.service(max(mid, 1)) < perMs {
			low = mid
		} else {
			high = mid
		}
	}
	n := max(high, 1)
	service := s.service(n)
	use := perMs / capacity
	wait := math.Pow(use, math.Sqrt(2*(s.slots+1))) / (s.slots * (1 - use)) * service * (1 + 0.5) / 2
	ttft := s.first(n)
	s.latency(ttft+wait, s.perStep(service-ttft))
	s.perMs = perMs
}

// latency notes mean times with the intervals of their class.
func (s *llamaServer) latency(ttft, tpot float64) {
	s.p.TTFT = latency(ttft, s.t.prefillInterval)
	s.p.TPOT = latency(tpot, s.t.interval)
	s.p.E2E = sumOf(s.p.TTFT, s.p.TPOT, s.steps)
}

func (s *llamaServer) performance(d *Deployment) Performance {
	p := s.p
	p.RequestsPerS = s.perMs * s.replicas * 1e3
	p.OutputTokensPerS = p.RequestsPerS * s.load.OutputTokens
	p.TotalTokensPerS = p.RequestsPerS * (s.load.InputTokens + s.load.OutputTokens)
	if p.TPOT.Mean > 0 {
		p.TokensPerSPerUser = 1e3 / p.TPOT.Mean
	}
	if s.prompt > 0 {
		p.PrefillPerS = s.load.InputTokens * (1 - s.load.PrefixHit) / s.prompt * 1e3
	}
	p.Basis = s.t.basis
	p.Assumptions = append(p.Assumptions, Assumption{"max_num_seqs", fmt.Sprint(d.Options.MaxSeqs), "slots that decode together"})
	if s.t.host.work.layers > 0 && d.Device.HostBandwidth == 0 {
		p.Assumptions = append(p.Assumptions, Assumption{"host_bandwidth_gbps", fmt.Sprint(assumedHostGBps), "two channels of DDR4-3200, for the layers left in host memory"})
	}
	if p.Saturated {
		p.Assumptions = append(p.Assumptions, Assumption{"queue", "none", "the load is above what the slots serve: latencies are those of full slots, and the queue before them grows without bound"})
	}
	return p
}

// llamaSpeed is [EstimateFit] of llama.cpp.
func llamaSpeed(c *catalog.Catalog, d *Deployment, l *Ledger, w Workload) (Speed, error) {
	t, err := newLlamaTime(c, d, l)
	if err != nil {
		return Speed{}, err
	}
	seqs, context := max(w.Concurrency, 1), float64(w.InputTokens)+float64(w.OutputTokens)/2
	ttft, tpot := t.prefillMs(float64(w.InputTokens), 0), t.decodeMs(seqs, context)
	prefill, rate, saturated := float64(w.InputTokens)/ttft*1e3, seqs/tpot*1e3, false
	if seqs > 1 && d.Model.Kind == catalog.Generative {
		server := newLlamaServer(t, d, Load{InputTokens: float64(w.InputTokens), OutputTokens: float64(w.OutputTokens), Concurrency: seqs * float64(d.DP)})
		server.closed(seqs)
		p := server.performance(d)
		ttft, tpot, rate, saturated = p.TTFT.Mean, p.TPOT.Mean, p.OutputTokensPerS/float64(d.DP), p.Saturated
	}
	s := Speed{
		TTFTMs: figure(ttft, t.prefillInterval, t.basis), TPOTMs: figure(tpot, t.interval, t.basis),
		TokensPerS: figure(rate, t.interval, t.basis), TokensPerSUser: figure(1e3/tpot, t.interval, t.basis),
		Saturated: saturated, Bound: t.bound(seqs, context), Source: t.source, Formula: t.formula(seqs, context),
	}
	if ttft > 0 {
		s.PrefillPerS = figure(prefill, t.prefillInterval, t.basis)
	}
	if d.Model.Kind != catalog.Generative { // nothing is decoded: an embedding is one pass over the input
		s.TPOTMs, s.TokensPerS, s.TokensPerSUser = figure(0, t.interval, t.basis), s.PrefillPerS, s.PrefillPerS
	}
	return s, nil
}

// formula says how the numbers came about.
func (t *llamaTime) formula(seqs, context float64) []string {
	w, r := &t.device.work, &t.device.rates
	lines := []string{
		fmt.Sprintf("decode: %.2f GB of weights (of experts those that %.0f sequences touch) + cache at %.0f tokens, read at %.0f GB/s, + unpacking, products and launches", w.readBytes(seqs)/1e9, seqs, context, r.weights/1e9),
		fmt.Sprintf("prefill: %.2f GFLOP a token at %.1f TFLOP/s in passes of %.0f tokens, + weights, attention and launches", 2*(w.weights+w.activeExperts())/1e9, r.multiply/1e12, t.ubatch),
	}
	if h := &t.host; h.work.layers > 0 {
		lines = append(lines, fmt.Sprintf("%.0f layers of %.2f GB in host memory, of which %.2f GB are read at %.0f GB/s, or sent to the device for %d tokens or more", h.work.layers, (h.work.bytes+h.work.expertBytes)/1e9, h.work.readBytes(seqs)/1e9, h.rates.weights/1e9, offloadBatch))
	}
	return lines
}

// activeExperts is the elements of routed experts that one token multiplies.
func (w *llamaWork) activeExperts() float64 {
	if w.experts == nil {
		return 0
	}
	return w.expertWeights / float64(w.experts.Count) * float64(w.experts.PerToken)
}
