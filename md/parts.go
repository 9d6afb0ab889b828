package md

import "painless/internal/units"

// Threads is what a Potential may have beside Compute: threads, which it lends to
// the integrators between its computations.
type Threads interface {
	// Run calls task for every unit from 0 to units−1, in any order and on the
	// workers 0, 1, …, and returns when all are done.
	Run(units int, task func(worker, unit int))
}

// part is atoms of one replica that a thread takes through all operations between
// two sums over a replica, so that they are in its first-level cache. Where parts end
// depends on the replicas alone, and with it the order of sums.
type part struct {
	replica int
	lo, hi  int // its atoms

	kinetic float64       // eV, where it was measured
	motion  [3][3]float64 // Σ m v ⊗ v, eV, where it was measured
	heat    float64       // eV that friction gave
}

// partAtoms is the largest part, some 24 KB, and the least that a thread takes at a time.
const partAtoms = 256

// cut makes parts of the replicas, and units of work of parts.
func (d *Dynamics) cut() {
	d.parts, d.units, d.first = d.parts[:0], append(d.units[:0], 0), append(d.first[:0], 0)
	atoms := 0
	for k := range d.System.Len() {
		for lo, hi := d.System.Start[k], d.System.Start[k+1]; lo < hi; lo += partAtoms {
			few := min(hi-lo, partAtoms)
			d.parts = append(d.parts, part{replica: k, lo: lo, hi: lo + few})
			if atoms += few; atoms >= partAtoms {
				d.units, atoms = append(d.units, len(d.parts)), 0
			}
		}
		d.first = append(d.first, len(d.parts))
	}
	if atoms > 0 {
		d.units = append(d.units, len(d.parts))
	}
}

// do takes all atoms through stages that follow one another.
func (d *Dynamics) do(stages []stage) {
	d.doing = stages
	if units := len(d.units) - 1; units > 1 && d.threads != nil {
		d.threads.Run(units, d.task)
	} else {
		for unit := range units {
			d.doUnit(0, unit)
		}
	}
}

func (d *Dynamics) doUnit(_, unit int) {
	for i := d.units[unit]; i < d.units[unit+1]; i++ {
		for j := range d.doing {
			d.doing[j].atoms(d, &d.parts[i], d.doing[j].share*d.Settings.TimeStep)
		}
	}
}

// of is the parts of replica k.
func (d *Dynamics) of(k int) []part { return d.parts[d.first[k]:d.first[k+1]] }

// measureKinetic is a part's kinetic energy.
func measureKinetic(d *Dynamics, p *part, _ float64) {
	p.kinetic = d.System.kineticEnergy(p.lo, p.hi)
}

// gatherKinetic is the kinetic energies of the replicas, and no change of them yet.
func gatherKinetic(d *Dynamics, _ float64) {
	for k := range d.replicas {
		r := &d.replicas[k]
		r.kinetic, r.scale = 0, 1
		for _, p := range d.of(k) {
			r.kinetic += p.kinetic
		}
	}
}

// measureMotion is a part's Σ m v ⊗ v, the kinetic part of the virial.
func measureMotion(d *Dynamics, p *part, _ float64) {
	s := d.System
	var xx, yy, zz, xy, xz, yz float64
	velocities, masses := s.Velocities[p.lo:p.hi], s.Masses[p.lo:p.hi]
	for i := range velocities {
		v, m := &velocities[i], units.MassVelocity2*masses[i]
		x, y, z := m*v[0], m*v[1], m*v[2]
		xx, yy, zz = xx+x*v[0], yy+y*v[1], zz+z*v[2]
		xy, xz, yz = xy+x*v[1], xz+x*v[2], yz+y*v[2]
	}
	p.motion = [3][3]float64{{xx, xy, xz}, {xy, yy, yz}, {xz, yz, zz}}
}

// motion is Σ m v ⊗ v of replica k, eV, as it was measured.
func (d *Dynamics) motion(k int) (sum [3][3]float64) {
	for _, p := range d.of(k) {
		for a := range sum {
			for b := range sum {
				sum[a][b] += p.motion[a][b]
			}
		}
	}
	return sum
}

// scaleAtoms multiplies velocities by what a thermostat wants.
func scaleAtoms(d *Dynamics, p *part, _ float64) {
	multiply(d.System.Velocities[p.lo:p.hi], d.replicas[p.replica].scale)
}
