//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func messageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	return false
}

func messageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	return false
}
