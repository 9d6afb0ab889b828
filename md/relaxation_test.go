package md

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

// Structures of many sizes that come and go are each as alone, to the bit.
func TestRelaxBatchIsEachAlone(t *testing.T) {
	p := solidArgon(5.9)
	var structures []atoms.Structure
	for seed := range 7 {
		structures = append(structures, shaken(fcc(5.3+0.02*float64(seed), 1+seed%4/3), 0.1, seed))
	}
	for _, settings := range []RelaxSettings{{Force: 1e-4}, {Optimizer: FIRE, Force: 1e-4}, {Cell: FullCell, Stress: 1}, {Optimizer: FIRE, Cell: FullCell, Stress: 1}} {
		settings.Steps = 40 // too few for some
		r, err := NewRelaxation(p, settings)
		require.NoError(t, err)
		came, left := 0, 0
		for came < len(structures) || r.Len() > 0 {
			for came < len(structures) && r.Len() < 3 {
				require.NoError(t, r.Add(came, &structures[came], nil))
				came++
			}
			require.NoError(t, r.Advance(context.Background(), func(done *Relaxed) {
				left++
				alone := relax(t, p, settings, nil, structures[done.ID])[0]
				alone.ID = done.ID
				together := result{*done, done.Forces}
				assert.Equal(t, alone.Structure, together.Structure)
				assert.Equal(t, alone.forces, together.forces)
				alone.Structure, alone.Forces, alone.forces = together.Structure, together.Forces, together.forces
				assert.Equal(t, alone, together)
			}))
		}
		assert.Equal(t, len(structures), left)
	}
}

// Atoms that are fixed stay where they are, along those axes, and their forces do not count.
func TestRelaxFixed(t *testing.T) {
	start := shaken(fcc(5.3, 1), 0.1, 7)
	fixed := [][3]bool{{true, true, true}, {}, {false, true, false}, {}}
	for _, o := range optimizers {
		done := relax(t, solidArgon(8.4), RelaxSettings{Optimizer: o, Force: 1e-5}, fixed, start)[0]
		require.True(t, done.Converged)
		for i, r := range done.Structure.Positions {
			for c := range r {
				assert.Equal(t, fixed[i][c], r[c] == start.Positions[i][c], "%d %d", i, c)
			}
		}
		assert.Greater(t, vec.Norm(done.forces[0]), 1e-3)
		assert.Less(t, done.MaxForce, 1e-5)
	}
}

// No step moves an atom farther than it may, with the cell's or without.
func TestRelaxLongestStep(t *testing.T) {
	const longest = 0.03
	start := deformed(shaken(fcc(5, 1), 0.3, 7), [3][3]float64{{1.1, 0.1, 0}, {0.1, 0.9, 0}, {0, 0, 1}})
	for i, r := range start.Positions { // into the cell, where the bound holds
		inverse := vec.Inverse(&start.Cell)
		f := vec.RowTimes(r, &inverse)
		for c := range f {
			f[c] -= math.Floor(f[c])
		}
		start.Positions[i] = vec.RowTimes(f, &start.Cell)
	}
	for _, settings := range []RelaxSettings{{}, {Optimizer: FIRE}, {Cell: FullCell}, {Cell: IsotropicCell}, {Cell: FullCell, Optimizer: FIRE}} {
		settings.MaxStep, settings.Steps = longest, 40
		var before atoms.Batch
		farthest := 0.0
		p := solidArgon(8.4)
		watch := func(b *atoms.Batch, k int, forces [][3]float64) (float64, [3][3]float64) {
			for i := range before.Positions {
				farthest = max(farthest, vec.Distance(before.Positions[i], b.Positions[i]))
			}
			before.Copy(b)
			return p(b, k, forces)
		}
		relax(t, potential(watch), settings, nil, start)
		assert.LessOrEqual(t, farthest, longest+1e-12, "%+v", settings)
		assert.Greater(t, farthest, longest/2, "%+v", settings)
	}
}

// Once it has seen the largest structures, a step allocates nothing, nor do
// those that come and leave.
func TestRelaxAllocatesNothing(t *testing.T) {
	structures := []atoms.Structure{shaken(fcc(5.3, 2), 0.1, 1), shaken(fcc(5.3, 2), 0.1, 2), shaken(fcc(5.4, 2), 0.1, 3)}
	for _, settings := range []RelaxSettings{{}, {Optimizer: FIRE}, {Cell: FullCell}, {Cell: FullCell, Optimizer: FIRE}} {
		settings.Force, settings.Stress, settings.Steps = 1e-300, 1e-300, 7
		r, err := NewRelaxation(wells(0.01), settings)
		require.NoError(t, err)
		left := 0
		done := func(*Relaxed) { left++ }
		step := func() {
			for i := r.Len(); i < len(structures); i++ {
				require.NoError(t, r.Add(i, &structures[i], nil))
			}
			require.NoError(t, r.Advance(context.Background(), done))
		}
		for range 30 {
			step()
		}
		assert.Zero(t, testing.AllocsPerRun(30, step), "%+v", settings)
		assert.Greater(t, left, 3)
	}
}

// What goes wrong with a structure is its own, and said by its atoms.
func TestRelaxStops(t *testing.T) {
	pair := func(d float64) atoms.Structure {
		return atoms.Structure{Numbers: []int{18, 1}, Positions: [][3]float64{{}, {d, 0, 0}}}
	}
	hollow := potential(func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		x := b.Positions[b.Start[k]+1][0] - b.Positions[b.Start[k]][0] // atoms fall into one another, and far apart there is nothing
		if x > 10 {
			return math.NaN(), virial
		}
		if x > 5 {
			forces[0][0] = math.Inf(1)
			return 0, virial
		}
		forces[0][0], forces[1][0] = 1, -1
		return x, virial
	})
	for _, o := range optimizers {
		done := relax(t, hollow, RelaxSettings{Optimizer: o, Steps: 100}, nil, pair(1), pair(20), pair(4), pair(6), pair(0.3), pair(2))
		for id, want := range map[int]string{
			0: `^atoms 0 \(Ar\) and 1 \(H\) are 0\.[0-3]\d Å apart`, 1: `^the energy is NaN: expected a number`, 2: `^atoms 0 \(Ar\) and 1 \(H\) are 0\.[0-3]\d Å apart`,
			3: `^the force on atom 0 is \[\+Inf 0 0\]: expected numbers`, 4: `^atoms 0 \(Ar\) and 1 \(H\) are 0\.30 Å apart`, 5: `^atoms 0 \(Ar\) and 1 \(H\) are 0\.[0-3]\d Å apart`,
		} {
			require.Error(t, done[id].Err)
			assert.Regexp(t, want, done[id].Err.Error())
			assert.False(t, done[id].Converged)
		}
		assert.Zero(t, done[4].Steps)
	}
	done := relax(t, wells(1), RelaxSettings{Steps: 3}, nil, pair(3))[0]
	assert.NoError(t, done.Err)
	assert.False(t, done.Converged)
	assert.EqualValues(t, 3, done.Steps)
	done = relax(t, wells(1), RelaxSettings{}, nil, atoms.Structure{Numbers: []int{18}, Positions: [][3]float64{{1e-3, 0, 0}}})[0]
	assert.True(t, done.Converged, "at once")
	assert.Zero(t, done.Steps)

	r, err := NewRelaxation(wells(1), RelaxSettings{})
	require.NoError(t, err)
	one := pair(1)
	require.NoError(t, r.Add(0, &one, nil))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, r.Advance(ctx, func(*Relaxed) { t.Fail() }), context.Canceled)
	assert.Equal(t, 1, r.Len())
	for _, index := range []int{-1, 1} {
		r, err = NewRelaxation(stranger(index), RelaxSettings{})
		require.NoError(t, err)
		require.NoError(t, r.Add(0, &one, nil))
		assert.ErrorContains(t, r.Advance(context.Background(), func(*Relaxed) { t.Fail() }), "who?")
	}
}

// stranger names a structure that it was not given.
type stranger int

func (s stranger) Compute(context.Context, *atoms.Batch, *atoms.Result) error {
	return &atoms.StructureError{Index: int(s), Err: errors.New("who?")}
}

// A step of L-BFGS that goes uphill is taken back: from a slope into a steep wall, and on a double well.
func TestLBFGSTakesBack(t *testing.T) {
	steep := potential(func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		x := b.Positions[b.Start[k]][0]
		forces[0][0] = 1 - 1000*math.Pow(x, 9)
		return -x + 100*math.Pow(x, 10), virial
	})
	for _, start := range []float64{-2, -0.1, 0.4, 1.5} {
		done := relax(t, steep, RelaxSettings{Optimizer: LBFGS, Force: 1e-6, MaxStep: 1}, nil, atoms.Structure{Numbers: []int{1}, Positions: [][3]float64{{start, 0, 0}}})[0]
		assert.True(t, done.Converged)
		assert.InDelta(t, math.Pow(1e-3, 1.0/9), done.Structure.Positions[0][0], 1e-8)
		assert.Less(t, done.Steps, int64(40))
	}
}

func TestRelaxSettings(t *testing.T) {
	for want, settings := range map[string]RelaxSettings{
		"largest force -1 eV/Å: expected more than 0":                  {Force: -1},
		"largest deviation of the stress -2 bar: expected more than 0": {Stress: -2},
		"largest step +Inf Å: expected more than 0":                    {MaxStep: math.Inf(1)},
		"least distance NaN Å: expected more than 0":                   {Distance: math.NaN()},
		"least distance 5.5 Å: expected at most 5":                     {Distance: 5.5},
		"optimizer 2: expected LBFGS or FIRE":                          {Optimizer: 2},
		"cell -1: expected FixedCell, IsotropicCell or FullCell":       {Cell: -1},
		"pressure NaN bar: expected a number":                          {Pressure: math.NaN(), Cell: FullCell},
		"pressure 5 bar: expected a cell that relaxes":                 {Pressure: 5},
		"-1 steps: expected 1 or more":                                 {Steps: -1},
	} {
		_, err := NewRelaxation(nil, settings)
		assert.EqualError(t, err, want)
	}
	_, err := ParseOptimizer("bfgs")
	assert.EqualError(t, err, `optimizer "bfgs": expected one of lbfgs, fire`)
	_, err = ParseCellRelaxation("tri")
	assert.EqualError(t, err, `cell "tri": expected one of none, iso, full`)
	cell, err := ParseCellRelaxation("full")
	assert.NoError(t, err)
	assert.Equal(t, FullCell, cell)
	o, err := ParseOptimizer("lbfgs")
	assert.NoError(t, err)
	assert.Equal(t, LBFGS, o)
}

// A structure that cannot be relaxed is refused, before anything is computed.
func TestRelaxRefuses(t *testing.T) {
	whole, flat, slab := fcc(5.3, 1), fcc(5.3, 1), fcc(5.3, 1)
	flat.Cell[2] = flat.Cell[1]
	slab.PBC[2] = false
	all := [][3]bool{{true, true, true}, {true, true, true}, {true, true, true}, {true, true, true}}
	for _, test := range []struct {
		s     atoms.Structure
		fixed [][3]bool
		cell  CellRelaxation
		want  string
	}{
		{atoms.Structure{}, nil, FixedCell, "expected atoms, found none"},
		{atoms.Structure{Numbers: []int{1}}, nil, FixedCell, "0 positions for 1 atoms"},
		{whole, all[:3], FixedCell, "4 atoms: expected to hear of as many"},
		{whole, all, FixedCell, "found all fixed"},
		{whole, make([][3]bool, 4), IsotropicCell, ""},
		{whole, append(make([][3]bool, 3), [3]bool{false, true}), IsotropicCell, "fixed atoms: expected a cell that is held"},
		{flat, nil, IsotropicCell, "periodic along three lattice vectors"},
		{slab, nil, FullCell, "periodic along three lattice vectors"},
		{slab, nil, FixedCell, ""},
		{fcc(5.3, 1), nil, FullCell, ""},
	} {
		r, err := NewRelaxation(wells(1), RelaxSettings{Cell: test.cell})
		require.NoError(t, err)
		if err = r.Add(0, &test.s, test.fixed); test.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, test.want)
			assert.Zero(t, r.Len())
		}
	}
}
