package cpu

// PairRate is how the direction u of the edge J→I and the distance d of a pair change
// along the direction that tangents are taken in: u̇, and then ḋ.
type PairRate[T Float] [4]T

// Rate is the change of u and d where x changes by rate:
//
//	ḋ = x·ẋ/d      u̇ = ẋ/(d+ε) − x·ḋ/(d+ε)²      from u = x/(d+ε), d = |x|
func Rate[T Float](x [3]T, d T, rate [3]T) PairRate[T] {
	inv := 1 / (d + unitEps)
	along := (x[0]*rate[0] + x[1]*rate[1] + x[2]*rate[2]) / d
	scale := along * inv * inv
	return PairRate[T]{rate[0]*inv - x[0]*scale, rate[1]*inv - x[1]*scale, rate[2]*inv - x[2]*scale, along}
}

// MessageTangent is the tangent of MessageForward: how its result changes where the
// state in changes by tangent and the pairs by rates. It adds to out
//
//	out.s_i += ṡ_j ⊙ φs + s_j ⊙ ḋφs′
//	out.v_i += v̇_j ⊙ φv + v_j ⊙ ḋφv′ + u̇ ⊗ φu + u ⊗ ḋφu′
//
// and the same of i to j, with −u and −u̇. Where in.V is nil, before the first message,
// nothing has changed yet: tangent is not read.
func MessageTangent[T Float](out, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) {
	if !messageTangent(out, in, tangent, pairs, rates, filter, h) {
		messageTangentGeneric(out, in, tangent, pairs, rates, filter, h)
	}
}

func messageTangentGeneric[T Float](out, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) {
	parts := in.parts()
	for p := range pairs.D {
		u, rate := pairs.U[p], rates[p]
		phiS, phiV, phiU := filter.rows(filter.Phi, p, parts, h)
		slopeS, slopeV, slopeU := filter.rows(filter.Slope, p, parts, h)
		si, xi, yi, zi := in.atom(pairs.I[p], h)
		sj, xj, yj, zj := in.atom(pairs.J[p], h)
		osi, oxi, oyi, ozi := out.atom(pairs.I[p], h)
		osj, oxj, oyj, ozj := out.atom(pairs.J[p], h)
		addRate(osi, sj, rate[3], slopeS)
		addRate(osj, si, rate[3], slopeS)
		push(oxi, oxj, u[0]*rate[3], slopeU, rate[0], phiU)
		push(oyi, oyj, u[1]*rate[3], slopeU, rate[1], phiU)
		push(ozi, ozj, u[2]*rate[3], slopeU, rate[2], phiU)
		if parts == 2 {
			continue
		}
		tsi, txi, tyi, tzi := tangent.atom(pairs.I[p], h)
		tsj, txj, tyj, tzj := tangent.atom(pairs.J[p], h)
		addScaled(osi, tsj, phiS)
		addScaled(osj, tsi, phiS)
		for _, v := range [...]struct{ out, in, tangent []T }{
			{oxi, xj, txj}, {oyi, yj, tyj}, {ozi, zj, tzj}, {oxj, xi, txi}, {oyj, yi, tyi}, {ozj, zi, tzi},
		} {
			addRate(v.out, v.in, rate[3], slopeV)
			addScaled(v.out, v.tangent, phiV)
		}
	}
}

// addRate computes dst += a ⊙ rate·b.
func addRate[T Float](dst, a []T, rate T, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for f := range dst {
		dst[f] += T(a[f] * T(rate*b[f]))
	}
}

// push computes c·a + d·b, adds it to i and takes it from j.
func push[T Float](i, j []T, c T, a []T, d T, b []T) {
	j, a, b = j[:len(i)], a[:len(i)], b[:len(i)]
	for f := range i {
		x := T(c*a[f]) + T(d*b[f])
		i[f] += x
		j[f] -= x
	}
}

// MessageDualBackward is the reverse of MessageForward and MessageTangent at once, for
// a loss L that depends on the results of both: from l = ∂L/∂out of the first and
// g = ∂L/∂out of the second it adds ∂L/∂in to lin (the identity part, lin = l, is the
// caller's),
//
//	lin.s_j += l.s_i ⊙ φs + g.s_i ⊙ ḋφs′      lin.v_j += l.v_i ⊙ φv + g.v_i ⊙ ḋφv′      and i, j exchanged
//
// and sets the rows of pairs of grad to ∂L/∂φ and ∂L/∂φ′ of these h features, without a sum:
//
//	φs: l.s_i s_j + l.s_j s_i + g.s_i ṡ_j + g.s_j ṡ_i          φs′: ḋ(g.s_i s_j + g.s_j s_i)
//	φv: l.v_i·v_j + l.v_j·v_i + g.v_i·v̇_j + g.v_j·v̇_i          φv′: ḋ(g.v_i·v_j + g.v_j·v_i)
//	φu: u·(l.v_i − l.v_j) + u̇·(g.v_i − g.v_j)                  φu′: ḋ u·(g.v_i − g.v_j)
//
// ∂L/∂tangent is MessageBackward's gin of g. Where in.V is nil, lin.V and tangent are
// left alone. Rows and parts of grad lie as those of filter do.
func MessageDualBackward[T Float](lin State[T], grad Filter[T], l, g, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) {
	if !messageDualBackward(lin, grad, l, g, in, tangent, pairs, rates, filter, h) {
		messageDualBackwardGeneric(lin, grad, l, g, in, tangent, pairs, rates, filter, h)
	}
}

func messageDualBackwardGeneric[T Float](lin State[T], grad Filter[T], l, g, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) {
	parts := in.parts()
	for p := range pairs.D {
		u, rate := pairs.U[p], rates[p]
		phiS, phiV, _ := filter.rows(filter.Phi, p, parts, h)
		slopeS, slopeV, _ := filter.rows(filter.Slope, p, parts, h)
		gphiS, gphiV, gphiU := grad.rows(grad.Phi, p, parts, h)
		gslopeS, gslopeV, gslopeU := grad.rows(grad.Slope, p, parts, h)
		si, xi, yi, zi := in.atom(pairs.I[p], h)
		sj, xj, yj, zj := in.atom(pairs.J[p], h)
		lsi, lxi, lyi, lzi := l.atom(pairs.I[p], h)
		lsj, lxj, lyj, lzj := l.atom(pairs.J[p], h)
		gsi, gxi, gyi, gzi := g.atom(pairs.I[p], h)
		gsj, gxj, gyj, gzj := g.atom(pairs.J[p], h)
		for f := range gphiS {
			gphiS[f] = T(lsi[f]*sj[f]) + T(lsj[f]*si[f])
			gslopeS[f] = rate[3] * (T(gsi[f]*sj[f]) + T(gsj[f]*si[f]))
			dx, dy, dz := gxi[f]-gxj[f], gyi[f]-gyj[f], gzi[f]-gzj[f]
			gslopeU[f] = rate[3] * (T(u[0]*dx) + T(u[1]*dy) + T(u[2]*dz))
			gphiU[f] = T(u[0]*(lxi[f]-lxj[f])) + T(u[1]*(lyi[f]-lyj[f])) + T(u[2]*(lzi[f]-lzj[f])) + T(rate[0]*dx) + T(rate[1]*dy) + T(rate[2]*dz)
		}
		hsi, hxi, hyi, hzi := lin.atom(pairs.I[p], h)
		hsj, hxj, hyj, hzj := lin.atom(pairs.J[p], h)
		addScaled(hsi, lsj, phiS)
		addRate(hsi, gsj, rate[3], slopeS)
		addScaled(hsj, lsi, phiS)
		addRate(hsj, gsi, rate[3], slopeS)
		if parts == 2 {
			continue
		}
		tsi, txi, tyi, tzi := tangent.atom(pairs.I[p], h)
		tsj, txj, tyj, tzj := tangent.atom(pairs.J[p], h)
		for f := range gphiV {
			gphiS[f] += T(gsi[f]*tsj[f]) + T(gsj[f]*tsi[f])
			gslopeV[f] = rate[3] * (T(gxi[f]*xj[f]) + T(gyi[f]*yj[f]) + T(gzi[f]*zj[f]) + T(gxj[f]*xi[f]) + T(gyj[f]*yi[f]) + T(gzj[f]*zi[f]))
			gphiV[f] = T(lxi[f]*xj[f]) + T(lyi[f]*yj[f]) + T(lzi[f]*zj[f]) + T(lxj[f]*xi[f]) + T(lyj[f]*yi[f]) + T(lzj[f]*zi[f]) +
				T(gxi[f]*txj[f]) + T(gyi[f]*tyj[f]) + T(gzi[f]*tzj[f]) + T(gxj[f]*txi[f]) + T(gyj[f]*tyi[f]) + T(gzj[f]*tzi[f])
		}
		for _, v := range [...]struct{ lin, l, g []T }{
			{hxi, lxj, gxj}, {hyi, lyj, gyj}, {hzi, lzj, gzj}, {hxj, lxi, gxi}, {hyj, lyi, gyi}, {hzj, lzi, gzi},
		} {
			addScaled(v.lin, v.l, phiV)
			addRate(v.lin, v.g, rate[3], slopeV)
		}
	}
}
