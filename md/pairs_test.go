package md

import (
	"context"
	"math"

	"painless/atoms"
	"painless/internal/units"
)

// fluid is Lennard-Jones's potential between all pairs and periodic images within
// a cutoff, in cells of any shape. As it is, the energy ends with a step, and the
// forces with it; smooth, both go to 0 (the force is shifted).
type fluid struct {
	epsilon, sigma, cutoff float64 // eV, Å, Å
	smooth                 bool
	list                   atoms.NeighborList[float64]
}

// argonFluid is argon with a cutoff of as many σ.
func argonFluid(cutoff float64, smooth bool) *fluid {
	return &fluid{epsilon: 120 * units.Boltzmann, sigma: 3.4, cutoff: cutoff * 3.4, smooth: smooth}
}

// at is the energy and −dU/dr · r at the square of a distance.
func (p *fluid) at(rr float64) (u, fr float64) {
	q := p.sigma * p.sigma / rr
	q = q * q * q
	return 4 * p.epsilon * (q*q - q), 24 * p.epsilon * (2*q*q - q)
}

func (p *fluid) Compute(_ context.Context, b *atoms.Batch, r *atoms.Result) error {
	if err := p.list.Build(b, p.cutoff); err != nil {
		return err
	}
	r.Resize(b, false)
	clear(r.Forces)
	edge, pull := 0.0, 0.0 // of the smooth one: u(r_c) and −u'(r_c)
	if p.smooth {
		edge, pull = p.at(p.cutoff * p.cutoff)
		pull /= p.cutoff
	}
	for k := range b.Len() {
		energy, w := 0.0, [3][3]float64{}
		for n := p.list.Start[k]; n < p.list.Start[k+1]; n++ {
			x, d := &p.list.X[n], p.list.D[n]
			u, fr := p.at(d * d)
			energy += u - edge + (d-p.cutoff)*pull
			f := (fr - pull*d) / (d * d)
			fi, fj := &r.Forces[p.list.I[n]], &r.Forces[p.list.J[n]]
			for c := range x {
				fc := f * x[c]
				fj[c] += fc
				fi[c] -= fc
				for e := range x {
					w[c][e] += fc * x[e]
				}
			}
		}
		r.Energy[k], r.Virial[k] = energy, w
		if err := r.Finish(b, k); err != nil {
			return err
		}
	}
	return nil
}

// rhombohedral is a crystal of n³ atoms in the primitive cell of fcc, whose
// lattice vectors are at 60° and no triangular matrix.
func rhombohedral(n int, volume float64) (s atoms.Structure) {
	half := math.Cbrt(4*volume) / 2
	primitive := [3][3]float64{{0, half, half}, {half, 0, half}, {half, half, 0}}
	for i := range n * n * n {
		r := [3]float64{}
		for v, times := range []int{i % n, i / n % n, i / n / n} {
			for c := range r {
				r[c] += float64(times) * primitive[v][c]
			}
		}
		s.Numbers, s.Positions = append(s.Numbers, 18), append(s.Positions, r)
	}
	for v := range 3 {
		s.PBC[v] = true
		for c := range 3 {
			s.Cell[v][c] = float64(n) * primitive[v][c]
		}
	}
	return s
}
