package md

import (
	"math"

	"painless/internal/units"
	"painless/internal/vec"
)

// rescaleCell strains the cell by e^ε, as the positions and, inversely, the
// velocities are to be, with
//
//	dε_ab = β/(3τ) (P_ab − P₀ δ_ab + g kT/(3V) δ_ab) dt + √(2 β kT/(3 V τ)) dW_ab
//
// where P is the virial's and the motion's pressure, β the compressibility and τ
// the relaxation time, so that the volume has the distribution of constant
// pressure (Bernetti and Bussi, J. Chem. Phys. 153, 114107 (2020),
// doi:10.1063/5.0020514; of any cell Del Tatto, Raiteri, Bernetti and Bussi,
// Appl. Sci. 12, 1139 (2022), doi:10.3390/app12031139). g counts the degrees of
// freedom that were taken from the motion while their positions still scale with
// the cell, so that their share of the pressure is missing in P.
func rescaleCell(d *Dynamics, dt float64) {
	s := d.System
	target, kT := d.pressure(), d.kT()
	for k := range d.replicas {
		r := &d.replicas[k]
		volume := d.volume(k)
		r.virial = s.Result.Virial[k]
		motion := d.motion(k)
		mobility := d.beta() / (3 * d.Settings.BarostatTime) * dt
		width := math.Sqrt(2 * mobility * kT / volume)
		var p [3][3]float64 // (P − P₀ + g kT/3V), symmetric
		for a := range 3 {
			for b := range 3 {
				p[a][b] = (0.5*(r.virial[a][b]+r.virial[b][a]) + motion[a][b]) / volume
			}
			p[a][a] += r.Scaled*kT/(3*volume) - target
		}
		n := d.cellNoise(s.Replicas[k])
		var strain [3][3]float64
		switch d.Settings.Coupling {
		case Isotropic: // the mean of the three axes
			mean := mobility*(p[0][0]+p[1][1]+p[2][2])/3 + width*n[0]/math.Sqrt(3)
			strain[0][0], strain[1][1], strain[2][2] = mean, mean, mean
		case Anisotropic:
			for a := range 3 {
				strain[a][a] = mobility*p[a][a] + width*n[a]
			}
		case Triclinic: // without the antisymmetric part, which turns the cell
			for a := range 3 {
				strain[a][a] = mobility*p[a][a] + width*n[a]
				b := (a + 1) % 3
				strain[a][b] = mobility*p[a][b] + width*n[3+a]/math.Sqrt2
				strain[b][a] = strain[a][b]
			}
		}
		r.strain = strain
		r.forward, r.back = exponentials(strain)
		for i, vector := range s.Cells[k] {
			s.Cells[k][i] = vec.Times(&r.forward, vector)
		}
		for a := range 3 { // of ½ Σ m |back·v|² − ½ Σ m |v|²
			for b := range 3 {
				r.Heat += 0.5 * motion[a][b] * vec.Dot(r.back[a], r.back[b])
			}
			r.Heat -= 0.5 * motion[a][a]
		}
	}
}

// volume is that of replica k, Å³, whose cell has one, as New saw.
func (d *Dynamics) volume(k int) float64 { return math.Abs(vec.Determinant(&d.System.Cells[k])) }

// beta is the compressibility, Å³/eV.
func (d *Dynamics) beta() float64 { return d.Settings.Compressibility / units.Bar }

// cellNoise is six standard normal numbers.
func (d *Dynamics) cellNoise(replica int) (n [6]float64) {
	var a [2][3]float64
	d.random.normals(a[:], forCell, d.Step, replica, 0)
	return [6]float64{a[0][0], a[0][1], a[0][2], a[1][0], a[1][1], a[1][2]}
}

// deform scales positions by e^ε, and velocities by e^−ε.
func deform(d *Dynamics, p *part, _ float64) {
	r := &d.replicas[p.replica]
	transform(&r.forward, d.System.Positions[p.lo:p.hi])
	transform(&r.back, d.System.Velocities[p.lo:p.hi])
}

// transform multiplies vectors by a symmetric matrix.
func transform(m *[3][3]float64, vectors [][3]float64) {
	xx, yy, zz, xy, xz, yz := m[0][0], m[1][1], m[2][2], m[0][1], m[0][2], m[1][2]
	for i := range vectors {
		v := &vectors[i]
		x, y, z := v[0], v[1], v[2]
		v[0], v[1], v[2] = xx*x+xy*y+xz*z, xy*x+yy*y+yz*z, xz*x+yz*y+zz*z
	}
}

// exponentials is e^ε and e^−ε of a small symmetric matrix, by its series where it is not diagonal.
func exponentials(strain [3][3]float64) (forward, back [3][3]float64) {
	if strain[0][1] == 0 && strain[0][2] == 0 && strain[1][2] == 0 {
		for a := range 3 {
			if a > 0 && strain[a][a] == strain[0][0] {
				forward[a][a], back[a][a] = forward[0][0], back[0][0]
				continue
			}
			forward[a][a] = math.Exp(strain[a][a])
			back[a][a] = 1 / forward[a][a]
		}
		return forward, back
	}
	term := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	forward, back = term, term
	sign := 1.0
	for n := 1.0; n <= 30; n++ {
		largest := 0.0
		sign = -sign
		for a := range 3 {
			x, y, z := term[a][0]/n, term[a][1]/n, term[a][2]/n
			for b := range 3 {
				t := x*strain[0][b] + y*strain[1][b] + z*strain[2][b]
				term[a][b] = t
				forward[a][b] += t
				back[a][b] += sign * t
				largest = max(largest, math.Abs(t))
			}
		}
		if largest < 1e-18 {
			break
		}
	}
	return forward, back
}

// workOfCell counts what the strain of this step changed of the potential
// energy, −W:ε, with the mean of the virial before and after.
func workOfCell(d *Dynamics, _ float64) {
	for k := range d.replicas {
		r := &d.replicas[k]
		after := &d.System.Result.Virial[k]
		for a := range 3 {
			for b := range 3 {
				r.Heat -= 0.5 * (r.virial[a][b] + after[a][b]) * r.strain[a][b]
			}
		}
	}
}
