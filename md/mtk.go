package md

import (
	"math"

	"painless/internal/vec"
)

// The isotropic cell of Martyna, Tobias and Klein (J. Chem. Phys. 101, 4177
// (1994), doi:10.1063/1.467468), in the splitting of Tuckerman, Alejandre,
// López-Rendón, Jochim and Martyna (J. Phys. A 39, 5629 (2006),
// doi:10.1088/0305-4470/39/19/S18). The rate η̇ strains each axis:
//
//	ṙ = v + η̇ r    v̇ = F/m − α η̇ v    V̇ = 3 η̇ V    α = 1 + 3/f
//	W η̈ = α Σ m v² + tr(virial) − 3 P₀ V + g kT
//
// g as in rescaleCell.

// strainRate is η̇ += η̈ dt.
func strainRate(d *Dynamics, dt float64) {
	s := d.System
	for k := range d.replicas {
		r := &d.replicas[k]
		volume := d.volume(k)
		w := &s.Result.Virial[k]
		force := r.alpha()*2*r.kinetic + w[0][0] + w[1][1] + w[2][2] - 3*d.pressure()*volume + r.Scaled*d.kT()
		r.Rate += dt * force / r.Mass
	}
}

func (r *replica) alpha() float64 { return 1 + 3/max(r.DOF, 1) }

// strainedKick is v̇ = F/m − α η̇ v over dt.
func strainedKick(d *Dynamics, p *part, dt float64) {
	r := &d.replicas[p.replica]
	damp, push := growth(-r.alpha()*r.Rate, dt)
	forces, velocities, acceleration := d.System.Result.Forces[p.lo:p.hi], d.System.Velocities[p.lo:p.hi], d.acceleration[p.lo:p.hi]
	for i, a := range acceleration {
		f, v, a := &forces[i], &velocities[i], push*a
		v[0] = damp*v[0] + a*f[0]
		v[1] = damp*v[1] + a*f[1]
		v[2] = damp*v[2] + a*f[2]
	}
}

// strainedDrift is ṙ = v + η̇ r over dt.
func strainedDrift(d *Dynamics, p *part, dt float64) {
	grow, push := growth(d.replicas[p.replica].Rate, dt)
	positions, velocities := d.System.Positions[p.lo:p.hi], d.System.Velocities[p.lo:p.hi]
	for i := range velocities {
		r, v := &positions[i], &velocities[i]
		r[0] = grow*r[0] + push*v[0]
		r[1] = grow*r[1] + push*v[1]
		r[2] = grow*r[2] + push*v[2]
	}
}

// strainCell is strainedDrift of the lattice vectors, and the work on the cell.
func strainCell(d *Dynamics, dt float64) {
	s := d.System
	for k := range d.replicas {
		r := &d.replicas[k]
		volume := d.volume(k)
		grow, _ := growth(r.Rate, dt)
		for i, vector := range s.Cells[k] {
			s.Cells[k][i] = vec.Scale(vector, grow)
		}
		r.Heat -= d.pressure()*(grow*grow*grow-1)*volume - r.Scaled*d.kT()*r.Rate*dt
	}
}

// growth is what ẋ = y + rate x does with x and a constant y over dt: x becomes
// grow x + push y, with e^(rate dt) and (e^(rate dt) − 1)/rate.
func growth(rate, dt float64) (grow, push float64) {
	x := rate * dt
	half := exp(x / 2)
	return half * half, dt * half * sinhc(x/2)
}

// propagateCell couples the rate of the cell to thermostats of its own.
func propagateCell(d *Dynamics, dt float64) {
	for k := range d.replicas {
		r := &d.replicas[k]
		scale, heat := r.Cell.propagate(r.Mass*r.Rate*r.Rate, d.kT(), dt)
		r.Rate *= scale
		r.Heat += heat
	}
}

// exp is e^x, by its series where x is as small as rates of cells and chains over a
// time step are: there it is as exact, and takes a third of the time.
func exp(x float64) float64 {
	if math.Abs(x) > 2e-3 {
		return math.Exp(x)
	}
	return 1 + x*(1+x*(1.0/2+x*(1.0/6+x*(1.0/24+x*(1.0/120)))))
}

// sinhc is sinh(x)/x.
func sinhc(x float64) float64 {
	if math.Abs(x) < 1e-4 {
		return 1 + x*x/6
	}
	return math.Sinh(x) / x
}
