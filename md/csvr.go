package md

import "math"

// rescaleKinetic propagates the kinetic energy K by dt along
//
//	dK = (K̄ − K) dt/τ + 2 √(K K̄/f) dW/√τ,  K̄ = f kT/2
//
// with f degrees of freedom, exactly, to which all velocities are to be scaled (Bussi,
// Donadio and Parrinello, J. Chem. Phys. 126, 014101 (2007),
// doi:10.1063/1.2408420, equation A7).
func rescaleKinetic(d *Dynamics, dt float64) {
	s := d.System
	keep := math.Exp(-dt / d.Settings.ThermostatTime)
	for k := range d.replicas {
		r := &d.replicas[k]
		before := r.kinetic
		if r.DOF < 1 || before == 0 {
			continue
		}
		draw := d.draws
		draw++
		n := d.random.normal(at(forKinetic, d.Step, s.Replicas[k], draw))
		others := d.random.chiSquared(int(r.DOF)-1, d.Step, s.Replicas[k], &draw)
		share := d.kT() / 2 / before * (1 - keep) // K̄ (1 − c)/(f K)
		square := keep + share*(n*n+others) + 2*n*math.Sqrt(keep*share)
		r.scale = math.Sqrt(max(square, 0))
		if n+math.Sqrt(keep/share) < 0 { // the velocities turn round: of weight with few degrees of freedom
			r.scale = -r.scale
		}
		r.Heat += (square - 1) * before
	}
	d.draws += maxDraws
}

// maxDraws keeps the random numbers of a step's two rescalings apart.
const maxDraws = 1 << 20
