package accuracy

import (
	"errors"
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// Quantity is something that a measurement states and the ledger predicts.
type Quantity string

const (
	Weights     Quantity = "weights"      // bytes per accelerator
	Activation  Quantity = "activations"  // bytes
	NonTorch    Quantity = "non_torch"    // bytes
	Graphs      Quantity = "cuda_graphs"  // bytes, as captured
	KVPool      Quantity = "kv_pool"      // bytes, with everything else predicted too
	KVTokens    Quantity = "kv_tokens"    // tokens, end to end
	Sequences   Quantity = "sequences"    // of the full length that fit, end to end
	PoolTokens  Quantity = "pool_tokens"  // tokens, of the measured pool
	PoolSeqs    Quantity = "pool_seqs"    // sequences of the full length, of the measured pool
	FileSize    Quantity = "file_size"    // bytes of a GGUF file
	HostWeights Quantity = "host_weights" // bytes left on the host with all layers on the accelerators
	KVCache     Quantity = "kv_cache"     // bytes of a cache that is allocated in full
	Compute     Quantity = "compute"      // bytes of llama.cpp's compute buffer
)

// MemoryRow is one published measurement beside what the ledger predicts.
type MemoryRow struct {
	Class      string `json:"class"` // rows of a class share engine, version and method
	Source     string `json:"source"`
	Engine     string `json:"engine"`
	Checkpoint string `json:"checkpoint"` // as published
	Model      string `json:"model"`      // catalog id
	Precision  string `json:"precision"`
	KV         string `json:"kv_precision,omitempty"`
	Setting    string `json:"setting"`           // "TP2, 8192 tokens, 1024 sequences"
	Cells      []Cell `json:"cells"`             // what was measured
	Refused    string `json:"refused,omitempty"` // why the estimator gives no answer; there are no cells then
}

// Cell is one quantity of a row.
type Cell struct {
	Quantity  Quantity `json:"quantity"`
	Predicted float64  `json:"predicted"`
	Measured  float64  `json:"measured"`
}

// Error is predicted less measured.
func (c Cell) Error() float64 { return c.Predicted - c.Measured }

// Relative is [Cell.Error] over the measured value.
func (c Cell) Relative() float64 { return c.Error() / c.Measured }

// Cell returns the row's cell of a quantity, or nil.
func (r *MemoryRow) Cell(q Quantity) *Cell {
	for i := range r.Cells {
		if r.Cells[i].Quantity == q {
			return &r.Cells[i]
		}
	}
	return nil
}

func (r *MemoryRow) add(q Quantity, predicted, measured float64) {
	if measured != 0 {
		r.Cells = append(r.Cells, Cell{q, predicted, measured})
	}
}

// refuse notes why the estimator gives no answer, and passes on other errors.
func (r *MemoryRow) refuse(err error) error {
	var unsupported *estimator.UnsupportedError
	if !errors.As(err, &unsupported) {
		return err
	}
	r.Refused = unsupported.Error()
	return nil
}

// ReplayMemory predicts every shipped memory measurement from the catalog
// alone. Rows keep the order of the tables. The error is one of the tables or
// a name that the catalog does not have; a combination that the estimator
// refuses is a row with the reason.
func ReplayMemory(c *catalog.Catalog) ([]MemoryRow, error) {
	serving, err := servingMeasurements()
	if err != nil {
		return nil, err
	}
	files, err := fileMeasurements()
	if err != nil {
		return nil, err
	}
	return replayMemory(c, serving, files)
}

func replayMemory(c *catalog.Catalog, serving []servingMeasurement, files []fileMeasurement) ([]MemoryRow, error) {
	var rows []MemoryRow
	for _, m := range serving {
		r, err := m.replay(c)
		if err != nil {
			return nil, fmt.Errorf("accuracy: %s (%s): %w", m.checkpoint, m.source, err)
		}
		rows = append(rows, r)
	}
	for _, m := range files {
		r, err := m.replay(c)
		if err != nil {
			return nil, fmt.Errorf("accuracy: %s (%s): %w", m.checkpoint, m.source, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// deployment names what ran, on the accelerator as the catalog has it.
func (m servingMeasurement) deployment(c *catalog.Catalog) (estimator.Deployment, error) {
	d, err := named(c, m.model, m.weights, m.kv, m.engine, m.accelerator)
	d.TP, d.PP = m.tp, m.pp
	d.Options = estimator.Options{
		MaxModelLen: m.maxModelLen, MaxSeqs: m.maxSeqs, MaxBatchedTokens: m.maxBatched,
		MemoryFraction: m.fraction, EnforceEager: m.eager,
	}
	return d, err
}

// named resolves catalog names; an empty KV precision is the engine's default.
func named(c *catalog.Catalog, model, weights, kv, engine, accelerator string) (d estimator.Deployment, err error) {
	if d.Model, err = c.Model(model); err != nil {
		return d, err
	}
	if d.Weights, err = c.Precision(weights); err != nil {
		return d, err
	}
	if kv != "" {
		if d.KV, err = c.Precision(kv); err != nil {
			return d, err
		}
	}
	if d.Engine, d.Version, d.Release, err = c.Engine(engine); err != nil {
		return d, err
	}
	acc, err := c.Accelerator(accelerator)
	if err != nil {
		return d, err
	}
	d.Device = estimator.Device{Accelerator: acc, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes, Link: acc.Link}
	return d, nil
}

func (m servingMeasurement) replay(c *catalog.Catalog) (MemoryRow, error) {
	r := MemoryRow{
		Class: m.class, Source: m.source, Engine: m.engine, Checkpoint: m.checkpoint, Model: m.model, Precision: m.weights, KV: m.kv,
		Setting: fmt.Sprintf("TP%d PP%d, %d tokens, %d sequences", m.tp, m.pp, m.maxModelLen, m.maxSeqs),
	}
	d, err := m.deployment(c)
	if err != nil {
		return r, err
	}
	first, err := estimator.StageMemory(d, 0) // what such logs print
	if err != nil {
		return r, r.refuse(err)
	}
	all, err := estimator.Memory(d)
	if err != nil {
		return r, err
	}
	r.add(Weights, float64(first.WeightsBytes), m.weightsGiB*gib)
	r.add(Activation, float64(first.ActivationBytes), m.activationGiB*gib)
	if line := first.Line("communication"); line != nil {
		r.add(NonTorch, float64(line.Bytes), m.nonTorchGiB*gib)
	}
	if line := first.Line("cuda_graphs"); line != nil {
		r.add(Graphs, float64(line.Bytes), m.graphsGiB*gib)
	}
	if m.visible > 0 {
		r.add(KVPool, float64(first.KVPoolBytes), m.poolGiB*gib)
		r.add(KVTokens, float64(all.KVTokens), m.tokens)
		r.add(Sequences, all.MaxSequences, m.concurrency)
	}
	if m.poolGiB > 0 {
		on, err := withPool(d, 0, int64(m.poolGiB*gib))
		if err != nil {
			return r, err
		}
		given, err := estimator.Memory(on)
		if err != nil {
			return r, err
		}
		r.add(PoolTokens, float64(given.KVTokens), m.tokens)
		r.add(PoolSeqs, given.MaxSequences, m.concurrency)
	}
	return r, nil
}

// withPool is the deployment on a device that has just the memory to leave a
// pipeline stage a pool of the given size. The pool is linear in the device's
// memory, so two looks find it.
func withPool(d estimator.Deployment, stage int, pool int64) (estimator.Deployment, error) {
	d, _, err := estimator.Resolve(d) // defaults follow the real device's memory, not the one looked for
	if err != nil {
		return d, err
	}
	if d.Options.MemoryFraction == 0 {
		d.Options.MemoryFraction = 0.9 // SGLang's own would change with the memory; any constant finds the pool
	}
	at := func(memory int64) (int64, error) {
		d.Device.MemoryBytes, d.Device.FreeBytes = memory, memory
		l, err := estimator.StageMemory(d, stage)
		return l.KVPoolBytes, err
	}
	const low, high = int64(8) << 40, int64(16) << 40 // beyond any model: the pool is never cut off at zero
	p0, err := at(low)
	if err != nil {
		return d, err
	}
	p1, err := at(high)
	if err != nil {
		return d, err
	}
	slope := float64(p1-p0) / float64(high-low)
	if slope <= 0 {
		return d, fmt.Errorf("the KV pool of %s does not grow with memory", d.Model.ID)
	}
	d.Device.MemoryBytes = low + int64(math.Ceil(float64(pool-p0)/slope))
	d.Device.FreeBytes = d.Device.MemoryBytes
	return d, nil
}
