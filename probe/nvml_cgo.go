//go:build linux && cgo

package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/dl"
	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// Collect implements [Collector]. A GPU that is lost, hangs or fails is listed
// with its state and problem; it never hides the others. The error of a hung
// driver wraps [context.DeadlineExceeded].
func (n nvidia) Collect(ctx context.Context, m *Machine) error {
	for _, path := range n.libraries {
		fault, err := guard(ctx, n.timeout, func(w *watch) error {
			w.enter("loading " + path)
			return loadable(path)
		})
		switch {
		case err != nil:
			return fmt.Errorf("nvml: %w", err)
		case errors.Is(fault, fs.ErrNotExist):
			continue
		case fault != nil:
			return fmt.Errorf("nvml: the NVIDIA driver library is broken: %w; "+
				"reinstall the driver's user-space packages, or in a container restart it with the NVIDIA runtime", fault)
		}
		return n.collect(ctx, nvml.New(nvml.WithLibraryPath(path)), m)
	}
	return n.noLibrary()
}

// loadable reports why a library cannot be used: [fs.ErrNotExist] when there is
// none. go-nvml folds all reasons into one code, and would end the process on a
// library without an entry point.
func loadable(path string) error {
	lib := dl.New(path, dl.RTLD_LAZY|dl.RTLD_LOCAL)
	if err := lib.Open(); err != nil {
		if strings.HasPrefix(err.Error(), path) && strings.Contains(err.Error(), "No such file") {
			return fs.ErrNotExist
		}
		return err
	}
	err := lib.Lookup("nvmlInit_v2")
	if err != nil {
		err = lib.Lookup("nvmlInit")
	}
	return errors.Join(err, lib.Close())
}

// collect reads all GPUs through lib and hands them over to m.
func (n nvidia) collect(ctx context.Context, lib nvml.Interface, m *Machine) error {
	ctx, cancel := n.allow(ctx)
	defer cancel()
	drv, err := guard(ctx, n.timeout, func(w *watch) nvmlDriver { return openDriver(&asker{lib: lib, watch: w}) })
	switch {
	case err != nil:
		return fmt.Errorf("nvml: %w", err)
	case drv.failed != nil:
		return n.unusable(drv.failed)
	}
	s := &nvmlScan{nvidia: n, lib: lib, driver: drv}
	s.readAll(ctx)
	s.identifyLost()
	s.handOver(m, s.commonAncestors(ctx))
	if s.hung != nil {
		// Closing the library under a call that is still in it would crash.
		return fmt.Errorf("nvml: %w", s.hung)
	}
	_, err = guard(ctx, n.timeout, func(w *watch) nvml.Return {
		w.enter("nvmlShutdown")
		return lib.Shutdown()
	})
	if err != nil {
		return fmt.Errorf("nvml: %w", err)
	}
	if len(s.gpus) == 0 {
		return n.noGPU()
	}
	return nil
}

// allow bounds the whole reading: to six times what one call may take, since a
// driver without persistence mode starts the GPUs one after the other, and to nine tenths of what the caller grants, so that a partial answer still gets
// through in time.
func (n nvidia) allow(ctx context.Context) (context.Context, context.CancelFunc) {
	total := 6 * n.timeout
	if deadline, ok := ctx.Deadline(); ok {
		total = min(total, time.Until(deadline)*9/10)
	}
	return context.WithTimeout(ctx, total)
}

// nvmlDriver is what NVML says before any GPU is asked.
type nvmlDriver struct {
	version string
	cuda    string // highest CUDA version that it serves
	count   int    // GPUs
	failed  error  // why nothing can be read
}

func openDriver(a *asker) nvmlDriver {
	a.watch.enter("nvmlInit")
	if code := a.lib.Init(); code != nvml.SUCCESS {
		return nvmlDriver{failed: &nvmlError{"nvmlInit", code}}
	}
	var d nvmlDriver
	d.version, _ = read(a, "nvmlSystemGetDriverVersion", a.lib.SystemGetDriverVersion)
	if v := number(a, "nvmlSystemGetCudaDriverVersion", a.lib.SystemGetCudaDriverVersion); v > 0 {
		d.cuda = fmt.Sprintf("%d.%d", v/1000, v%1000/10) // 12040 is CUDA 12.4
	}
	count, code := ask(a, "nvmlDeviceGetCount*", a.lib.DeviceGetCount)
	if code != nvml.SUCCESS {
		d.failed = &nvmlError{"nvmlDeviceGetCount", code}
	}
	d.count = count
	return d
}

// noLibrary tells a machine without NVIDIA GPUs from one without their driver.
func (n nvidia) noLibrary() error {
	if seen := n.sighting(); seen != "" {
		return fmt.Errorf("nvml: %s, but the driver library %s is not found; install the NVIDIA driver, "+
			"or in a container start it with the NVIDIA runtime (docker run --gpus all)", seen, nvmlLibrary)
	}
	return fmt.Errorf("no NVIDIA device and no NVIDIA driver: %w", ErrAbsent)
}

// unusable words why NVML did not start.
func (n nvidia) unusable(err error) error {
	seen := n.sighting()
	switch {
	case errors.Is(err, nvml.ERROR_LIBRARY_NOT_FOUND) && seen == "":
		return n.noLibrary()
	case errors.Is(err, nvml.ERROR_DRIVER_NOT_LOADED) && seen == "":
		return fmt.Errorf("the NVIDIA driver library is installed, but there is no NVIDIA device: %w", ErrAbsent)
	case errors.Is(err, nvml.ERROR_LIB_RM_VERSION_MISMATCH) && n.kernelDriverVersion() != "":
		return fmt.Errorf("nvml: %w; the loaded kernel driver is %s", err, n.kernelDriverVersion())
	case seen != "":
		return fmt.Errorf("nvml: %w; %s", err, seen)
	default:
		return fmt.Errorf("nvml: %w", err)
	}
}

// noGPU is the answer of a driver that runs but counts no GPU.
func (n nvidia) noGPU() error {
	if len(n.devices()) > 0 {
		return fmt.Errorf("nvml: the driver runs but shows no GPU, while there is %s; "+
			"it may be bound to another driver, excluded, or not passed into this container", n.sighting())
	}
	return fmt.Errorf("the NVIDIA driver runs and counts no GPU: %w", ErrAbsent)
}

// kernelDriverVersion returns the version of the loaded kernel module, "" when
// there is none. The first line of its version file names the module, the
// version and the build date, in words that differ between driver flavours.
func (n nvidia) kernelDriverVersion() string {
	line, _, _ := strings.Cut(n.host.read("/proc/driver/nvidia/version"), "\n")
	for _, word := range strings.Fields(line) {
		if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
			return word
		}
	}
	return ""
}
