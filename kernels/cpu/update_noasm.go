//go:build (!amd64 && !arm64) || purego

package cpu

func updateInput[T Float](x, s, v []T, floor T, h, full int) bool { return false }

func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool { return false }

func updateOutput[T Float](s, out, v, gates, y []T, m *[3][3]T, h, full int) bool {
	return false
}

func updateOutputBackward[T Float](gy []T, g State[T], v, gates []T, m *[3][3]T, h, full int) bool {
	return false
}

func updateInputBackward[T Float](g State[T], gx, v []T, floor T, h, full int) bool { return false }
