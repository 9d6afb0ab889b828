package md

import (
	"math"

	"painless/internal/units"
)

// friction is the exact solution of dv = −γ v dt + √(2γ kT/m) dW over dt: the O
// of BAOAB, whose configurations are exact for harmonic forces (Leimkuhler and
// Matthews, Appl. Math. Res. eXpress 2013, 34, doi:10.1093/amrx/abs010).
func friction(d *Dynamics, dt float64) {
	s := d.System
	keep := math.Exp(-dt / d.Settings.ThermostatTime)
	give := math.Sqrt((1 - keep*keep) * d.kT())
	var noise [64][3]float64
	for k := range d.replicas {
		before, after := 0.0, 0.0
		for lo, hi := s.Start[k], s.Start[k+1]; lo < hi; lo += len(noise) {
			few := min(hi-lo, len(noise))
			d.random.normals(noise[:few], forFriction, d.Step, s.Replicas[k], lo-s.Start[k])
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
		d.replicas[k].Heat += units.MassVelocity2 / 2 * (after - before)
		if d.constrained() {
			d.replicas[k].Heat -= s.KineticEnergy(k)
		}
	}
	if d.constrained() { // what constraints take away is heat too
		d.constrainVelocities()
		for k := range d.replicas {
			d.replicas[k].Heat += s.KineticEnergy(k)
		}
	}
}
