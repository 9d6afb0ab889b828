package cpu

import "math"

// unitEps is added to the distance in u = x/(d+unitEps), Å: part of the
// network's definition.
const unitEps = 1e-8

// Pairs are undirected pairs of atoms {I, J}, each standing for the two
// directed edges J→I with displacement x and I→J with −x. I and J may be the
// same atom (a periodic image of itself). They are made by Resize and Set.
type Pairs[T Float] struct {
	I, J []int32 // [P]
	X    [][3]T  // x = r_J + shift − r_I, Å, [P]
	D    []T     // |x|, Å, [P]
	U    [][3]T  // x/(d+1e-8), [P]
}

// Slice is the pairs from index lo up to hi, sharing memory.
func (p *Pairs[T]) Slice(lo, hi int) Pairs[T] {
	return Pairs[T]{p.I[lo:hi], p.J[lo:hi], p.X[lo:hi], p.D[lo:hi], p.U[lo:hi]}
}

// ahead is how far beyond the last pair vector code reads indices, to fetch
// the atoms of later pairs.
const ahead = 4

// Resize makes room for n pairs, of any content; memory grows geometrically.
func (p *Pairs[T]) Resize(n int) {
	if cap(p.D) < n {
		room := n + n/4
		*p = Pairs[T]{make([]int32, room+ahead), make([]int32, room+ahead), make([][3]T, room), make([]T, room), make([][3]T, room)}
	}
	p.I, p.J, p.X, p.D, p.U = p.I[:n], p.J[:n], p.X[:n], p.D[:n], p.U[:n]
}

// Set makes pair at {i, j} with displacement x at distance d = Length(x).
func (p *Pairs[T]) Set(at int, i, j int32, x [3]T, d T) {
	scale := 1 / (d + unitEps)
	p.I[at], p.J[at], p.X[at], p.D[at] = i, j, x, d
	p.U[at] = [3]T{x[0] * scale, x[1] * scale, x[2] * scale}
}

// Length is |x|, the distance that the cutoff is decided on; the conversions
// keep the compiler from fusing, so that all machines decide alike.
func Length[T Float](x [3]T) T {
	return T(math.Sqrt(float64(T(T(T(x[0]*x[0])+T(x[1]*x[1])) + T(x[2]*x[2])))))
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
