package cpu

import "math"

// The update network works on all H features of an atom, the state is kept in
// groups of h of them: in what follows h = H, or a group's share and rows of
// the network's layers from the group's first feature on.

// UpdateInput writes the input of the update network, x = [s ; |v|] [A, 2H],
// from s [A, h] and v [A, 3, h]; |v| is √(x² + y² + z² + floor) over the Cartesian
// components. floor is 0 but in training, where it makes |v| smooth.
func UpdateInput[T Float](x, s, v []T, floor T, h, full int) {
	row := 2 * full
	if len(s) == 0 || updateInput(x, s, v, floor, h, full) {
		return
	}
	CopyRows(x, row, s, h, h, len(s)/h)
	for i := 0; i*h < len(s); i++ {
		n := x[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		for f := range n {
			n[f] = norm(vx[f], vy[f], vz[f], floor)
		}
	}
}

// components is x, y and z of the vectors of atom i in v [A, 3, h].
func components[T Float](v []T, i, h int) (x, y, z []T) {
	row := v[3*i*h:][:3*h]
	return row[:h:h], row[h : 2*h : 2*h], row[2*h:]
}

// UpdateVectors computes out_i = v_i ⊙ g1_i + (M v_i) ⊙ g2_i for out, v [A, 3, h]
// and gates [A, 2H] = [g1 ; g2]; M [3, 3] acts on the Cartesian index.
func UpdateVectors[T Float](out, v, gates []T, m *[3][3]T, h, full int) {
	row := 2 * full
	if len(v) == 0 || gate(out, v, gates, gates[full:], m, h, row) {
		return
	}
	for i := 0; 3*i*h < len(v); i++ {
		g1, g2 := gates[i*row:][:h], gates[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		ox, oy, oz := components(out, i, h)
		for f := range g1 {
			x, y, z := vx[f], vy[f], vz[f]
			ox[f] = x*g1[f] + (m[0][0]*x+m[0][1]*y+m[0][2]*z)*g2[f]
			oy[f] = y*g1[f] + (m[1][0]*x+m[1][1]*y+m[1][2]*z)*g2[f]
			oz[f] = z*g1[f] + (m[2][0]*x+m[2][1]*y+m[2][2]*z)*g2[f]
		}
	}
}

// UpdateOutput is what follows the update network: from its output y = [a ; g1 ; g2]
// [A, 3H] it adds a to s [A, h], keeps the gates [A, 2H] and writes UpdateVectors of v
// to out.
func UpdateOutput[T Float](s, out, v, gates, y []T, m *[3][3]T, h, full int) {
	if len(s) == 0 || updateOutput(s, out, v, gates, y, m, h, full) {
		return
	}
	atoms := len(s) / h
	AddRows(s, h, y, 3*full, h, atoms)
	CopyRows(gates, 2*full, y[full:], 3*full, h, atoms)
	CopyRows(gates[full:], 2*full, y[2*full:], 3*full, h, atoms)
	UpdateVectors(out, v, gates, m, h, full)
}

// UpdateOutputBackward is the reverse of UpdateOutput. It writes ∂E/∂y into gy
// [A, 3H] and replaces g.V, on entry ∂E/∂out, by ∂E/∂v (the part through |v| is
// UpdateInputBackward's); g.S is both ∂E/∂s and that of a:
//
//	gg1 = gout·v      gg2 = gout·(M v)      gv = gout ⊙ g1 + Mᵀ(gout ⊙ g2)
func UpdateOutputBackward[T Float](gy []T, g State[T], v, gates []T, m *[3][3]T, h, full int) {
	if len(g.S) == 0 || updateOutputBackward(gy, g, v, gates, m, h, full) {
		return
	}
	rows, row := 3*full, 2*full
	CopyRows(gy, rows, g.S, h, h, len(g.S)/h)
	for i := 0; 3*i*h < len(v); i++ {
		g1, g2 := gates[i*row:][:h], gates[i*row+full:][:h]
		gg1, gg2 := gy[i*rows+full:][:h], gy[i*rows+2*full:][:h]
		vx, vy, vz := components(v, i, h)
		gx, gy, gz := components(g.V, i, h)
		for f := range g1 {
			x, y, z := vx[f], vy[f], vz[f]
			a, b, c := gx[f], gy[f], gz[f]
			gg1[f] = a*x + b*y + c*z
			gg2[f] = a*(m[0][0]*x+m[0][1]*y+m[0][2]*z) + b*(m[1][0]*x+m[1][1]*y+m[1][2]*z) + c*(m[2][0]*x+m[2][1]*y+m[2][2]*z)
			p, q, r := a*g2[f], b*g2[f], c*g2[f]
			gx[f] = a*g1[f] + m[0][0]*p + m[1][0]*q + m[2][0]*r
			gy[f] = b*g1[f] + m[0][1]*p + m[1][1]*q + m[2][1]*r
			gz[f] = c*g1[f] + m[0][2]*p + m[1][2]*q + m[2][2]*r
		}
	}
}

// UpdateInputBackward is the reverse of UpdateInput: from gx = ∂E/∂[s ; |v|]
// [A, 2H] and the vectors v [A, 3, h] it adds to g:
//
//	g.s += gx_s      g.v += gx_n · v/|v|, and nothing where |v| = 0
func UpdateInputBackward[T Float](g State[T], gx, v []T, floor T, h, full int) {
	if len(g.S) == 0 || updateInputBackward(g, gx, v, floor, h, full) {
		return
	}
	row := 2 * full
	AddRows(g.S, h, gx, row, h, len(g.S)/h)
	for i := 0; i*h < len(g.S); i++ {
		gnorm := gx[i*row+full:][:h]
		vx, vy, vz := components(v, i, h)
		ox, oy, oz := components(g.V, i, h)
		for f := range gnorm {
			x, y, z := vx[f], vy[f], vz[f]
			n := norm(x, y, z, floor)
			if n == 0 {
				continue
			}
			scale := gnorm[f] / n
			ox[f] += scale * x
			oy[f] += scale * y
			oz[f] += scale * z
		}
	}
}

func norm[T Float](x, y, z, floor T) T {
	return T(math.Sqrt(float64(x*x + y*y + z*z + floor)))
}
