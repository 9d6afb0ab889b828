package train

import "painless/kernels/cpu"

// overPairs calls do for tiles of pairs, in each group of features.
func (w *worker[T]) overPairs(do func(group, lo, hi int)) {
	for group := range cpu.Groups(w.h) {
		for lo := 0; lo < len(w.pairs.D); lo += pairTile {
			do(group, lo, min(lo+pairTile, len(w.pairs.D)))
		}
	}
}

// filter is φ of block k, and its slope if asked, of a group of features for the pairs
// lo up to hi.
func (w *worker[T]) filter(k, group, lo, hi int, slopes bool) cpu.Filter[T] {
	if w.exact != nil {
		return w.exact[k].filter(w.network.filters[k], group, lo)
	}
	spline := w.splines[k].coefficients
	if slopes {
		spline.ValuesAndSlopes(w.tile.phi, w.tile.slope, w.knots[lo:hi], group)
	} else {
		spline.Values(w.tile.phi, w.knots[lo:hi], group)
	}
	return cpu.Filter[T]{Phi: w.tile.phi, Slope: w.tile.slope, Row: w.parts(k) * cpu.GroupWidth, Part: cpu.GroupWidth}
}

// parts is how many parts of φ block k uses.
func (w *worker[T]) parts(k int) int { return w.network.filters[k][1].out / w.h }

// embed sets s_i = embedding[Z_i].
func (w *worker[T]) embed() {
	for k, x := range w.shard.samples {
		for i, z := range x.Numbers {
			row := w.weights[w.layout.embedding+z*w.h:][:w.h]
			for group := range cpu.Groups(w.h) {
				lo, hi := w.features(group)
				copy(w.value.s[0][w.n*lo+(w.start[k]+i)*(hi-lo):], row[lo:hi])
			}
		}
	}
}

// begin sets the state after block k's message to the one before, where it begins to add.
func begin[T cpu.Float](a *states[T], k int) {
	copy(a.s[k+1], a.s[k])
	if k == 0 {
		clear(a.mid[k])
	} else {
		copy(a.mid[k], a.v[k])
	}
}

// message is s_i += Σ_j s_j ⊙ φs and v_i += Σ_j v_j ⊙ φv + u ⊗ φu.
func (w *worker[T]) message(k int) {
	begin(&w.value, k)
	w.overPairs(func(group, lo, hi int) {
		in, h := w.group(w.value.before(k), group)
		out, _ := w.group(w.value.after(k), group)
		cpu.MessageForward(out, in, w.pairs.Slice(lo, hi), w.filter(k, group, lo, hi, false), h)
	})
}

// messageBackward takes g to the state before block k, where there is a block before,
// and adds the block's share of the pairs' gradients.
func (w *worker[T]) messageBackward(k int) {
	var before cpu.State[T]
	if k > 0 {
		before = w.gAfter[k-1]
		copy(before.S, w.gMid[k].S)
		copy(before.V, w.gMid[k].V)
	}
	w.overPairs(func(group, lo, hi int) {
		in, h := w.group(w.value.before(k), group)
		g, _ := w.group(w.gMid[k], group)
		var gin cpu.State[T]
		if k > 0 {
			gin, _ = w.group(before, group)
		}
		cpu.MessageBackward(gin, w.pairGrads[lo:hi], g, in, w.pairs.Slice(lo, hi), w.filter(k, group, lo, hi, true), h)
	})
}

// messageRates is how the state after block k's message changes along the direction.
func (w *worker[T]) messageRates(k int) {
	if k == 0 {
		clear(w.rate.s[0])
	}
	begin(&w.rate, k)
	w.overPairs(func(group, lo, hi int) {
		in, h := w.group(w.value.before(k), group)
		rate, _ := w.group(w.rate.before(k), group)
		out, _ := w.group(w.rate.after(k), group)
		cpu.MessageTangent(out, in, rate, w.pairs.Slice(lo, hi), w.rates[lo:hi], w.filter(k, group, lo, hi, true), h)
	})
}

// messageDualBackward takes l to the state before block k, and adds the gradients by
// the filter to the knots' or, if exact, to those of the filter's weights.
func (w *worker[T]) messageDualBackward(k int) {
	copy(w.lin.S, w.l.S)
	copy(w.lin.V, w.l.V)
	w.overPairs(func(group, lo, hi int) {
		in, h := w.group(w.value.before(k), group)
		rate, _ := w.group(w.rate.before(k), group)
		l, _ := w.group(w.l, group)
		g, _ := w.group(w.gMid[k], group)
		lin, _ := w.group(w.lin, group)
		filter, grad := w.filter(k, group, lo, hi, true), cpu.Filter[T]{Phi: w.tile.gphi, Slope: w.tile.gslope, Row: w.parts(k) * cpu.GroupWidth, Part: cpu.GroupWidth}
		if w.exact != nil {
			grad = w.exact[k].gradient(w.network.filters[k], group, lo)
		}
		cpu.MessageDualBackward(lin, grad, l, g, in, rate, w.pairs.Slice(lo, hi), w.rates[lo:hi], filter, h)
		if w.exact == nil {
			w.shard.splines[k].Scatter(w.tile.gphi, w.tile.gslope, w.knots[lo:hi], group)
		}
	})
	if w.exact != nil {
		w.exact[k].backward(w.network.filters[k], w.shard.gradient)
	}
	w.l, w.lin = w.lin, w.l
}

// embedBackward adds l to the gradient by the embeddings.
func (w *worker[T]) embedBackward() {
	for k, x := range w.shard.samples {
		for i, z := range x.Numbers {
			row := w.shard.gradient[w.layout.embedding+z*w.h:][:w.h]
			for group := range cpu.Groups(w.h) {
				lo, hi := w.features(group)
				cpu.AddRows(row[lo:hi], hi-lo, w.l.S[w.n*lo+(w.start[k]+i)*(hi-lo):], hi-lo, hi-lo, 1)
			}
		}
	}
}
