package endpoint

import "time"

// job is one request to send.
type job struct {
	index  int
	at     time.Duration // open loop: from the epoch
	body   []byte
	asked  int // input tokens drawn; 0 for a replayed prompt
	input  int // input tokens that the prompt is taken to have; 0 unknown
	output int // at most
}

// producer makes jobs, each the same for a seed whatever came before it.
type producer struct {
	cfg      *Config
	template *template
	schedule *schedule
	index    int
}

// next makes the next job; false when a replay has ended.
func (p *producer) next() (job, bool) {
	j := job{index: p.index}
	p.index++
	if !p.cfg.Load.closed() {
		at, ok := p.schedule.next()
		if !ok {
			return job{}, false
		}
		j.at = at
	}
	rng := stream(p.cfg.Seed, uint64(j.index))
	if p.cfg.Load.Kind == Replay {
		timed := p.cfg.Load.Timed[j.index]
		j.output = timed.OutputTokens
		if timed.Prompt != "" {
			j.body = p.template.body(timed.Prompt, j.output)
			return j, true
		}
		j.asked = timed.InputTokens
	} else {
		j.asked, j.output = p.cfg.Input.Draw(rng), p.cfg.Output.Draw(rng)
	}
	j.body, j.input = p.template.synthetic(rng, j.asked, j.output)
	return j, true
}
