package md

import (
	"context"
	"math"

	"painless/atoms"
	"painless/internal/vec"
)

// potential is one whose answers are known: energy, forces and virial of a structure.
type potential func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64)

func (p potential) Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.Resize(b, false)
	clear(r.Forces)
	for k := range b.Len() {
		r.Energy[k], r.Virial[k] = p(b, k, r.Forces[b.Start[k]:b.Start[k+1]])
		if err := r.Finish(b, k); err != nil {
			return err
		}
	}
	return nil
}

// wells holds each atom to the origin: U = κ/2 Σ r², eV/Å².
func wells(kappa float64) potential {
	return func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		for i, r := range b.Positions[b.Start[k]:b.Start[k+1]] {
			energy += kappa / 2 * vec.Dot(r, r)
			forces[i] = vec.Scale(r, -kappa)
		}
		return energy, virial
	}
}

// chainOf holds each atom to the next one, and the first one to the origin where
// anchored: U = κ Σ (x²/2 + x⁴/4), whose quartic part makes the motion chaotic. It
// adds the forces of positions in any coordinates.
func chainOf(kappa float64, anchored bool, positions, forces [][3]float64) (energy float64) {
	before := [3]float64{}
	for i, r := range positions {
		if i > 0 || anchored {
			x := [3]float64{r[0] - before[0], r[1] - before[1], r[2] - before[2]}
			xx := vec.Dot(x, x)
			energy += kappa * (xx/2 + xx*xx/4)
			for c := range x {
				f := kappa * (1 + xx) * x[c]
				forces[i][c] -= f
				if i > 0 {
					forces[i-1][c] += f
				}
			}
		}
		before = r
	}
	return energy
}

// springs is a chain in space, Å.
func springs(kappa float64, anchored bool) potential {
	return func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		return chainOf(kappa, anchored, b.Positions[b.Start[k]:b.Start[k+1]], forces), virial
	}
}

// scaledSprings is a chain in fractional coordinates, and σ (tr(h hᵀ)/V^⅔ − 3),
// eV, which holds the cell's shape. The energy does not depend on the volume,
// which is then distributed as an ideal gas's.
func scaledSprings(kappa, sigma float64, anchored bool) potential {
	var scaled, pull [][3]float64
	return func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		inverse := vec.Inverse(&b.Cells[k])
		scaled = scaled[:0]
		for _, r := range b.Positions[b.Start[k]:b.Start[k+1]] {
			scaled = append(scaled, vec.RowTimes(r, &inverse)) // s = r h⁻¹
		}
		pull = append(pull[:0], forces...)
		energy = chainOf(kappa, anchored, scaled, pull)
		for i, f := range pull {
			forces[i] = vec.Times(&inverse, f) // ∂U/∂r = h⁻¹ ∂U/∂s
		}
		scale := math.Pow(math.Abs(vec.Determinant(&b.Cells[k])), -2.0/3)
		shape := 0.0
		for _, vector := range b.Cells[k] {
			shape += vec.Dot(vector, vector) * scale
			for a := range 3 {
				for c := range 3 {
					virial[a][c] -= 2 * sigma * vector[a] * vector[c] * scale
				}
			}
		}
		for a := range 3 {
			virial[a][a] += 2.0 / 3 * sigma * shape
		}
		return energy + sigma*(shape-3), virial
	}
}

// lennardJones is 4ε((σ/r)¹² − (σ/r)⁶) up to a cutoff of r, in eV and Å, between
// nearest images in an orthorhombic cell or none; shifted so that it is 0 there
// where smooth.
func lennardJones(epsilon, sigma, cutoff float64, shifted bool) potential {
	at := func(rr float64) (u, fr float64) { // fr: −dU/dr · r
		q := sigma * sigma / rr
		q = q * q * q
		return 4 * epsilon * (q*q - q), 24 * epsilon * (2*q*q - q)
	}
	shift := 0.0
	if shifted {
		shift, _ = at(cutoff * cutoff)
	}
	return func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		cell, positions := &b.Cells[k], b.Positions[b.Start[k]:b.Start[k+1]]
		for i := range positions {
			for j := range i {
				var x [3]float64
				for c := range x {
					x[c] = positions[j][c] - positions[i][c]
					if b.PBC[k][c] {
						x[c] -= cell[c][c] * math.Round(x[c]/cell[c][c])
					}
				}
				rr := vec.Dot(x, x)
				if rr > cutoff*cutoff {
					continue
				}
				u, fr := at(rr)
				energy += u - shift
				for c := range x {
					f := fr / rr * x[c]
					forces[j][c] += f
					forces[i][c] -= f
					for e := range x {
						virial[c][e] += f * x[e]
					}
				}
			}
		}
		return energy, virial
	}
}
