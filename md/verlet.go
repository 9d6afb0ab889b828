package md

// kick is v += F/m dt.
func kick(d *Dynamics, dt float64) {
	s := d.System
	forces, velocities := s.Result.Forces, s.Velocities
	for i, a := range d.acceleration {
		f, v, a := &forces[i], &velocities[i], a*dt
		v[0] += a * f[0]
		v[1] += a * f[1]
		v[2] += a * f[2]
	}
	d.constrainVelocities()
}

// drift is r += v dt.
func drift(d *Dynamics, dt float64) {
	s := d.System
	d.bonds.remember(s)
	positions := s.Positions
	for i := range s.Velocities {
		r, v := &positions[i], &s.Velocities[i]
		r[0] += dt * v[0]
		r[1] += dt * v[1]
		r[2] += dt * v[2]
	}
	d.constrainPositions(dt)
}

// constrained says whether atoms or bonds are held.
func (d *Dynamics) constrained() bool { return d.System.Fixed != nil || len(d.bonds.list) > 0 }

// constrainVelocities takes away what fixed atoms and bonds of constant length forbid.
func (d *Dynamics) constrainVelocities() {
	if d.System.Fixed != nil {
		for k := range d.replicas {
			hold(d.System, k)
		}
	}
	if len(d.bonds.list) > 0 {
		d.broken(d.bonds.rattle(d.System))
	}
}

// constrainPositions brings bonds back to their lengths after a drift by dt, and
// takes away the velocities along them, so that a drift is a step of a motion on
// the constraints by itself.
func (d *Dynamics) constrainPositions(dt float64) {
	if len(d.bonds.list) > 0 {
		d.broken(d.bonds.shake(d.System, dt))
		d.broken(d.bonds.rattle(d.System))
	}
}
