package atoms

import "math"

// Float is the arithmetic of displacements.
type Float interface{ float32 | float64 }

// Pairs are undirected pairs of atoms {I, J}, each standing for the two
// directed edges J→I with displacement X and I→J with −X. I and J may be the
// same atom (a periodic image of itself). They are made by Resize and Set.
type Pairs[T Float] struct {
	I, J []int32 // [P]
	X    [][3]T  // r_J + shift − r_I, Å, [P]
	D    []T     // |X|, Å, [P]
}

// Ahead is how many indices I and J have room for beyond the last pair: vector
// code reads them, of any value, to fetch the atoms of later pairs.
const Ahead = 4

// Resize makes room for n pairs, of any content; memory grows geometrically.
func (p *Pairs[T]) Resize(n int) {
	if cap(p.D) < n {
		room := n + n/4
		*p = Pairs[T]{make([]int32, room+Ahead), make([]int32, room+Ahead), make([][3]T, room), make([]T, room)}
	}
	p.I, p.J, p.X, p.D = p.I[:n], p.J[:n], p.X[:n], p.D[:n]
}

// Set makes pair at {i, j} with displacement x at distance d = Distance(x).
func (p *Pairs[T]) Set(at int, i, j int32, x [3]T, d T) {
	p.I[at], p.J[at], p.X[at], p.D[at] = i, j, x, d
}

// Distance is |x|, which the cutoff is decided on.
func Distance[T Float](x [3]T) T { return distance(x[0], x[1], x[2]) }

// distance is Distance of three numbers; the conversions keep the compiler from
// fusing, so that all machines decide alike.
func distance[T Float](x, y, z T) T {
	return T(math.Sqrt(float64(T(T(T(x*x)+T(y*y)) + T(z*z)))))
}
