package nn

import (
	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// span is pairs lo up to hi of structure k, and their virial.
type span struct {
	k, lo, hi int
	virial    [3][3]float64
}

// spanSize decides the order of the sums over pairs.
const spanSize = 256

// collect sums the atoms' energies by structure, in float64. Numbers that
// overflowed, as with atoms far too close, are an error.
func (e *cpuEngine[T]) collect(b *atoms.Batch, r *Result) error {
	r.Resize(b, e.energyOnly)
	r.AtomEnergy, r.AtomVirial = r.AtomEnergy[:0], r.AtomVirial[:0]
	if !e.energyOnly {
		e.collectForces(b, r)
	}
	for k := range b.Len() {
		r.Energy[k] = 0
		for _, energy := range e.energy[b.Start[k]:b.Start[k+1]] {
			r.Energy[k] += float64(energy)
			if e.atomEnergies {
				r.AtomEnergy = append(r.AtomEnergy, float64(energy))
			}
		}
		if err := r.Finish(b, k); err != nil {
			return err
		}
	}
	return nil
}

// collectForces turns the pairs' gradients into forces and virial, in float64
// and in the order of the pairs.
func (e *cpuEngine[T]) collectForces(b *atoms.Batch, r *Result) {
	e.pairGradients(e.list.Start)
	clear(r.Forces)
	clear(r.Virial)
	for i := range e.spans {
		e.scatter(r, &e.spans[i])
	}
	if e.atomVirials {
		e.shareVirials(r)
	}
}

// pairGradients makes ∂E/∂x of the pairs; those of structure k are start[k] up to start[k+1].
func (e *cpuEngine[T]) pairGradients(start []int) {
	e.spans = e.spans[:0]
	for k := range len(start) - 1 {
		for lo := start[k]; lo < start[k+1]; lo += spanSize {
			e.spans = append(e.spans, span{k: k, lo: lo, hi: min(lo+spanSize, start[k+1])})
		}
	}
	e.pool.Run(len(e.spans), e.tasks.pairGradient)
}

// pairGradientSpan sums ∂E/∂u and ∂E/∂d over the groups of features, and makes
// ∂E/∂x and the virial of them.
func (e *cpuEngine[T]) pairGradientSpan(_, unit int) {
	s := &e.spans[unit]
	first := e.pairGrads[0][s.lo:s.hi]
	for _, group := range e.pairGrads[1:] {
		cpu.AddPairGrads(first, group[s.lo:s.hi])
	}
	s.virial = cpu.PairGradients(e.forces[s.lo:s.hi], e.list.X[s.lo:s.hi], e.list.D[s.lo:s.hi], first)
}

// scatter adds −∂E/∂r_j = −∂E/∂x and −∂E/∂r_i = ∂E/∂x, as x = r_j + shift − r_i.
func (e *cpuEngine[T]) scatter(r *Result, s *span) {
	for p := s.lo; p < s.hi; p++ {
		fi, fj := &r.Forces[e.list.I[p]], &r.Forces[e.list.J[p]]
		for c, g := range e.forces[p] {
			fi[c] += float64(g)
			fj[c] -= float64(g)
		}
	}
	for c := range s.virial {
		for d := range s.virial[c] {
			r.Virial[s.k][c][d] += s.virial[c][d]
		}
	}
}

// shareVirials gives half of each pair's −∂E/∂x ⊗ x to either atom.
func (e *cpuEngine[T]) shareVirials(r *Result) {
	r.AtomVirial = buffer.Resize(r.AtomVirial, len(r.Forces))
	clear(r.AtomVirial)
	for p, x := range e.list.X {
		i, j := &r.AtomVirial[e.list.I[p]], &r.AtomVirial[e.list.J[p]]
		for a, g := range e.forces[p] {
			for b := range x {
				w := -0.5 * float64(g) * float64(x[b])
				i[a][b] += w
				j[a][b] += w
			}
		}
	}
}
