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
#include <signal.h>
#include <stdlib.h>
#include "library.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// library is held by whoever calls libhdf5, which may be built for one thread.
var library sync.Mutex

var settled = sync.OnceFunc(func() { C.settle() })

// enter begins calls of libhdf5, on one thread, as its errors belong to a
// thread; the function that it returns ends them.
func enter() (leave func()) {
	runtime.LockOSThread()
	library.Lock()
	settled()
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

// maxChunks is how many chunks of a dataset are tried before it is read.
const maxChunks = C.MAX_CHUNKS

func id(i interface{ ID() int64 }) C.hid_t { return C.hid_t(i.ID()) }

// survives says whether libhdf5 can be let loose on the objects of a file.
func survives(path string, names []string) error {
	file := C.CString(path)
	defer C.free(unsafe.Pointer(file))
	list := C.CString(strings.Join(names, "\x00") + "\x00")
	defer C.free(unsafe.Pointer(list))
	switch status := C.probe(file, list); {
	case status < 0:
		return fmt.Errorf("cannot start a process that tries the file: %w", syscall.Errno(-status))
	case status == C.SIGXCPU:
		return errors.New("expected an HDF5 file, found one that libhdf5 does not come to an end with: it is damaged")
	case status == C.PROBE_DAMAGED:
		return errors.New("expected an HDF5 file, found one with a group that libhdf5 cannot list: it is damaged")
	case status == C.PROBE_MEMORY:
		return errors.New("expected an HDF5 file, found one that libhdf5 takes too much memory for: it is damaged")
	case status > 0:
		return fmt.Errorf("expected an HDF5 file, found one that libhdf5 breaks down on (%v): it is damaged", syscall.Signal(status))
	}
	return nil
}

// object is what a path of hard links leads to.
type object int

const (
	nothing object = iota
	group
	array // a dataset
	other
)

func (o object) String() string {
	return [...]string{"nothing", "a group", "a dataset", "another object"}[o]
}

// errLink is for links that may lead to other files.
var errLink = errors.New("expected an object of this file, found a soft or external link")

// lookUp says what is at a path from the root, without following other than hard links.
func lookUp(file *hdf5.File, path string) (object, error) {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		name := C.CString(path[:i])
		kind := C.link_kind(id(file), name)
		C.free(unsafe.Pointer(name))
		switch kind {
		case C.LINK_NONE:
			return nothing, nil
		case C.LINK_HARD:
		case C.LINK_OTHER:
			return nothing, errLink
		default:
			return nothing, because(errors.New("damaged"))
		}
		found, err := kindOf(file, path[:i])
		if err != nil || i == len(path) {
			return found, err
		}
		if found != group {
			return nothing, fmt.Errorf("expected a group at %s, found %s", path[:i], found)
		}
	}
	return group, nil // the root
}

func kindOf(file *hdf5.File, path string) (object, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	switch C.object_kind(id(file), name) {
	case C.H5I_GROUP:
		return group, nil
	case C.H5I_DATASET:
		return array, nil
	case C.H5I_DATATYPE:
		return other, nil
	}
	return nothing, because(errors.New("damaged"))
}

// storage is how a dataset of a rank lies in the file.
type storage struct {
	chunk   []int // values along each dimension; nil where it is in one piece
	filters []filter
	fill    []byte // a value that was never written
	stored  bool   // anything at all
}

// describe refuses what lies in other files, and filters that are not known.
func describe(d *hdf5.Dataset, width int) (s storage, err error) {
	var c C.storage
	if err := failed(C.describe(id(d), C.size_t(width), &c)); err != nil {
		return s, err
	}
	switch {
	case c.external != 0:
		return s, errors.New("expected values in this file, found external storage")
	case c.layout == C.H5D_VIRTUAL:
		return s, errors.New("expected values in this file, found a virtual dataset")
	case c.rank > C.MAX_RANK:
		return s, fmt.Errorf("expected at most %d dimensions, found chunks of %d", C.MAX_RANK, c.rank)
	case c.filters < 0 || c.filters > C.MAX_FILTERS:
		return s, fmt.Errorf("expected at most %d filters, found %d", C.MAX_FILTERS, c.filters)
	}
	for _, n := range c.chunk[:c.rank] {
		s.chunk = append(s.chunk, int(min(n, maxChunk+1)))
	}
	for i := range c.filters {
		f := filter(c.filter[i])
		if !f.known() {
			return s, fmt.Errorf("expected the filters gzip, lzf, shuffle and fletcher32, found number %d %q", f, C.GoString(&c.filter_name[i][0]))
		}
		s.filters = append(s.filters, f)
	}
	s.fill = C.GoBytes(unsafe.Pointer(&c.fill[0]), C.int(width))
	s.stored = c.stored != 0
	return s, nil
}

// readChunk is the stored bytes of the chunk that begins at at, and the
// filters that were not applied; nil where it was never written.
func readChunk(d *hdf5.Dataset, at [maxRank]int, limit int) ([]byte, uint32, error) {
	var offset [maxRank]C.hsize_t
	for i := range at {
		offset[i] = C.hsize_t(at[i])
	}
	var size C.hsize_t
	if err := failed(C.H5Dget_chunk_storage_size(id(d), &offset[0], &size)); err != nil || size == 0 {
		return nil, 0, err
	}
	if size > C.hsize_t(limit) {
		return nil, 0, fmt.Errorf("expected a chunk of at most %d stored bytes, found %d", limit, size)
	}
	stored := make([]byte, size)
	var skipped C.uint32_t
	if err := failed(C.H5Dread_chunk(id(d), C.H5P_DEFAULT, &offset[0], &skipped, unsafe.Pointer(&stored[0]))); err != nil {
		return nil, 0, err
	}
	return stored, uint32(skipped), nil
}

// setRows makes a dataset longer.
func setRows(d *hdf5.Dataset, rows int, row []int) error {
	extent := [maxRank]C.hsize_t{C.hsize_t(rows)}
	for i, n := range row {
		extent[1+i] = C.hsize_t(n)
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
