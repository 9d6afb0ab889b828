// Package vec is arithmetic on vectors and matrices of three dimensions.
package vec

import "math"

// Vector is Cartesian components.
type Vector = [3]float64

// Matrix is three rows.
type Matrix = [3][3]float64

// Dot returns a·b.
func Dot(a, b Vector) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// Cross returns a × b.
func Cross(a, b Vector) Vector {
	return Vector{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// Add returns a + b.
func Add(a, b Vector) Vector { return Vector{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

// Sub returns a − b.
func Sub(a, b Vector) Vector { return Vector{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

// Norm returns |a|.
func Norm(a Vector) float64 { return math.Sqrt(Dot(a, a)) }

// Distance returns |a − b|.
func Distance(a, b Vector) float64 { return Norm(Sub(a, b)) }

// Scale returns by·a.
func Scale(a Vector, by float64) Vector { return Vector{a[0] * by, a[1] * by, a[2] * by} }

// Determinant returns that of the rows of m.
func Determinant(m *Matrix) float64 { return Dot(m[0], Cross(m[1], m[2])) }

// Inverse returns that of m; of a singular one numbers that are not finite.
func Inverse(m *Matrix) (inverse Matrix) {
	d := Determinant(m)
	for i := range 3 {
		for c, x := range Cross(m[(i+1)%3], m[(i+2)%3]) {
			inverse[c][i] = x / d
		}
	}
	return inverse
}

// RowTimes returns the row vector f times m: with lattice vectors as rows, from
// fractional to Cartesian coordinates.
func RowTimes(f Vector, m *Matrix) (r Vector) {
	for c := range r {
		r[c] = f[0]*m[0][c] + f[1]*m[1][c] + f[2]*m[2][c]
	}
	return r
}

// Times returns m times the column vector x.
func Times(m *Matrix, x Vector) Vector { return Vector{Dot(m[0], x), Dot(m[1], x), Dot(m[2], x)} }

// Finite reports whether all numbers are numbers, and finite.
func Finite(numbers ...float64) bool {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
