//go:build !amd64 || purego

package cpu

// Without vector code the operation is its portable Go.

func norms[T Float](norm, v []T, floor T, h, row int) bool { return false }

func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool { return false }

func gateBackward[T Float](gv, gg1, gg2, v, g1, g2 []T, m *[3][3]T, h, rows, row int) bool {
	return false
}

func normsBackward[T Float](gv, gnorm, v []T, floor T, h, row int) bool { return false }
