//go:build hdf5 && cgo

package hdf5

import "fmt"

// The groups of a trajectory in H5MD 1.1 (de Buyl, Colberg and Höfling, Comput.
// Phys. Commun. 185, 1546 (2014)).
const (
	h5md        = "/h5md"
	particles   = "/particles/all"
	observables = "/observables"
	position    = particles + "/position"
)

// element is what changes with time: a group with step, time and value.
type element struct {
	path string
	row  []int  // dimensions of a value; −1 is the number of atoms
	unit string // in the words of H5MD's module units
}

// elements is what a trajectory may have, the positions last: a frame is there
// once these are.
var elements = []element{
	{observables + "/potential_energy", nil, "eV"},
	{observables + "/kinetic_energy", nil, "eV"},
	{observables + "/total_energy", nil, "eV"},
	{observables + "/temperature", nil, "K"},
	{observables + "/stress", []int{6}, "eV Angstrom-3"},
	{particles + "/box/edges", []int{3, 3}, "Angstrom"},
	{particles + "/velocity", []int{-1, 3}, "Angstrom ps-1"},
	{particles + "/force", []int{-1, 3}, "kJ mol-1 Angstrom-1"},
	{position, []int{-1, 3}, "Angstrom"},
}

// Of a trajectory that is gone on with.
func foreignTrajectory(format string, a ...any) error {
	return fmt.Errorf("expected a trajectory that painless wrote, found "+format, a...)
}
