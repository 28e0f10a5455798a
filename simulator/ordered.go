package simulator

import "container/heap"

// ordered is a heap: the least of its items is the first of the list.
type ordered[T any] struct {
	list []T
	less func(a, b T) bool
}

func (o *ordered[T]) Len() int           { return len(o.list) }
func (o *ordered[T]) Less(i, j int) bool { return o.less(o.list[i], o.list[j]) }
func (o *ordered[T]) Swap(i, j int)      { o.list[i], o.list[j] = o.list[j], o.list[i] }

// Push and Pop are for package heap alone.
func (o *ordered[T]) Push(x any) { o.list = append(o.list, x.(T)) }
func (o *ordered[T]) Pop() any {
	last := len(o.list) - 1
	x := o.list[last]
	var none T
	o.list[last] = none
	o.list = o.list[:last]
	return x
}

func (o *ordered[T]) add(x T)        { heap.Push(o, x) }
func (o *ordered[T]) take() T        { return heap.Pop(o).(T) }
func (o *ordered[T]) remove(i int) T { return heap.Remove(o, i).(T) }
