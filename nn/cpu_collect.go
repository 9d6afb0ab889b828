package nn

import (
	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// span is pairs lo up to hi of a structure, and their virial.
type span struct {
	lo, hi int
	virial [3][3]float64
}

// spanSize decides the order of the sums over pairs.
const spanSize = 256

// structureTile is structures that are collected at a time.
const structureTile = 16

// collection is what the results are collected from and into.
type collection struct {
	batch  *atoms.Batch
	result *Result
	spans  []span  // of structures of more than one
	start  []int   // those of structure k are start[k] up to start[k+1]; [S+1]
	placed Result  // forces and shares of the list's places, where there are some
	errs   []error // of the structureTiles
}

// collect makes energies, forces and virials of those of atoms and pairs, structure
// by structure, in float64 and in the order of atoms and pairs. Numbers that
// overflowed, as with atoms far too close, are an error.
func (e *cpuEngine[T]) collect(b *atoms.Batch, r *Result) error {
	r.Resize(b, e.energyOnly)
	r.AtomEnergy, r.AtomVirial = r.AtomEnergy[:0], r.AtomVirial[:0]
	if e.atomEnergies {
		r.AtomEnergy = buffer.Resize(r.AtomEnergy, b.NumAtoms())
	}
	if !e.energyOnly {
		e.pairGradients(e.list.Start, spanSize)
		if e.atomVirials {
			r.AtomVirial = buffer.Resize(r.AtomVirial, b.NumAtoms())
		}
	}
	c := &e.collection
	c.batch, c.result = b, r
	if e.list.Order != nil {
		c.placed.Forces, c.placed.AtomVirial = buffer.Resize(c.placed.Forces, len(r.Forces)), buffer.Resize(c.placed.AtomVirial, len(r.AtomVirial))
	}
	c.errs = buffer.Resize(c.errs, ceilDiv(b.Len(), structureTile))
	e.pool.Run(len(c.errs), e.tasks.collect)
	c.batch, c.result = nil, nil
	for _, err := range c.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// collectTile collects some structures, up to the first with an error.
func (e *cpuEngine[T]) collectTile(_, unit int) {
	c := &e.collection
	c.errs[unit] = nil
	for k := unit * structureTile; k < min((unit+1)*structureTile, c.batch.Len()); k++ {
		lo, hi := c.batch.Start[k], c.batch.Start[k+1]
		sum := 0.0
		for _, energy := range e.energy[lo:hi] {
			sum += float64(energy)
		}
		if e.atomEnergies {
			e.collectEnergies(c.result.AtomEnergy, lo, hi)
		}
		c.result.Energy[k] = sum
		if !e.energyOnly {
			e.collectForces(c.result, k, lo, hi)
		}
		if err := c.result.Finish(c.batch, k); err != nil {
			c.errs[unit] = err
			return
		}
	}
}

// collectEnergies tells the atoms of the places lo up to hi their energies.
func (e *cpuEngine[T]) collectEnergies(to []float64, lo, hi int) {
	for place, energy := range e.energy[lo:hi] {
		atom := lo + place
		if e.list.Order != nil {
			atom = int(e.list.Order[atom])
		}
		to[atom] = float64(energy)
	}
}

// collectForces makes the forces on the atoms lo up to hi of structure k, and its
// virial, of its pairs' gradients.
func (e *cpuEngine[T]) collectForces(r *Result, k, lo, hi int) {
	forces, shares, order := r.Forces, r.AtomVirial, e.list.Order
	if order != nil {
		forces, shares, order = e.collection.placed.Forces, e.collection.placed.AtomVirial, order[lo:hi]
	}
	clear(forces[lo:hi])
	virial, first, last := &r.Virial[k], e.list.Start[k], e.list.Start[k+1]
	*virial = [3][3]float64{}
	if last-first <= spanSize {
		*virial = e.pairGradient(first, last)
	}
	addVirials(virial, e.spans[e.collection.start[k]:e.collection.start[k+1]])
	e.scatter(forces, first, last)
	if e.atomVirials {
		clear(shares[lo:hi])
		e.shareVirials(shares, first, last)
	}
	for place, atom := range order {
		r.Forces[atom] = forces[lo+place]
		if e.atomVirials {
			r.AtomVirial[atom] = shares[lo+place]
		}
	}
}

// addVirials adds those of spans, in their order.
func addVirials(to *[3][3]float64, spans []span) {
	for i := range spans {
		for c := range to {
			for d := range to[c] {
				to[c][d] += spans[i].virial[c][d]
			}
		}
	}
}

// pairGradients makes ∂E/∂x of the pairs of structures that have more than so many;
// those of structure k are start[k] up to start[k+1].
func (e *cpuEngine[T]) pairGradients(start []int, than int) {
	c := &e.collection
	c.spans, c.start = c.spans[:0], append(c.start[:0], 0)
	for k := range len(start) - 1 {
		for lo, hi := start[k], start[k+1]; hi-start[k] > than && lo < hi; lo += spanSize {
			c.spans = append(c.spans, span{lo: lo, hi: min(lo+spanSize, hi)})
		}
		c.start = append(c.start, len(c.spans))
	}
	e.pool.Run(len(c.spans), e.tasks.pairGradient)
}

func (e *cpuEngine[T]) pairGradientSpan(_, unit int) {
	s := &e.spans[unit]
	s.virial = e.pairGradient(s.lo, s.hi)
}

// pairGradient sums ∂E/∂u and ∂E/∂d of the pairs lo up to hi over the groups of
// features, and makes ∂E/∂x and the virial of them.
func (e *cpuEngine[T]) pairGradient(lo, hi int) (virial [3][3]float64) {
	first := e.pairGrads[0][lo:hi]
	for _, group := range e.pairGrads[1:] {
		cpu.AddPairGrads(first, group[lo:hi])
	}
	return cpu.PairGradients(e.forces[lo:hi], e.list.X[lo:hi], e.list.D[lo:hi], first)
}

// scatter adds −∂E/∂r_j = −∂E/∂x and −∂E/∂r_i = ∂E/∂x of the pairs lo up to hi, as
// x = r_j + shift − r_i. What atom I of pairs on end has is summed in registers.
func (e *cpuEngine[T]) scatter(forces [][3]float64, lo, hi int) {
	of, to, gradients := e.list.I[lo:hi], e.list.J[lo:hi], e.forces[lo:hi]
	for p := 0; p < len(of); {
		i := of[p]
		x, y, z := forces[i][0], forces[i][1], forces[i][2]
		for ; p < len(of) && of[p] == i; p++ {
			g := &gradients[p]
			gx, gy, gz := float64(g[0]), float64(g[1]), float64(g[2])
			x, y, z = x+gx, y+gy, z+gz
			if to[p] == i { // an image of its own
				x, y, z = x-gx, y-gy, z-gz
				continue
			}
			j := &forces[to[p]]
			j[0], j[1], j[2] = j[0]-gx, j[1]-gy, j[2]-gz
		}
		forces[i] = [3]float64{x, y, z}
	}
}

// shareVirials gives half of −∂E/∂x ⊗ x of the pairs lo up to hi to either atom.
func (e *cpuEngine[T]) shareVirials(shares [][3][3]float64, lo, hi int) {
	for p := lo; p < hi; p++ {
		x := e.list.X[p]
		i, j := &shares[e.list.I[p]], &shares[e.list.J[p]]
		for a, g := range e.forces[p] {
			for b := range x {
				w := -0.5 * float64(g) * float64(x[b])
				i[a][b] += w
				j[a][b] += w
			}
		}
	}
}
