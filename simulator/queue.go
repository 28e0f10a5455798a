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
	if q.head == 0 {
		q.list = append([]*running{s}, q.list...)
		return
	}
	q.head--
	q.list[q.head] = s
}

// finishing orders sequences by the decode step of their last token.
type finishing []*running

func (f finishing) Len() int           { return len(f) }
func (f finishing) Less(i, j int) bool { return f[i].last < f[j].last }
func (f finishing) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *finishing) Push(x any)        { *f = append(*f, x.(*running)) }
func (f *finishing) Pop() any {
	old := *f
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*f = old[:len(old)-1]
	return s
}
