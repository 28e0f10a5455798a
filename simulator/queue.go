package simulator

// queue is first in, first out, with a place at the front for what comes back.
type queue struct {
	list []*running
	head int
}

func (q *queue) len() int        { return len(q.list) - q.head }
func (q *queue) front() *running { return q.list[q.head] }
func (q *queue) push(s *running) { q.list = append(q.list, s) }

func (q *queue) pop() {
	q.list[q.head] = nil
	q.head++
	if q.head > 1024 && q.head > len(q.list)/2 {
		q.list = append(q.list[:0], q.list[q.head:]...)
		q.head = 0
	}
}

func (q *queue) pushFront(s *running) {
	if q.head == 0 { // with room for more that come back
		const room = 64
		q.list, q.head = append(make([]*running, room, room+len(q.list)), q.list...), room
	}
	q.head--
	q.list[q.head] = s
}

// finishesFirst orders sequences by the decode step of their last token, then by when they
// came.
func finishesFirst(a, b *running) bool {
	if a.last != b.last {
		return a.last < b.last
	}
	return a.order < b.order
}

// arrivesFirst orders requests by when they can have their first step.
func arrivesFirst(a, b *running) bool {
	if a.ready != b.ready {
		return a.ready < b.ready
	}
	return a.order < b.order
}
