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

// SiLUDualBackward is the reverse of SiLU and of its tangent silu′(x)·tangent: from
// grad, on entry ∂L/∂silu(x), and gtangent = ∂L/∂ of the tangent's result, it makes
//
//	grad = grad ⊙ silu′(x) + gtangent ⊙ silu″(x) ⊙ tangent
//
// which is ∂L/∂x. That by tangent, gtangent ⊙ silu′(x), is SiLUBackward's.
func SiLUDualBackward[T Float](grad, x, tangent, gtangent []T) {
	n := len(grad)
	x, tangent, gtangent = x[:n], tangent[:n], gtangent[:n]
	if siluDualBackward(grad, x, tangent, gtangent) {
		return
	}
	for i, xi := range x {
		sigma := sigmoid(xi)
		rest := 1 - sigma
		curvature := sigma * rest * (2 + T(xi*(rest-sigma)))
		grad[i] = T(grad[i]*siluSlope(xi, sigma)) + T(gtangent[i]*curvature)*tangent[i]
	}
}

func sigmoid[T Float](x T) T { return T(1 / (1 + math.Exp(-float64(x)))) }

// siluSlope is d/dx x·σ(x) = σ + x·σ·(1−σ).
func siluSlope[T Float](x, sigma T) T { return sigma + T(x*sigma*(1-sigma)) }
