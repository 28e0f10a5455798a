//go:build linux

package cuda

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// library is an open shared library.
type library struct {
	handle uintptr
	name   string
}

// openFirst opens the first of several names that can be opened.
func openFirst(names ...string) (*library, error) {
	var first error
	for _, name := range names {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err == nil {
			return &library{handle, name}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// bind finds functions by their names; the error names what is missing.
func (l *library) bind(functions map[string]any) error {
	for name, to := range functions {
		address, err := purego.Dlsym(l.handle, name)
		if err != nil {
			return fmt.Errorf("%s has no %s", l.name, name)
		}
		purego.RegisterFunc(to, address)
	}
	return nil
}
