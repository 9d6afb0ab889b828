package train

import (
	"fmt"

	"painless/atoms"
	"painless/internal/vec"
	"painless/kernels/cpu"
)

// collectForces makes forces of the pairs' gradients, and virials where there is a
// label of stress.
func (w *worker[T]) collectForces() {
	clear(w.forces)
	clear(w.virials)
	for k := range w.virials {
		virial, strained := &w.virials[k], w.shard.samples[k].Stress != nil
		for p := w.from[k]; p < w.from[k+1]; p++ {
			x := w.pairs.X[p]
			g := cpu.PairGradient(x, w.pairs.D[p], w.pairGrads[p])
			fi, fj := &w.forces[w.pairs.I[p]], &w.forces[w.pairs.J[p]]
			for a := range 3 {
				fi[a] += float64(g[a])
				fj[a] -= float64(g[a])
			}
			if strained {
				for ab := range virial {
					virial[ab] += float64(g[ab/3]) * float64(x[ab%3])
				}
			}
		}
	}
}

// compare adds the shard's part of the loss to its terms, and sets what the gradient
// is made of: the seeds ∂L/∂E_i, and the direction along which Ė is what the labels of
// forces and stress make of the gradient,
//
//	ṙ = −∂L/∂F      ε̇ = ∂L/∂(∂E/∂ε)      so that  ∂L/∂W = Σ ∂L/∂E_i·∂E_i/∂W + ∂Ė/∂W
func (w *worker[T]) compare() {
	terms := &w.shard.terms
	*terms, w.shard.err = Terms{}, nil
	clear(w.motion)
	seeds := w.seeds()
	for k, x := range w.shard.samples {
		lo, hi := w.start[k], w.start[k+1]
		shares := w.energies()[lo:hi]
		energy := 0.0
		for _, share := range shares {
			energy += float64(share)
		}
		if !vec.Finite(energy) && w.shard.err == nil {
			w.shard.err = &atoms.StructureError{Index: w.shard.index(k), Err: fmt.Errorf("the energy is %v", energy)}
		}
		seed := w.share.compareEnergy(&x.Labels, hi-lo, energy, terms)
		for i := range shares {
			seeds[lo+i] = T(seed)
		}
		for i, label := range x.AtomEnergies {
			seeds[lo+i] += T(w.share.compareAtomEnergy(label, float64(shares[i]), terms))
		}
		for i, label := range x.Forces {
			w.motion[lo+i] = w.share.compareForce(label, w.forces[lo+i], terms)
		}
		if x.displace {
			lo, hi, end := w.start[k+1], w.start[k+2], w.start[k+3] // of the displaced ones, which come next
			w.share.compareCurvature(&x.Labels, w.forces[lo:hi], w.forces[hi:end], &[2][][3]float64{w.motion[lo:hi], w.motion[hi:end]}, terms)
		}
		w.setRates(k, w.share.compareStress(x.Stress, hi-lo, x.volume, &w.virials[k], terms))
	}
}

// setRates is how the pairs of sample k change along the direction.
func (w *worker[T]) setRates(k int, strain [3][3]float64) {
	for p := w.from[k]; p < w.from[k+1]; p++ {
		x, mi, mj := w.pairs.X[p], &w.motion[w.pairs.I[p]], &w.motion[w.pairs.J[p]]
		var stretch [3]float64
		if w.shard.samples[k].Stress != nil {
			stretch = vec.Times(&strain, [3]float64{float64(x[0]), float64(x[1]), float64(x[2])})
		}
		rate := [3]T{T(mj[0] - mi[0] + stretch[0]), T(mj[1] - mi[1] + stretch[1]), T(mj[2] - mi[2] + stretch[2])}
		w.rates[p] = cpu.Rate(x, w.pairs.D[p], rate)
	}
}
