package md

// chainLength is the number of thermostats of a Nosé–Hoover chain.
const chainLength = 3

// nhChain is a chain of thermostats on f degrees of freedom.
type nhChain struct {
	F     float64
	Mass  [chainLength]float64 // eV·fs²
	Rates [chainLength]float64 // 1/fs
}

// prepare gives the thermostats the masses f kT τ² and kT τ².
func (c *nhChain) prepare(f, kT, time float64) {
	c.F = f
	for j := range c.Mass {
		c.Mass[j] = kT * time * time
	}
	c.Mass[0] *= max(f, 1)
}

// kinetic is the chain's own energy, eV; that of its positions counts as heat.
func (c *nhChain) kinetic() (sum float64) {
	for j, rate := range c.Rates {
		sum += 0.5 * c.Mass[j] * rate * rate
	}
	return sum
}

// propagate moves the chain by dt beside twice a kinetic energy, eV. It returns
// by what the velocities scale, and the heat that the chain's positions took
// (Martyna, Tuckerman, Tobias and Klein, Mol. Phys. 87, 1117 (1996),
// doi:10.1080/00268979600100761, equations 29 and 30, in one step: their
// splittings of higher order gain nothing beside velocity Verlet, which is of the second).
func (c *nhChain) propagate(twiceKinetic, kT, dt float64) (scale, heat float64) {
	const last = chainLength - 1
	scale = 1
	force := func(j int) float64 {
		if j == 0 {
			return (twiceKinetic*scale*scale - c.F*kT) / c.Mass[0]
		}
		return (c.Mass[j-1]*c.Rates[j-1]*c.Rates[j-1] - kT) / c.Mass[j]
	}
	c.Rates[last] += dt / 2 * force(last)
	for j := last - 1; j >= 0; j-- {
		damp := exp(-dt / 4 * c.Rates[j+1])
		c.Rates[j] = damp * (damp*c.Rates[j] + dt/2*force(j))
	}
	scale *= exp(-dt * c.Rates[0])
	heat -= dt * c.F * kT * c.Rates[0]
	for j := 1; j <= last; j++ {
		heat -= dt * kT * c.Rates[j]
	}
	for j := range last {
		damp := exp(-dt / 4 * c.Rates[j+1])
		c.Rates[j] = damp * (damp*c.Rates[j] + dt/2*force(j))
	}
	c.Rates[last] += dt / 2 * force(last)
	return scale, heat
}

// propagateChain couples the velocities to their thermostats.
func propagateChain(d *Dynamics, dt float64) {
	for k := range d.replicas {
		r := &d.replicas[k]
		if r.DOF < 1 {
			continue
		}
		scale, heat := r.Chain.propagate(2*r.kinetic, d.kT(), dt)
		r.scale, r.kinetic = scale, scale*scale*r.kinetic
		r.Heat += heat
	}
}
