package probe

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// systemVersion returns the version of macOS and of its kernel.
func systemVersion(context.Context) (distribution, kernel string, err error) {
	version, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return "", "", fmt.Errorf("probe: sysctl kern.osproductversion: %w", err)
	}
	kernel, err = unix.Sysctl("kern.osrelease")
	if err != nil {
		return "macos " + version, "", fmt.Errorf("probe: sysctl kern.osrelease: %w", err)
	}
	return "macos " + version, kernel, nil
}
