package gpu

import (
	"errors"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
)

// ring is an all-reduce of ours over peer copies: every card adds what the one
// before it sends, a part of the message at a time, until each holds one part of the
// sum; then the parts go round once more. Events keep the streams of the cards in
// step.
type ring struct {
	*reduction
	scratch []cuda.Address // a part on each card, for what is to be added
	add     []*cuda.Function
	copied  []cuda.Event // by each card, to the one after it
	added   []cuda.Event // on each card
	part    int64        // bytes
}

// ring makes the reduction one.
func (r *reduction) ring() error {
	n := int64(len(r.cards))
	x := &ring{reduction: r, part: r.bytes / n / 16 * 16}
	r.library, r.once = "plimsoll, a ring of peer copies", x.round
	for i, c := range r.cards {
		if err := x.join(c, r.cards[(i+1)%len(r.cards)]); err != nil {
			return err
		}
	}
	return nil
}

// join makes ready what a card needs to send to the next one.
func (x *ring) join(c, next *nvidia) error {
	if err := c.device.Use(); err != nil {
		return err
	}
	if _, err := c.device.Reaches(next.device); err != nil {
		return err
	}
	scratch, err := c.device.Alloc(x.part)
	if err != nil {
		return err
	}
	x.scratch = append(x.scratch, scratch)
	add, err := c.memory.Function("add_all")
	if err != nil {
		return err
	}
	x.add = append(x.add, add)
	for _, events := range []*[]cuda.Event{&x.copied, &x.added} {
		e, err := c.device.Event()
		if err != nil {
			return err
		}
		*events = append(*events, e)
		x.free = append(x.free, func() { c.device.CloseEvent(e) })
	}
	x.free = append(x.free, func() {
		_ = c.device.Use() // what is lost frees nothing
		c.device.Release(scratch)
	})
	return nil
}

// round is one all-reduce: n - 1 steps that add, n - 1 that hand on.
func (x *ring) round() error {
	n := len(x.cards)
	for s := range n - 1 {
		for i := range n {
			if err := x.send(i, i-s, x.scratch[(i+1)%n], x.added[(i+1)%n], x.copied[(i-1+n)%n]); err != nil {
				return err
			}
		}
		for i := range n {
			if err := x.addPart(i, i-1-s); err != nil {
				return err
			}
		}
	}
	for s := range n - 1 {
		for i := range n {
			next := (i + 1) % n
			if err := x.send(i, i+1-s, x.data[next]+x.offset(i+1-s), x.copied[(i-1+n)%n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// offset of a part, counted round.
func (x *ring) offset(part int) cuda.Address {
	n := len(x.cards)
	return cuda.Address(int64((part%n+n)%n) * x.part)
}

// send copies a part of a card's data to the next one, after some events; those
// that nobody has set yet hold nothing back.
func (x *ring) send(i, part int, to cuda.Address, after ...cuda.Event) error {
	c, next := x.cards[i], x.cards[(i+1)%len(x.cards)]
	if err := c.device.Use(); err != nil {
		return err
	}
	for _, e := range after {
		if err := c.device.Await(x.streams[i], e); err != nil {
			return err
		}
	}
	return errors.Join(
		c.device.CopyTo(next.device, to, x.data[i]+x.offset(part), x.part, x.streams[i]),
		c.device.Mark(x.copied[i], x.streams[i]),
	)
}

// addPart adds what a card was sent.
func (x *ring) addPart(i, part int) error {
	c := x.cards[i]
	if err := c.device.Use(); err != nil {
		return err
	}
	before := (i - 1 + len(x.cards)) % len(x.cards)
	return errors.Join(
		c.device.Await(x.streams[i], x.copied[before]),
		x.add[i].Launch(c.device.Units*blocksPerUnit, 1, blockThreads, x.streams[i], x.data[i]+x.offset(part), x.scratch[i], uint64(x.part/16)),
		c.device.Mark(x.added[i], x.streams[i]),
	)
}
