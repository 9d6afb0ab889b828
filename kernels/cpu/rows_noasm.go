//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }

func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }

func packRows[T Float](rows []T, from State[T], list []int32, atoms, h int, past bool) bool {
	return false
}

func unpackRows[T Float](to State[T], rows []T, first, n, atoms, h int) bool { return false }
