package main

import (
	"cmp"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/report"
)

// kind is one kind of catalog entry and how a list of it looks. The list holds
// the entries for which matches accepts the words that name them.
type kind struct {
	singular, plural string
	list             func(c *catalog.Catalog, matches func(words ...string) bool) (entries any, t report.Table)
}

var kinds = []kind{
	{"model", "models", listModels},
	{"accelerator", "accelerators", listAccelerators},
	{"precision", "precisions", listPrecisions},
	{"engine", "engines", listEngines},
	{"price", "prices", listPrices},
	{"benchmark", "benchmarks", listBenchmarks},
	{"use case", "use-cases", listUseCases},
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.plural
	}
	return names
}

// The names of an entry, its id first.

func modelNames(m *catalog.Model) []string { return append([]string{m.ID}, m.Aliases...) }
func acceleratorNames(x *catalog.Accelerator) []string {
	return append([]string{x.ID, x.Name}, x.Aliases...)
}
func precisionNames(p *catalog.Precision) []string {
	return append([]string{p.ID, p.Name}, p.Aliases...)
}
func engineNames(e *catalog.Engine) []string       { return append([]string{e.ID, e.Name}, e.Aliases...) }
func benchmarkNames(b *catalog.Benchmark) []string { return []string{b.ID, b.Name} }
func useCaseNames(u *catalog.UseCase) []string     { return []string{u.ID} }
func priceNames(p *catalog.Price) []string {
	return []string{p.Accelerator, p.Provider, p.Instance, p.Region}
}

// keep returns the entries whose names match.
func keep[T any](entries []T, matches func(...string) bool, words func(*T) []string) []T {
	kept := []T{}
	for i := range entries {
		if matches(words(&entries[i])...) {
			kept = append(kept, entries[i])
		}
	}
	return kept
}

func listModels(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Models, matches, modelNames)
	t := report.Table{Columns: []report.Column{
		{Name: "model", Key: "id"}, {Name: "kind"}, {Name: "modality"},
		{Name: "params", Align: report.Right}, {Name: "active", Key: "active_params", Align: report.Right},
		{Name: "context", Key: "max_context", Align: report.Right}, {Name: "checkpoint"}, {Name: "licence", Key: "licence"},
		{Name: "released", Key: "release_date"}, {Name: "trust"},
	}}
	for i := range entries {
		m := &entries[i]
		t.Add(report.Text(m.ID), report.Text(string(m.Kind)), report.Text(m.Modality), params(m.Params()), params(m.ActiveParams()),
			report.Context(m.MaxContext), report.Text(m.Checkpoint), report.Text(m.Licence), report.Text(m.ReleaseDate), report.Text(string(m.Trust)))
	}
	return entries, t
}

// params is a cell for a number of parameters that may not be countable.
func params(n int64, err error) report.Cell {
	if err != nil {
		return report.Unknown()
	}
	return report.Cell{Text: report.Params(n), Value: n}
}

func listAccelerators(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Accelerators, matches, acceleratorNames)
	t := report.Table{Columns: []report.Column{
		{Name: "id"}, {Name: "name"}, {Name: "class"}, {Name: "architecture"},
		{Name: "memory", Key: "memory_bytes", Align: report.Right},
		{Name: "bandwidth", Key: "memory_bandwidth_gbps", Align: report.Right},
		{Name: "BF16", Key: "peak_bf16_tflops", Align: report.Right}, {Name: "FP8", Key: "peak_fp8_tflops", Align: report.Right},
		{Name: "link"}, {Name: "trust"},
	}}
	for i := range entries {
		x := &entries[i]
		link := x.Link.Kind + labelled(" %.0f GB/s", x.Link.GBps)
		t.Add(report.Text(x.ID), report.Text(x.Name), report.Text(x.Class), report.Text(x.Architecture), report.SizeOrUnknown(x.MemoryBytes),
			report.NumberOrUnknown(x.MemoryBandwidth, "GB/s"), report.NumberOrUnknown(x.Peak.BF16, "TFLOP/s"), report.NumberOrUnknown(x.Peak.FP8, "TFLOP/s"),
			report.Text(link), report.Text(string(x.Trust)))
	}
	return entries, t
}

func listPrecisions(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Precisions, matches, precisionNames)
	t := report.Table{Columns: []report.Column{
		{Name: "id"}, {Name: "name"}, {Name: "for", Key: "use"}, {Name: "bits", Align: report.Right}, {Name: "group", Align: report.Right},
		{Name: "GGUF mix", Key: "gguf_mix"}, {Name: "multiplies in", Key: "compute"}, {Name: "needs", Key: "min_compute_capability"}, {Name: "trust"},
	}}
	for i := range entries {
		p := &entries[i]
		t.Add(report.Text(p.ID), report.Text(p.Name), report.Text(strings.Join(p.Use, ", ")), report.NumberOrUnknown(p.Bits, ""), report.NumberOrUnknown(float64(p.Group), ""),
			report.Text(p.GGUFMix), report.Text(p.Compute), report.Text(labelled("%g", p.MinCapability)), report.Text(string(p.Trust)))
	}
	return entries, t
}

func listEngines(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Engines, matches, engineNames)
	t := report.Table{Columns: []report.Column{
		{Name: "id"}, {Name: "name"}, {Name: "planned with", Key: "default_version"}, {Name: "versions"}, {Name: "runs on", Key: "vendors"},
		{Name: "weights"}, {Name: "cache", Key: "kv"},
	}}
	for i := range entries {
		e := &entries[i]
		var ranges []string
		for _, v := range e.Versions {
			ranges = append(ranges, v.From+" to "+cmp.Or(v.Until, "now"))
		}
		t.Add(report.Text(e.ID), report.Text(e.Name), report.Text(e.Default), report.Text(strings.Join(ranges, ", ")), report.Text(strings.Join(e.Vendors, ", ")),
			report.Text(strings.Join(e.Weights, ", ")), report.Text(strings.Join(e.KV, ", ")))
	}
	return entries, t
}

func listPrices(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Prices, matches, priceNames)
	t := report.Table{Columns: []report.Column{
		{Name: "accelerator"}, {Name: "provider"}, {Name: "instance"}, {Name: "count", Align: report.Right}, {Name: "term"},
		{Name: "an hour", Key: "per_accelerator_hour", Align: report.Right}, {Name: "to buy", Key: "purchase", Align: report.Right},
		{Name: "currency"}, {Name: "region"}, {Name: "date"}, {Name: "trust"},
	}, Notes: []string{"Amounts are per accelerator."}}
	for i := range entries {
		p := &entries[i]
		t.Add(report.Text(p.Accelerator), report.Text(p.Provider), report.Text(p.Instance), report.NumberOrUnknown(float64(p.Count), ""), report.Text(p.Term),
			report.NumberOrUnknown(p.PerHour, ""), report.NumberOrUnknown(p.Purchase, ""), report.Text(p.Currency), report.Text(p.Region), report.Text(p.Date), report.Text(string(p.Trust)))
	}
	return entries, t
}

func listBenchmarks(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.Benchmarks, matches, benchmarkNames)
	t := report.Table{Columns: []report.Column{{Name: "id"}, {Name: "name"}, {Name: "unit"}, {Name: "guessing", Key: "floor", Align: report.Right}, {Name: "about"}}}
	for i := range entries {
		b := &entries[i]
		t.Add(report.Text(b.ID), report.Text(b.Name), report.Text(b.Unit), report.NumberOrUnknown(b.Floor, ""), report.Text(b.About))
	}
	return entries, t
}

func listUseCases(c *catalog.Catalog, matches func(...string) bool) (any, report.Table) {
	entries := keep(c.UseCases, matches, useCaseNames)
	t := report.Table{Columns: []report.Column{
		{Name: "id"}, {Name: "about"}, {Name: "input", Key: "input_tokens", Align: report.Right}, {Name: "output", Key: "output_tokens", Align: report.Right},
		{Name: "context", Align: report.Right}, {Name: "comfortable", Key: "min_tokens_per_s", Align: report.Right}, {Name: "judged by", Key: "benchmarks"},
	}}
	for i := range entries {
		u := &entries[i]
		var judged []string
		for _, b := range u.Benchmarks {
			judged = append(judged, b.ID)
		}
		t.Add(report.Text(u.ID), report.Text(u.About), report.Context(u.InputTokens), report.Context(u.OutputTokens), report.Context(u.Context),
			report.NumberOrUnknown(u.MinTokensPerS, "tok/s"), report.Text(strings.Join(judged, ", ")))
	}
	return entries, t
}
