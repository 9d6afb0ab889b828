package cpu

// MessageLearn is the reverse of MessageForward where the weights are asked for
// in place of the positions: from g = ∂L/∂out it adds ∂L/∂in to gin, as
// MessageBackward does, and writes ∂L/∂φ of the pairs to gphi [P, parts, GroupWidth]:
//
//	∂L/∂φs = g.s_i s_j + g.s_j s_i      ∂L/∂φv = g.v_i·v_j + g.v_j·v_i      ∂L/∂φu = u·(g.v_i − g.v_j)
//
// Where in.V is nil there is no φv, and gin.V is left alone.
func MessageLearn[T Float](gin State[T], gphi []T, g, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	if !messageLearn(gin, gphi, g, in, pairs, filter, h) {
		messageLearnGeneric(gin, gphi, g, in, pairs, filter, h)
	}
}

func messageLearnGeneric[T Float](gin State[T], gphi []T, g, in State[T], pairs Pairs[T], filter Filter[T], h int) {
	parts := in.parts()
	if parts == 2 {
		gin.V = nil
	}
	for p := range pairs.D {
		u := pairs.U[p]
		phiS, phiV, _ := filter.rows(filter.Phi, p, parts, h)
		to := gphi[p*parts*GroupWidth:][:parts*GroupWidth]
		gphiS, gphiU := to[:h], to[(parts-1)*GroupWidth:][:h]
		si, xi, yi, zi := in.atom(pairs.I[p], h)
		sj, xj, yj, zj := in.atom(pairs.J[p], h)
		gsi, gxi, gyi, gzi := g.atom(pairs.I[p], h)
		gsj, gxj, gyj, gzj := g.atom(pairs.J[p], h)
		hsi, hxi, hyi, hzi := gin.atom(pairs.I[p], h)
		hsj, hxj, hyj, hzj := gin.atom(pairs.J[p], h)
		for f := range gphiS {
			gphiS[f] = gsi[f]*sj[f] + gsj[f]*si[f]
			gphiU[f] = u[0]*(gxi[f]-gxj[f]) + u[1]*(gyi[f]-gyj[f]) + u[2]*(gzi[f]-gzj[f])
		}
		addScaled(hsi, gsj, phiS)
		addScaled(hsj, gsi, phiS)
		if parts == 2 {
			continue
		}
		for f := range phiV {
			to[GroupWidth+f] = gxi[f]*xj[f] + gyi[f]*yj[f] + gzi[f]*zj[f] + gxj[f]*xi[f] + gyj[f]*yi[f] + gzj[f]*zi[f]
		}
		addScaled(hxi, gxj, phiV)
		addScaled(hyi, gyj, phiV)
		addScaled(hzi, gzj, phiV)
		addScaled(hxj, gxi, phiV)
		addScaled(hyj, gyi, phiV)
		addScaled(hzj, gzi, phiV)
	}
}
