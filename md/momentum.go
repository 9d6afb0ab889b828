package md

import (
	"math"

	"painless/internal/units"
	"painless/internal/vec"
)

// hold stops the fixed components of structure k.
func hold(s *System, k int) {
	if s.Fixed == nil {
		return
	}
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		for c, fixed := range s.Fixed[i] {
			if fixed {
				s.Velocities[i][c] = 0
			}
		}
	}
}

// anyFixed says along which axes some atom of structure k is fixed.
func anyFixed(s *System, k int) (fixed [3]bool) {
	if s.Fixed == nil {
		return fixed
	}
	for _, f := range s.Fixed[s.Start[k]:s.Start[k+1]] {
		for c := range fixed {
			fixed[c] = fixed[c] || f[c]
		}
	}
	return fixed
}

// removeDrift takes away the momentum of structure k along axes where no atom is fixed.
func removeDrift(s *System, k int) {
	p, mass, fixed := s.Momentum(k), 0.0, anyFixed(s, k)
	for _, m := range s.Masses[s.Start[k]:s.Start[k+1]] {
		mass += m
	}
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		for c := range p {
			if !fixed[c] {
				s.Velocities[i][c] -= p[c] / mass
			}
		}
	}
}

// AngularMomentum returns that of structure k about its centre of mass, u·Å²/fs.
func (s *System) AngularMomentum(k int) [3]float64 {
	l, _, _ := s.rotation(k)
	return l
}

// rotation is angular momentum, inertia (u·Å²) and centre of mass of structure k.
func (s *System) rotation(k int) (l [3]float64, inertia [3][3]float64, center [3]float64) {
	mass := 0.0
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		mass += s.Masses[i]
		for c, x := range s.Positions[i] {
			center[c] += s.Masses[i] * x
		}
	}
	center = vec.Scale(center, 1/mass)
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		m, r := s.Masses[i], s.Positions[i]
		for c := range r {
			r[c] -= center[c]
		}
		rv := vec.Cross(r, s.Velocities[i])
		rr := vec.Dot(r, r)
		for a := range 3 {
			l[a] += m * rv[a]
			inertia[a][a] += m * rr
			for b := range 3 {
				inertia[a][b] -= m * r[a] * r[b]
			}
		}
	}
	return l, inertia, center
}

// removeRotation takes away the angular momentum of structure k. Along the axis
// of a linear molecule, which has no inertia, there is none to take.
func removeRotation(s *System, k int) {
	l, inertia, center := s.rotation(k)
	const tiny = 1e-10 // keeps the inertia of a linear molecule from being singular
	trace := inertia[0][0] + inertia[1][1] + inertia[2][2]
	for a := range 3 {
		inertia[a][a] += tiny * trace
	}
	volume := vec.Determinant(&inertia)
	if volume == 0 { // one atom
		return
	}
	var omega [3]float64 // ω = I⁻¹ L, by Cramer's rule; I is symmetric
	for a := range 3 {
		column := inertia
		column[a] = l
		omega[a] = vec.Determinant(&column) / volume
	}
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		r := s.Positions[i]
		for c := range r {
			r[c] -= center[c]
		}
		turning := vec.Cross(omega, r)
		for c := range turning {
			s.Velocities[i][c] -= turning[c]
		}
	}
}

// countDOF counts the degrees of freedom of structure k's kinetic energy: the
// components that are not fixed, less the bonds of constant length, less what was
// taken away and does not come back, as all but Langevin's friction conserve momentum.
func (d *Dynamics) countDOF(k int) {
	s, r := d.System, &d.replicas[k]
	lo, hi := s.Start[k], s.Start[k+1]
	r.DOF, r.Scaled = float64(3*(hi-lo)-d.bonds.of[k]), 0
	if s.Fixed != nil {
		for _, f := range s.Fixed[lo:hi] {
			for _, fixed := range f {
				if fixed {
					r.DOF--
				}
			}
		}
	}
	if d.Settings.Ensemble != Langevin && !d.Settings.KeepDrift && hi > lo {
		for _, fixed := range anyFixed(s, k) {
			if !fixed {
				r.DOF--
				r.Scaled++
			}
		}
	}
	if d.Settings.NoRotation && !s.Periodic(k) {
		r.DOF -= float64(min(max(hi-lo-1, 0)*2, 3)) // an atom has no axis to turn about, two have two
	}
	r.DOF = max(r.DOF, 0)
}

// Thermalize draws velocities from Maxwell's and Boltzmann's distribution at a
// temperature, K, takes away what is not to move, and scales them so that each
// replica has that temperature.
func (d *Dynamics) Thermalize(temperature float64) {
	s, thermal := d.System, math.Sqrt(units.Boltzmann*temperature)
	for k := range d.replicas {
		lo, hi := s.Start[k], s.Start[k+1]
		d.random.normals(s.Velocities[lo:hi], forVelocities, d.Step, s.Replicas[k], 0)
		for i := lo; i < hi; i++ {
			v, width := &s.Velocities[i], thermal*d.widths[i]
			v[0], v[1], v[2] = width*v[0], width*v[1], width*v[2]
		}
	}
	holdVelocities(d, 0)
	for k := range d.replicas {
		d.prepare(k)
		if now := d.Temperature(k); now > 0 {
			scaleVelocities(s, k, math.Sqrt(temperature/now))
		}
	}
}

// scaleVelocities multiplies those of structure k.
func scaleVelocities(s *System, k int, by float64) {
	multiply(s.Velocities[s.Start[k]:s.Start[k+1]], by)
}
