package cuda

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unsafe"
)

// Device is a GPU with its primary context.
type Device struct {
	Ordinal    int
	Name       string
	Bytes      int64   // of its memory
	Capability float64 // compute capability, 9.0
	Units      int     // streaming multiprocessors
	L2Bytes    int64
	MemoryGBps float64 // memory clock x bus width, 0 where the driver does not say
	PCI        string  // "0000:65:00.0"

	driver  *Driver
	handle  int32
	context uintptr
}

// Attributes of a device (cuda.h, CUdevice_attribute).
const (
	attributeUnits     = 16
	attributePCIBus    = 33
	attributePCIDevice = 34
	attributeMemoryKHz = 36
	attributeBusBits   = 37
	attributeL2Bytes   = 38
	attributePCIDomain = 50
	attributeMajor     = 75
	attributeMinor     = 76
)

// Device opens a device by its ordinal.
func (d *Driver) Device(ordinal int) (*Device, error) {
	x := &Device{Ordinal: ordinal, driver: d}
	if err := check("cuDeviceGet", d.fn.deviceGet(&x.handle, int32(ordinal))); err != nil {
		return nil, err
	}
	var name [256]byte
	if err := check("cuDeviceGetName", d.fn.deviceGetName(&name[0], int32(len(name)), x.handle)); err != nil {
		return nil, err
	}
	x.Name = string(name[:max(bytes.IndexByte(name[:], 0), 0)])
	var total uint64
	if err := check("cuDeviceTotalMem", d.fn.deviceTotalMem(&total, x.handle)); err != nil {
		return nil, err
	}
	x.Bytes, x.Units, x.L2Bytes = int64(total), x.attribute(attributeUnits), int64(x.attribute(attributeL2Bytes))
	x.Capability = float64(x.attribute(attributeMajor)) + float64(x.attribute(attributeMinor))/10
	x.MemoryGBps = 2 * float64(x.attribute(attributeMemoryKHz)) * float64(x.attribute(attributeBusBits)) / 8 / 1e6 // two transfers a clock
	x.PCI = fmt.Sprintf("%04x:%02x:%02x.0", x.attribute(attributePCIDomain), x.attribute(attributePCIBus), x.attribute(attributePCIDevice))
	if err := check("cuDevicePrimaryCtxRetain", d.fn.contextRetain(&x.context, x.handle)); err != nil {
		return nil, err
	}
	return x, nil
}

// attribute is 0 where the driver does not know it.
func (x *Device) attribute(which int32) int {
	var v int32
	if x.driver.fn.deviceAttribute(&v, which, x.handle) != 0 {
		return 0
	}
	return int(v)
}

// Close gives the context back.
func (x *Device) Close() { x.driver.fn.contextRelease(x.handle) }

// Use makes the device's context that of the calling thread.
func (x *Device) Use() error {
	return check("cuCtxSetCurrent", x.driver.fn.contextSetCurrent(x.context))
}

// Free is the memory that can be allocated now.
func (x *Device) Free() (int64, error) {
	var free, total uint64
	err := check("cuMemGetInfo", x.driver.fn.memGetInfo(&free, &total))
	return int64(free), err
}

// Address is one in a device's memory.
type Address uint64

// Alloc reserves memory.
func (x *Device) Alloc(bytes int64) (Address, error) {
	var a uint64
	err := check("cuMemAlloc", x.driver.fn.memAlloc(&a, uint64(bytes)))
	return Address(a), err
}

// Release gives memory back; 0 is none.
func (x *Device) Release(a Address) {
	if a != 0 {
		x.driver.fn.memFree(uint64(a))
	}
}

// Pinned reserves memory of the host that devices copy from and to by themselves.
func (x *Device) Pinned(bytes int64) ([]byte, error) {
	var p unsafe.Pointer
	if err := check("cuMemHostAlloc", x.driver.fn.hostAlloc(&p, uint64(bytes), 0)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), bytes), nil
}

// ReleasePinned gives such memory back.
func (x *Device) ReleasePinned(p []byte) {
	if len(p) > 0 {
		x.driver.fn.hostFree(unsafe.Pointer(&p[0]))
	}
}

// Stream is an order of work on a device.
type Stream uintptr

// Stream makes one.
func (x *Device) Stream() (Stream, error) {
	var s uintptr
	err := check("cuStreamCreate", x.driver.fn.streamCreate(&s, 1)) // 1: apart from the default stream
	return Stream(s), err
}

// CloseStream ends one.
func (x *Device) CloseStream(s Stream) { x.driver.fn.streamDestroy(uintptr(s)) }

// Sync waits until a stream has done all its work.
func (x *Device) Sync(s Stream) error {
	return check("cuStreamSynchronize", x.driver.fn.streamSync(uintptr(s)))
}

// CopyIn copies from the host, CopyOut to it, CopyOn on the device, CopyTo to
// another device. The slices must stay where they are until the stream is done:
// memory that is not pinned is copied before the call returns.
func (x *Device) CopyIn(to Address, from []byte, s Stream) error {
	return check("cuMemcpyHtoDAsync", x.driver.fn.copyToDevice(uint64(to), unsafe.Pointer(&from[0]), uint64(len(from)), uintptr(s)))
}

// CopyOut is described at [Device.CopyIn].
func (x *Device) CopyOut(to []byte, from Address, s Stream) error {
	return check("cuMemcpyDtoHAsync", x.driver.fn.copyToHost(unsafe.Pointer(&to[0]), uint64(from), uint64(len(to)), uintptr(s)))
}

// CopyOn is described at [Device.CopyIn].
func (x *Device) CopyOn(to, from Address, bytes int64, s Stream) error {
	return check("cuMemcpyDtoDAsync", x.driver.fn.copyOnDevice(uint64(to), uint64(from), uint64(bytes), uintptr(s)))
}

// CopyTo is described at [Device.CopyIn].
func (x *Device) CopyTo(peer *Device, to, from Address, bytes int64, s Stream) error {
	return check("cuMemcpyPeerAsync", x.driver.fn.copyPeer(uint64(to), peer.context, uint64(from), x.context, uint64(bytes), uintptr(s)))
}

// Reaches lets the device read and write a peer's memory; false where it cannot,
// and copies between them go through the host.
func (x *Device) Reaches(peer *Device) (bool, error) {
	var can int32
	if err := check("cuDeviceCanAccessPeer", x.driver.fn.canAccessPeer(&can, x.handle, peer.handle)); err != nil || can == 0 {
		return false, err
	}
	if err := x.Use(); err != nil {
		return false, err
	}
	const already = 704 // CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED
	if code := x.driver.fn.enablePeer(peer.context, 0); code != 0 && code != already {
		return false, check("cuCtxEnablePeerAccess", code)
	}
	return true, nil
}

// Event marks a point of a stream, for streams of other devices to wait for.
type Event uintptr

// Event makes one.
func (x *Device) Event() (Event, error) {
	var e uintptr
	const untimed = 2
	err := check("cuEventCreate", x.driver.fn.eventCreate(&e, untimed))
	return Event(e), err
}

// CloseEvent ends one.
func (x *Device) CloseEvent(e Event) { x.driver.fn.eventDestroy(uintptr(e)) }

// Mark sets the event at the point that a stream of the device has reached.
func (x *Device) Mark(e Event, s Stream) error {
	return check("cuEventRecord", x.driver.fn.eventRecord(uintptr(e), uintptr(s)))
}

// Await lets a stream of the device go on after an event of any device.
func (x *Device) Await(s Stream, e Event) error {
	return check("cuStreamWaitEvent", x.driver.fn.streamWait(uintptr(s), uintptr(e), 0))
}

// Timed is how long work took on a device that was put on a stream between two
// events.
func (x *Device) Timed(s Stream, work func() error) (took time.Duration, err error) {
	f := &x.driver.fn
	var start, end uintptr
	if err := check("cuEventCreate", f.eventCreate(&start, 0)); err != nil {
		return 0, err
	}
	defer f.eventDestroy(start)
	if err := check("cuEventCreate", f.eventCreate(&end, 0)); err != nil {
		return 0, err
	}
	defer f.eventDestroy(end)
	if err := check("cuEventRecord", f.eventRecord(start, uintptr(s))); err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	if err := check("cuEventRecord", f.eventRecord(end, uintptr(s))); err != nil {
		return 0, err
	}
	if err := check("cuEventSynchronize", f.eventSync(end)); err != nil {
		return 0, err
	}
	var ms float32
	err = check("cuEventElapsedTime", f.eventElapsed(&ms, start, end))
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}

// Module is compiled PTX.
type Module struct {
	device *Device
	handle uintptr
}

// Options of the driver's compiler (cuda.h, CUjit_option).
const (
	jitErrorLog     = 5
	jitErrorLogSize = 6
)

// Load compiles PTX for the device. The error holds what the compiler says.
func (x *Device) Load(ptx string) (*Module, error) {
	image := append([]byte(ptx), 0)
	log := bytes.Repeat([]byte{0}, 4096) // on the heap, where it stays in its place
	names := [...]int32{jitErrorLog, jitErrorLogSize}
	values := [...]uintptr{uintptr(unsafe.Pointer(&log[0])), uintptr(len(log))}
	m := &Module{device: x}
	code := x.driver.fn.moduleLoad(&m.handle, &image[0], uint32(len(names)), &names[0], &values[0])
	if err := check("cuModuleLoadDataEx", code); err != nil {
		if said := strings.TrimSpace(string(log[:max(bytes.IndexByte(log, 0), 0)])); said != "" {
			return nil, fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(said), " "))
		}
		return nil, err
	}
	return m, nil
}

// Close unloads the module.
func (m *Module) Close() { m.device.driver.fn.moduleUnload(m.handle) }

// Function is a kernel of a module.
type Function struct {
	device *Device
	handle uintptr
}

// Function finds a kernel by its name.
func (m *Module) Function(name string) (*Function, error) {
	text := append([]byte(name), 0)
	f := &Function{device: m.device}
	err := check("cuModuleGetFunction "+name, m.device.driver.fn.moduleFunction(&f.handle, m.handle, &text[0]))
	return f, err
}

// Launch starts a kernel on x * y blocks of so many threads. Arguments are
// [Address], uint64, uint32 or float32, in the order of the kernel's own.
func (f *Function) Launch(x, y, threads int, s Stream, arguments ...any) error {
	words := make([]uint64, len(arguments)+1)
	pointers := make([]unsafe.Pointer, len(arguments)+1)
	for i, a := range arguments {
		at := unsafe.Pointer(&words[i])
		switch v := a.(type) {
		case Address:
			*(*uint64)(at) = uint64(v)
		case uint64:
			*(*uint64)(at) = v
		case uint32:
			*(*uint32)(at) = v
		case float32:
			*(*float32)(at) = v
		default:
			return fmt.Errorf("cuLaunchKernel: argument %d is a %T: accepted are Address, uint64, uint32 and float32", i+1, a)
		}
		pointers[i] = at
	}
	return check("cuLaunchKernel", f.device.driver.fn.launch(f.handle, uint32(x), uint32(y), 1, uint32(threads), 1, 1, 0, uintptr(s), &pointers[0], 0))
}
