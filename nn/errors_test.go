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

// What Go callers may get wrong is an error, the lock is free after it, and the potential computes on.
func TestComputeRefusesWrongArguments(t *testing.T) {
	net, gpuNet := randomNetwork(smallConfig, 1), randomNetwork(gpuConfig, 1)
	water := atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}}
	with := func(change func(b *atoms.Batch)) *atoms.Batch {
		b := atoms.NewBatch(water, water)
		change(b)
		return b
	}
	ctx := context.Background()
	for name, c := range map[string]struct {
		ctx  context.Context
		b    *atoms.Batch
		r    *Result
		says string
	}{
		"no context":            {nil, atoms.NewBatch(water), &Result{}, "expected a context, found nil"},
		"no batch":              {ctx, nil, &Result{}, "expected a batch, found nil"},
		"no result":             {ctx, atoms.NewBatch(water), nil, "expected a result to fill, found nil"},
		"starts beyond the end": {ctx, with(func(b *atoms.Batch) { b.Start[1] = 1000 }), &Result{}, "batch starts are not ascending: 1000, 6"},
		"starts below 0":        {ctx, with(func(b *atoms.Batch) { b.Start[1] = -1000 }), &Result{}, "batch starts are not ascending: 0, -1000"},
		"no starts":             {ctx, with(func(b *atoms.Batch) { b.Start = nil }), &Result{}, "expected S, S, S+1, N and N"},
		"an end before atoms":   {ctx, with(func(b *atoms.Batch) { b.Start[2] = 3 }), &Result{}, "expected S, S, S+1, N and N"},
		"more cells than pbc":   {ctx, with(func(b *atoms.Batch) { b.PBC = b.PBC[:1] }), &Result{}, "expected S, S, S+1, N and N"},
	} {
		for device, p := range map[string]Potential{
			"cpu": newTestPotential(t, net, Options{}), "two threads": newTestPotential(t, net, Options{Threads: 2}), "gpu": newGPUTestPotential(t, gpuNet, openGPU(t), Options{}),
		} {
			assert.ErrorContains(t, p.Compute(c.ctx, c.b, c.r), c.says, "%s on %s", name, device)
			assert.NoError(t, p.Compute(ctx, atoms.NewBatch(water), &Result{}), "%s on %s", name, device)
		}
	}
}

// A network that was made by hand is looked at before it is used.
func TestNewPotentialRefusesWrongNetworks(t *testing.T) {
	for says, change := range map[string]func(net *Network) *Network{
		"expected a network, found nil":                                 func(*Network) *Network { return nil },
		"expected 4 features or more":                                   func(*Network) *Network { return &Network{} },
		"cutoff of at most 100 Å":                                       func(net *Network) *Network { net.Cutoff = math.NaN(); return net },
		"expected 420 numbers of the embedding, found 419":              func(net *Network) *Network { net.Embedding = net.Embedding[1:]; return net },
		"expected 8 centers, found 0":                                   func(net *Network) *Network { net.Centers = nil; return net },
		"expected 8 widths, found 7":                                    func(net *Network) *Network { net.Widths = net.Widths[1:]; return net },
		"expected 3 blocks, found 2":                                    func(net *Network) *Network { net.Blocks = net.Blocks[1:]; return net },
		"block 1: expected a layer of 20 to 60":                         func(net *Network) *Network { net.Blocks[1].Update[1].Bias = nil; return net },
		"head: expected a layer of 5 to 1, found 5 to 2 with 5 weights": func(net *Network) *Network { net.Head[2].Out = 2; return net },
	} {
		_, err := NewPotential(change(randomNetwork(smallConfig, 1)), Options{})
		assert.ErrorContains(t, err, says)
		_, err = NewGPUPotential(change(randomNetwork(smallConfig, 1)), openGPU(t), Options{})
		assert.ErrorContains(t, err, says)
	}
	_, err := NewGPUPotential(randomNetwork(smallConfig, 1), nil, Options{})
	assert.ErrorContains(t, err, "expected a GPU, found nil")
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
	_, err = NewPotential(net, Options{Threads: math.MaxInt})
	assert.ErrorContains(t, err, "9223372036854775807 threads: expected 0 (all cores) to 4096")
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
