package md

import (
	"math"

	"painless/internal/buffer"
)

// fire is FIRE 2.0, the fast inertial relaxation engine (J. Guénolé, W. G.
// Nöhring, A. Vaid, F. Houllé, Z. Xie, A. Prakash and E. Bitzek, Comput. Mater.
// Sci. 175, 109584 (2020), doi:10.1016/j.commatsci.2020.109584), with the paper's
// semi-implicit Euler steps, and 1 eV/(Å²·time²) as every mass:
//
//	v ← v + F Δt;  v ← (1 − α) v + α |v| F/|F|;  x ← x + v Δt.
//
// While the power F·v is positive, time steps grow and α shrinks. Where it is not,
// half a step is taken back, v is 0, Δt is halved and α is as it was.
type fire struct {
	v, d  [][3]float64
	dt    float64
	alpha float64
	steps int
	along int // steps since the power was not positive
}

// The paper's values; the times are as ASE has them.
const (
	fireStart, fireLongest, fireShortest = 0.1, 1.0, 0.002
	fireDelay                            = 20
	fireGrow, fireShrink                 = 1.1, 0.5
	fireAlpha, fireAlphaShrink           = 0.25, 0.99
)

func (o *fire) start(n int) {
	*o = fire{v: buffer.Resize(o.v, n), d: buffer.Resize(o.d, n), dt: fireStart, alpha: fireAlpha}
	clear(o.v)
}

func (o *fire) step(c *coordinates, _, longest float64) {
	clear(o.d)
	if dot(c.f, o.v) > 0 {
		if o.along++; o.along > fireDelay {
			o.dt = min(o.dt*fireGrow, fireLongest)
			o.alpha *= fireAlphaShrink
		}
	} else {
		o.along = 0
		if o.steps >= fireDelay {
			if shorter := o.dt * fireShrink; shorter >= fireShortest {
				o.dt = shorter
			}
			o.alpha = fireAlpha
		}
		add(o.d, -0.5*o.dt, o.v)
		clear(o.v)
	}
	o.steps++
	add(o.v, o.dt, c.f)
	along := o.alpha * math.Sqrt(dot(o.v, o.v)/dot(c.f, c.f))
	multiply(o.v, 1-o.alpha)
	add(o.v, along, c.f)
	add(o.d, o.dt, o.v)
	if shorter := c.limit(o.d, longest); shorter < 1 {
		multiply(o.d, shorter)
		multiply(o.v, shorter) // so that half a step back is half of what was gone
	}
	add(c.x, 1, o.d)
}
