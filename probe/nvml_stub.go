//go:build !linux || !cgo

package probe

import (
	"context"
	"fmt"
	"runtime"
)

// Collect implements [Collector]: this build cannot load NVML, and must never
// be taken to say that there is no GPU.
func (n nvidia) Collect(context.Context, *Machine) error {
	if runtime.GOOS == "darwin" {
		return fmt.Errorf("macOS has no NVIDIA driver: %w", ErrAbsent)
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("NVML is not used on %s: %w", runtime.GOOS, ErrNotBuilt)
	}
	if seen := n.sighting(); seen != "" {
		return fmt.Errorf("built without cgo, so NVML cannot be asked; %s: %w", seen, ErrNotBuilt)
	}
	return fmt.Errorf("built without cgo, so NVML cannot be asked: %w", ErrNotBuilt)
}
