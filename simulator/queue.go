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

// finishing orders sequences by the decode step of their last token, then by when
// they came.
type finishing []*running

func (f finishing) Len() int { return len(f) }
func (f finishing) Less(i, j int) bool {
	if f[i].last != f[j].last {
		return f[i].last < f[j].last
	}
	return f[i].order < f[j].order
}
func (f finishing) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *finishing) Push(x any)   { *f = append(*f, x.(*running)) }
func (f *finishing) Pop() any {
	old := *f
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*f = old[:len(old)-1]
	return s
}

// arriving orders requests by when they can have their first step.
type arriving []*running

func (a arriving) Len() int { return len(a) }
func (a arriving) Less(i, j int) bool {
	if a[i].ready != a[j].ready {
		return a[i].ready < a[j].ready
	}
	return a[i].order < a[j].order
}
func (a arriving) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arriving) Push(x any)   { *a = append(*a, x.(*running)) }
func (a *arriving) Pop() any {
	old := *a
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	return s
}
