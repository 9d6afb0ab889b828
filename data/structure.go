// Package data holds structures and labels on disk: extended XYZ, the format
// of ASE and libAtoms, and plain XYZ, read and written as streams of frames.
//
// Lengths are in Å, energies in eV, forces in eV/Å, stress in eV/Å³.
package data

import "fmt"

// Structure is one atomic configuration.
type Structure struct {
	Numbers   []int         // atomic numbers, [N]
	Positions [][3]float64  // Å, [N]
	Cell      [3][3]float64 // lattice vectors as rows, Å; all zero when there is none
	PBC       [3]bool       // periodic along each lattice vector
}

// Check says what no file can hold: positions for other than the atoms,
// unknown elements, numbers that are not finite. Atoms are counted from 0.
func (s *Structure) Check() error {
	n := len(s.Numbers)
	if len(s.Positions) != n {
		return fmt.Errorf("%d positions for %d atoms", len(s.Positions), n)
	}
	for i, z := range s.Numbers {
		if z < 1 || z > len(elements) {
			return fmt.Errorf("atom %d has atomic number %d: expected 1 to %d", i, z, len(elements))
		}
		for c, x := range s.Positions[i] {
			if !isFinite(x) {
				return fmt.Errorf("atom %d has %c = %v: expected a finite number", i, "xyz"[c], x)
			}
		}
	}
	for _, a := range s.Cell {
		if !isFinite(a[0]) || !isFinite(a[1]) || !isFinite(a[2]) {
			return fmt.Errorf("lattice vector %v: expected finite numbers", a)
		}
	}
	return nil
}
