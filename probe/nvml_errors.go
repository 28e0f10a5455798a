//go:build linux && cgo

package probe

import (
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// nvmlError is an NVML call that failed. It unwraps to the [nvml.Return].
//
// It words the error itself: Return.Error asks the loaded library, which is
// the very thing that may be broken.
type nvmlError struct {
	call string
	code nvml.Return
}

func (e *nvmlError) Error() string { return e.call + ": " + explain(e.code) }
func (e *nvmlError) Unwrap() error { return e.code }

// explain words a return code: its name, what it means and what to do.
func explain(code nvml.Return) string {
	d, ok := diagnoses[code]
	switch {
	case !ok:
		return fmt.Sprintf("NVML error %d, which this version of Plimsoll does not know; see dmesg for NVRM messages", int(code))
	case d.remedy == "":
		return fmt.Sprintf("%s (%s)", d.meaning, d.name)
	default:
		return fmt.Sprintf("%s (%s); %s", d.meaning, d.name, d.remedy)
	}
}

// isLost reports whether a code means that the device is gone until a reset.
func isLost(code nvml.Return) bool {
	return code == nvml.ERROR_GPU_IS_LOST || code == nvml.ERROR_RESET_REQUIRED
}

// diagnoses follow the meanings that nvml.h gives to nvmlReturn_t.
var diagnoses = map[nvml.Return]struct{ name, meaning, remedy string }{
	nvml.ERROR_UNINITIALIZED:    {"ERROR_UNINITIALIZED", "NVML was not initialised", ""},
	nvml.ERROR_INVALID_ARGUMENT: {"ERROR_INVALID_ARGUMENT", "the driver rejected the question", ""},
	nvml.ERROR_NOT_SUPPORTED:    {"ERROR_NOT_SUPPORTED", "this device does not answer the question", ""},
	nvml.ERROR_NO_PERMISSION: {"ERROR_NO_PERMISSION", "the driver refuses this user",
		"check the permissions of /dev/nvidia*, and in a container that the devices were passed in"},
	nvml.ERROR_NOT_FOUND: {"ERROR_NOT_FOUND", "the driver does not find the object", ""},
	nvml.ERROR_INSUFFICIENT_POWER: {"ERROR_INSUFFICIENT_POWER", "the device's external power cables are not attached properly",
		"power off and attach them"},
	nvml.ERROR_DRIVER_NOT_LOADED: {"ERROR_DRIVER_NOT_LOADED", "the NVIDIA kernel driver is not loaded",
		"load it with `modprobe nvidia`; if that fails, dmesg says why (a kernel update without a driver rebuild and Secure Boot are the usual causes)"},
	nvml.ERROR_TIMEOUT:   {"ERROR_TIMEOUT", "the driver timed out", "see dmesg for NVRM and Xid messages"},
	nvml.ERROR_IRQ_ISSUE: {"ERROR_IRQ_ISSUE", "the kernel has an interrupt problem with the device", "see dmesg; often a BIOS setting"},
	nvml.ERROR_LIBRARY_NOT_FOUND: {"ERROR_LIBRARY_NOT_FOUND", "a part of the NVIDIA driver library is missing",
		"reinstall the driver's user-space packages in the version of the kernel module"},
	nvml.ERROR_FUNCTION_NOT_FOUND: {"ERROR_FUNCTION_NOT_FOUND", "the installed driver library is too old for the question", "update the driver"},
	nvml.ERROR_CORRUPTED_INFOROM: {"ERROR_CORRUPTED_INFOROM", "the device's infoROM is corrupted",
		"the board may need service"},
	nvml.ERROR_GPU_IS_LOST: {"ERROR_GPU_IS_LOST", "the GPU has fallen off the bus",
		"see dmesg for Xid 79, reboot, and if it comes back check seating, power and cooling"},
	nvml.ERROR_RESET_REQUIRED: {"ERROR_RESET_REQUIRED", "the GPU needs a reset before it can be used again",
		"stop its processes and run `nvidia-smi --gpu-reset`, or reboot"},
	nvml.ERROR_OPERATING_SYSTEM: {"ERROR_OPERATING_SYSTEM", "the operating system or a control group blocks access to the device",
		"in a container, check its device rules (a systemd reload on the host is known to drop them); in WSL, update Windows' NVIDIA driver"},
	nvml.ERROR_LIB_RM_VERSION_MISMATCH: {"ERROR_LIB_RM_VERSION_MISMATCH", "the NVIDIA library and the loaded kernel driver are of different versions",
		"reboot (or unload and load the nvidia modules) after a driver update; restart a container that was started before it"},
	nvml.ERROR_IN_USE:                 {"ERROR_IN_USE", "the device is in use by something that excludes others", ""},
	nvml.ERROR_MEMORY:                 {"ERROR_MEMORY", "the driver is out of memory", "free host memory"},
	nvml.ERROR_NO_DATA:                {"ERROR_NO_DATA", "the driver has no data", ""},
	nvml.ERROR_INSUFFICIENT_RESOURCES: {"ERROR_INSUFFICIENT_RESOURCES", "the driver is out of resources", ""},
	nvml.ERROR_ARGUMENT_VERSION_MISMATCH: {"ERROR_ARGUMENT_VERSION_MISMATCH",
		"the installed driver library is of a version that does not know the question", "update the driver"},
	nvml.ERROR_NOT_READY:     {"ERROR_NOT_READY", "the system is not ready", "start nvidia-fabricmanager where the board has NVSwitches, and try again"},
	nvml.ERROR_GPU_NOT_FOUND: {"ERROR_GPU_NOT_FOUND", "the driver finds no GPU", ""},
	nvml.ERROR_INVALID_STATE: {"ERROR_INVALID_STATE", "the device is in a state that does not allow the question", ""},
	nvml.ERROR_UNKNOWN: {"ERROR_UNKNOWN", "the driver failed without saying why",
		"see dmesg for NVRM and Xid messages; in a container, check that /dev/nvidia* were passed in"},
}
