package md

import "math"

// friction is the exact solution of dv = −γ v dt + √(2γ kT/m) dW over dt: the O
// of BAOAB, whose configurations are exact for harmonic forces (Leimkuhler and
// Matthews, Appl. Math. Res. eXpress 2013, 34, doi:10.1093/amrx/abs010).
func friction(d *Dynamics, dt float64) {
	s := d.System
	keep := math.Exp(-dt / d.Settings.ThermostatTime)
	give := math.Sqrt((1 - keep*keep) * d.kT())
	for k := range d.replicas {
		before := s.KineticEnergy(k)
		for i := s.Start[k]; i < s.Start[k+1]; i++ {
			n := normals(d.random.words(forFriction, d.Step, s.Replicas[k], i-s.Start[k]))
			v, width := &s.Velocities[i], give*math.Sqrt(d.acceleration[i])
			v[0] = keep*v[0] + width*n[0]
			v[1] = keep*v[1] + width*n[1]
			v[2] = keep*v[2] + width*n[2]
		}
		hold(s, k)
		d.replicas[k].Heat -= before
	}
	if len(d.bonds.list) > 0 {
		d.constrainVelocities()
	}
	for k := range d.replicas {
		d.replicas[k].Heat += s.KineticEnergy(k)
	}
}
