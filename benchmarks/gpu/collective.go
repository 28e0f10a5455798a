package gpu

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
)

// reduction is an all-reduce over all cards.
type reduction struct {
	cards   []*nvidia
	data    []cuda.Address
	streams []cuda.Stream
	bytes   int64
	library string
	once    func() error
	free    []func()
}

// allReduce joins all cards in NCCL, or in a ring of ours where there is none.
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
		if err := (&job{card: n}).fill(a, t.bytes, t.seed, 0x807f807f, 0x3c003c00); err != nil { // small numbers, also in FP16
			r.close()
			return nil, err
		}
	}
	collective, err := cuda.NewCollective(devices, cuda.CollectiveFiles(c.opts.Libraries))
	if err != nil {
		if err := r.ring(); err != nil {
			r.close()
			return nil, err
		}
		return r, nil
	}
	r.library = collective.Name
	r.free = append(r.free, collective.Close)
	r.once = func() error { return collective.AllReduce(r.data, r.bytes/2, r.streams) }
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
		if err := r.once(); err != nil {
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

func (r *reduction) through() string { return r.library }

func (r *reduction) close() {
	for _, free := range r.free {
		free()
	}
	for i, c := range r.cards {
		_ = c.device.Use() // what is lost frees nothing
		c.device.Release(r.data[i])
	}
}
