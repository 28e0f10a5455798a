package gpu

import "time"

// card is a GPU as the benchmark sees it; a test has one of its own.
type card interface {
	info() Device
	driver() string
	// prepare gets ready to do something; the error says why it cannot be done on
	// this card.
	prepare(t task) (work, error)
	close()
}

// task is what a figure times.
type task struct {
	kind string // read, write, copy, triad, device_copy, launch, decode_attention, h2d, d2h, mma, gemm, peer, all_reduce

	precision string // mma, gemm
	m, n, k   int    // gemm
	sequences int    // decode_attention
	tokens    int    // decode_attention: cached tokens of each
	pinned    bool   // h2d, d2h
	bytes     int64  // memory, copies, all_reduce
	peer      card   // peer
	all       []card // all_reduce
	seed      uint64
}

// work is a task that is ready.
type work interface {
	// run does it so many times, one after the other, and returns how long that
	// took on the card.
	run(times int) (time.Duration, error)
	// amount is what once does, in bytes or FLOP; 1 where the time itself is the
	// figure.
	amount() float64
	// through names the library or the kernels.
	through() string
	close()
}
