//go:build hdf5 && cgo

package hdf5

// The flags are the binding's own: Debian's and Homebrew's folders.

/*
#cgo LDFLAGS: -lhdf5
#cgo darwin CFLAGS: -I/usr/local/include -I/opt/homebrew/include
#cgo darwin LDFLAGS: -L/usr/local/lib -L/opt/homebrew/lib
#cgo linux,amd64 CFLAGS: -I/usr/lib/x86_64-linux-gnu/hdf5/serial/include
#cgo linux,amd64 LDFLAGS: -L/usr/lib/x86_64-linux-gnu/hdf5/serial
#cgo linux,arm64 CFLAGS: -I/usr/lib/aarch64-linux-gnu/hdf5/serial/include
#cgo linux,arm64 LDFLAGS: -L/usr/lib/aarch64-linux-gnu/hdf5/serial
#include "library.h"
*/
import "C"

import (
	"errors"
	"runtime"
	"sync"

	"gonum.org/v1/hdf5"
)

// library is held by whoever calls libhdf5, which may be built for one thread.
var library sync.Mutex

// enter begins calls of libhdf5, on one thread, as its errors belong to a
// thread; the function that it returns ends them.
func enter() (leave func()) {
	runtime.LockOSThread()
	library.Lock()
	hdf5.DisplayErrors(false)
	return func() {
		library.Unlock()
		runtime.UnlockOSThread()
	}
}

// because adds what libhdf5 says of its last error.
func because(err error) error {
	var text [200]C.char
	C.last_error(&text[0], C.size_t(len(text)))
	if text[0] == 0 {
		return err
	}
	return errors.New(C.GoString(&text[0]))
}

// failed is an error where libhdf5 returned a negative number.
func failed(status C.herr_t) error {
	if status < 0 {
		return because(errors.New("libhdf5 failed"))
	}
	return nil
}

func id(i interface{ ID() int64 }) C.hid_t { return C.hid_t(i.ID()) }

// setRows makes a dataset longer.
func setRows(d *hdf5.Dataset, rows int, row []int) error {
	extent := []C.hsize_t{C.hsize_t(rows)}
	for _, n := range row {
		extent = append(extent, C.hsize_t(n))
	}
	return failed(C.H5Dset_extent(id(d), &extent[0]))
}

// boolType is h5py's bool, an enumeration.
var boolType = func() *hdf5.Datatype {
	t, err := hdf5.CreateDatatype(hdf5.T_ENUM, 1)
	if err == nil {
		err = failed(C.add_bools(id(t)))
	}
	if err != nil {
		panic(err) // as the binding's own types do
	}
	return t
}()
