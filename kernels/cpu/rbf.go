package cpu

import "math"

// RBFParams are the radial functions: e_n(d) = exp(−(d−Centers_n)²/Widths_n²)·f(d)
// with the envelope f(d) = ½(cos(πd/Cutoff)+1) for d < Cutoff, else 0. Å.
type RBFParams[T Float] struct {
	Centers, Widths []T // [R]
	Cutoff          T
}

// RBF computes e [P, R] at the distances d [P] and, where slope is not nil,
// de/dd there, [P, R].
func (p *RBFParams[T]) RBF(e, slope, d []T) {
	num := len(p.Centers)
	for i, di := range d {
		f, df := p.envelope(float64(di))
		row := e[i*num : (i+1)*num]
		for n, center := range p.Centers {
			t := float64(di - center)
			w2 := float64(p.Widths[n]) * float64(p.Widths[n])
			gauss := math.Exp(-t * t / w2)
			row[n] = T(gauss * f)
			if slope != nil {
				slope[i*num+n] = T(gauss * (df - 2*t/w2*f))
			}
		}
	}
}

// envelope is f(d) and f′(d), both 0 from the cutoff on.
func (p *RBFParams[T]) envelope(d float64) (f, df float64) {
	cutoff := float64(p.Cutoff)
	if d >= cutoff {
		return 0, 0
	}
	sin, cos := math.Sincos(math.Pi * d / cutoff)
	return 0.5 * (cos + 1), -0.5 * math.Pi / cutoff * sin
}
