package nn

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
)

// rank is a domain of a system that is cut: which atom of the whole each of its
// atoms is, own ones first.
type rank struct {
	*Domain
	whole  []int
	own    int
	result DomainResult
}

// openDomain and openGPUDomain put a network on either device.
func openDomain(net *Network) (*Domain, error) { return NewDomain(net, Options{}) }

func openGPUDomain(t *testing.T) func(net *Network) (*Domain, error) {
	return func(net *Network) (*Domain, error) { return NewGPUDomain(net, openGPU(t), Options{}) }
}

// cut spreads a structure over ranks, an atom to the rank that owner says; ghosts
// are all other atoms and images within the cutoff of an own one.
func cut(t *testing.T, net *Network, open func(net *Network) (*Domain, error), s atoms.Structure, ranks int, owner func(i int) int) (list []*rank, positions [][][3]float64) {
	cutoff := net.Cutoff
	for k := range ranks {
		d, err := open(net)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		r := &rank{Domain: d}
		var at [][3]float64
		for i, x := range s.Positions {
			if owner(i) == k {
				r.whole, at = append(r.whole, i), append(at, x)
			}
		}
		r.own = len(at)
		var images [3]int
		for c, periodic := range s.PBC {
			if periodic {
				images[c] = 2
			}
		}
		for a := -images[0]; a <= images[0]; a++ {
			for b := -images[1]; b <= images[1]; b++ {
				for c := -images[2]; c <= images[2]; c++ {
					shift := vec.RowTimes([3]float64{float64(a), float64(b), float64(c)}, &s.Cell)
					for i, x := range s.Positions {
						if a == 0 && b == 0 && c == 0 && owner(i) == k {
							continue
						}
						ghost := [3]float64{x[0] + shift[0], x[1] + shift[1], x[2] + shift[2]}
						for _, own := range at[:r.own] {
							if vec.Distance(own, ghost) <= cutoff+0.1 {
								r.whole, at = append(r.whole, i), append(at, ghost)
								break
							}
						}
					}
				}
			}
		}
		list, positions = append(list, r), append(positions, at)
	}
	return list, positions
}

// run is a step of all ranks, with exchanges between them.
func run(t *testing.T, list []*rank, positions [][][3]float64, s *atoms.Structure, given bool) (energy float64, energies []float64, forces [][3]float64, virial [3][3]float64) {
	ctx := context.Background()
	for k, r := range list {
		var numbers []int
		for _, i := range r.whole {
			numbers = append(numbers, s.Numbers[i])
		}
		var pairs [][2]int32
		if given { // as hosts have them, with a skin
			pairs = [][2]int32{}
			for i := range r.own {
				for j := i + 1; j < len(numbers); j++ {
					if vec.Distance(positions[k][i], positions[k][j]) < 5.5 {
						pairs = append(pairs, [2]int32{int32(i), int32(j)})
					}
				}
			}
		}
		batch := atoms.NewBatch(atoms.Structure{Numbers: numbers, Positions: positions[k]})
		require.NoError(t, r.Begin(ctx, batch, r.own, pairs))
	}
	for {
		what := Done
		for k, r := range list {
			next, err := r.Next(ctx)
			require.NoError(t, err)
			if k > 0 {
				require.Equal(t, what, next)
			}
			what = next
		}
		if what == Done {
			break
		}
		rows := make([][]float32, len(s.Numbers))
		for _, r := range list {
			var all []int32
			for i := range r.own {
				all = append(all, int32(i))
			}
			buffer := make([]float32, r.own*r.Row())
			require.NoError(t, r.Pack(buffer, all))
			for i := range r.own {
				rows[r.whole[i]] = buffer[i*r.Row():][:r.Row()]
			}
		}
		for _, r := range list {
			var buffer []float32
			for _, i := range r.whole[r.own:] {
				buffer = append(buffer, rows[i]...)
			}
			require.NoError(t, r.Unpack(buffer, r.own, len(r.whole)-r.own))
		}
	}
	energies, forces = make([]float64, len(s.Numbers)), make([][3]float64, len(s.Numbers))
	for _, r := range list {
		r.result.AtomVirials = true
		require.NoError(t, r.Finish(&r.result))
		energy += r.result.Energy
		for i, f := range r.result.Forces {
			forces[r.whole[i]] = f
		}
		sum := [3][3]float64{}
		for i := range r.own {
			energies[r.whole[i]] = r.result.AtomEnergy[i]
			for a := range 3 {
				for b := range 3 {
					sum[a][b] += r.result.AtomVirial[i][a][b]
				}
			}
		}
		for a := range 3 {
			assert.InDeltaSlice(t, r.result.Virial[a][:], sum[a][:], 1e-9*(1+vec.Norm(sum[a])), "atoms' shares")
		}
		for a := range 3 {
			for b := range 3 {
				virial[a][b] += r.result.Virial[a][b]
			}
		}
	}
	return energy, energies, forces, virial
}

// A system that is cut has the energy, the forces and the virial of the whole:
// isolated or periodic, with ranks that own nothing, and again as atoms move.
func TestDomains(t *testing.T) { checkDomains(t, randomNetwork(smallConfig, 5), openDomain, 4) }

// So it has where ranks compute on GPUs, which round otherwise than the CPU that has the whole.
func TestGPUDomains(t *testing.T) { checkDomains(t, randomNetwork(gpuConfig, 5), openGPUDomain(t), 16) }

// checkDomains allows energies so many roundings of float32.
func checkDomains(t *testing.T, net *Network, open func(net *Network) (*Domain, error), roundings float64) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, c := range []struct {
		name  string
		s     atoms.Structure
		ranks int
	}{
		{"isolated, one rank", systems.Random(rng, 30, 9, 0, [3]bool{}, false), 1},
		{"isolated, three ranks", systems.Random(rng, 40, 12, 0, [3]bool{}, false), 3},
		{"periodic, one rank", systems.Random(rng, 20, 7, 0.3, [3]bool{true, true, true}, false), 1},
		{"periodic, four ranks, one empty", systems.Random(rng, 40, 9, 0.3, [3]bool{true, true, true}, false), 4},
		{"slab, two ranks", systems.Random(rng, 30, 8, 0.2, [3]bool{true, true, false}, false), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			owner := func(i int) int { return i % max(1, c.ranks-1) }
			if c.ranks == 2 {
				owner = func(i int) int { return i % 2 }
			}
			p := newTestPotential(t, net, Options{AtomEnergies: true})
			for step := range 3 {
				whole := &Result{}
				require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(c.s), whole))
				list, positions := cut(t, net, open, c.s, c.ranks, owner)
				energy, energies, forces, virial := run(t, list, positions, &c.s, step%2 == 1)
				size := 0.0 // of what is summed: some of it cancels
				for _, e := range whole.AtomEnergy {
					size += math.Abs(e)
				}
				assert.InDelta(t, whole.Energy[0], energy, roundings*0x1p-24*size)
				assert.InDeltaSlice(t, whole.AtomEnergy, energies, 1e-5*math.Abs(whole.Energy[0]))
				largest := 1.0
				for _, f := range whole.Forces {
					largest = max(largest, vec.Norm(f))
				}
				for i, f := range whole.Forces {
					assert.Less(t, vec.Distance(f, forces[i]), 1e-5*largest)
				}
				for a := range 3 {
					for b := range 3 {
						assert.InDelta(t, whole.Virial[0][a][b], virial[a][b], 1e-5*math.Abs(whole.Virial[0][0][0])+1e-4*largest)
					}
				}
				systems.Shake(c.s.Positions, step)
			}
		})
	}
}

// What PyTorch says of a structure holds where two or four GPUs have parts of it.
func TestGPUDomainsGolden(t *testing.T) {
	for _, student := range students {
		if testing.Short() && student.name == "original" {
			continue
		}
		net := loadNetwork(t, "../testdata/"+student.name+".pt")
		tried, enough := 0, 2
		if student.name == "original" { // the emulator takes its time
			enough = 1
		}
		for _, f := range readFrames(t, "../testdata/"+student.name+".extxyz") {
			if n := len(f.Structure.Numbers); n < 9 || n > 30 || tried == enough {
				continue
			}
			tried++
			want := reference(t, f)
			for _, ranks := range []int{2, 4} {
				list, positions := cut(t, net, openGPUDomain(t), f.Structure, ranks, func(i int) int { return i % ranks })
				energy, _, forces, virial := run(t, list, positions, &f.Structure, true)
				checkAccuracy(t, &Result{Energy: []float64{energy}, Forces: forces}, want, 0)
				if volume, ok := atoms.NewBatch(f.Structure).Volume(0); ok && want.Stress != nil {
					for k, x := range want.Stress[0][:3] {
						assert.InDelta(t, x, -virial[k][k]/volume, 1e-5*(1+math.Abs(x)))
					}
				}
			}
		}
		assert.Equal(t, enough, tried, student.name)
	}
}

func TestDomainErrors(t *testing.T) {
	ctx := context.Background()
	_, err := NewDomain(randomNetwork(smallConfig, 5), Options{Precision: Float64})
	assert.ErrorContains(t, err, "expected float32")
	_, err = NewGPUDomain(randomNetwork(gpuConfig, 5), openGPU(t), Options{Precision: Float64})
	assert.ErrorContains(t, err, "a GPU computes in float32")
	d, err := NewDomain(randomNetwork(smallConfig, 5), Options{})
	require.NoError(t, err)
	_, err = d.Next(ctx)
	assert.ErrorContains(t, err, "expected Begin before Next")
	two := atoms.NewBatch(atoms.Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}}})
	point := atoms.NewBatch(atoms.Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{1, 2, 3}, {1, 2, 3}}})
	unknown := atoms.NewBatch(atoms.Structure{Numbers: []int{1, 200}, Positions: two.Positions})
	for says, begin := range map[string]func() error{
		"expected one structure":         func() error { return d.Begin(ctx, atoms.NewBatch(), 0, nil) },
		"no more own atoms":              func() error { return d.Begin(ctx, two, 3, nil) },
		"pair 0 is of the atoms 0 and 2": func() error { return d.Begin(ctx, two, 1, [][2]int32{{0, 2}}) },
		"pair 0 is of the atoms 1 and 1": func() error { return d.Begin(ctx, two, 1, [][2]int32{{1, 1}}) },
		"atom 1 has atomic number 200":   func() error { return d.Begin(ctx, unknown, 1, nil) },
		"on the same point, [1 2 3] Å":   func() error { return d.Begin(ctx, point, 1, [][2]int32{{0, 1}}) },
		"are on the same point":          func() error { return d.Begin(ctx, point, 1, nil) },
	} {
		assert.ErrorContains(t, begin(), says)
		_, err = d.Next(ctx)
		assert.ErrorContains(t, err, "expected Begin before Next", says)
	}
	row := make([]float32, d.Row())
	require.NoError(t, d.Begin(ctx, two, 1, nil))
	assert.ErrorContains(t, d.Finish(&DomainResult{}), "expected Next to say Done before Finish")
	assert.ErrorContains(t, d.Pack(row, []int32{0}), "expected Next to ask for an exchange before Pack")
	assert.ErrorContains(t, d.Unpack(row, 1, 1), "expected Next to ask for an exchange before Unpack")
	next, err := d.Next(ctx)
	require.NoError(t, err)
	require.Equal(t, States, next)
	assert.ErrorContains(t, d.Pack(row, []int32{2}), "atom 2 of a domain of 2")
	assert.ErrorContains(t, d.Pack(row, []int32{-1}), "atom -1 of a domain of 2")
	assert.ErrorContains(t, d.Pack(row[1:], []int32{0}), "Pack of 1 atoms in")
	assert.ErrorContains(t, d.Unpack(row, 0, 1), "1 ghosts from atom 0 on: a domain has them from 1 up to 2")
	assert.ErrorContains(t, d.Unpack(append(row, row...), 1, 2), "2 ghosts from atom 1 on")
	assert.ErrorContains(t, d.Unpack(row, 1, -1), "Unpack of -1 atoms")
	_, err = d.Next(ctx)
	assert.ErrorContains(t, err, "expected the rows of 1 ghosts before Next, found 0 unpacked")
	require.NoError(t, d.Pack(row, []int32{1}))
	require.NoError(t, d.Unpack(row, 1, 1))
	next, err = d.Next(ctx)
	require.NoError(t, err)
	require.Equal(t, States, next)
	require.NoError(t, d.Close())
	assert.ErrorIs(t, d.Begin(ctx, two, 2, nil), errClosed)
}

// A domain may be of no atoms, whatever the cell: where LAMMPS has lost them all, or has none yet.
func TestDomainOfNothing(t *testing.T) {
	ctx := context.Background()
	empty := atoms.Structure{Cell: [3][3]float64{{10, 0, 0}, {0, 10, 0}, {0, 0, 10}}}
	for name, open := range map[string]func(*Network) (*Domain, error){"cpu": openDomain, "gpu": openGPUDomain(t)} {
		d, err := open(randomNetwork(gpuConfig, 5))
		require.NoError(t, err)
		defer d.Close()
		for _, s := range []atoms.Structure{{}, empty, {Cell: empty.Cell, PBC: [3]bool{true, true, true}}, {Cell: empty.Cell, PBC: [3]bool{true, false, true}}} {
			require.NoError(t, d.Begin(ctx, atoms.NewBatch(s), 0, nil), name)
			for next := States; next != Done; {
				next, err = d.Next(ctx)
				require.NoError(t, err, name)
			}
			r := &DomainResult{AtomVirials: true}
			require.NoError(t, d.Finish(r), name)
			assert.Zero(t, r.Energy, name)
			assert.Zero(t, r.Virial, name)
			assert.Empty(t, r.Forces, name)
			assert.Empty(t, r.AtomEnergy, name)
			assert.Empty(t, r.AtomVirial, name)
		}
	}
}

// A whole periodic system is a domain without ghosts.
func TestDomainOfAll(t *testing.T) {
	ctx := context.Background()
	net := randomNetwork(smallConfig, 5)
	d, err := NewDomain(net, Options{Threads: 2})
	require.NoError(t, err)
	defer d.Close()
	b := atoms.NewBatch(systems.WaterBox(2, 3, 4))
	want, r := &Result{}, &DomainResult{AtomVirials: true}
	require.NoError(t, newTestPotential(t, net, Options{AtomEnergies: true, AtomVirials: true}).Compute(ctx, b, want))
	step := func() {
		require.NoError(t, d.Begin(ctx, b, b.NumAtoms(), nil))
		for next := States; next != Done; {
			if next, err = d.Next(ctx); err != nil {
				t.Fatal(err)
			}
		}
		require.NoError(t, d.Finish(r))
	}
	step()
	assert.Equal(t, want.AtomEnergy, r.AtomEnergy, "to the bit")
	assert.Equal(t, want.Energy[0], r.Energy)
	assert.Equal(t, want.Forces, r.Forces)
	assert.Equal(t, want.AtomVirial, r.AtomVirial)
	for a := range 3 {
		assert.InEpsilonSlice(t, want.Virial[0][a][:], r.Virial[a][:], 1e-9)
	}
	assert.Zero(t, testing.AllocsPerRun(5, step))
}
