//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func normsTangent[T Float](rate, norm, v, dv []T, h, row int) bool { return false }

func normsDualBackward[T Float](lv, ln, gn, v, dv, norm, rate []T, h, row int) bool { return false }

func gateTangent[T Float](dout, v, dv, g1, g2, d1, d2 []T, m *[3][3]T, h, row int) bool { return false }

func gateDualBackward[T Float](lv, lg1, lg2, g, v, dv, g1, g2, d1, d2 []T, m *[3][3]T, h, rows, row int) bool {
	return false
}
