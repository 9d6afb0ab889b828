package nn_test

import (
	"context"
	"fmt"

	"painless/atoms"
	"painless/checkpoint"
	"painless/nn"
)

func ExampleFromCheckpoint() {
	c, err := checkpoint.Open("../testdata/original.pt")
	if err != nil {
		panic(err)
	}
	defer c.Close()
	network, err := nn.FromCheckpoint(c)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%+v\n%d parameters\n", network.Config, network.Parameters)
	// Output:
	// {HiddenDim:128 NumInteractions:3 NumRBF:20 Cutoff:5 MaxZ:100}
	// 427292 parameters
}

func ExamplePotential() {
	c, err := checkpoint.Open("../testdata/tiny.pt")
	if err != nil {
		panic(err)
	}
	defer c.Close()
	network, err := nn.FromCheckpoint(c)
	if err != nil {
		panic(err)
	}
	potential, err := nn.NewPotential(network, nn.Options{})
	if err != nil {
		panic(err)
	}
	defer potential.Close()

	water := atoms.Structure{
		Numbers:   []int{8, 1, 1},
		Positions: [][3]float64{{0, 0, 0}, {0.96, 0.02, 0.01}, {-0.24, 0.93, 0}},
	}
	batch, result := atoms.NewBatch(water), &nn.Result{}
	if err := potential.Compute(context.Background(), batch, result); err != nil {
		panic(err)
	}
	fmt.Printf("energy %.4f eV\n", result.Energy[0])
	for i, f := range result.Forces {
		fmt.Printf("%s %7.4f %7.4f %7.4f eV/Å\n", atoms.Symbol(water.Numbers[i]), f[0], f[1], f[2])
	}

	// A step of a simulation: move atoms, compute again; nothing is allocated.
	batch.Positions[1][0] += 0.01
	if err := potential.Compute(context.Background(), batch, result); err != nil {
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
