package cpu

import "painless/atoms"

// unitEps is added to the distance in u = x/(d+unitEps), Å: part of the
// network's definition.
const unitEps = 1e-8

// Pairs are pairs of atoms with their directions, which Direct makes.
type Pairs[T Float] struct {
	atoms.Pairs[T]
	U [][3]T // X/(D+1e-8), [P]
}

// Slice is the pairs from index lo up to hi, sharing memory.
func (p *Pairs[T]) Slice(lo, hi int) Pairs[T] {
	return Pairs[T]{atoms.Pairs[T]{I: p.I[lo:hi], J: p.J[lo:hi], X: p.X[lo:hi], D: p.D[lo:hi]}, p.U[lo:hi]}
}

// Direct sets U of the pairs from index lo up to hi.
func (p *Pairs[T]) Direct(lo, hi int) {
	d, x, u := p.D[lo:hi], p.X[lo:hi], p.U[lo:hi]
	for k := directions(u, x, d); k < len(d); k++ {
		scale := 1 / (d[k] + unitEps)
		u[k] = [3]T{x[k][0] * scale, x[k][1] * scale, x[k][2] * scale}
	}
}

// AddPairGrads adds the gradients that another group of features has of the same pairs.
func AddPairGrads[T Float](to, from []PairGrad[T]) {
	from = from[:len(to)]
	for p := addPairGrads(to, from); p < len(to); p++ {
		sum, share := &to[p], &from[p]
		for i := range sum {
			sum[i] += share[i]
		}
	}
}

// PairGradient turns g = (gu, gd) of a pair into ∂E/∂x, eV/Å:
//
//	∂E/∂x = x/d·(gd − (gu·x)/(d+ε)²) + gu/(d+ε)      from u = x/(d+ε), d = |x|
func PairGradient[T Float](x [3]T, d T, g PairGrad[T]) [3]T {
	inv := 1 / (d + unitEps)
	dot := g[0]*x[0] + g[1]*x[1] + g[2]*x[2]
	along := (g[3] - dot*inv*inv) / d
	return [3]T{along*x[0] + g[0]*inv, along*x[1] + g[1]*inv, along*x[2] + g[2]*inv}
}

// PairGradients sets forces [P] to ∂E/∂x of pairs at x and d [P], eV/Å, and
// returns their virial −Σ ∂E/∂x ⊗ x, eV.
func PairGradients[T Float](forces, x [][3]T, d []T, grads []PairGrad[T]) (virial [3][3]float64) {
	n := len(grads)
	forces, x, d = forces[:n], x[:n], d[:n]
	done := pairGradients(forces, &virial, x, d, grads)
	xx, xy, xz := virial[0][0], virial[0][1], virial[0][2] // in registers
	yx, yy, yz := virial[1][0], virial[1][1], virial[1][2]
	zx, zy, zz := virial[2][0], virial[2][1], virial[2][2]
	for p := done; p < n; p++ {
		g := PairGradient(x[p], d[p], grads[p])
		forces[p] = g
		gx, gy, gz := float64(g[0]), float64(g[1]), float64(g[2])
		rx, ry, rz := float64(x[p][0]), float64(x[p][1]), float64(x[p][2])
		xx, xy, xz = xx-gx*rx, xy-gx*ry, xz-gx*rz
		yx, yy, yz = yx-gy*rx, yy-gy*ry, yz-gy*rz
		zx, zy, zz = zx-gz*rx, zy-gz*ry, zz-gz*rz
	}
	return [3][3]float64{{xx, xy, xz}, {yx, yy, yz}, {zx, zy, zz}}
}
