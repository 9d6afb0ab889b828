package train

import "painless/kernels/cpu"

// smooth is what |v| is made smooth with: √(v² + smooth), in training alone. It is
// below the rounding of float32 of any |v| that matters.
const smooth = 1e-10

// update is n = |v|, [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4, s += a and
// v = v ⊙ g1 + (M v) ⊙ g2.
func (w *worker[T]) update(k int) {
	s, c, n, full := &w.updates[k], w.network.updates[k], w.n, w.h
	x, _ := halves(s.x[0])
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		mid, h := w.group(w.value.after(k), group)
		cpu.UpdateInput(x[first:], mid.S, mid.V, smooth, h, full)
	}
	c.values(s)
	y, _ := halves(s.y[1])
	w.addUpdate(&w.value, k, y)
	if !w.network.gated(k) {
		return
	}
	gates, _ := halves(w.gates[k])
	cpu.CopyRows(gates, 2*full, y[full:], 3*full, 2*full, n)
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		mid, h := w.group(w.value.after(k), group)
		next, _ := w.group(w.value.before(k+1), group)
		cpu.UpdateVectors(next.V, mid.V, gates[first:], &w.network.mixing[k], h, full)
	}
}

// addUpdate is s += a, or its rate.
func (w *worker[T]) addUpdate(a *states[T], k int, y []T) {
	for group := range cpu.Groups(w.h) {
		first, _ := w.features(group)
		mid, h := w.group(a.after(k), group)
		cpu.AddRows(mid.S, h, y[first:], w.network.updates[k][1].out, h, w.n)
	}
}

// updateBackward takes g from the state after block k's update to the one before it.
func (w *worker[T]) updateBackward(k int) {
	s, c, full := &w.updates[k], w.network.updates[k], w.h
	_, gy := halves(s.g[1])
	after, mid := w.gAfter[k], w.gMid[k]
	copy(mid.S, after.S)
	copy(mid.V, after.V)
	gates, _ := halves(w.gates[k])
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		g, h := w.group(mid, group)
		if !w.network.gated(k) {
			cpu.CopyRows(gy[first:], c[1].out, g.S, h, h, w.n)
			continue
		}
		v, _ := w.group(w.value.after(k), group)
		cpu.UpdateOutputBackward(gy[first:], g, v.V, gates[first:], &w.network.mixing[k], h, full)
	}
	c.backward(s)
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		g, h := w.group(mid, group)
		v, _ := w.group(w.value.after(k), group)
		cpu.UpdateInputBackward(g, s.b[0][first:], v.V, smooth, h, full)
	}
}

// updateRates is how the state after block k's update changes along the direction.
func (w *worker[T]) updateRates(k int) {
	s, c, n, full := &w.updates[k], w.network.updates[k], w.n, w.h
	x, dx := halves(s.x[0])
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		mid, h := w.group(w.value.after(k), group)
		rate, _ := w.group(w.rate.after(k), group)
		cpu.UpdateInputTangent(dx[first:], rate.S, rate.V, x[first:], mid.V, h, full)
	}
	c.rates(s)
	_, dy := halves(s.y[1])
	w.addUpdate(&w.rate, k, dy)
	if !w.network.gated(k) {
		return
	}
	gates, dgates := halves(w.gates[k])
	cpu.CopyRows(dgates, 2*full, dy[full:], 3*full, 2*full, n)
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		mid, h := w.group(w.value.after(k), group)
		rate, _ := w.group(w.rate.after(k), group)
		next, _ := w.group(w.rate.before(k+1), group)
		cpu.UpdateVectorsTangent(next.V, mid.V, rate.V, gates[first:], dgates[first:], &w.network.mixing[k], h, full)
	}
}

// updateDualBackward takes l from the state after block k's update to the one before
// it, and adds the gradient by the update's weights.
func (w *worker[T]) updateDualBackward(k int) {
	s, c, n, full := &w.updates[k], w.network.updates[k], w.n, w.h
	rows := c[1].out
	ly, _ := halves(s.g[1])
	gates, dgates := halves(w.gates[k])
	if w.network.gated(k) && w.model.Free {
		w.mixingGradient(k, gates, dgates)
	}
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		l, h := w.group(w.l, group)
		cpu.CopyRows(ly[first:], rows, l.S, h, h, n)
		if w.network.gated(k) {
			mid, _ := w.group(w.value.after(k), group)
			rate, _ := w.group(w.rate.after(k), group)
			g, _ := w.group(w.gAfter[k], group)
			cpu.UpdateVectorsDualBackward(l.V, ly[full+first:], g.V, mid.V, rate.V, gates[first:], dgates[first:], &w.network.mixing[k], h, full, rows)
		}
	}
	lx := c.dualBackward(s, w.shard.gradient)
	x, dx := halves(s.x[0])
	for group := range cpu.Groups(full) {
		first, _ := w.features(group)
		l, h := w.group(w.l, group)
		mid, _ := w.group(w.value.after(k), group)
		rate, _ := w.group(w.rate.after(k), group)
		cpu.UpdateInputDualBackward(l.S, l.V, lx[first:], s.b[0][first:], mid.V, rate.V, x[first:], dx[first:], h, full)
	}
}

// mixingGradient adds ∂L/∂M of block k, before l is taken back:
//
//	gM_ab += Σ l_a·g2·v_b + g_a·(ġ2·v_b + g2·v̇_b)
func (w *worker[T]) mixingGradient(k int, gates, dgates []T) {
	gradient := w.shard.gradient[w.layout.blocks[k].mixing:][:9]
	for group := range cpu.Groups(w.h) {
		first, _ := w.features(group)
		l, h := w.group(w.l, group)
		g, _ := w.group(w.gAfter[k], group)
		v, _ := w.group(w.value.after(k), group)
		dv, _ := w.group(w.rate.after(k), group)
		for i := range w.n {
			g2, d2 := gates[i*2*w.h+w.h+first:][:h], dgates[i*2*w.h+w.h+first:][:h]
			for a := range 3 {
				la, ga := l.V[(3*i+a)*h:][:h], g.V[(3*i+a)*h:][:h]
				for b := range 3 {
					vb, db := v.V[(3*i+b)*h:][:h], dv.V[(3*i+b)*h:][:h]
					sum := T(0)
					for f := range g2 {
						sum += T((T(la[f]*g2[f])+T(ga[f]*d2[f]))*vb[f]) + T(ga[f]*g2[f])*db[f]
					}
					gradient[3*a+b] += sum
				}
			}
		}
	}
}
