package probe

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// kernelVariables reads sysctl of the running system.
type kernelVariables struct{}

func systemSysctl() sysctl { return kernelVariables{} }

func (kernelVariables) text(name string) (string, bool) {
	s, err := unix.Sysctl(name)
	return s, err == nil
}

func (kernelVariables) number(name string) (int64, bool) {
	raw, err := unix.SysctlRaw(name)
	switch {
	case err != nil:
		return 0, false
	case len(raw) == 4:
		return int64(int32(binary.LittleEndian.Uint32(raw))), true
	case len(raw) == 8:
		return int64(binary.LittleEndian.Uint64(raw)), true
	default:
		return 0, false
	}
}
