package nn

import (
	"fmt"
	"math"

	"painless/kernels/cpu"
)

// collect sums the atoms' energies by structure and turns the pairs' gradients
// into forces, virial and stress, in float64 and in the order of the pairs.
// Numbers that overflowed, as with atoms far too close, are an error.
func (e *engine[T]) collect(b *Batch, r *Result) error {
	r.Energy, r.Forces = resize(r.Energy, b.Len()), resize(r.Forces, b.NumAtoms())
	r.Virial, r.Stress = resize(r.Virial, b.Len()), resize(r.Stress, b.Len())
	clear(r.Forces)
	for k := range b.Len() {
		r.Energy[k] = 0
		for _, energy := range e.energy[b.Start[k]:b.Start[k+1]] {
			r.Energy[k] += float64(energy)
		}
		r.Virial[k] = e.forces(r.Forces, e.list.Start[k], e.list.Start[k+1])
		r.Stress[k] = [6]float64{}
		if volume, ok := b.Volume(k); ok {
			r.Stress[k] = stress(&r.Virial[k], volume)
		}
		if err := finite(r.Energy[k], r.Forces[b.Start[k]:b.Start[k+1]]); err != nil {
			return &StructureError{k, err}
		}
	}
	return nil
}

func finite(energy float64, forces [][3]float64) error {
	if math.IsNaN(energy) || math.IsInf(energy, 0) {
		return fmt.Errorf("the energy is %v: expected a number; are atoms too close, or weights too large?", energy)
	}
	for i, f := range forces {
		if sum := f[0] + f[1] + f[2]; math.IsNaN(sum) || math.IsInf(sum, 0) {
			return fmt.Errorf("the force on atom %d is %v: expected numbers; are atoms too close, or weights too large?", i, f)
		}
	}
	return nil
}

// forces adds the forces of the pairs lo up to hi, −∂E/∂r_j = −∂E/∂x and
// −∂E/∂r_i = ∂E/∂x as x = r_j + shift − r_i, and sums their virial −∂E/∂x ⊗ x.
func (e *engine[T]) forces(forces [][3]float64, lo, hi int) (virial [3][3]float64) {
	for p := lo; p < hi; p++ {
		x := e.list.X[p]
		gx := cpu.PairGradient(x, e.list.D[p], e.pairs.D[p], e.pairs.U[p])
		fi, fj := &forces[e.list.I[p]], &forces[e.list.J[p]]
		for c, g := range gx {
			fi[c] += float64(g)
			fj[c] -= float64(g)
			for d := range x {
				virial[c][d] -= float64(g) * float64(x[d])
			}
		}
	}
	return virial
}

func stress(w *[3][3]float64, volume float64) [6]float64 {
	off := func(a, b int) float64 { return -0.5 * (w[a][b] + w[b][a]) / volume }
	return [6]float64{off(0, 0), off(1, 1), off(2, 2), off(1, 2), off(0, 2), off(0, 1)}
}
