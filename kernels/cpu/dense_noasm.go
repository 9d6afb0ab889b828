//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int { return 0 }
