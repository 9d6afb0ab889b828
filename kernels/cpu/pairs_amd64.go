//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem pairs -out ../pairs_amd64.s -stubs ../pairs_stub_amd64.go -pkg cpu

// quad is how many pairs' gradients are as long as a row of 16 numbers.
const quad = 4

// addPairGrads is AddPairGrads for the first pairs: how many it did.
func addPairGrads[T Float](to, from []PairGrad[T]) (done int) {
	rows := len(to) / quad
	if !vectorized[T]() || rows == 0 {
		return 0
	}
	dst, src := (*float32)(unsafe.Pointer(unsafe.SliceData(to))), (*float32)(unsafe.Pointer(unsafe.SliceData(from)))
	if vectors == avx512 {
		addRowsAVX512(dst, GroupWidth, src, GroupWidth, rows)
	} else {
		addRowsAVX2(dst, GroupWidth, src, GroupWidth, rows)
	}
	return rows * quad
}

// pairGradients is PairGradients for the first pairs: how many it did.
func pairGradients[T Float](forces [][3]T, virial *[3][3]float64, x [][3]T, d []T, grads []PairGrad[T]) (done int) {
	done = len(grads) &^ (quad - 1)
	if !vectorized[T]() || done == 0 {
		return 0
	}
	to, at := (*[3]float32)(unsafe.Pointer(&forces[0])), (*[3]float32)(unsafe.Pointer(&x[0]))
	distances, from := pointer(d, done), (*[4]float32)(unsafe.Pointer(&grads[0]))
	if vectors == avx512 {
		pairGradientsAVX512(to, virial, at, distances, from, done)
	} else {
		pairGradientsAVX2(to, virial, at, distances, from, done)
	}
	return done
}

// directions is Direct for the first pairs: how many it did.
func directions[T Float](u, x [][3]T, d []T) (done int) {
	done = len(d) &^ (quad - 1)
	if !vectorized[T]() || done == 0 {
		return 0
	}
	to, from := (*[3]float32)(unsafe.Pointer(&u[:done][0])), (*[3]float32)(unsafe.Pointer(&x[:done][0]))
	directionsAVX2(to, from, pointer(d, done), done)
	return done
}

// placeKnots is NewKnot for the first distances: how many it did.
func placeKnots[T Float](knots []Knot[T], d []T, perLength float64, intervals int) (done int) {
	done = len(d) &^ (quad - 1)
	if !vectorized[T]() || done == 0 {
		return 0
	}
	placeKnotsAVX2(knotsOf(knots[:done]), pointer(d, done), perLength, intervals, done)
	return done
}
