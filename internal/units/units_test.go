package units

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// As CODATA 2022 and the documentation of LAMMPS and ASE have them.
func TestUnits(t *testing.T) {
	for name, test := range map[string]struct{ got, want, relative float64 }{
		"Boltzmann, eV/K":              {Boltzmann, 8.617333262e-5, 1e-10},
		"kcal/mol, eV":                 {KcalPerMol, 0.0433641043, 2e-9},
		"kJ/mol, eV":                   {KJPerMol, 0.01036426965, 2e-9},
		"bar, eV/Å³":                   {Bar, 6.241509074e-7, 1e-10},
		"u Å²/fs², eV":                 {MassVelocity2, 103.642696, 1e-7},
		"Hartree in kcal/mol":          {Hartree / KcalPerMol, 627.5094740, 1e-9},
		"Hartree/Bohr, eV/Å":           {Hartree / Bohr, 51.42206748, 1e-9},
		"speed of argon at 1 K, Å/fs²": {Boltzmann / (39.95 * MassVelocity2), 2.0812e-8, 1e-4},
	} {
		assert.InEpsilon(t, test.want, test.got, test.relative, name)
	}
}
