package painless_test

import (
	"context"
	"fmt"

	"painless"
	"painless/atoms"
	"painless/checkpoint"
)

var water = painless.Structure{
	Numbers:   []int{8, 1, 1},
	Positions: [][3]float64{{0, 0, 0}, {0.96, 0.02, 0.01}, {-0.24, 0.93, 0}},
}

// One molecule, and a step of a simulation. (The weights of the project's own
// test data are random.)
func Example() {
	model, err := painless.Open("testdata/tiny.pt", painless.Options{})
	if err != nil {
		panic(err)
	}
	defer model.Close()

	batch, result := painless.NewBatch(water), &painless.Result{}
	if err := model.Compute(context.Background(), batch, result); err != nil {
		panic(err)
	}
	fmt.Printf("energy %.4f eV\n", result.Energy[0])
	for i, f := range result.Forces {
		fmt.Printf("%s %7.4f %7.4f %7.4f eV/Å\n", atoms.Symbol(water.Numbers[i]), f[0], f[1], f[2])
	}

	batch.Positions[1][0] += 0.01 // move atoms, compute again; nothing is allocated
	if err := model.Compute(context.Background(), batch, result); err != nil {
		panic(err)
	}
	fmt.Printf("energy %.4f eV\n", result.Energy[0])
	// Output:
	// energy 5.8750 eV
	// O  0.2419  0.3148 -0.0001 eV/Å
	// H -0.5725  0.1838 -0.0041 eV/Å
	// H  0.3306 -0.4986  0.0042 eV/Å
	// energy 5.8806 eV
}

// Structures of any sizes in one call; the atoms of structure k are those from
// batch.Start[k] up to batch.Start[k+1].
func ExampleNewBatch() {
	model, err := painless.Open("testdata/tiny.pt", painless.Options{})
	if err != nil {
		panic(err)
	}
	defer model.Close()

	hydroxyl := painless.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 0}, {0.97, 0, 0}}}
	batch, result := painless.NewBatch(water, hydroxyl), &painless.Result{}
	if err := model.Compute(context.Background(), batch, result); err != nil {
		panic(err)
	}
	for k, energy := range result.Energy {
		forces := result.Forces[batch.Start[k]:batch.Start[k+1]]
		fmt.Printf("structure %d: %d atoms, %.4f eV, force on the oxygen %.4f\n", k, len(forces), energy, forces[0])
	}
	// Output:
	// structure 0: 3 atoms, 5.8750 eV, force on the oxygen [0.2419 0.3148 -0.0001]
	// structure 1: 2 atoms, 3.9815 eV, force on the oxygen [0.2603 0.0004 -0.0010]
}

// A crystal: lattice vectors are the rows of Cell, and PBC says along which of
// them it goes on. Stress is xx, yy, zz, yz, xz, xy.
func ExampleModel_Compute_periodic() {
	model, err := painless.Open("testdata/tiny.pt", painless.Options{Precision: painless.Float64})
	if err != nil {
		panic(err)
	}
	defer model.Close()

	silicon := painless.Structure{ // out of its symmetry, where vectors of the network vanish and stresses hang on rounding
		Numbers:   []int{14, 14},
		Positions: [][3]float64{{0, 0, 0}, {1.40, 1.33, 1.37}},
		Cell:      [3][3]float64{{0, 2.715, 2.715}, {2.715, 0, 2.715}, {2.715, 2.715, 0}},
		PBC:       [3]bool{true, true, true},
	}
	result := &painless.Result{}
	if err := model.Compute(context.Background(), painless.NewBatch(silicon), result); err != nil {
		panic(err)
	}
	fmt.Printf("energy %.4f eV, stress %.3f eV/Å³\n", result.Energy[0], result.Stress[0])
	// Output:
	// energy 4.4848 eV, stress [0.054 0.054 0.054 -0.004 0.002 -0.002] eV/Å³
}

// The kernels of a GPU on an emulator of one: "cuda" is a real one.
func ExampleOpen_gpu() {
	model, err := painless.Open("testdata/ultra_tiny.pt", painless.Options{Device: "emulator"})
	if err != nil {
		panic(err)
	}
	defer model.Close()

	result := &painless.Result{}
	if err := model.Compute(context.Background(), painless.NewBatch(water), result); err != nil {
		panic(err)
	}
	fmt.Printf("energy %.4f eV\n", result.Energy[0])
	// Output:
	// energy -1.2107 eV
}

// What is in a checkpoint, whatever program wrote it.
func Example_checkpoint() {
	c, err := checkpoint.Open("testdata/tiny.pt")
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Println(c.Format, "with", len(c.Names()), "tensors under", c.Key)
	embedding, _ := c.Tensor("model.embedding.weight")
	fmt.Println("model.embedding.weight", embedding.DType(), embedding.Shape)
	// Output:
	// PyTorch zip archive with 27 tensors under model_state_dict
	// model.embedding.weight float32 [101 64]
}
