//go:build !amd64 || purego

package cpu

func addPairGrads[T Float](to, from []PairGrad[T]) (done int) { return 0 }

func pairGradients[T Float](forces [][3]T, virial *[3][3]float64, x [][3]T, d []T, grads []PairGrad[T]) (done int) {
	return 0
}

func directions[T Float](u, x [][3]T, d []T) (done int) { return 0 }

func placeKnots[T Float](knots []Knot[T], d []T, perLength float64, intervals int) (done int) {
	return 0
}
