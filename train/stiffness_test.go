package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/units"
)

// Bonds of hydrogen say in which unit Hessians are, along all directions and along bonds
// alone; few of them, and what is no bond, say nothing.
func TestStiffness(t *testing.T) {
	const usual = 37 // eV/Å², of a bond: 12 over three directions
	for _, c := range []struct {
		factor   float64
		bonds    int
		distance float64
		says     string
	}{
		{1, 200, 0.96, ""}, {2, 200, 0.96, ""}, {0.4, 200, 0.96, ""},
		{1 / units.KcalPerMol, 200, 0.96, "are products in kcal/mol/Å², or N/m? They are taken as eV/Å²"},
		{1 / units.KJPerMol, 200, 0.96, "are products in kJ/mol/Å²?"},
		{units.Bohr * units.Bohr / units.Hartree, 200, 0.96, "are products in Hartree/Bohr²?"},
		{1 / units.Hartree, 200, 0.96, "are products in Hartree/Å²?"},
		{1000, 200, 0.96, "are products in another unit?"},
		{1 / units.KcalPerMol, fewHydrogens - 1, 0.96, ""},
		{1 / units.KcalPerMol, 200, 1.4, ""},
		{1 / units.KcalPerMol, 200, 0.5, ""},
	} {
		var random, along Stiffness
		rng := rand.New(rand.NewPCG(5, 6))
		for range c.bonds {
			x := &atoms.Structure{Numbers: []int{8, 1}, Positions: [][3]float64{{}, {0, c.distance, 0}}}
			for s, v := range map[*Stiffness][][3]float64{&random: RandomDirection(rng, 2), &along: {{}, {0, 2, 0}}} {
				p := usual * c.factor * (v[1][1] - v[0][1])
				s.Add(x, &Curvature{v, [][3]float64{{0, -p, 0}, {0, p, 0}}})
			}
		}
		for _, s := range []*Stiffness{&random, &along} {
			if hint := s.Hint(); c.says == "" {
				assert.Empty(t, hint, "%+v", c)
			} else if s == &random {
				assert.Contains(t, hint, c.says)
			} else {
				assert.Contains(t, hint, "200 hydrogens by ")
			}
		}
	}
}
