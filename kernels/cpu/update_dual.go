package cpu

// What follows is the tangents of the operations in update.go, and the reverse of both
// at once. A rate is how a quantity changes along the direction that tangents are
// taken in. For a loss L of values and rates, l stands for ∂L/∂ of a value and g for
// ∂L/∂ of a rate; the g are those of the operations' own reverse.

// UpdateInputTangent writes the rate of UpdateInput's x, [ds ; v·dv/|v|] [A, 2H], from
// ds [A, h], dv and v [A, 3, h]; |v| is read from x, and where it is 0 so is its rate.
func UpdateInputTangent[T Float](dx, ds, dv, x, v []T, h, full int) {
	row := 2 * full
	CopyRows(dx, row, ds, h, h, len(ds)/h)
	if len(ds) == 0 || normsTangent(dx[full:], x[full:], v, dv, h, row) {
		return
	}
	for i := 0; i*h < len(ds); i++ {
		n, dn := x[i*row+full:][:h], dx[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		tx, ty, tz := components(dv, i, h)
		for f := range n {
			dn[f] = 0
			if n[f] != 0 {
				dn[f] = (T(vx[f]*tx[f]) + T(vy[f]*ty[f]) + T(vz[f]*tz[f])) / n[f]
			}
		}
	}
}

// UpdateInputDualBackward is the reverse of UpdateInput and UpdateInputTangent. From
// lx and gx, both [A, 2H], and values and rates of x and v it adds to ls [A, h] and
// lv [A, 3, h]:
//
//	ls += lx_s      lv += lx_n·v/n + gx_n·(v̇/n − v·ṅ/n²)      and nothing where n = |v| = 0
func UpdateInputDualBackward[T Float](ls, lv, lx, gx, v, dv, x, dx []T, h, full int) {
	row := 2 * full
	AddRows(ls, h, lx, row, h, len(ls)/h)
	if len(ls) == 0 || normsDualBackward(lv, lx[full:], gx[full:], v, dv, x[full:], dx[full:], h, row) {
		return
	}
	for i := 0; i*h < len(ls); i++ {
		ln, gn, n, dn := lx[i*row+full:][:h], gx[i*row+full:][:h], x[i*row+full:][:h], dx[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		tx, ty, tz := components(dv, i, h)
		ox, oy, oz := components(lv, i, h)
		for f := range n {
			if n[f] == 0 {
				continue
			}
			inv := 1 / n[f]
			along := T(gn[f] * inv)
			by := T((ln[f] - T(along*dn[f])) * inv)
			ox[f] += T(by*vx[f]) + T(along*tx[f])
			oy[f] += T(by*vy[f]) + T(along*ty[f])
			oz[f] += T(by*vz[f]) + T(along*tz[f])
		}
	}
}

// UpdateVectorsTangent computes the rate of UpdateVectors' result,
//
//	dout_i = v̇_i ⊙ g1_i + v_i ⊙ ġ1_i + (M v̇_i) ⊙ g2_i + (M v_i) ⊙ ġ2_i
//
// for dout, v, dv [A, 3, h] and gates, dgates [A, 2H].
func UpdateVectorsTangent[T Float](dout, v, dv, gates, dgates []T, m *[3][3]T, h, full int) {
	row := 2 * full
	if len(v) == 0 || gateTangent(dout, v, dv, gates, gates[full:], dgates, dgates[full:], m, h, row) {
		return
	}
	for i := 0; 3*i*h < len(v); i++ {
		g1, g2 := gates[i*row:][:h], gates[i*row+full:][:h]
		d1, d2 := dgates[i*row:][:h], dgates[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		tx, ty, tz := components(dv, i, h)
		ox, oy, oz := components(dout, i, h)
		for f := range g1 {
			x, y, z := vx[f], vy[f], vz[f]
			a, b, c := tx[f], ty[f], tz[f]
			ox[f] = a*g1[f] + x*d1[f] + (m[0][0]*a+m[0][1]*b+m[0][2]*c)*g2[f] + (m[0][0]*x+m[0][1]*y+m[0][2]*z)*d2[f]
			oy[f] = b*g1[f] + y*d1[f] + (m[1][0]*a+m[1][1]*b+m[1][2]*c)*g2[f] + (m[1][0]*x+m[1][1]*y+m[1][2]*z)*d2[f]
			oz[f] = c*g1[f] + z*d1[f] + (m[2][0]*a+m[2][1]*b+m[2][2]*c)*g2[f] + (m[2][0]*x+m[2][1]*y+m[2][2]*z)*d2[f]
		}
	}
}

// UpdateVectorsDualBackward is the reverse of UpdateVectors and UpdateVectorsTangent.
// It writes ∂L/∂gates into lgates, the first 2H numbers of rows [A, rows], and replaces
// lv, on entry that of the result, by ∂L/∂v; g is ∂L/∂dout:
//
//	lg1 = l·v + g·v̇      lg2 = l·(M v) + g·(M v̇)
//	lv = l ⊙ g1 + g ⊙ ġ1 + Mᵀ(l ⊙ g2 + g ⊙ ġ2)
func UpdateVectorsDualBackward[T Float](lv, lgates, g, v, dv, gates, dgates []T, m *[3][3]T, h, full, rows int) {
	row := 2 * full
	if len(v) == 0 || gateDualBackward(lv, lgates, lgates[full:], g, v, dv, gates, gates[full:], dgates, dgates[full:], m, h, rows, row) {
		return
	}
	for i := 0; 3*i*h < len(v); i++ {
		g1, g2 := gates[i*row:][:h], gates[i*row+full:][:h]
		d1, d2 := dgates[i*row:][:h], dgates[i*row+full:][:h]
		lg1, lg2 := lgates[i*rows:][:h], lgates[i*rows+full:][:h]
		vx, vy, vz := components(v, i, h)
		tx, ty, tz := components(dv, i, h)
		gx, gy, gz := components(g, i, h)
		lx, ly, lz := components(lv, i, h)
		for f := range g1 {
			// By rows of M: l and g along it, and of its transpose.
			p, q, r := T(lx[f]*g2[f])+T(gx[f]*d2[f]), T(ly[f]*g2[f])+T(gy[f]*d2[f]), T(lz[f]*g2[f])+T(gz[f]*d2[f])
			x, y, z := vx[f], vy[f], vz[f]
			a, b, c := tx[f], ty[f], tz[f]
			lg1[f] = lx[f]*x + ly[f]*y + lz[f]*z + gx[f]*a + gy[f]*b + gz[f]*c
			lg2[f] = lx[f]*(m[0][0]*x+m[0][1]*y+m[0][2]*z) + ly[f]*(m[1][0]*x+m[1][1]*y+m[1][2]*z) + lz[f]*(m[2][0]*x+m[2][1]*y+m[2][2]*z) +
				gx[f]*(m[0][0]*a+m[0][1]*b+m[0][2]*c) + gy[f]*(m[1][0]*a+m[1][1]*b+m[1][2]*c) + gz[f]*(m[2][0]*a+m[2][1]*b+m[2][2]*c)
			lx[f] = lx[f]*g1[f] + gx[f]*d1[f] + m[0][0]*p + m[1][0]*q + m[2][0]*r
			ly[f] = ly[f]*g1[f] + gy[f]*d1[f] + m[0][1]*p + m[1][1]*q + m[2][1]*r
			lz[f] = lz[f]*g1[f] + gz[f]*d1[f] + m[0][2]*p + m[1][2]*q + m[2][2]*r
		}
	}
}
