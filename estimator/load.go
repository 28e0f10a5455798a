package estimator

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Load is what a deployment serves. Exactly one of RequestRate, Concurrency,
// Batch and Saturate says how requests arrive; all are over the whole
// deployment, replicas together.
type Load struct {
	InputTokens  float64 `json:"input_tokens"`  // mean, at least 1
	OutputTokens float64 `json:"output_tokens"` // mean, at least 1

	RequestRate float64 `json:"request_rate,omitempty"` // open loop: requests per second, Poisson
	Concurrency float64 `json:"concurrency,omitempty"`  // closed loop: requests in flight, each followed by the next at once
	Batch       int     `json:"batch,omitempty"`        // static: this many at once, prefilled together, decoded together
	Saturate    bool    `json:"saturate,omitempty"`     // offline: as many as fit, never waiting for arrivals

	PrefixHit float64 `json:"prefix_hit,omitempty"` // share of the input whose cache is found, 0 to 1

	Images      float64 `json:"images,omitempty"`       // of a request, mean; what they become is counted as input tokens
	ImagePixels float64 `json:"image_pixels,omitempty"` // of one, mean; 0: [DefaultImagePixels]
}

// DefaultImagePixels is the size of an image that is not stated: 1024 x 1024.
const DefaultImagePixels = 1024 * 1024

// imagePatches is how many patches of a model's vision encoder an image is cut into.
func (l *Load) imagePatches(v *catalog.Tower) float64 {
	return cmp.Or(l.ImagePixels, DefaultImagePixels) / float64(max(v.Patch*v.Patch, 1))
}

// notes says what is assumed of a load on a deployment, resolved.
func (l *Load) notes(d *Deployment) []Assumption {
	notes := d.Options.Speculation.notes()
	if longest := float64(d.Options.MaxModelLen); longest > 0 && l.InputTokens+l.OutputTokens > longest {
		notes = append(notes, Assumption{Name: "max_model_len", Value: strconv.Itoa(d.Options.MaxModelLen),
			Why: fmt.Sprintf("a request of %.0f tokens in and %.0f out is longer: the engine refuses it unless it is told to go on", l.InputTokens, l.OutputTokens)})
	}
	if l.Images > 0 && l.ImagePixels == 0 {
		notes = append(notes, Assumption{Name: "image_pixels", Value: strconv.Itoa(DefaultImagePixels), Why: "1024 x 1024; every patch attends to all of its image"})
	}
	return notes
}

// check refuses loads that the deployment, resolved, cannot serve at all.
func (l *Load) check(d *Deployment) error {
	if d.Model.Kind != catalog.Generative {
		return unsupported("`plimsoll estimate` says how fast it reads", "%s writes no tokens: there is no TPOT to serve it by", d.Model.ID)
	}
	if d.Engine.StaticBatch && l.Batch == 0 && l.Concurrency != float64(d.DP) {
		return unsupported("give the load as a batch", "%s runs one batch to its end, no request joins it: there is no steady state", d.Engine.Name)
	}
	return l.checkImages(d)
}

// checkImages refuses images where nobody looks at them.
func (l *Load) checkImages(d *Deployment) error {
	switch v := d.Model.Arch.Vision; {
	case l.Images == 0:
		return nil
	case v == nil:
		return unsupported("ask without images", "%s takes no images", d.Model.ID)
	case d.Engine.ID == LlamaCpp:
		return unsupported("ask without images", "how long %s takes for an image is not modelled", d.Engine.Name)
	case v.Patch == 0:
		return unsupported("ask without images", "the patch size of %s is unknown, and so is the time of an image", d.Model.ID)
	}
	return nil
}

// Latency is a steady-state time with its interval: about nine of ten
// measurements lie between Low and High.
type Latency struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Performance is what a deployment delivers under a load, in steady state.
type Performance struct {
	TTFT Latency `json:"ttft_ms"`
	TPOT Latency `json:"tpot_ms"`
	E2E  Latency `json:"e2e_ms"`

	FirstWaveTTFTMs float64 `json:"first_wave_ttft_ms,omitempty"` // closed loop: mean of the first requests when all start at once

	OutputTokensPerS  float64 `json:"output_tokens_per_s"` // whole deployment
	TotalTokensPerS   float64 `json:"total_tokens_per_s"`
	RequestsPerS      float64 `json:"requests_per_s"`
	TokensPerSPerUser float64 `json:"tokens_per_s_per_user"`
	PrefillPerS       float64 `json:"prefill_tokens_per_s"`

	PowerW float64 `json:"power_w,omitempty"` // all accelerators

	Saturated            bool    `json:"saturated"`
	MaxStableRequestRate float64 `json:"max_stable_request_rate"` // of the whole deployment

	Basis       catalog.Basis `json:"basis"`
	Assumptions []Assumption  `json:"assumptions"`
}
