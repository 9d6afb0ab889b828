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
	for k := range d {
		scale := 1 / (d[k] + unitEps)
		u[k] = [3]T{x[k][0] * scale, x[k][1] * scale, x[k][2] * scale}
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
