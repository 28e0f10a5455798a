//go:build linux && cgo

package probe

import (
	"slices"
	"strings"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// asker puts questions to NVML for one goroutine and one device.
type asker struct {
	lib     nvml.Interface
	watch   *watch
	gone    nvml.Return // set once the device is found lost: it is not asked again
	crashed []string    // calls that panicked
}

// ask makes one NVML call. symbol is the C function behind it; a final *
// stands for any of its versions, of which go-nvml picks the newest.
//
// The symbol is looked up first because go-nvml binds lazily: calling a
// function that an older driver does not have would end the process. Failures
// of all kinds come back as a return code.
func ask[T any](a *asker, symbol string, call func() (T, nvml.Return)) (value T, code nvml.Return) {
	if a.gone != nvml.SUCCESS {
		return value, a.gone
	}
	if !a.has(symbol) {
		return value, nvml.ERROR_FUNCTION_NOT_FOUND
	}
	name := strings.TrimSuffix(symbol, "*")
	if slices.Contains(a.crashed, name) {
		return value, nvml.ERROR_UNKNOWN
	}
	if !a.watch.enter(name) {
		return value, nvml.ERROR_TIMEOUT
	}
	defer func() {
		if recover() != nil {
			a.crashed = append(a.crashed, name)
			code = nvml.ERROR_UNKNOWN
		}
	}()
	value, code = call()
	if isLost(code) {
		a.gone = code
	}
	return value, code
}

// read is ask for facts that may well be unknown.
func read[T any](a *asker, symbol string, call func() (T, nvml.Return)) (T, bool) {
	value, code := ask(a, symbol, call)
	return value, code == nvml.SUCCESS
}

// number is read for integers whose zero value means unknown.
func number[T ~int | ~int32 | ~uint32](a *asker, symbol string, call func() (T, nvml.Return)) int {
	value, ok := read(a, symbol, call)
	if !ok {
		return 0
	}
	return int(value)
}

// has reports whether the library has the function.
func (a *asker) has(symbol string) (found bool) {
	defer func() {
		if recover() != nil {
			found = true // a library without symbols to look up: a fake
		}
	}()
	name, versioned := strings.CutSuffix(symbol, "*")
	names := []string{name}
	if versioned {
		names = append(names, name+"_v2", name+"_v3")
	}
	ext := a.lib.Extensions()
	return slices.ContainsFunc(names, func(n string) bool { return ext.LookupSymbol(n) == nil })
}

// two are the results of a call that returns two.
type two[A, B any] struct {
	a A
	b B
}

// pair makes one value of a call that returns two.
func pair[A, B any](call func() (A, B, nvml.Return)) func() (two[A, B], nvml.Return) {
	return func() (v two[A, B], code nvml.Return) {
		v.a, v.b, code = call()
		return v, code
	}
}

// with fixes the argument of a call that takes one.
func with[X, T any](call func(X) (T, nvml.Return), x X) func() (T, nvml.Return) {
	return func() (T, nvml.Return) { return call(x) }
}
