package atoms

import (
	"fmt"
	"math"

	"painless/internal/buffer"
)

// Result is what a potential says of a batch. What it was not asked for is empty.
type Result struct {
	Energy []float64    // eV, [S]
	Forces [][3]float64 // −∂E/∂r, eV/Å, [N]

	// Virial is −∂E/∂ε, eV, [S]: ε[a][b] strains the positions and the cell by
	// r_a += ε[a][b]·r_b. Where the energy is invariant to rotation it is symmetric.
	Virial [][3][3]float64

	// Stress is the symmetric part of ∂E/∂ε over the volume, eV/Å³, as xx, yy,
	// zz, yz, xz, xy (ASE's order and sign: tension is positive); [S]. It is 0
	// for structures that have no volume: see Batch.Volume.
	Stress [][6]float64

	// AtomEnergy is the atoms' shares of the energies, eV, [N], where a potential was
	// asked for them.
	AtomEnergy []float64
	// AtomVirial is the same of the virials, eV, [N]: halves of what the atom's pairs
	// have in them.
	AtomVirial [][3][3]float64
}

// Resize makes room for the results of a batch, or for its energies alone. What
// stands in them is of no meaning.
func (r *Result) Resize(b *Batch, energyOnly bool) {
	s, n := b.Len(), b.NumAtoms()
	r.Energy = buffer.Resize(r.Energy, s)
	if energyOnly {
		s, n = 0, 0
	}
	r.Forces, r.Virial, r.Stress = buffer.Resize(r.Forces, n), buffer.Resize(r.Virial, s), buffer.Resize(r.Stress, s)
}

// Remove takes out the results of the structures that are gone, [S], of a batch that
// still has them. Results that are not of all its structures are forgotten.
func (r *Result) Remove(b *Batch, gone []bool) {
	r.Energy, r.Virial, r.Stress = without(r.Energy, gone), without(r.Virial, gone), without(r.Stress, gone)
	r.Forces, r.AtomEnergy, r.AtomVirial = withoutAtoms(r.Forces, b, gone), withoutAtoms(r.AtomEnergy, b, gone), withoutAtoms(r.AtomVirial, b, gone)
}

func without[E any](list []E, gone []bool) []E {
	if len(list) != len(gone) {
		return list[:0]
	}
	return buffer.Without(list, gone)
}

func withoutAtoms[E any](list []E, b *Batch, gone []bool) []E {
	if len(list) != b.NumAtoms() {
		return list[:0]
	}
	return buffer.WithoutSpans(list, b.Start, gone)
}

// Finish makes structure k's stress of its virial, and looks at its energy and
// forces: numbers that overflowed are a *StructureError.
func (r *Result) Finish(b *Batch, k int) error {
	var forces [][3]float64
	if len(r.Stress) > 0 { // more than the energy
		r.Stress[k] = [6]float64{}
		if volume, ok := b.Volume(k); ok {
			r.Stress[k] = stress(&r.Virial[k], volume)
		}
		forces = r.Forces[b.Start[k]:b.Start[k+1]]
	}
	if err := Finite(r.Energy[k], forces); err != nil {
		return &StructureError{Index: k, Err: err}
	}
	return nil
}

// Finite returns an error where an energy or a force is no finite number.
func Finite(energy float64, forces [][3]float64) error {
	if math.IsNaN(energy) || math.IsInf(energy, 0) {
		return fmt.Errorf("the energy is %v: expected a number; are atoms too close, or weights too large?", energy)
	}
	for i, f := range forces {
		if sum := f[0] + f[1] + f[2]; sum-sum != 0 { // of what is not finite that is no number
			return fmt.Errorf("the force on atom %d is %v: expected numbers; are atoms too close, or weights too large?", i, f)
		}
	}
	return nil
}

// stress is the symmetric part of −w over the volume: xx, yy, zz, yz, xz, xy.
func stress(w *[3][3]float64, volume float64) [6]float64 {
	off := func(a, b int) float64 { return -0.5 * (w[a][b] + w[b][a]) / volume }
	return [6]float64{off(0, 0), off(1, 1), off(2, 2), off(1, 2), off(0, 2), off(0, 1)}
}
