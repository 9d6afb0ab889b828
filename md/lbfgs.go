package md

import (
	"painless/internal/buffer"
)

// lbfgs is limited-memory BFGS: the direction is that of the two-loop recursion
// over the last steps s and changes of the gradient y (J. Nocedal, Math. Comput.
// 35, 773 (1980), doi:10.1090/S0025-5718-1980-0572855-7; D. C. Liu and J. Nocedal,
// Math. Program. 45, 503 (1989), doi:10.1007/BF01589116), begun with s·y/y·y, and
// no longer than the longest step. Where the curvature along a step is not
// positive, as on the slope to another basin, steps get longer.
//
// A step is taken back in part where it has gone too far: where the slope along it
// is (1 − 2δ) times as steep upwards as it was downwards, or steeper, which says it
// within the energy's rounding too (the approximate Wolfe condition of W. W. Hager
// and H. Zhang, SIAM J. Optim. 16, 170 (2005), doi:10.1137/030601880), or where the
// enthalpy has risen by more than a barrier would let it.
type lbfgs struct {
	s, y        [][3]float64 // the last steps, of n rows each; [memory·n]
	rho, weight [lbfgsMemory]float64
	kept, next  int
	inverse     float64 // of the stiffness, Å²/eV: what H is without the memory

	x, f     [][3]float64 // where the step began, [n]
	d        [][3]float64 // the whole step
	part     float64      // of d that was gone
	slope    float64      // −f·d
	enthalpy float64
	tries    int
	begun    bool
}

const (
	lbfgsMemory    = 20
	lbfgsStiffness = 70.0 // eV/Å², of the first step, as ASE has it
	lbfgsSoftest   = 1e-3 // eV/Å²
	lbfgsUphill    = 0.8  // 1 − 2δ
	lbfgsTries     = 8
	lbfgsRise      = 1e-3 // eV a row
)

func (o *lbfgs) start(n int) {
	*o = lbfgs{s: buffer.Resize(o.s, lbfgsMemory*n), y: buffer.Resize(o.y, lbfgsMemory*n),
		x: buffer.Resize(o.x, n), f: buffer.Resize(o.f, n), d: buffer.Resize(o.d, n), inverse: 1 / lbfgsStiffness}
}

func (o *lbfgs) step(c *coordinates, enthalpy, longest float64) {
	if o.begun {
		if o.shorten(c, enthalpy) {
			return
		}
		o.learn(c)
	}
	o.begun, o.tries, o.part, o.enthalpy = true, 0, 1, enthalpy
	copy(o.x, c.x)
	copy(o.f, c.f)
	o.direct(c.f)
	if o.slope = -dot(c.f, o.d); !(o.slope < 0) {
		o.forget()
		o.direct(c.f)
		o.slope = -dot(c.f, o.d)
	}
	shorter := c.limit(o.d, longest)
	multiply(o.d, shorter)
	o.slope *= shorter
	add(c.x, 1, o.d)
}

// shorten goes back along a step that was too long; false where it was not.
func (o *lbfgs) shorten(c *coordinates, enthalpy float64) bool {
	slope := -dot(c.f, o.d)
	if slope <= -lbfgsUphill*o.slope && enthalpy <= o.enthalpy+lbfgsRise*float64(len(c.x)) {
		return false
	}
	if o.tries == lbfgsTries {
		o.forget()
		return false
	}
	o.tries++
	part := 0.25 // of what was gone; where it is uphill, to where the slope would be 0
	if slope > 0 {
		part = min(max(o.slope/(o.slope-slope), 0.1), 0.5)
	}
	o.part *= part
	copy(c.x, o.x)
	add(c.x, o.part, o.d)
	return true
}

// learn remembers the step and what it changed of the gradient, where the
// curvature along it is positive.
func (o *lbfgs) learn(c *coordinates) {
	n := len(c.x)
	s, y := o.s[o.next*n:][:n], o.y[o.next*n:][:n]
	copy(s, c.x)
	add(s, -1, o.x)
	copy(y, o.f)
	add(y, -1, c.f)
	sy, yy := dot(s, y), dot(y, y)
	if !(sy > 1e-12*yy) { // Å²/eV
		o.inverse = min(2*o.inverse, 1/lbfgsSoftest)
		return
	}
	o.rho[o.next], o.inverse = 1/sy, sy/yy
	o.next = (o.next + 1) % lbfgsMemory
	o.kept = min(o.kept+1, lbfgsMemory)
}

func (o *lbfgs) forget() { o.kept, o.next, o.inverse = 0, 0, 1/lbfgsStiffness }

// direct sets d to H f, with the inverse of the Hessian that the memory makes.
func (o *lbfgs) direct(f [][3]float64) {
	n := len(f)
	copy(o.d, f)
	at := func(back int) (i int, s, y [][3]float64) { // back steps ago, from 1
		i = (o.next - back + lbfgsMemory) % lbfgsMemory
		return i, o.s[i*n:][:n], o.y[i*n:][:n]
	}
	for back := 1; back <= o.kept; back++ {
		i, s, y := at(back)
		o.weight[i] = o.rho[i] * dot(s, o.d)
		add(o.d, -o.weight[i], y)
	}
	multiply(o.d, o.inverse)
	for back := o.kept; back >= 1; back-- {
		i, s, y := at(back)
		add(o.d, o.weight[i]-o.rho[i]*dot(y, o.d), s)
	}
}
