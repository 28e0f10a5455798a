package cuda

import "fmt"

// Collective is NVIDIA's library of collectives, NCCL, over devices of this
// process.
type Collective struct {
	Name string // "NCCL 2.21.5"

	devices       []*Device
	communicators []uintptr
	fn            collectiveFunctions
}

type collectiveFunctions struct {
	version    func(version *int32) int32
	initAll    func(communicators *uintptr, n int32, devices *int32) int32
	destroy    func(communicator uintptr) int32
	groupStart func() int32
	groupEnd   func() int32
	allReduce  func(send, receive uint64, count uint64, format, operation int32, communicator uintptr, stream uintptr) int32
}

// CollectiveFiles are where NCCL may lie, as [ProductFiles].
func CollectiveFiles(below []string) []string {
	return libraryFiles("libnccl.so", []string{"2"}, "nccl", below)
}

// NewCollective joins devices. The calling thread's context may change.
func NewCollective(devices []*Device, files []string) (*Collective, error) {
	lib, err := openFirst(files...)
	if err != nil {
		return nil, fmt.Errorf("NCCL was not found: %w", err)
	}
	c := &Collective{devices: devices, communicators: make([]uintptr, len(devices))}
	f := &c.fn
	err = lib.bind(map[string]any{
		"ncclGetVersion": &f.version, "ncclCommInitAll": &f.initAll, "ncclCommDestroy": &f.destroy,
		"ncclGroupStart": &f.groupStart, "ncclGroupEnd": &f.groupEnd, "ncclAllReduce": &f.allReduce,
	})
	if err != nil {
		return nil, err
	}
	var v int32
	if err := status("ncclGetVersion", f.version(&v)); err != nil {
		return nil, err
	}
	c.Name = fmt.Sprintf("NCCL %d.%d.%d", v/10000, v/100%100, v%100)
	ordinals := make([]int32, len(devices))
	for i, d := range devices {
		ordinals[i] = int32(d.Ordinal)
	}
	return c, status("ncclCommInitAll", f.initAll(&c.communicators[0], int32(len(devices)), &ordinals[0]))
}

// AllReduce adds up so many numbers in FP16 over all devices, in place, each on a
// stream of its own.
func (c *Collective) AllReduce(data []Address, count int64, streams []Stream) error {
	const fp16, sum = 6, 0 // nccl.h, ncclDataType_t and ncclRedOp_t
	if err := status("ncclGroupStart", c.fn.groupStart()); err != nil {
		return err
	}
	for i, communicator := range c.communicators {
		if err := status("ncclAllReduce", c.fn.allReduce(uint64(data[i]), uint64(data[i]), uint64(count), fp16, sum, communicator, uintptr(streams[i]))); err != nil {
			return err
		}
	}
	return status("ncclGroupEnd", c.fn.groupEnd())
}

// Close frees the communicators.
func (c *Collective) Close() {
	for _, communicator := range c.communicators {
		c.fn.destroy(communicator)
	}
}
