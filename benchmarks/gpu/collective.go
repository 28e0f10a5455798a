package gpu

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
)

// reduction is an all-reduce over all cards.
type reduction struct {
	cards      []*nvidia
	collective *cuda.Collective
	data       []cuda.Address
	streams    []cuda.Stream
	bytes      int64
}

// allReduce joins all cards in NCCL.
func (c *nvidia) allReduce(t task) (work, error) {
	r := &reduction{bytes: t.bytes}
	var devices []*cuda.Device
	for _, other := range t.all {
		n, ok := other.(*nvidia)
		if !ok {
			return nil, fmt.Errorf("a card is none of this driver")
		}
		if err := n.device.Use(); err != nil {
			return nil, err
		}
		a, err := n.device.Alloc(t.bytes)
		if err != nil {
			r.close()
			return nil, err
		}
		r.cards, r.data, r.streams = append(r.cards, n), append(r.data, a), append(r.streams, n.stream)
		devices = append(devices, n.device)
	}
	var err error
	if r.collective, err = cuda.NewCollective(devices, cuda.CollectiveFiles(c.opts.Libraries)); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// run times from the first start to the last end by the clock of the host: cards
// have none in common.
func (r *reduction) run(times int) (time.Duration, error) {
	if err := r.sync(); err != nil {
		return 0, err
	}
	start := time.Now()
	for range times {
		if err := r.collective.AllReduce(r.data, r.bytes/2, r.streams); err != nil {
			return 0, err
		}
	}
	err := r.sync()
	return time.Since(start), err
}

func (r *reduction) sync() error {
	for i, c := range r.cards {
		if err := c.device.Use(); err != nil {
			return err
		}
		if err := c.device.Sync(r.streams[i]); err != nil {
			return err
		}
	}
	return nil
}

// amount is what each link carries: 2 (n - 1) / n of the message, NCCL's "busbw".
func (r *reduction) amount() float64 {
	n := float64(len(r.cards))
	return float64(r.bytes) * 2 * (n - 1) / n
}

func (r *reduction) through() string { return r.collective.Name }

func (r *reduction) close() {
	if r.collective != nil {
		r.collective.Close()
	}
	for i, c := range r.cards {
		_ = c.device.Use() // what is lost frees nothing
		c.device.Release(r.data[i])
	}
}
