//go:build !amd64

package cpu

// Without vector code each operation is its portable Go.

// Instructions names the vector instructions that the operations use.
func Instructions() string { return "portable" }

func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int { return 0 }

func tableRows[T Float](phi, slope []T, t *Table[T], knots []Knot[T], slice int) bool { return false }

func messageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h, lo, hi int) bool {
	return false
}

func messageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h, lo, hi int) bool {
	return false
}

func silu[T Float](dst, x []T) bool { return false }

func siluBackward[T Float](grad, x []T) bool { return false }

func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }

func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }

func norms[T Float](norm, v []T, h, row int) bool { return false }

func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool { return false }

func gateBackward[T Float](gv, gg1, gg2, v, g1, g2 []T, m *[3][3]T, h, rows, row int) bool {
	return false
}

func normsBackward[T Float](gv, gnorm, v []T, h, row int) bool { return false }
