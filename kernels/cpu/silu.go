package cpu

import "math"

// SiLU computes dst = x·σ(x) with σ(x) = 1/(1+exp(−x)), element by element.
// dst and x may be the same slice. Vector code is within 5 roundings of float32
// of it, or 2e-38·|x| where that is more, and its slope within 3e-7.
func SiLU[T Float](dst, x []T) {
	x = x[:len(dst)]
	if silu(dst, x) {
		return
	}
	for i, xi := range x {
		dst[i] = xi * sigmoid(xi)
	}
}

// SiLUTangent computes dst = silu(x) and dtangent = silu′(x)·tangent, the
// forward-mode derivative. dst may be x and dtangent may be tangent.
func SiLUTangent[T Float](dst, dtangent, x, tangent []T) {
	n := len(dst)
	dtangent, x, tangent = dtangent[:n], x[:n], tangent[:n]
	for i, xi := range x {
		sigma := sigmoid(xi)
		dst[i] = xi * sigma
		dtangent[i] = siluSlope(xi, sigma) * tangent[i]
	}
}

// SiLUBackward computes grad ⊙= silu′(x), the reverse of SiLU.
func SiLUBackward[T Float](grad, x []T) {
	x = x[:len(grad)]
	if siluBackward(grad, x) {
		return
	}
	for i, xi := range x {
		grad[i] *= siluSlope(xi, sigmoid(xi))
	}
}

func sigmoid[T Float](x T) T { return T(1 / (1 + math.Exp(-float64(x)))) }

// siluSlope is d/dx x·σ(x) = σ + x·σ·(1−σ).
func siluSlope[T Float](x, sigma T) T { return sigma + T(x*sigma*(1-sigma)) }
