package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// seriesSummary is what went on over time, over all replicas, in equal intervals.
type seriesSummary struct {
	StepS        float64   `json:"step_s"` // of an interval; the first begins at 0
	Queue        []float64 `json:"queue"`  // requests that wait for a place, in the mean
	Decoding     []float64 `json:"decoding"`
	KVShare      []float64 `json:"kv_share"`    // of the cache pools of replicas that answer
	Utilisation  []float64 `json:"utilisation"` // replicas that run a step, as a share of those that answer; with --prefill-replicas it may exceed 1
	ArrivedPerS  []float64 `json:"arrived_per_s"`
	DonePerS     []float64 `json:"completed_per_s"`
	OutputTokens []float64 `json:"output_tokens_per_s"`
	Preempted    []int     `json:"preempted"` // sequences
}

func seriesOf(t *simulator.Trial) *seriesSummary {
	s := &seriesSummary{StepS: t.Series.StepUs / 1e6}
	replicas, pool := float64(t.Replicas), float64(t.Blocks)*float64(t.Replicas)
	for i := range t.Series.Points {
		p := &t.Series.Points[i]
		s.Queue = append(s.Queue, p.Queue)
		s.Decoding = append(s.Decoding, p.Decoding)
		s.KVShare = append(s.KVShare, p.Blocks/pool)
		s.Utilisation = append(s.Utilisation, p.Busy/replicas)
		s.ArrivedPerS = append(s.ArrivedPerS, float64(p.Arrived)/s.StepS)
		s.DonePerS = append(s.DonePerS, float64(p.Completed)/s.StepS)
		s.OutputTokens = append(s.OutputTokens, p.Tokens/s.StepS)
		s.Preempted = append(s.Preempted, p.Preempted)
	}
	return s
}

// times are when the intervals begin.
func (s *seriesSummary) times() []float64 {
	list := make([]float64, len(s.Queue))
	for i := range list {
		list[i] = float64(i) * s.StepS
	}
	return list
}

// write writes the files that were asked for, each whole or not at all.
func (s *simulation) write() error {
	o, d := s.options, &s.document
	for _, f := range []struct {
		flag, file string
		fill       func(io.Writer) error
	}{
		{"--samples", o.samples, func(w io.Writer) error { return writeSamples(w, d.trial, s.measure()) }},
		{"--series", o.series, func(w io.Writer) error { return writeSeries(w, d.Series) }},
		{"--html", o.html, func(w io.Writer) error { return simulationPage(d).WriteHTML(w) }},
	} {
		if f.file == "" {
			continue
		}
		var b bytes.Buffer
		if err := f.fill(&b); err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
		if err := atomicfile.Write(f.file, b.Bytes(), true); err != nil {
			return usage(fmt.Errorf("%s: %w", f.flag, err))
		}
	}
	return nil
}

// writeSamples writes a row for each completed request, in the order in which they
// came.
func writeSamples(w io.Writer, t *simulator.Trial, m simulator.Measure) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"arrival_s", "class", "input_tokens", "output_tokens", "cached_tokens", "replica", "ttft_ms", "tpot_ms", "e2e_ms", "preempted", "retries", "warmup"})
	ms := func(us float64) string { return strconv.FormatFloat(us/1000, 'f', 3, 64) }
	warmup := t.Warmup(m)
	for i := range t.Outcomes {
		q := &t.Outcomes[i]
		tpot := ""
		if q.Output > 1 {
			tpot = ms(q.TPOT())
		}
		_ = out.Write([]string{
			strconv.FormatFloat(q.At/1e6, 'f', 6, 64), m.Classes[q.Class].Name, strconv.Itoa(int(q.Input)), strconv.Itoa(int(q.Output)), strconv.Itoa(int(q.Cached)),
			strconv.Itoa(int(q.Replica) + 1), ms(q.TTFT()), tpot, ms(q.E2E()), strconv.Itoa(int(q.Preempted)), strconv.Itoa(int(q.Retries)), strconv.FormatBool(i < warmup),
		})
	}
	out.Flush()
	return out.Error()
}

// writeSeries writes a row for each interval.
func writeSeries(w io.Writer, s *seriesSummary) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"from_s", "queue", "decoding", "kv_share", "utilisation", "arrived_per_s", "completed_per_s", "output_tokens_per_s", "preempted"})
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for i, from := range s.times() {
		_ = out.Write([]string{
			strconv.FormatFloat(from, 'f', -1, 64), text(s.Queue[i]), text(s.Decoding[i]), text(s.KVShare[i]), text(s.Utilisation[i]),
			text(s.ArrivedPerS[i]), text(s.DonePerS[i]), text(s.OutputTokens[i]), strconv.Itoa(s.Preempted[i]),
		})
	}
	out.Flush()
	return out.Error()
}
