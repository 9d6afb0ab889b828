package cpu

// State is h features of A atoms, a group or any number: scalars S [A, h] and
// vectors V [A, 3, h]. V is nil where the vectors are known to be zero.
type State[T Float] struct{ S, V []T }

// atom is the rows of atom i: s and the x, y, z of v.
func (a State[T]) atom(i int32, h int) (s, x, y, z []T) {
	s = a.S[int(i)*h:][:h]
	if a.V == nil {
		return s, nil, nil, nil
	}
	v := a.V[int(i)*3*h:][:3*h]
	return s, v[:h], v[h : 2*h], v[2*h:]
}

// parts is how many parts of φ a message from this state needs.
func (a State[T]) parts() int {
	if a.V == nil {
		return 2
	}
	return 3
}

// Filter holds φ of P pairs and, for the backward pass, dφ/dd. Pair p's φs, φv
// and φu of the h features in work begin at p·Row, each Part after the one
// before; where the input vectors are zero there are two parts, without φv.
type Filter[T Float] struct {
	Phi, Slope []T
	Row, Part  int
}

// rows is the parts of pair p, n features each; φv is nil with two parts.
func (f *Filter[T]) rows(phi []T, p, parts, n int) (s, v, u []T) {
	row := phi[p*f.Row:]
	s, u = row[:n], row[(parts-1)*f.Part:][:n]
	if parts == 3 {
		v = row[f.Part:][:n]
	}
	return s, v, u
}

// length is how many numbers of Phi n pairs reach.
func (f *Filter[T]) length(n, parts int) int { return (n-1)*f.Row + (parts-1)*f.Part + GroupWidth }

// MessageForward adds both directions of every pair to out:
//
//	out.s_i += s_j ⊙ φs        out.v_i += v_j ⊙ φv + u ⊗ φu
//	out.s_j += s_i ⊙ φs        out.v_j += v_i ⊙ φv − u ⊗ φu
//
// where in is (s, v) and filter belongs to pairs and these h features. Calls on
// different features may run at the same time.
func MessageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	if !messageForward(out, in, pairs, filter, h) {
		messageForwardGeneric(out, in, pairs, filter, h)
	}
}

func messageForwardGeneric[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	parts := in.parts()
	for p := range pairs.D {
		u := pairs.U[p]
		phiS, phiV, phiU := filter.rows(filter.Phi, p, parts, h)
		si, xi, yi, zi := in.atom(pairs.I[p], h)
		sj, xj, yj, zj := in.atom(pairs.J[p], h)
		osi, oxi, oyi, ozi := out.atom(pairs.I[p], h)
		osj, oxj, oyj, ozj := out.atom(pairs.J[p], h)
		addScaled(osi, sj, phiS)
		addScaled(osj, si, phiS)
		addVector(oxi, xj, phiV, u[0], phiU)
		addVector(oyi, yj, phiV, u[1], phiU)
		addVector(ozi, zj, phiV, u[2], phiU)
		addVector(oxj, xi, phiV, -u[0], phiU)
		addVector(oyj, yi, phiV, -u[1], phiU)
		addVector(ozj, zi, phiV, -u[2], phiU)
	}
}

// addScaled computes dst += a ⊙ b.
func addScaled[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for f := range dst {
		dst[f] += T(a[f] * b[f])
	}
}

// addVector computes dst += a ⊙ b + c·d, or dst += c·d where b is nil.
func addVector[T Float](dst, a, b []T, c T, d []T) {
	d = d[:len(dst)]
	if b == nil {
		for f := range dst {
			dst[f] += T(c * d[f])
		}
		return
	}
	a, b = a[:len(dst)], b[:len(dst)]
	for f := range dst {
		dst[f] += T(T(a[f]*b[f]) + T(c*d[f]))
	}
}

// PairGrad is ∂E/∂u, u being the direction of the edge J→I, and ∂E/∂d of a pair.
type PairGrad[T Float] [4]T

// MessageBackward is the reverse of MessageForward. From g = ∂E/∂out it adds
// ∂E/∂in to gin (the identity part, gin = g, is the caller's), and to grad [P]
// these h features' share of the pairs' gradients:
//
//	gin.s_j += g.s_i ⊙ φs      gin.v_j += g.v_i ⊙ φv      and i, j exchanged
//	grad.u  += Σ_f φu (g.v_i − g.v_j)
//	grad.d  += Σ_f φs′(g.s_i s_j + g.s_j s_i) + φv′(g.v_i·v_j + g.v_j·v_i) + φu′ u·(g.v_i − g.v_j)
//
// Where in.V is nil, gin is left alone: nothing before it depends on positions.
func MessageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	if !messageBackward(gin, grad, g, in, pairs, filter, h) {
		messageBackwardGeneric(gin, grad, g, in, pairs, filter, h)
	}
}

func messageBackwardGeneric[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	parts := in.parts()
	for p := range pairs.D {
		u := pairs.U[p]
		phiS, phiV, phiU := filter.rows(filter.Phi, p, parts, h)
		dphiS, dphiV, dphiU := filter.rows(filter.Slope, p, parts, h)
		si, xi, yi, zi := in.atom(pairs.I[p], h)
		sj, xj, yj, zj := in.atom(pairs.J[p], h)
		gsi, gxi, gyi, gzi := g.atom(pairs.I[p], h)
		gsj, gxj, gyj, gzj := g.atom(pairs.J[p], h)

		var gd, gux, guy, guz T
		for f := range phiS {
			gd += T(dphiS[f] * (gsi[f]*sj[f] + gsj[f]*si[f]))
			dx, dy, dz := gxi[f]-gxj[f], gyi[f]-gyj[f], gzi[f]-gzj[f]
			gux += T(phiU[f] * dx)
			guy += T(phiU[f] * dy)
			guz += T(phiU[f] * dz)
			gd += T(dphiU[f] * (u[0]*dx + u[1]*dy + u[2]*dz))
		}
		if phiV != nil {
			for f := range phiV {
				gd += T(dphiV[f] * (gxi[f]*xj[f] + gyi[f]*yj[f] + gzi[f]*zj[f] + gxj[f]*xi[f] + gyj[f]*yi[f] + gzj[f]*zi[f]))
			}
			hsi, hxi, hyi, hzi := gin.atom(pairs.I[p], h)
			hsj, hxj, hyj, hzj := gin.atom(pairs.J[p], h)
			addScaled(hsi, gsj, phiS)
			addScaled(hsj, gsi, phiS)
			addScaled(hxi, gxj, phiV)
			addScaled(hyi, gyj, phiV)
			addScaled(hzi, gzj, phiV)
			addScaled(hxj, gxi, phiV)
			addScaled(hyj, gyi, phiV)
			addScaled(hzj, gzi, phiV)
		}
		sum := &grad[p]
		sum[0] += gux
		sum[1] += guy
		sum[2] += guz
		sum[3] += gd
	}
}
