package nn

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

func TestComputeRefusesBadStructures(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 1), Options{})
	good := atoms.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}}
	cube := vec.Matrix{{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}
	for _, c := range []struct {
		name   string
		change func(s *atoms.Structure)
		says   string
	}{
		{"NaN", func(s *atoms.Structure) { s.Positions[1][2] = math.NaN() }, "atom 1 has z = NaN Å: expected a number within"},
		{"infinite", func(s *atoms.Structure) { s.Positions[0][1] = math.Inf(-1) }, "atom 0 has y = -Inf Å"},
		{"far", func(s *atoms.Structure) { s.Positions[0][0] = 1e12 }, "atom 0 has x = 1e+12 Å"},
		{"unknown element", func(s *atoms.Structure) { s.Numbers[1] = 21 }, "atom 1 has atomic number 21: the network knows 1 to 20"},
		{"no element", func(s *atoms.Structure) { s.Numbers[0] = 0 }, "atom 0 has atomic number 0"},
		{"same point", func(s *atoms.Structure) { s.Positions[1] = s.Positions[0] }, "atom 0 (O) and atom 1 (H) are on the same point"},
		{"same point as an image", func(s *atoms.Structure) {
			s.Cell, s.PBC = cube, everywhere
			s.Positions[1] = [3]float64{-4, 4, 8}
		}, "atom 0 (O) and atom 1 (H) are on the same point"},
		{"no cell", func(s *atoms.Structure) { s.PBC = everywhere }, "lattice vector a is [0 0 0] Å, and periodic"},
		{"NaN cell", func(s *atoms.Structure) { s.Cell, s.PBC = cube, everywhere; s.Cell[2][0] = math.NaN() }, "lattice vector c is [NaN 0 4] Å"},
		{"flat cell", func(s *atoms.Structure) { s.Cell, s.PBC = cube, everywhere; s.Cell[2] = [3]float64{4, 4, 0} }, "singular cell"},
		{"parallel vectors", func(s *atoms.Structure) {
			s.Cell, s.PBC = cube, [3]bool{true, true, false}
			s.Cell[1] = s.Cell[0]
		}, "singular cell"},
		{"thin cell", func(s *atoms.Structure) { s.Cell, s.PBC = cube, everywhere; s.Cell[1][1] = 0.01 }, "the cell is 0.01 Å thick along b"},
		{"too dense", func(s *atoms.Structure) {
			s.Cell, s.PBC = vec.Matrix{{0.3, 0, 0}, {0, 0.3, 0}, {0, 0, 0.3}}, everywhere
		}, "more than 4096 neighbours per atom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := atoms.Structure{Numbers: append([]int(nil), good.Numbers...), Positions: append([][3]float64(nil), good.Positions...)}
			c.change(&s)
			err := p.Compute(context.Background(), atoms.NewBatch(good, s), &Result{})
			require.ErrorContains(t, err, c.says)
			var which *atoms.StructureError
			require.True(t, errors.As(err, &which))
			assert.Equal(t, 1, which.Index)
			assert.NoError(t, p.Compute(context.Background(), atoms.NewBatch(good), &Result{}), "the potential stays usable")
		})
	}
}

func TestComputeRefusesBatchesThatDoNotFit(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 1), Options{})
	b := atoms.NewBatch(atoms.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}})
	b.Positions = b.Positions[:1]
	assert.ErrorContains(t, p.Compute(context.Background(), b, &Result{}), "2 numbers, 1 positions")
	assert.ErrorContains(t, p.Compute(context.Background(), &atoms.Batch{}, &Result{}), "expected S, S, S+1, N and N")
}

func TestComputeOfNothing(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 1), Options{})
	r := compute(t, p)
	assert.Empty(t, r.Energy)
	r = compute(t, p, atoms.Structure{}, atoms.Structure{Numbers: []int{6}, Positions: make([][3]float64, 1)})
	assert.Zero(t, r.Energy[0])
	assert.NotZero(t, r.Energy[1])
	assert.Equal(t, [][3]float64{{}}, r.Forces)
}

func TestComputeStopsWhenTold(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 1), Options{})
	b := atoms.NewBatch(atoms.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, p.Compute(ctx, b, &Result{}), context.Canceled)
	assert.NoError(t, p.Compute(context.Background(), b, &Result{}), "and goes on afterwards")
}

func TestClose(t *testing.T) {
	p, err := NewPotential(randomNetwork(smallConfig, 1), Options{})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	assert.ErrorContains(t, p.Compute(context.Background(), atoms.NewBatch(), &Result{}), "closed")
}

func TestNewPotentialRefusesBadOptions(t *testing.T) {
	net := randomNetwork(smallConfig, 1)
	_, err := NewPotential(net, Options{Threads: -1})
	assert.ErrorContains(t, err, "-1 threads")
	_, err = NewPotential(net, Options{Precision: 7})
	assert.ErrorContains(t, err, "precision 7")
}

func TestComputeRefusesNumbersThatOverflow(t *testing.T) {
	net := randomNetwork(smallConfig, 1)
	for i := range net.Embedding {
		net.Embedding[i] *= 1e37
	}
	s := atoms.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}}
	err := newTestPotential(t, net, Options{}).Compute(context.Background(), atoms.NewBatch(s), &Result{})
	assert.ErrorContains(t, err, "structure 0: the energy is")
	compute(t, newTestPotential(t, net, Options{Precision: Float64, Filters: Exact}), s)
}
