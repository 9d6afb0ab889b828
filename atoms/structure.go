// Package atoms is structures in memory: elements, structures and batches of
// them, periodic cells, and the list of neighbours within a cutoff. It knows
// nothing of files or of networks.
//
// Lengths are in Å, masses in u. Atoms and structures are counted from 0.
package atoms

import (
	"fmt"

	"painless/internal/vec"
)

// Structure is one atomic configuration.
type Structure struct {
	Numbers   []int         // atomic numbers, [N]
	Positions [][3]float64  // Å, [N]
	Cell      [3][3]float64 // lattice vectors as rows, Å; all zero when there is none
	PBC       [3]bool       // periodic along each lattice vector
}

// Check says what no structure can be: positions for other than the atoms,
// unknown elements, numbers that are not finite. Atoms are counted from 0.
func (s *Structure) Check() error {
	n := len(s.Numbers)
	if len(s.Positions) != n {
		return fmt.Errorf("%d positions for %d atoms", len(s.Positions), n)
	}
	for i, z := range s.Numbers {
		if z < 1 || z > MaxNumber {
			return fmt.Errorf("atom %d has atomic number %d: expected 1 to %d", i, z, MaxNumber)
		}
		for c, x := range s.Positions[i] {
			if !vec.Finite(x) {
				return fmt.Errorf("atom %d has %c = %v: expected a finite number", i, "xyz"[c], x)
			}
		}
	}
	for _, a := range s.Cell {
		if !vec.Finite(a[:]...) {
			return fmt.Errorf("lattice vector %v: expected finite numbers", a)
		}
	}
	return nil
}
