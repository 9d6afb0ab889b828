package md

import (
	"fmt"
	"math"

	"painless/atoms"
	"painless/internal/vec"
)

// coordinates is what an optimizer moves of a structure: x, whose first N rows are
// the atoms where the cell had never been strained, and the last three, where the
// cell relaxes, the strain,
//
//	r_i = F x_i,   h = F h₀,   x_{N+a} = c (F − 1)_a,
//
// with a symmetric F, which does not turn the cell; h is the lattice vectors as
// columns (E. B. Tadmor, G. S. Smith, N. Bernstein and E. Kaxiras, Phys. Rev. B
// 59, 235 (1999), doi:10.1103/PhysRevB.59.235; as ASE's UnitCellFilter). The forces
// on x are those of the enthalpy H = E + PV: with the virial W = −∂E/∂ε,
//
//	−∂H/∂x_i = F f_i,   −∂H/∂x_{N+a} = sym((W − PV) F⁻¹)_a / c.
//
// c = √N (V/N)^⅓ makes the strain as stiff as the atoms, whatever the size of the
// cell (D. Sheppard, P. Xiao, W. Chemelewski, D. D. Johnson and G. Henkelman,
// J. Chem. Phys. 136, 074103 (2012), doi:10.1063/1.3684549).
type coordinates struct {
	x, f [][3]float64 // Å, eV/Å; [N], or [N+3] where the cell relaxes

	numbers  []int
	pbc      [3]bool
	fixed    [][3]bool     // components that do not move, [N]; empty where all do
	cell     [3][3]float64 // h₀, as rows, Å
	change   CellRelaxation
	scale    float64 // c, Å
	pressure float64 // eV/Å³
}

// start takes a structure, whose cell, where it relaxes, has a volume.
func (c *coordinates) start(s *atoms.Structure, fixed [][3]bool, change CellRelaxation, pressure float64) {
	c.numbers, c.fixed = append(c.numbers[:0], s.Numbers...), append(c.fixed[:0], fixed...)
	c.pbc, c.cell, c.change, c.pressure = s.PBC, s.Cell, change, pressure
	c.x = append(c.x[:0], s.Positions...)
	if change != FixedCell {
		n := float64(len(s.Numbers))
		c.scale = math.Sqrt(n) * math.Cbrt(math.Abs(vec.Determinant(&s.Cell))/n)
		c.x = append(c.x, [3]float64{}, [3]float64{}, [3]float64{})
	}
	c.f = append(c.f[:0], c.x...)
}

// strain is F.
func (c *coordinates) strain() [3][3]float64 {
	m := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	if c.change != FixedCell {
		for a, row := range c.x[len(c.numbers):] {
			for b, x := range row {
				m[a][b] += x / c.scale
			}
		}
	}
	return m
}

// place sets positions, [N], and the cell.
func (c *coordinates) place(positions [][3]float64, cell *[3][3]float64) {
	copy(positions, c.x)
	*cell = c.cell
	if c.change == FixedCell {
		return
	}
	m := c.strain()
	transform(&m, positions)
	transform(&m, cell[:])
}

// pull sets the forces on x from those on the atoms, whose fixed components are
// left out, and the virial.
func (c *coordinates) pull(forces [][3]float64, virial *[3][3]float64, volume float64) error {
	copy(c.f, forces)
	for i, fixed := range c.fixed {
		for k := range fixed {
			if fixed[k] {
				c.f[i][k] = 0
			}
		}
	}
	if c.change == FixedCell {
		return nil
	}
	for _, row := range virial {
		if !vec.Finite(row[:]...) {
			return fmt.Errorf("the virial is %v: expected numbers", *virial)
		}
	}
	m, w, n := c.strain(), *virial, len(c.numbers)
	transform(&m, c.f[:n])
	inverse := vec.Inverse(&m)
	for a := range w {
		w[a][a] -= c.pressure * volume
	}
	for a := range w {
		w[a] = vec.RowTimes(w[a], &inverse)
	}
	mean := (w[0][0] + w[1][1] + w[2][2]) / 3
	for a := range w {
		for b := range w {
			switch {
			case c.change == FullCell:
				c.f[n+a][b] = (w[a][b] + w[b][a]) / 2 / c.scale
			case a == b:
				c.f[n+a][b] = mean / c.scale
			default:
				c.f[n+a][b] = 0
			}
		}
	}
	return nil
}

// limit is by how much, 1 or less, to shorten a step d so that no atom moves
// farther than longest: by itself, and with the point of the cell that the
// strain moves farthest.
func (c *coordinates) limit(d [][3]float64, longest float64) float64 {
	n, farthest, own := len(c.numbers), 0.0, 0.0
	if c.change == FixedCell {
		for i := range d {
			own = max(own, vec.Dot(d[i], d[i]))
		}
		own = math.Sqrt(own)
	} else {
		m, change, size := c.strain(), [3][3]float64(d[n:]), 0.0
		for a := range change {
			change[a] = vec.Scale(change[a], 1/c.scale)
			size += vec.Dot(change[a], change[a])
		}
		size = math.Sqrt(size)
		for i := range d[:n] {
			own = max(own, vec.Norm(vec.Times(&m, d[i]))+size*vec.Norm(d[i]))
		}
		for corner := range 8 {
			at := vec.RowTimes([3]float64{float64(corner & 1), float64(corner >> 1 & 1), float64(corner >> 2)}, &c.cell)
			farthest = max(farthest, vec.Norm(vec.Times(&change, at)))
		}
	}
	if own+farthest <= longest {
		return 1
	}
	return longest / (own + farthest)
}

// dot is the scalar product of rows.
func dot(a, b [][3]float64) (sum float64) {
	for i := range a {
		sum += vec.Dot(a[i], b[i])
	}
	return sum
}

// add is to += by·v.
func add(to [][3]float64, by float64, v [][3]float64) {
	for i := range v {
		t, x := &to[i], &v[i]
		t[0] += by * x[0]
		t[1] += by * x[1]
		t[2] += by * x[2]
	}
}

// multiply is v *= by.
func multiply(v [][3]float64, by float64) {
	for i := range v {
		x := &v[i]
		x[0], x[1], x[2] = by*x[0], by*x[1], by*x[2]
	}
}
