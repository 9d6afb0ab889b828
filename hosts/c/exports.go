// Command c is libpainless.so, built by make lib as a C library: painless.h says
// what it does, host.c is its functions, which call those here, and the package
// api does the work.
package main

// #include <stdlib.h>
// #include "host.h"
import "C"

import (
	"sync"
	"unsafe"

	"painless"
	"painless/hosts/c/api"
	"painless/internal/build"
)

func main() {}

var library api.Library

var version = sync.OnceValue(func() *C.char { return C.CString(build.Version()) })

// result keeps an error's message for the host's thread, which a call from C runs on.
func result(err error) C.int {
	if err != nil {
		text := api.Message(err)
		C.painless_set_message((*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.size_t(len(text)))
	}
	return C.int(api.CodeOf(err))
}

//export painless_version
func painless_version() *C.char { return version() }

//export painless_open
func painless_open(path *C.char, o *C.pl_options) C.uintptr_t {
	getenv := func(name string) string {
		c := C.CString(name)
		defer C.free(unsafe.Pointer(c))
		return C.GoString(C.getenv(c))
	}
	number, err := library.Open(C.GoString(path), painless.Options{
		Device: C.GoString(o.device), Key: C.GoString(o.key), Cutoff: float64(o.cutoff),
		Precision: painless.Precision(o.precision), Threads: api.Threads(int(o.threads), getenv),
		AnyElement: o.any_element != 0, AtomEnergies: o.atom_shares != 0, AtomVirials: o.atom_shares != 0,
	})
	result(err)
	return C.uintptr_t(number)
}

//export painless_close
func painless_close(model C.uintptr_t) C.int { return result(library.Close(uintptr(model))) }

//export painless_info
func painless_info(model C.uintptr_t, info *C.pl_info) C.int {
	n, opts, err := library.Info(uintptr(model))
	if err == nil {
		*info = C.pl_info{
			size: info.size, cutoff: C.double(n.Cutoff), parameters: C.int64_t(n.Parameters),
			features: C.int32_t(n.HiddenDim), blocks: C.int32_t(n.NumInteractions), radial: C.int32_t(n.NumRBF), max_number: C.int32_t(n.MaxZ),
			precision: C.int32_t(opts.Precision), threads: C.int32_t(opts.Threads),
		}
	}
	return result(err)
}

//export painless_notes
func painless_notes(model C.uintptr_t, text *C.char, size C.size_t) C.int64_t {
	notes, err := library.Notes(uintptr(model))
	if err != nil {
		return C.int64_t(result(err))
	}
	if size > 0 {
		room := unsafe.Slice((*byte)(unsafe.Pointer(text)), min(uint64(size), uint64(len(notes))+1))
		room[copy(room[:len(room)-1], notes)] = 0
	}
	return C.int64_t(len(notes))
}

//export painless_compute
func painless_compute(model C.uintptr_t, structures C.int64_t, counts *C.int64_t, numbers *C.int32_t, positions, cells *C.double,
	pbc *C.int32_t, energies, forces, virials, stresses, atomEnergies, atomVirials *C.double) C.int {
	return result(library.Compute(uintptr(model), &api.Call{
		Structures: int64(structures),
		Counts:     (*int64)(counts),
		Numbers:    (*int32)(numbers),
		Positions:  (*[3]float64)(unsafe.Pointer(positions)),
		Cells:      (*[3][3]float64)(unsafe.Pointer(cells)),
		PBC:        (*[3]int32)(unsafe.Pointer(pbc)),
		Energies:   (*float64)(energies),
		Forces:     (*[3]float64)(unsafe.Pointer(forces)),
		Virials:    (*[3][3]float64)(unsafe.Pointer(virials)),
		Stresses:   (*[6]float64)(unsafe.Pointer(stresses)),

		AtomEnergies: (*float64)(atomEnergies),
		AtomVirials:  (*[3][3]float64)(unsafe.Pointer(atomVirials)),
	}))
}
