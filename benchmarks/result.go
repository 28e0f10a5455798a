package benchmarks

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Schema names the document form of a [Result].
const Schema = "plimsoll.bench/v1"

// Kind is what was measured.
type Kind string

// Kinds of results.
const (
	CPU      Kind = "cpu"
	GPU      Kind = "gpu"
	Storage  Kind = "storage"
	Engine   Kind = "engine"
	Endpoint Kind = "endpoint"
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{CPU, GPU, Storage, Engine, Endpoint} }

// Result is one run of a benchmark.
type Result struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool,omitempty"` // name and version of the writer
	ID     string `json:"id"`             // "20261126T083501Z-cpu-5f3a": its file's name in a store
	Kind   Kind   `json:"kind"`

	Started     time.Time `json:"started"` // UTC
	Seconds     float64   `json:"seconds"` // that the run took
	Interrupted bool      `json:"interrupted"`
	Seed        uint64    `json:"seed"`
	Command     []string  `json:"command,omitempty"` // arguments that repeat the run, without secrets

	Context  Context   `json:"context"`
	Metrics  []Metric  `json:"metrics"`
	Skipped  []Skipped `json:"skipped,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`

	Detail json.RawMessage `json:"detail,omitempty"` // the kind's own report
}

// Metric is one measured quantity. Low and High are quartiles of its samples
// and equal Value where there is one.
type Metric struct {
	Name   string            `json:"name"`             // "read", "ttft"
	Unit   string            `json:"unit"`             // "GB/s", "GFLOP/s", "ms", "tokens/s"
	Labels map[string]string `json:"labels,omitempty"` // "threads": "2", "quantile": "p95"
	Better string            `json:"better"`           // higher or lower
	Value  float64           `json:"value"`            // median, unless a label says otherwise
	Low    float64           `json:"low"`
	High   float64           `json:"high"`
	Runs   int               `json:"runs"` // samples, or requests
	// Samples are the runs behind it, in their order, where they are few.
	Samples []float64 `json:"samples,omitempty"`
}

// Directions of [Metric.Better].
const (
	Higher = "higher"
	Lower  = "lower"
)

// Skipped is what was not measured, and why.
type Skipped struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// NewID makes the identity of a run that starts at a time. Its last part orders runs
// that start in the same second: three digits are the fraction of it, the fourth is
// random.
func NewID(kind Kind, started time.Time) string {
	var random [1]byte
	_, _ = rand.Read(random[:]) // never fails
	fraction := int64(started.Nanosecond()) * 0x1000 / 1_000_000_000
	return fmt.Sprintf("%s-%s-%03x%x", started.UTC().Format("20060102T150405Z"), kind, fraction, random[0]&0xf)
}

// byTime orders ids whatever their kinds.
func byTime(a, b string) int {
	if c := strings.Compare(a[:len("20060102T150405Z")], b[:len("20060102T150405Z")]); c != 0 {
		return c
	}
	return strings.Compare(a[len(a)-4:], b[len(b)-4:])
}

var idForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[a-z]+-[0-9a-f]{4}$`)

// Key is a metric's name with its labels in a fixed order: what identifies it
// within a result.
func (m *Metric) Key() string {
	if len(m.Labels) == 0 {
		return m.Name
	}
	parts := make([]string, 0, len(m.Labels))
	for k, v := range m.Labels {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return m.Name + "/" + strings.Join(parts, "/")
}

// Metric returns the metric with a key, or nil.
func (r *Result) Metric(key string) *Metric {
	for i := range r.Metrics {
		if r.Metrics[i].Key() == key {
			return &r.Metrics[i]
		}
	}
	return nil
}

// Parse reads a result and checks it.
func Parse(data []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("not a benchmark result: %w", err)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

func (r *Result) check() error {
	switch {
	case r.Schema != Schema:
		return fmt.Errorf("schema %q: accepted is %q", r.Schema, Schema)
	case !slices.Contains(Kinds(), r.Kind):
		return fmt.Errorf("kind %q: accepted are %v", r.Kind, Kinds())
	case !idForm.MatchString(r.ID):
		return fmt.Errorf("id %q: accepted is a time, the kind and four hexadecimal digits", r.ID)
	case r.Started.IsZero():
		return errors.New("started is missing")
	}
	seen := map[string]bool{}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		if err := m.check(); err != nil {
			return fmt.Errorf("metric %d (%s): %w", i+1, m.Key(), err)
		}
		if seen[m.Key()] {
			return fmt.Errorf("metric %d (%s) is there twice", i+1, m.Key())
		}
		seen[m.Key()] = true
	}
	return nil
}

func (m *Metric) check() error {
	switch {
	case m.Name == "":
		return errors.New("name is missing")
	case m.Unit == "":
		return errors.New("unit is missing")
	case m.Better != Higher && m.Better != Lower:
		return fmt.Errorf("better %q: accepted are %s and %s", m.Better, Higher, Lower)
	case m.Runs < 1:
		return fmt.Errorf("runs %d: accepted are 1 and more", m.Runs)
	}
	for _, v := range append([]float64{m.Value, m.Low, m.High}, m.Samples...) {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("%g is no measurement", v)
		}
	}
	if m.Low > m.Value || m.Value > m.High {
		return fmt.Errorf("%g is not between %g and %g", m.Value, m.Low, m.High)
	}
	return nil
}
