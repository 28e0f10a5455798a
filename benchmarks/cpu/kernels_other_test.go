//go:build !amd64

package cpu

// platformTiles lists the tiles that detect passes over for faster ones.
func platformTiles() []tile { return nil }
