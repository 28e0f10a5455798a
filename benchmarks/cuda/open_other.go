//go:build !linux

package cuda

import "errors"

// library is an open shared library.
type library struct{ name string }

var errHere = errors.New("not built in for this system")

func openFirst(...string) (*library, error) { return nil, errHere }

func (l *library) bind(map[string]any) error { return errHere }
