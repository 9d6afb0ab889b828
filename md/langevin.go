package md

import (
	"math"

	"painless/internal/units"
)

// setFriction readies friction over dt: what it keeps of velocities, and what it
// gives, √((1 − keep²) kT).
func setFriction(d *Dynamics, dt float64) {
	d.keep = math.Exp(-dt / d.Settings.ThermostatTime)
	d.give = math.Sqrt((1 - d.keep*d.keep) * d.kT())
}

// applyFriction is the exact solution of dv = −γ v dt + √(2γ kT/m) dW: the O of BAOAB,
// whose configurations are exact for harmonic forces (Leimkuhler and Matthews,
// Appl. Math. Res. eXpress 2013, 34, doi:10.1093/amrx/abs010).
func applyFriction(d *Dynamics, p *part, _ float64) {
	s, keep, give := d.System, d.keep, d.give
	var noise [64][3]float64
	before, after := 0.0, 0.0
	for lo := p.lo; lo < p.hi; lo += len(noise) {
		few := min(p.hi-lo, len(noise))
		d.random.normals(noise[:few], forFriction, d.Step, s.Replicas[p.replica], lo-s.Start[p.replica])
		masses, widths, velocities := s.Masses[lo:lo+few], d.widths[lo:lo+few], s.Velocities[lo:lo+few]
		for i := range velocities {
			v, n, m, width := &velocities[i], &noise[i], masses[i], give*widths[i]
			before += m * (v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
			v[0] = keep*v[0] + width*n[0]
			v[1] = keep*v[1] + width*n[1]
			v[2] = keep*v[2] + width*n[2]
			after += m * (v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		}
	}
	p.heat = units.MassVelocity2 / 2 * (after - before)
}

// gatherHeat counts what friction gave.
func gatherHeat(d *Dynamics, _ float64) {
	for i := range d.parts {
		p := &d.parts[i]
		d.replicas[p.replica].Heat += p.heat
		p.heat = 0
	}
}

// holdAfterFriction is holdVelocities after friction: what constraints take away is heat too.
func holdAfterFriction(d *Dynamics, dt float64) {
	gatherHeat(d, dt) // a bond that breaks takes its replica and all parts away
	for k := range d.replicas {
		d.replicas[k].Heat -= d.System.KineticEnergy(k)
	}
	holdVelocities(d, dt)
	for k := range d.replicas {
		d.replicas[k].Heat += d.System.KineticEnergy(k)
	}
}
