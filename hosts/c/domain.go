package main

// #include "host.h"
import "C"

import (
	"unsafe"

	"painless/hosts/c/api"
)

//export painless_row
func painless_row(model C.uintptr_t) C.int {
	row, err := library.Row(uintptr(model))
	if err != nil {
		return result(err)
	}
	return C.int(row)
}

//export painless_begin
func painless_begin(model C.uintptr_t, own, atoms C.int64_t, numbers *C.int32_t, positions, cell *C.double, pbc *C.int32_t,
	pairs C.int64_t, list *C.int32_t) C.int {
	return result(library.Begin(uintptr(model), &api.DomainCall{
		Own: int64(own), Atoms: int64(atoms),
		Numbers:   (*int32)(numbers),
		Positions: (*[3]float64)(unsafe.Pointer(positions)),
		Cell:      (*[3][3]float64)(unsafe.Pointer(cell)),
		PBC:       (*[3]int32)(unsafe.Pointer(pbc)),
		Pairs:     int64(pairs),
		List:      (*[2]int32)(unsafe.Pointer(list)),
	}))
}

//export painless_step
func painless_step(model C.uintptr_t) C.int {
	more, err := library.Step(uintptr(model))
	if more {
		return C.PL_EXCHANGE
	}
	return result(err) // PL_OK is PL_DONE
}

//export painless_pack
func painless_pack(model C.uintptr_t, n C.int64_t, list *C.int32_t, rows *C.float) C.int {
	return result(library.Pack(uintptr(model), int64(n), (*int32)(list), (*float32)(rows)))
}

//export painless_unpack
func painless_unpack(model C.uintptr_t, first, n C.int64_t, rows *C.float) C.int {
	return result(library.Unpack(uintptr(model), int64(first), int64(n), (*float32)(rows)))
}

//export painless_finish
func painless_finish(model C.uintptr_t, energy, forces, virial, energies, virials *C.double) C.int {
	return result(library.Finish(uintptr(model), domainResults(energy, forces, virial, energies, virials)))
}

//export painless_recompute
func painless_recompute(model C.uintptr_t, atoms C.int64_t, numbers *C.int32_t, positions *C.double, own *C.int32_t,
	pairs C.int64_t, list *C.int32_t, energy, forces, virial, energies, virials *C.double) C.int {
	return result(library.Recompute(uintptr(model), &api.DomainCall{
		Atoms:     int64(atoms),
		Numbers:   (*int32)(numbers),
		Positions: (*[3]float64)(unsafe.Pointer(positions)),
		Pairs:     int64(pairs),
		List:      (*[2]int32)(unsafe.Pointer(list)),
	}, (*int32)(own), domainResults(energy, forces, virial, energies, virials)))
}

func domainResults(energy, forces, virial, energies, virials *C.double) *api.DomainResults {
	return &api.DomainResults{
		Energy:      (*float64)(energy),
		Forces:      (*[3]float64)(unsafe.Pointer(forces)),
		Virial:      (*[3][3]float64)(unsafe.Pointer(virial)),
		AtomEnergy:  (*float64)(energies),
		AtomVirials: (*[3][3]float64)(unsafe.Pointer(virials)),
	}
}
