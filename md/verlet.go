package md

// kickAtoms is v += F/m dt.
func kickAtoms(d *Dynamics, p *part, dt float64) {
	s := d.System
	forces, velocities, acceleration := s.Result.Forces[p.lo:p.hi], s.Velocities[p.lo:p.hi], d.acceleration[p.lo:p.hi]
	for i, a := range acceleration {
		f, v, a := &forces[i], &velocities[i], a*dt
		v[0] += a * f[0]
		v[1] += a * f[1]
		v[2] += a * f[2]
	}
}

// driftAtoms is r += v dt.
func driftAtoms(d *Dynamics, p *part, dt float64) {
	add(d.System.Positions[p.lo:p.hi], dt, d.System.Velocities[p.lo:p.hi])
}

// held says whether atoms or bonds are.
func (d *Dynamics) held() bool { return d.System.Fixed != nil || len(d.bonds.list) > 0 }

// holdVelocities takes away what fixed atoms and bonds of constant length forbid.
func holdVelocities(d *Dynamics, _ float64) {
	if d.System.Fixed != nil {
		for k := range d.replicas {
			hold(d.System, k)
		}
	}
	if len(d.bonds.list) > 0 {
		d.broken(d.bonds.rattle(d.System))
	}
}

// holdPositions brings bonds back to their lengths after a drift by dt, and
// takes away the velocities along them, so that a drift is a step of a motion on
// the constraints by itself.
func holdPositions(d *Dynamics, dt float64) {
	if len(d.bonds.list) > 0 {
		d.broken(d.bonds.shake(d.System, dt))
		d.broken(d.bonds.rattle(d.System))
	}
}
