package nn

import (
	"errors"

	"painless/atoms"
	"painless/internal/buffer"
)

// DomainResult is what a rank's own atoms have; sums over ranks are the system's.
type DomainResult struct {
	Energy float64       // of the own atoms, eV
	Forces [][3]float64  // on them, eV/Å, [own]
	Virial [3][3]float64 // Σ −∂E/∂x ⊗ x of the pairs, eV: halves of those with a ghost

	AtomEnergy []float64 // of the own atoms, eV, [own]

	// AtomVirial is the atoms' shares of the virial, eV, [own]: each atom has half of its
	// pairs'. It is filled where AtomVirials asks for it.
	AtomVirial  [][3][3]float64
	AtomVirials bool
}

// Finish fills r, after Next has said Done. Numbers that overflowed are an error.
func (d *Domain) Finish(r *DomainResult) error {
	e := d.engine
	if !d.begun || d.at < len(e.schedule) && e.schedule[d.at].stage != collect {
		return errors.New("expected Next to say Done before Finish")
	}
	d.begun = false
	r.AtomEnergy, r.Forces = buffer.Resize(r.AtomEnergy, e.own), buffer.Resize(r.Forces, e.own)
	clear(r.Forces)
	r.Energy, r.Virial = 0, [3][3]float64{}
	for i, energy := range e.energy[:e.own] {
		r.AtomEnergy[i] = float64(energy)
		r.Energy += float64(energy)
	}
	if !e.energyOnly {
		e.pool.Begin()
		e.pairGradients(d.list.Start, 0)
		e.pool.End()
		d.scatter(r)
	}
	return atoms.Finite(r.Energy, r.Forces)
}

// scatter gives own atoms their shares of the pairs' forces and virials, in the
// order of the pairs.
func (d *Domain) scatter(r *DomainResult) {
	e := d.engine
	shares := r.AtomVirial[:0]
	if r.AtomVirials {
		shares = buffer.Resize(r.AtomVirial, e.own)
		clear(shares)
	}
	r.AtomVirial = shares
	for p, g := range e.forces[:len(d.list.D)] {
		var w [3][3]float64 // half of the pair's
		for a := range 3 {
			for b := range 3 {
				w[a][b] = -0.5 * float64(g[a]) * float64(d.list.X[p][b])
			}
		}
		for side, i := range [2]int32{d.list.I[p], d.list.J[p]} {
			if int(i) >= e.own {
				continue
			}
			sign := float64(1 - 2*side)
			for a := range 3 {
				r.Forces[i][a] += sign * float64(g[a])
				for b := range 3 {
					r.Virial[a][b] += w[a][b]
				}
			}
			if r.AtomVirials {
				for a := range 3 {
					for b := range 3 {
						shares[i][a][b] += w[a][b]
					}
				}
			}
		}
	}
}
