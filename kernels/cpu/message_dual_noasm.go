//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func messageTangent[T Float](out, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) bool {
	return false
}

func messageDualBackward[T Float](lin State[T], grad Filter[T], l, g, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) bool {
	return false
}
