//go:build !darwin && !linux

package probe

import (
	"context"
	"fmt"
	"strings"

	gopshost "github.com/shirou/gopsutil/v4/host"
)

// systemVersion returns the product name and version, and the kernel's version.
func systemVersion(ctx context.Context) (distribution, kernel string, err error) {
	platform, _, version, err := gopshost.PlatformInformationWithContext(ctx)
	if err != nil {
		return "", "", fmt.Errorf("probe: operating system: %w", err)
	}
	kernel, err = gopshost.KernelVersionWithContext(ctx)
	if err != nil {
		return platform, "", fmt.Errorf("probe: kernel version: %w", err)
	}
	return strings.TrimSpace(platform + " " + version), kernel, nil
}
