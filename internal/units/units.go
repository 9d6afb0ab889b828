// Package units is the constants of nature that turn units into Å, fs, eV, u, K
// and bar: CODATA 2022, where what the SI defines is exact.
package units

import "math"

// In SI units.
const (
	elementaryCharge = 1.602176634e-19   // C, exact
	boltzmann        = 1.380649e-23      // J/K, exact
	avogadro         = 6.02214076e23     // 1/mol, exact
	atomicMass       = 1.66053906892e-27 // kg
)

// Factors that turn a number in the unit of the name into one in eV, Å or both.
const (
	Bohr       = 0.529177210544                       // Å
	Hartree    = 27.211386245981                      // eV
	Rydberg    = Hartree / 2                          // eV
	KcalPerMol = 4184 / (avogadro * elementaryCharge) // eV
	KJPerMol   = 1000 / (avogadro * elementaryCharge) // eV

	// NewtonPerMetre is one N/m, eV/Å².
	NewtonPerMetre = 1e-20 / elementaryCharge
	// Boltzmann is k_B, eV/K.
	Boltzmann = boltzmann / elementaryCharge
	// Bar is one bar, eV/Å³.
	Bar = 1e5 * 1e-30 / elementaryCharge
	// MassVelocity2 is one u·Å²/fs², eV: kinetic energies and, divided by it, accelerations.
	MassVelocity2 = atomicMass * 1e10 / elementaryCharge
)

// ASETime is ASE's unit of time, Å √(u/eV), in fs; and so one u·Å/fs in √(u·eV), its unit of momentum.
var ASETime = math.Sqrt(MassVelocity2)
