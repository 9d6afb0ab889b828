//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func silu[T Float](dst, x []T) bool { return false }

func siluBackward[T Float](grad, x []T) bool { return false }

func siluDualBackward[T Float](grad, x, tangent, gtangent []T) bool { return false }
