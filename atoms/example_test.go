package atoms_test

import (
	"fmt"

	"painless/atoms"
)

// The bonds of water, and the distance between its hydrogens.
func ExampleNeighborList() {
	water := atoms.Structure{
		Numbers:   []int{8, 1, 1},
		Positions: [][3]float64{{0, 0, 0}, {0.96, 0, 0}, {-0.24, 0.93, 0}},
	}
	var list atoms.NeighborList[float64]
	if err := list.Build(atoms.NewBatch(water), 5); err != nil {
		panic(err)
	}
	for p, d := range list.D {
		i, j := list.I[p], list.J[p]
		fmt.Printf("%s%d–%s%d %.3f Å\n", atoms.Symbol(water.Numbers[i]), i, atoms.Symbol(water.Numbers[j]), j, d)
	}
	// Output:
	// O0–H1 0.960 Å
	// O0–H2 0.960 Å
	// H1–H2 1.518 Å
}

// In a crystal an atom has its own images as neighbours: of aluminium, at half
// a face's diagonal there are 12, which are 6 pairs.
func ExampleNeighborList_periodic() {
	const a = 4.05
	aluminium := atoms.Structure{
		Numbers:   []int{13},
		Positions: [][3]float64{{0, 0, 0}},
		Cell:      [3][3]float64{{0, a / 2, a / 2}, {a / 2, 0, a / 2}, {a / 2, a / 2, 0}},
		PBC:       [3]bool{true, true, true},
	}
	var list atoms.NeighborList[float64]
	if err := list.Build(atoms.NewBatch(aluminium), 3); err != nil {
		panic(err)
	}
	for p, shift := range list.Shift() {
		fmt.Printf("%v %.4f Å\n", shift, list.D[p])
	}
	// Output:
	// [0 0 1] 2.8638 Å
	// [0 1 -1] 2.8638 Å
	// [0 1 0] 2.8638 Å
	// [1 -1 0] 2.8638 Å
	// [1 0 -1] 2.8638 Å
	// [1 0 0] 2.8638 Å
}
