package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/nn"
)

// springs is n structures of two diatomics in turns, so that none follows one of its kind,
// with harmonic energies and forces in some units.
func springs(t *testing.T, n int, energy, force float64) *Set {
	t.Helper()
	s, rng := &Set{}, rand.New(rand.NewPCG(7, uint64(n)))
	for k := range n {
		d := 1.15 + 0.1*rng.NormFloat64()
		f := -40 * (d - 1.15)
		z := []int{8, 16}[k%2]
		x := &atoms.Structure{Numbers: []int{6, z}, Positions: [][3]float64{{}, {d, 0, 0}}}
		require.NoError(t, s.Add(x, labelled(energy*(20*(d-1.15)*(d-1.15)-100*float64(z)), [3]float64{-f * force}, [3]float64{f * force}), 5))
	}
	return s
}

// Units show between structures that do not follow one another.
func TestUnitsInNoOrder(t *testing.T) {
	const kcal = 23.060548
	for says, units := range map[string][2]float64{
		"":                         {1, 1},
		"forces of the wrong sign": {1, -1},
		"energies in eV beside forces in kcal/mol/Å":                                                   {1, kcal},
		"forces of the wrong sign: gradients, perhaps, and energies in eV beside forces in kcal/mol/Å": {1, -kcal},
	} {
		u := springs(t, 60, units[0], units[1]).Units()
		assert.Greater(t, u.Differences, 20)
		if err := u.Contradiction(); says == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, says)
		}
	}
	assert.Contains(t, meaning(0.0381, contradictions), "Hartree", "between two units both are named")
	assert.Contains(t, meaning(0.0381, contradictions), "kcal")
}

// The energies of the elements of one set say those of another one, in the same unit.
func TestContradictsEnergies(t *testing.T) {
	s := springs(t, 60, 1, 1)
	assert.NoError(t, s.ContradictsEnergies(springs(t, 30, 1, 1)))
	assert.NoError(t, s.ContradictsEnergies(springs(t, 3, 23.06, 1)), "too few")
	assert.NoError(t, (&Set{}).ContradictsEnergies(s), "nothing to go by")
	err := s.ContradictsEnergies(springs(t, 30, 23.060548, 1))
	assert.ErrorContains(t, err, "they are 23.06 times what the energies of the elements say")
	assert.ErrorContains(t, err, "kcal/mol beside eV")
}

// Labels of another level of theory pass, and those in another unit do not, where the
// student says anything of the data at all.
func TestYardstick(t *testing.T) {
	good := Yardstick{Force: 1.1, Cosine: 0.95, Atoms: 500, Energy: 0.9, Correlation: 0.95, Energies: 100}
	forces := func(factor, cosine float64) Yardstick {
		y := good
		y.Force, y.Cosine = factor, cosine
		return y
	}
	energies := func(factor, correlation float64) Yardstick {
		y := good
		y.Energy, y.Correlation = factor, correlation
		return y
	}
	for _, c := range []struct {
		y    Yardstick
		says string
	}{
		{good, ""}, {forces(1.5, 0.75), ""}, {forces(23, 0.3), ""}, {forces(1, -0.3), ""}, {energies(0.0367, 0.5), ""}, {energies(1.4, 0.99), ""},
		{Yardstick{Force: 23, Cosine: 1, Atoms: 3}, ""},
		{forces(1, -0.95), "forces of the wrong sign"},
		{forces(22.5, 0.95), "forces in kcal/mol/Å"},
		{forces(1/51.4, -0.95), "forces of the wrong sign: gradients, perhaps, and forces in Hartree/Bohr"},
		{forces(7, 0.95), "they are 7 times as large"},
		{energies(0.037, 0.95), "Hartree beside eV"},
	} {
		if err := c.y.Contradiction(); c.says == "" {
			assert.NoError(t, err, "%+v", c.y)
		} else {
			assert.ErrorContains(t, err, c.says)
		}
	}
}

// A student is measured against its own labels, and against these in other units.
func TestMeasureLabels(t *testing.T) {
	m := newTestModel(t, 16, 1, 8, false)
	network, err := m.Network(m.Weights, nil)
	require.NoError(t, err)
	s, rng := &Set{}, rand.New(rand.NewPCG(2, 9))
	for range 40 {
		x := water(0.1 * rng.NormFloat64())
		require.NoError(t, s.Add(x, labelled(0, [3]float64{}, [3]float64{}, [3]float64{}), 3))
	}
	labels := &Set{}
	own, err := nn.NewPotential(network, nn.Options{Threads: 1})
	require.NoError(t, err)
	defer own.Close()
	require.NoError(t, s.compute(t.Context(), own, func(k int, p *prediction) {
		x, l := s.Structure(k), Labels{Energy: p.energy / 27.211386}
		for _, f := range p.forces {
			l.Forces = append(l.Forces, [3]float64{-23 * f[0], -23 * f[1], -23 * f[2]})
		}
		require.NoError(t, labels.Add(&x, &l, 3))
	}))
	y, err := labels.Measure(t.Context(), network, 1)
	require.NoError(t, err)
	assert.InDelta(t, 23, y.Force, 1e-3)
	assert.InDelta(t, -1, y.Cosine, 1e-5)
	assert.InDelta(t, 1, y.Energy*27.211386, 0.05)
	assert.Greater(t, y.Correlation, 0.99)
}
