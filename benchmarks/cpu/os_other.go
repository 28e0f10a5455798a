//go:build !linux

package cpu

import (
	"errors"
	"time"
)

// allocate makes n bytes. The size of the pages is the system's choice.
func allocate(n int, _ bool) (buffer, error) { return buffer{make([]byte, n)}, nil }

func (b buffer) free() {}

const choosesPages = false

var errNoPinning = errors.New("threads are pinned on Linux only")

func pinThread(int) error { return errNoPinning }

func allowedCPUs() ([]int, error) { return nil, errNoPinning }

func threadTime() time.Duration { return 0 }
