package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

func water(by float64) *atoms.Structure {
	return &atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{by, 0, 0}, {0.96, 0.02, 0.01}, {-0.24, 0.93, 0}}}
}

func labelled(e float64, forces ...[3]float64) *Labels { return &Labels{Energy: e, Forces: forces} }

// What is added comes back, in float32, with labels that are missing still missing.
func TestSet(t *testing.T) {
	s := &Set{}
	cube := &atoms.Structure{Numbers: []int{11, 17}, Positions: [][3]float64{{}, {2.5, 2.5, 2.5}}, Cell: [3][3]float64{{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}, PBC: [3]bool{true, true, true}}
	all := &Labels{Energy: -7, Forces: [][3]float64{{1, 2, 3}, {-1, -2, -3}}, Stress: &[6]float64{1, 2, 3, 4, 5, 6}, AtomEnergies: []float64{-3, -4},
		Curvature: &Curvature{[][3]float64{{0, 1, 0}, {}}, [][3]float64{{1, 2, 3}, {4, 5, 6}}}}
	require.NoError(t, s.Add(water(0), labelled(math.NaN(), [3]float64{0.5}, [3]float64{}, [3]float64{-0.5}), 5))
	require.NoError(t, s.Add(cube, all, 5))
	require.NoError(t, s.Add(water(0.25), labelled(2), 5))
	assert.Equal(t, []int{3, 8}, []int{s.Len(), s.NumAtoms()})
	assert.Equal(t, []int{1, 8, 11, 17}, s.Elements())
	assert.Equal(t, *cube, s.Structure(1))
	assert.Equal(t, *all, s.Labels(1))
	assert.True(t, math.IsNaN(s.Labels(0).Energy))
	assert.Equal(t, [][3]float64{{0.5}, {}, {-0.5}}, s.Labels(0).Forces)
	assert.Equal(t, *labelled(2), s.Labels(2))
	assert.InDelta(t, 0.02, s.Structure(2).Positions[1][1], 1e-9)
	assert.Equal(t, int32(3), s.pairs[0])
	assert.Equal(t, s.Pairs(), int(s.pairs[1])+6)
	far := water(0)
	for i := range far.Positions {
		far.Positions[i][0] += 1 << 23 // where float32 has steps of 1 Å
	}
	require.NoError(t, s.Add(far, labelled(2), 5))
	assert.Equal(t, s.Structure(0), s.Structure(3))

	near := water(0)
	near.Positions[1] = near.Positions[2]
	assert.ErrorContains(t, s.Add(near, labelled(1), 5), "on the same point")
	assert.ErrorContains(t, s.Add(&atoms.Structure{Numbers: []int{0}, Positions: [][3]float64{{}}}, labelled(1), 5), "atomic number 0")
	s.Limit = s.Bytes() + 10
	err := s.Add(water(0), labelled(1), 5)
	assert.True(t, ErrMemory(err))
	assert.ErrorContains(t, err, "for 4 structures of 11 atoms")
	assert.Equal(t, 4, s.Len(), "what is refused leaves nothing")
}

// The hash is of what is held, and of nothing else.
func TestHash(t *testing.T) {
	make := func(e, x float64, stress *[6]float64) string {
		s := &Set{}
		l := labelled(e)
		l.Stress = stress
		require.NoError(t, s.Add(water(x), l, 5))
		return s.Hash()
	}
	assert.Equal(t, make(1, 0, nil), make(1, 0, nil))
	assert.NotEqual(t, make(1, 0, nil), make(2, 0, nil))
	assert.NotEqual(t, make(1, 0, nil), make(1, 0.5, nil))
	assert.NotEqual(t, make(1, 0, nil), make(1, 0, &[6]float64{}))
	curved := func(x float64) string {
		s, l := &Set{}, labelled(1)
		v := [][3]float64{{1}, {}, {}}
		l.Curvature = &Curvature{v, [][3]float64{{x}, {}, {}}}
		require.NoError(t, s.Add(water(0), l, 5))
		return s.Hash()
	}
	assert.Equal(t, curved(1), curved(1))
	assert.NotEqual(t, curved(1), curved(2))
}

// Element energies are found; of elements that always come together, the least.
func TestFitElements(t *testing.T) {
	s := &Set{}
	for n := 1; n < 6; n++ {
		x := &atoms.Structure{}
		for i := range n {
			x.Numbers = append(x.Numbers, 11, 17)
			x.Positions = append(x.Positions, [3]float64{3 * float64(i)}, [3]float64{3 * float64(i), 2})
		}
		require.NoError(t, s.Add(x, labelled(8*float64(n)), 5))
	}
	o := s.FitElements()
	assert.Equal(t, 1, o.Rank)
	assert.InDeltaSlice(t, []float64{4, 4}, o.Energies, 1e-12)
}

func TestCheckLabels(t *testing.T) {
	nan, far, v := math.NaN(), [3]float64{0, 70, 0}, [][3]float64{{1}, {1}, {1}}
	for want, l := range map[string]*Labels{
		"":                                    labelled(1, [3]float64{}, far, [3]float64{}),
		"no label: neither energy nor forces": {Energy: nan},
		"labels of 1 and 0 atoms: expected those of 3":                                                                                                       labelled(1, [3]float64{}),
		"the energy is +Inf: expected a finite number":                                                                                                       labelled(math.Inf(1)),
		"the force on atom 1 is [0 NaN 0]: expected finite numbers":                                                                                          labelled(1, [3]float64{}, [3]float64{0, nan, 0}, [3]float64{}),
		"the force on atom 0 is 100 eV/Å: expected at most 80":                                                                                               labelled(1, [3]float64{0, 60, 80}, [3]float64{}, [3]float64{}),
		"labels of 0 and 2 atoms: expected those of 3":                                                                                                       {Energy: 1, AtomEnergies: []float64{1, 2}},
		"a Hessian's direction of 1 atoms and product of 3: expected those of 3":                                                                             {Energy: nan, Curvature: &Curvature{v[:1], v}},
		"atom 2 has the Hessian's direction [1 0 0] and product [NaN 0 0]: expected finite numbers":                                                          {Energy: 1, Curvature: &Curvature{v, [][3]float64{{}, {}, {nan}}}},
		"the energy of atom 1 is NaN: expected a finite number":                                                                                              {Energy: 1, AtomEnergies: []float64{1, nan, 2}},
		"the Hessian's product of atom 0 is 15000 eV/Å² of its direction: expected at most 10000":                                                            {Energy: 1, Curvature: &Curvature{[][3]float64{{1e-30}, {}, {}}, [][3]float64{{5e-27}, {-5e-27}, {}}}},
		"the Hessian's product adds up to 3 eV/Å² of its direction over the atoms, whose own are 3 in all: expected 0, as moving all atoms changes no force": {Energy: 1, Curvature: &Curvature{v, v}},
		"the Hessian's direction has no length: expected a displacement of some atoms":                                                                       {Energy: 1, Curvature: &Curvature{make([][3]float64, 3), v}},
	} {
		if err := l.CheckLabels(3, 80); want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

// Units that contradict one another show in differences between frames, whatever
// the unit that both may have.
func TestUnits(t *testing.T) {
	moving := func(energy, force float64, n int) *Set {
		s := &Set{}
		rng := rand.New(rand.NewPCG(1, 2))
		x := &atoms.Structure{Numbers: []int{6, 8}, Positions: [][3]float64{{}, {1.2, 0, 0}}}
		for range n {
			d := 1.2 + 0.1*rng.Float64() // a spring of 40 eV/Å², 1.15 Å long
			x.Positions[1][0] = d
			f := -40 * (d - 1.15)
			require.NoError(t, s.Add(x, labelled(energy*(20*(d-1.15)*(d-1.15)-1000), [3]float64{-f * force}, [3]float64{f * force}), 5))
		}
		return s
	}
	for _, c := range []struct {
		energy, force float64
		says          string
	}{
		{1, 1, ""},
		{1 / 27.2114, 1, "energies in Hartree beside forces in eV/Å"},
		{1, -1, "forces of the wrong sign"},
		{23.06, 1, "energies in kcal/mol beside forces in eV/Å"},
		{1, 0.52917721 / 27.2114, "energies in eV beside forces in Hartree/Bohr"},
		{1 / 27.2114, 0.52917721 / 27.2114, "energies in Hartree and forces in Hartree/Bohr"},
		{7, 1, "energies change by 7 times what the forces say"},
	} {
		u := moving(c.energy, c.force, 30).Units()
		assert.Equal(t, 15, u.Differences)
		assert.InDelta(t, 1, u.Agree, 1e-9)
		assert.InDelta(t, c.energy/c.force, u.Ratio, 1e-3*math.Abs(c.energy/c.force))
		if err := u.Contradiction(); c.says == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.says)
		}
	}
	assert.NoError(t, moving(27, 1, 5).Units().Contradiction(), "too few to tell")
	assert.Zero(t, moving(27, 1, 1).Units())
	for energy, unit := range map[float64]string{-13.6: "", -0.5: "Hartree", -313: "kcal/mol", -1313: "kJ/mol", 2: "", -2.3: ""} {
		assert.Equal(t, unit, HydrogenHint(energy))
	}
}
