package cuda

import (
	"fmt"
	"unsafe"
)

// Driver is NVIDIA's driver library.
type Driver struct {
	Version int // of CUDA that it supports: 12040 is 12.4

	fn functions
}

// functions are those of cuda.h; pointers to results are the first arguments.
type functions struct {
	init              func(flags uint32) int32
	driverGetVersion  func(version *int32) int32
	deviceGetCount    func(n *int32) int32
	deviceGet         func(device *int32, ordinal int32) int32
	deviceGetName     func(name *byte, size int32, device int32) int32
	deviceAttribute   func(value *int32, attribute, device int32) int32
	deviceTotalMem    func(bytes *uint64, device int32) int32
	contextRetain     func(context *uintptr, device int32) int32
	contextRelease    func(device int32) int32
	contextSetCurrent func(context uintptr) int32
	contextSync       func() int32
	memGetInfo        func(free, total *uint64) int32
	memAlloc          func(address *uint64, bytes uint64) int32
	memFree           func(address uint64) int32
	hostAlloc         func(address *unsafe.Pointer, bytes uint64, flags uint32) int32
	hostFree          func(address unsafe.Pointer) int32
	copyToDevice      func(to uint64, from unsafe.Pointer, bytes uint64, stream uintptr) int32
	copyToHost        func(to unsafe.Pointer, from, bytes uint64, stream uintptr) int32
	copyOnDevice      func(to, from, bytes uint64, stream uintptr) int32
	copyPeer          func(to uint64, toContext uintptr, from uint64, fromContext uintptr, bytes uint64, stream uintptr) int32
	canAccessPeer     func(can *int32, device, peer int32) int32
	enablePeer        func(context uintptr, flags uint32) int32
	streamCreate      func(stream *uintptr, flags uint32) int32
	streamDestroy     func(stream uintptr) int32
	streamSync        func(stream uintptr) int32
	eventCreate       func(event *uintptr, flags uint32) int32
	eventDestroy      func(event uintptr) int32
	eventRecord       func(event, stream uintptr) int32
	eventSync         func(event uintptr) int32
	streamWait        func(stream, event uintptr, flags uint32) int32
	eventElapsed      func(ms *float32, start, end uintptr) int32
	moduleLoad        func(module *uintptr, image *byte, options uint32, names *int32, values *uintptr) int32
	moduleUnload      func(module uintptr) int32
	moduleFunction    func(function *uintptr, module uintptr, name *byte) int32
	launch            func(function uintptr, gridX, gridY, gridZ, blockX, blockY, blockZ, shared uint32, stream uintptr, arguments *unsafe.Pointer, extra uintptr) int32
}

// Open opens the driver library by its usual names, or by a path. The error wraps
// [ErrNoDriver] where there is none.
func Open(path string) (*Driver, error) {
	names := []string{"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"}
	if path != "" {
		names = []string{path}
	}
	lib, err := openFirst(names...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDriver, err)
	}
	d := &Driver{}
	f := &d.fn
	err = lib.bind(map[string]any{
		"cuInit": &f.init, "cuDriverGetVersion": &f.driverGetVersion, "cuDeviceGetCount": &f.deviceGetCount, "cuDeviceGet": &f.deviceGet,
		"cuDeviceGetName": &f.deviceGetName, "cuDeviceGetAttribute": &f.deviceAttribute, "cuDeviceTotalMem_v2": &f.deviceTotalMem,
		"cuDevicePrimaryCtxRetain": &f.contextRetain, "cuDevicePrimaryCtxRelease_v2": &f.contextRelease, "cuCtxSetCurrent": &f.contextSetCurrent, "cuCtxSynchronize": &f.contextSync,
		"cuMemGetInfo_v2": &f.memGetInfo, "cuMemAlloc_v2": &f.memAlloc, "cuMemFree_v2": &f.memFree, "cuMemHostAlloc": &f.hostAlloc, "cuMemFreeHost": &f.hostFree,
		"cuMemcpyHtoDAsync_v2": &f.copyToDevice, "cuMemcpyDtoHAsync_v2": &f.copyToHost, "cuMemcpyDtoDAsync_v2": &f.copyOnDevice, "cuMemcpyPeerAsync": &f.copyPeer,
		"cuDeviceCanAccessPeer": &f.canAccessPeer, "cuCtxEnablePeerAccess": &f.enablePeer,
		"cuStreamCreate": &f.streamCreate, "cuStreamDestroy_v2": &f.streamDestroy, "cuStreamSynchronize": &f.streamSync, "cuStreamWaitEvent": &f.streamWait,
		"cuEventCreate": &f.eventCreate, "cuEventDestroy_v2": &f.eventDestroy, "cuEventRecord": &f.eventRecord, "cuEventSynchronize": &f.eventSync, "cuEventElapsedTime": &f.eventElapsed,
		"cuModuleLoadDataEx": &f.moduleLoad, "cuModuleUnload": &f.moduleUnload, "cuModuleGetFunction": &f.moduleFunction, "cuLaunchKernel": &f.launch,
	})
	if err != nil {
		return nil, fmt.Errorf("%w that can be used: %w", ErrNoDriver, err)
	}
	if err := check("cuInit", f.init(0)); err != nil {
		return nil, err
	}
	var version int32
	if err := check("cuDriverGetVersion", f.driverGetVersion(&version)); err != nil {
		return nil, err
	}
	d.Version = int(version)
	return d, nil
}

// Count is the number of devices.
func (d *Driver) Count() (int, error) {
	var n int32
	err := check("cuDeviceGetCount", d.fn.deviceGetCount(&n))
	return int(n), err
}
