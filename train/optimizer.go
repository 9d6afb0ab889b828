package train

import (
	"math"
	"math/rand/v2"
)

// AdamW is Adam with decoupled weight decay (Kingma and Ba, arXiv:1412.6980;
// Loshchilov and Hutter, arXiv:1711.05101), in the order of PyTorch's:
//
//	w ← w·(1 − rate·decay)      m ← β1·m + (1 − β1)·g      v ← β2·v + (1 − β2)·g²
//	w ← w − rate·(m/(1 − β1ᵗ)) / (√(v/(1 − β2ᵗ)) + ε)
//
// Each weight is computed in float64 and rounded once.
type AdamW struct {
	Beta1, Beta2, Epsilon float64
	Decay                 float64 // of the weights that decay
	Decays                []bool  // [W]: the matrices, and no bias, embedding or mixing matrix

	Step          int64     // t, of the last update
	First, Second []float32 // m and v, [W]
}

// NewAdamW makes an optimizer with the usual β1 0.9, β2 0.999 and ε 1e-8.
func NewAdamW(decay float64, decays []bool) *AdamW {
	return &AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: decay, Decays: decays,
		First: make([]float32, len(decays)), Second: make([]float32, len(decays))}
}

// Update moves the weights [W] against the gradient [W].
func (o *AdamW) Update(weights, gradient []float32, rate float64) {
	o.Step++
	bias1, bias2 := 1-math.Pow(o.Beta1, float64(o.Step)), 1-math.Pow(o.Beta2, float64(o.Step))
	for i, g32 := range gradient {
		g, w := float64(g32), float64(weights[i])
		if o.Decays[i] {
			w *= 1 - rate*o.Decay
		}
		m := o.Beta1*float64(o.First[i]) + (1-o.Beta1)*g
		v := o.Beta2*float64(o.Second[i]) + (1-o.Beta2)*g*g
		o.First[i], o.Second[i] = float32(m), float32(v)
		weights[i] = float32(w - rate*(m/bias1)/(math.Sqrt(v/bias2)+o.Epsilon))
	}
}

// Clip bounds the norm of gradients by a multiple of their running norm, the mean
// of the last hundred or so after clipping, and by an absolute one.
type Clip struct {
	Factor   float64 // of the running norm; 0 is no such bound
	Absolute float64 // 0 is no such bound
	Running  float64 // 0 before the first gradient
}

// Apply scales the gradient down to the bound, and returns the norm that it had; one
// that is not finite is left as it is, and not counted.
func (c *Clip) Apply(gradient []float32) (norm float64) {
	for _, g := range gradient {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm
	}
	most := math.Inf(1)
	if c.Factor > 0 && c.Running > 0 {
		most = c.Factor * c.Running
	}
	if c.Absolute > 0 {
		most = min(most, c.Absolute)
	}
	if norm > most {
		scale := float32(most / norm)
		for i := range gradient {
			gradient[i] *= scale
		}
	}
	const share = 0.01
	if c.Running == 0 {
		c.Running = min(norm, most)
	} else {
		c.Running += share * (min(norm, most) - c.Running)
	}
	return norm
}

// average moves the exponential average of the weights after update t, from 1. It
// forgets faster at first, as its beginning is random weights.
func average(ema, weights []float32, decay float64, t int64) {
	keep := min(decay, float64(1+t)/float64(10+t))
	for i, w := range weights {
		ema[i] = float32(float64(w) + keep*(float64(ema[i])-float64(w)))
	}
}

// Rate is the learning rate over a run.
type Rate struct {
	Peak   float64
	Warmup float64 // share of the run over which it rises to Peak
	Final  float64 // share of Peak that a cosine ends at
	// Plateau, where it is above 0, halves the rate after as many validations without
	// a better one, in place of the cosine.
	Plateau int
}

// At is the rate when a share of the run is done, and so many halvings.
func (r Rate) At(done float64, halvings int) float64 {
	done = min(done, 1)
	switch {
	case done < r.Warmup:
		return r.Peak * done / r.Warmup
	case r.Plateau > 0:
		return r.Peak * math.Pow(0.5, float64(halvings))
	}
	turned := (done - r.Warmup) / (1 - r.Warmup)
	return r.Peak * (r.Final + (1-r.Final)*0.5*(1+math.Cos(math.Pi*turned)))
}

// order is the structures of a set in an order that seed and epoch tell, and
// nothing else.
func order(n int, seed uint64, epoch int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	rng := rand.New(rand.NewPCG(seed, uint64(epoch)))
	for i := n - 1; i > 0; i-- {
		j := rng.Uint64N(uint64(i + 1))
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// batch is the next structures of an order: at most so many, and so many pairs unless
// the first one alone has more.
func (s *Set) batch(order []int32, structures, pairs int) []int32 {
	n := 0
	for k, i := range order {
		if n += int(s.pairs[i]); k > 0 && (k == structures || n > pairs) {
			return order[:k]
		}
	}
	return order[:min(len(order), structures)]
}
