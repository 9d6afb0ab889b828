//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }

func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool { return false }
