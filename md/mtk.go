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
		volume, _ := s.Volume(k)
		w := &s.Result.Virial[k]
		force := r.alpha()*2*s.KineticEnergy(k) + w[0][0] + w[1][1] + w[2][2] - 3*d.pressure()*volume + r.Scaled*d.kT()
		r.Rate += dt * force / r.Mass
	}
}

func (r *replica) alpha() float64 { return 1 + 3/max(r.DOF, 1) }

// strainedKick is v̇ = F/m − α η̇ v over dt.
func strainedKick(d *Dynamics, dt float64) {
	s := d.System
	for k := range d.replicas {
		x := d.replicas[k].alpha() * d.replicas[k].Rate * dt
		half := math.Exp(-x / 2)
		damp, push := half*half, dt*half*sinhc(x/2)
		for i := s.Start[k]; i < s.Start[k+1]; i++ {
			f, v, a := &s.Result.Forces[i], &s.Velocities[i], push*d.acceleration[i]
			v[0] = damp*v[0] + a*f[0]
			v[1] = damp*v[1] + a*f[1]
			v[2] = damp*v[2] + a*f[2]
		}
	}
}

// strainedDrift is ṙ = v + η̇ r, and the same for the lattice vectors, over dt.
func strainedDrift(d *Dynamics, dt float64) {
	s := d.System
	for k := range d.replicas {
		r := &d.replicas[k]
		x := r.Rate * dt
		half := math.Exp(x / 2)
		grow, move := half*half, dt*half*sinhc(x/2)
		for i := s.Start[k]; i < s.Start[k+1]; i++ {
			p, v := &s.Positions[i], &s.Velocities[i]
			p[0] = grow*p[0] + move*v[0]
			p[1] = grow*p[1] + move*v[1]
			p[2] = grow*p[2] + move*v[2]
		}
		volume, _ := s.Volume(k)
		for i, vector := range s.Cells[k] {
			s.Cells[k][i] = vec.Scale(vector, grow)
		}
		r.Heat -= d.pressure()*(grow*grow*grow-1)*volume - r.Scaled*d.kT()*x
	}
}

// cellChain couples the rate of the cell to thermostats of its own.
func cellChain(d *Dynamics, dt float64) {
	for k := range d.replicas {
		r := &d.replicas[k]
		scale, heat := r.Cell.propagate(r.Mass*r.Rate*r.Rate, d.kT(), dt)
		r.Rate *= scale
		r.Heat += heat
	}
}

// sinhc is sinh(x)/x.
func sinhc(x float64) float64 {
	if math.Abs(x) < 1e-4 {
		return 1 + x*x/6
	}
	return math.Sinh(x) / x
}
