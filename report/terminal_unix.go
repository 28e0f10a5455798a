//go:build unix

package report

import (
	"os"

	"golang.org/x/sys/unix"
)

func terminalSize(f *os.File) (columns int, ok bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, false
	}
	return int(size.Col), true
}
