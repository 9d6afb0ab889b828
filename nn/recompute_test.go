package nn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
)

// surrounded is some atoms of a structure and what a host has around them: all atoms
// and images within K cutoffs of one of them, in any order.
type surrounded struct {
	batch *atoms.Batch
	own   []bool
	whole []int // which atom each is
	pairs [][2]int32
}

func surround(rng *rand.Rand, net *Network, s *atoms.Structure, owned func(i int) bool) *surrounded {
	reach := net.Cutoff*float64(len(net.Blocks)) + 0.1
	var images [3]int
	for c, periodic := range s.PBC {
		if periodic {
			images[c] = 5
		}
	}
	r := &surrounded{}
	var around atoms.Structure
	for a := -images[0]; a <= images[0]; a++ {
		for b := -images[1]; b <= images[1]; b++ {
			for c := -images[2]; c <= images[2]; c++ {
				shift := vec.RowTimes([3]float64{float64(a), float64(b), float64(c)}, &s.Cell)
				for i, x := range s.Positions {
					at, own, near := [3]float64{x[0] + shift[0], x[1] + shift[1], x[2] + shift[2]}, a == 0 && b == 0 && c == 0 && owned(i), false
					for j, y := range s.Positions {
						near = near || owned(j) && vec.Distance(at, y) < reach
					}
					if near {
						around.Numbers, around.Positions = append(around.Numbers, s.Numbers[i]), append(around.Positions, at)
						r.own, r.whole = append(r.own, own), append(r.whole, i)
					}
				}
			}
		}
	}
	rng.Shuffle(len(r.own), func(i, j int) {
		around.Numbers[i], around.Numbers[j] = around.Numbers[j], around.Numbers[i]
		around.Positions[i], around.Positions[j] = around.Positions[j], around.Positions[i]
		r.own[i], r.own[j] = r.own[j], r.own[i]
		r.whole[i], r.whole[j] = r.whole[j], r.whole[i]
	})
	r.batch = atoms.NewBatch(around)
	r.pairs = [][2]int32{}
	for i, x := range around.Positions {
		for j := i + 1; j < len(around.Positions); j++ {
			if vec.Distance(x, around.Positions[j]) < net.Cutoff+0.3 {
				r.pairs = append(r.pairs, [2]int32{int32(j), int32(i)})
			}
		}
	}
	return r
}

// What parts of a system have, ghosts' shares given back, is the system's, of float64
// and the network itself: with tables and without, pairs given or searched, from step to step.
func TestRecompute(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	one, two := smallConfig, smallConfig
	one.NumInteractions, two.NumInteractions, two.Cutoff = 1, 2, 3.5
	for _, c := range []struct {
		name    string
		config  Config
		filters Filters
		s       atoms.Structure
		parts   int
	}{
		{"isolated", smallConfig, Table, systems.Random(rng, 40, 14, 0, isolated, false), 1},
		{"isolated, two parts", smallConfig, Exact, systems.Random(rng, 40, 22, 0, isolated, false), 2},
		{"periodic", smallConfig, Table, systems.Random(rng, 24, 8, 0.3, [3]bool{true, true, true}, false), 1},
		{"periodic, two parts, one block", one, Table, systems.Random(rng, 30, 8, 0.3, [3]bool{true, true, true}, false), 2},
		{"slab, three parts, two blocks", two, Table, systems.Random(rng, 40, 9, 0.2, [3]bool{true, true, false}, false), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := randomNetwork(c.config, 5)
			exact := newTestPotential(t, net, Options{Precision: Float64, Filters: Exact, AtomEnergies: true})
			d, err := NewDomain(net, Options{Filters: c.filters, Threads: 2})
			require.NoError(t, err)
			defer d.Close()
			for step := range 2 {
				want := compute(t, exact, c.s)
				got := &Result{Forces: make([][3]float64, len(c.s.Numbers)), AtomEnergy: make([]float64, len(c.s.Numbers))}
				energy, largest, size, virial := 0.0, 1.0, 0.0, [3][3]float64{}
				for part := range c.parts {
					r, sys := &DomainResult{AtomVirials: true}, surround(rng, net, &c.s, func(i int) bool { return i%c.parts == part })
					pairs := sys.pairs
					if step == 1 {
						pairs = nil
					}
					require.NoError(t, d.Recompute(context.Background(), sys.batch, sys.own, pairs, r))
					energy += r.Energy
					var sum [3][3]float64
					for i, atom := range sys.whole {
						for a := range 3 {
							got.Forces[atom][a] += r.Forces[i][a]
						}
						got.AtomEnergy[atom] += r.AtomEnergy[i]
						for a := range 3 {
							for b := range 3 {
								sum[a][b] += r.AtomVirial[i][a][b]
								virial[a][b] += r.AtomVirial[i][a][b]
							}
						}
					}
					for a := range 3 {
						assert.InDeltaSlice(t, sum[a][:], r.Virial[a][:], 1e-9*(1+vec.Norm(sum[a])), "atoms' shares")
					}
				}
				for _, e := range want.AtomEnergy {
					size += math.Abs(e)
				}
				for _, f := range want.Forces {
					largest = max(largest, vec.Norm(f))
				}
				assert.InDelta(t, want.Energy[0], energy, 1e-6*size)
				assert.InDeltaSlice(t, want.AtomEnergy, got.AtomEnergy, 1e-5*size)
				for i, f := range want.Forces {
					assert.Less(t, vec.Distance(f, got.Forces[i]), 1e-5*largest)
				}
				for a := range 3 {
					assert.InDeltaSlice(t, want.Virial[0][a][:], virial[a][:], 1e-5*math.Abs(want.Virial[0][0][0])+1e-4*largest)
				}
				systems.Shake(c.s.Positions, step)
			}
		})
	}
}

// Atoms that nothing needs take no part, the last bit does not know of them; where the
// own atoms stand, and how many threads compute, decides no bit either. Nothing allocates.
func TestRecomputeTrims(t *testing.T) {
	ctx := context.Background()
	net := randomNetwork(smallConfig, 5)
	drop := systems.WaterDrop(9, 2, 2) // along x
	own := make([]bool, len(drop.Numbers))
	for i, r := range drop.Positions {
		own[i] = r[0] < 4
	}
	results := []*DomainResult{}
	for _, threads := range []int{1, 2} {
		d, err := NewDomain(net, Options{Threads: threads})
		require.NoError(t, err)
		defer d.Close()
		r := &DomainResult{AtomVirials: true}
		b := atoms.NewBatch(drop)
		step := func() { require.NoError(t, d.Recompute(ctx, b, own, nil, r)) }
		step()
		results = append(results, r)
		assert.Zero(t, testing.AllocsPerRun(5, step))

		s := &d.part.(*cpuDomain).shells
		for h := range 3 {
			assert.Less(t, s.atoms[h], s.atoms[h+1])
		}
		assert.Less(t, s.atoms[3], len(own), "some are not computed at all")
		near := atoms.Structure{}
		var mine []bool
		for i, h := range s.of {
			if h <= 3 {
				near.Numbers, near.Positions = append(near.Numbers, drop.Numbers[i]), append(near.Positions, drop.Positions[i])
				mine = append(mine, own[i])
			} else {
				assert.Zero(t, r.Forces[i])
				assert.Zero(t, r.AtomVirial[i])
			}
		}
		alone := &DomainResult{}
		require.NoError(t, d.Recompute(ctx, atoms.NewBatch(near), mine, nil, alone))
		assert.Equal(t, r.Energy, alone.Energy)
		assert.Equal(t, r.Virial, alone.Virial)
	}
	assert.Equal(t, results[0], results[1])

	d, err := NewDomain(net, Options{EnergyOnly: true})
	require.NoError(t, err)
	defer d.Close()
	r := &DomainResult{}
	require.NoError(t, d.Recompute(ctx, atoms.NewBatch(drop), own, nil, r))
	assert.Equal(t, results[0].Energy, r.Energy)
	assert.Zero(t, r.Forces[0])
}

func TestRecomputeErrors(t *testing.T) {
	ctx, net := context.Background(), randomNetwork(smallConfig, 5)
	d, err := NewDomain(net, Options{})
	require.NoError(t, err)
	r := &DomainResult{}
	two := atoms.NewBatch(atoms.Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}})
	for says, do := range map[string]func() error{
		"1 structures, 2 atoms and 1 marks": func() error { return d.Recompute(ctx, two, []bool{true}, nil, r) },
		"0 structures":                      func() error { return d.Recompute(ctx, atoms.NewBatch(), nil, nil, r) },
		"pair 0 is of the atoms 0 and 2":    func() error { return d.Recompute(ctx, two, []bool{true, false}, [][2]int32{{0, 2}}, r) },
		"expected Begin before Next":        func() error { _, err := d.Next(ctx); return err },
		"atom 1 has atomic number 200": func() error {
			return d.Recompute(ctx, atoms.NewBatch(atoms.Structure{Numbers: []int{1, 200}, Positions: two.Positions}), []bool{true, true}, nil, r)
		},
	} {
		assert.ErrorContains(t, do(), says)
	}
	require.NoError(t, d.Recompute(ctx, two, []bool{false, false}, nil, r), "nothing of its own")
	assert.Equal(t, "0 [[0 0 0] [0 0 0]]", fmt.Sprint(r.Energy, r.Forces))
	require.NoError(t, d.Close())
	assert.ErrorIs(t, d.Recompute(ctx, two, []bool{true, true}, nil, r), errClosed)
	g, err := NewGPUDomain(randomNetwork(gpuConfig, 5), openGPU(t), Options{})
	require.NoError(t, err)
	defer g.Close()
	assert.ErrorContains(t, g.Recompute(ctx, two, []bool{true, true}, nil, r), "on the CPU alone")
}
