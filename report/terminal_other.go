//go:build !unix && !windows

package report

import "os"

func terminalSize(*os.File) (columns int, ok bool) { return 0, false }
