package train

import (
	"fmt"
	"math"

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

// components is the rows and columns of a stress's six numbers.
var components = [6][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}

// compare adds the shard's part of the loss to its terms, and sets what the gradient
// is made of: the seeds ∂L/∂E_i, and the direction along which Ė is what the labels of
// forces and stress make of the gradient,
//
//	ṙ = −∂L/∂F      ε̇ = ∂L/∂(∂E/∂ε)      so that  ∂L/∂W = Σ ∂L/∂E_i·∂E_i/∂W + ∂Ė/∂W
func (w *worker[T]) compare() {
	loss, terms := &w.options.Loss, &w.shard.terms
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
			w.shard.err = &atoms.StructureError{Index: w.shard.first + k, Err: fmt.Errorf("the energy is %v", energy)}
		}
		seed := w.compareEnergy(x, energy, loss, terms)
		for i := range shares {
			seeds[lo+i] = T(seed)
		}
		for i, label := range x.AtomEnergies {
			e := float64(shares[i]) - label
			value, slope := huber(e, loss.EnergyHuber)
			terms.AtomEnergy += w.share.atomEnergy * value
			terms.AbsAtomEnergies += math.Abs(e)
			terms.SquareAtomEnergies += e * e
			seeds[lo+i] += T(w.share.atomEnergy * slope)
		}
		terms.AtomEnergies += len(x.AtomEnergies)
		for i, label := range x.Forces {
			w.motion[lo+i] = w.compareForce(label, w.forces[lo+i], loss, terms)
		}
		terms.Components += 3 * len(x.Forces)
		w.setRates(k, w.compareStress(x, &w.virials[k], loss, terms))
	}
}

// compareEnergy returns ∂L/∂E.
func (w *worker[T]) compareEnergy(x *Sample, energy float64, loss *Loss, terms *Terms) float64 {
	if math.IsNaN(x.Energy) {
		return 0
	}
	n, e, weight := float64(len(x.Numbers)), energy-x.Energy, 1.0
	if x.Forces != nil {
		weight = 0
		for _, f := range x.Forces {
			weight += loss.weight(f) / n
		}
	}
	weight *= w.share.energy
	value, slope := huber(e/n, loss.EnergyHuber)
	terms.Energies++
	terms.Energy += weight * n * value
	terms.AbsEnergies += math.Abs(e) / n
	terms.SquareEnergies += e / n * e / n
	return weight * slope
}

// compareForce returns −∂L/∂F of an atom.
func (w *worker[T]) compareForce(label, force [3]float64, loss *Loss, terms *Terms) (motion [3]float64) {
	weight := w.share.force * loss.weight(label)
	var error [3]float64
	for a := range error {
		error[a] = force[a] - label[a]
		terms.AbsForces += math.Abs(error[a])
		terms.SquareForces += error[a] * error[a]
	}
	size := vec.Norm(error)
	value, slope := huber(size, loss.ForceHuber)
	terms.Force += weight * value
	if size > 0 {
		motion = vec.Scale(error, -weight*slope/size)
	}
	return motion
}

// compareStress returns the gradient by ∂E/∂ε, which is symmetric.
func (w *worker[T]) compareStress(x *Sample, virial *[9]float64, loss *Loss, terms *Terms) (strain [3][3]float64) {
	if x.Stress == nil {
		return strain
	}
	n := float64(len(x.Numbers))
	terms.Stresses++
	for v, ab := range components {
		a, b := ab[0], ab[1]
		e := (virial[3*a+b]+virial[3*b+a])/2 - x.Stress[v]*x.volume
		terms.AbsStresses += math.Abs(e / x.volume)
		terms.SquareStresses += e / x.volume * e / x.volume
		value, slope := huber(e/n, loss.EnergyHuber)
		times := 1.0 // off the diagonal it is there twice
		if a != b {
			times = 2
		}
		terms.Stress += times * w.share.stress * n * value
		strain[a][b] = w.share.stress * slope
		strain[b][a] = strain[a][b]
	}
	return strain
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
