// Package data holds structures and labels on disk: extended XYZ, the format
// of ASE and libAtoms, and plain XYZ, read and written as streams of frames.
//
// Lengths are in Å, energies in eV, forces in eV/Å, stress in eV/Å³.
package data

// Structure is one atomic configuration.
type Structure struct {
	Numbers   []int         // atomic numbers, [N]
	Positions [][3]float64  // Å, [N]
	Cell      [3][3]float64 // lattice vectors as rows, Å; all zero when there is none
	PBC       [3]bool       // periodic along each lattice vector
}
