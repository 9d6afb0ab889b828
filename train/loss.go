package train

import (
	"fmt"
	"math"
)

// Loss is what training makes small, a sum over a batch. Its parts are means, each
// times its weight, over those structures or atoms that have such labels:
//
//	Energy      mean over structures  w′·N·ρ(ΔE/N)
//	Force       mean over components  ρ(|ΔF|)·w, of atoms: Σ over atoms by three times their number
//	Stress      mean over structures  N·Σ ρ(V·Δσ/N)/9 over the nine components
//	AtomEnergy  mean over atoms       ρ(ΔE_i)
//
// with ρ(x) = x², so that the first is w′·ΔE²/N, or Huber's 2δ|x| − δ² beyond δ. w is
// 1/(1 + |F|²/Scale²) of the label's F, w′ its mean over a structure's atoms.
type Loss struct {
	Energy     float64 `json:"energy"`
	Force      float64 `json:"force"`
	Stress     float64 `json:"stress"`
	AtomEnergy float64 `json:"atom_energy"`

	Scale float64 `json:"scale"` // eV/Å; 0: all weigh the same

	// Huber's δ of errors of energies per atom (and of atoms, and of virials per
	// atom), eV, and of forces, eV/Å; 0: squares throughout.
	EnergyHuber float64 `json:"energy_huber"`
	ForceHuber  float64 `json:"force_huber"`
}

// DefaultLoss is what worked.
var DefaultLoss = Loss{Energy: 2, Force: 1, Stress: 0.1, AtomEnergy: 0.1, Scale: 10}

// Check says what is no loss: negative numbers, and weights that are all 0.
func (l Loss) Check() error {
	for _, x := range []float64{l.Energy, l.Force, l.Stress, l.AtomEnergy, l.Scale, l.EnergyHuber, l.ForceHuber} {
		if !(x >= 0) || math.IsInf(x, 0) {
			return fmt.Errorf("loss %+v: expected numbers of at least 0", l)
		}
	}
	if l.Energy+l.Force+l.Stress+l.AtomEnergy == 0 {
		return fmt.Errorf("loss %+v: expected a weight above 0", l)
	}
	return nil
}

// Terms is the loss of a batch, its parts, and sums of errors.
type Terms struct {
	Loss                              float64
	Energy, Force, Stress, AtomEnergy float64 // that Loss is the sum of

	AbsEnergies, SquareEnergies         float64 // Σ|ΔE|/N, eV, and Σ(ΔE/N)²
	AbsForces, SquareForces             float64 // of components, eV/Å and its square
	AbsStresses, SquareStresses         float64 // of six components, eV/Å³ and its square
	AbsAtomEnergies, SquareAtomEnergies float64 // eV and its square

	Energies, Components, Stresses, AtomEnergies int // how many there are in the sums
}

func (t *Terms) add(x *Terms) {
	for _, sum := range [...]struct {
		to   *float64
		from float64
	}{
		{&t.Energy, x.Energy}, {&t.Force, x.Force}, {&t.Stress, x.Stress}, {&t.AtomEnergy, x.AtomEnergy},
		{&t.AbsEnergies, x.AbsEnergies}, {&t.SquareEnergies, x.SquareEnergies}, {&t.AbsForces, x.AbsForces}, {&t.SquareForces, x.SquareForces},
		{&t.AbsStresses, x.AbsStresses}, {&t.SquareStresses, x.SquareStresses}, {&t.AbsAtomEnergies, x.AbsAtomEnergies}, {&t.SquareAtomEnergies, x.SquareAtomEnergies},
	} {
		*sum.to += sum.from
	}
	t.Energies += x.Energies
	t.Components += x.Components
	t.Stresses += x.Stresses
	t.AtomEnergies += x.AtomEnergies
	t.Loss = t.Energy + t.Force + t.Stress + t.AtomEnergy
}

// huber is ρ(x) and its slope, for x of either sign; δ = 0 is squares.
func huber(x, delta float64) (value, slope float64) {
	if size := math.Abs(x); delta > 0 && size > delta {
		return delta * (2*size - delta), math.Copysign(2*delta, x)
	}
	return x * x, 2 * x
}

// weight is w of a label.
func (l *Loss) weight(f [3]float64) float64 {
	if l.Scale == 0 {
		return 1
	}
	return 1 / (1 + (f[0]*f[0]+f[1]*f[1]+f[2]*f[2])/(l.Scale*l.Scale))
}

// shares is by what the parts of a batch's loss are multiplied.
type shares struct{ energy, force, stress, atomEnergy float64 }

func (l *Loss) shares(batch []*Sample) shares {
	var energies, forces, stresses, atoms int
	for _, x := range batch {
		if !math.IsNaN(x.Energy) {
			energies++
		}
		if x.Stress != nil {
			stresses++
		}
		forces += len(x.Forces)
		atoms += len(x.AtomEnergies)
	}
	per := func(weight float64, n int) float64 { return weight / float64(max(1, n)) }
	return shares{per(l.Energy, energies), per(l.Force, 3*forces), per(l.Stress, 9*stresses), per(l.AtomEnergy, atoms)}
}
