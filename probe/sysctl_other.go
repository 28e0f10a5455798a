//go:build !darwin

package probe

// systemSysctl returns nil: no such kernel.
func systemSysctl() sysctl { return nil }
