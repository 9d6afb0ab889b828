package nn

import "painless/kernels/cpu"

// atoms is the atoms of a unit: lo up to hi.
func (e *cpuEngine[T]) atoms(unit int) (lo, hi int) {
	return unit * e.atomTile, min((unit+1)*e.atomTile, e.own)
}

func (e *cpuEngine[T]) atomTiles() int { return ceilDiv(e.own, e.atomTile) }

// updateTile is, atom by atom, n = |v|, [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4,
// s += a and v = v ⊙ g1 + (M v) ⊙ g2, from mid[k] to v[k+1]; s[k+1] in place.
func (e *cpuEngine[T]) updateTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h, k := hi-lo, e.h, e.block
	block, scratch := &e.weights.blocks[k], &e.scratch[worker]
	pre := e.pre[k][lo*h : hi*h]

	for group := range e.pairGrads {
		first, last := e.features(group)
		mid := e.rows(e.after(k), group, lo, hi)
		cpu.UpdateInput(scratch.input[first:], mid.S, mid.V, 0, last-first, h)
	}
	block.update[0].forward.Apply(pre, scratch.input, n)
	hidden := scratch.hidden[:n*h]
	cpu.SiLU(hidden, pre)
	block.update[1].forward.Apply(scratch.output, hidden, n)

	rows := block.update[1].forward.Out
	if block.gated {
		cpu.CopyRows(e.gates[k][lo*2*h:], 2*h, scratch.output[h:], rows, 2*h, n)
	}
	for group := range e.pairGrads {
		first, last := e.features(group)
		mid := e.rows(e.after(k), group, lo, hi)
		cpu.AddRows(mid.S, last-first, scratch.output[first:], rows, last-first, n)
		if block.gated {
			next, sum := e.rows(e.before(k+1), group, lo, hi), e.rows(e.after(k+1), group, lo, hi)
			cpu.UpdateVectors(next.V, mid.V, e.gates[k][lo*2*h+first:hi*2*h], &block.mixing, last-first, h)
			copy(sum.S, next.S) // where the next message begins to add
			copy(sum.V, next.V)
		}
	}
}

// updateBackwardTile takes g from the state after the update to the one before it.
func (e *cpuEngine[T]) updateBackwardTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h, k := hi-lo, e.h, e.block
	block, scratch := &e.weights.blocks[k], &e.scratch[worker]

	rows, gh := block.update[1].forward.Out, scratch.output // gh = ∂E/∂[a ; g1 ; g2]
	for group := range e.pairGrads {
		first, last := e.features(group)
		g := e.rows(e.g, group, lo, hi)
		cpu.CopyRows(gh[first:], rows, g.S, last-first, last-first, n)
		if block.gated {
			v := e.rows(e.after(k), group, lo, hi).V
			cpu.UpdateVectorsBackward(g.V, gh[h+first:], v, e.gates[k][lo*2*h+first:hi*2*h], &block.mixing, last-first, h, rows)
		}
	}
	hidden := scratch.hidden[:n*h]
	block.update[1].backward.Apply(hidden, gh, n)
	cpu.SiLUBackward(hidden, e.pre[k][lo*h:hi*h])
	block.update[0].backward.Apply(scratch.input, hidden, n)
	for group := range e.pairGrads {
		first, last := e.features(group)
		g := e.rows(e.g, group, lo, hi)
		cpu.UpdateInputBackward(g.S, g.V, scratch.input[first:], e.rows(e.after(k), group, lo, hi).V, 0, last-first, h)
		if k > 0 { // nothing before the first message depends on positions
			gin := e.rows(e.gin, group, lo, hi)
			copy(gin.S, g.S) // where the message's backward begins to add
			copy(gin.V, g.V)
		}
	}
}

// turnTile is the last update, the readout and the last update's backward: what
// ends the forward pass and begins the backward one, atom by atom.
func (e *cpuEngine[T]) turnTile(worker, unit int) {
	e.updateTile(worker, unit)
	e.readoutTile(worker, unit)
	if e.energyOnly {
		return
	}
	e.updateBackwardTile(worker, unit)
}

// readoutTile is E_i = W_c·silu(W_b·silu(W_a·s_i + b_a) + b_b) + b_c and, while
// its layers are at hand, ∂E/∂s_i; ∂E/∂v_i is 0 after the last block.
func (e *cpuEngine[T]) readoutTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h := hi-lo, e.h
	head, scratch := &e.weights.head, &e.scratch[worker]
	a, b := head[0].forward.Out, head[1].forward.Out
	preA, preB := scratch.input[:n*a], scratch.input[n*a:][:n*b]
	layerA, layerB := scratch.hidden[:n*a], scratch.hidden[n*a:][:n*b]

	k, s := e.block, scratch.output[:n*h] // s, and then ∂E/∂s
	for group := range e.pairGrads {
		first, last := e.features(group)
		cpu.CopyRows(s[first:], h, e.rows(e.after(k), group, lo, hi).S, last-first, last-first, n)
	}
	head[0].forward.Apply(preA, s, n)
	cpu.SiLU(layerA, preA)
	head[1].forward.Apply(preB, layerA, n)
	cpu.SiLU(layerB, preB)
	head[2].forward.Apply(e.energy[lo:hi], layerB, n)
	if e.energyOnly {
		return
	}

	for i := range n { // ∂E/∂layerB is W_c, for every atom
		copy(layerB[i*b:(i+1)*b], e.weights.headOut)
	}
	cpu.SiLUBackward(layerB, preB)
	head[1].backward.Apply(layerA, layerB, n)
	cpu.SiLUBackward(layerA, preA)
	head[0].backward.Apply(s, layerA, n)
	for group := range e.pairGrads {
		first, last := e.features(group)
		g := e.rows(e.g, group, lo, hi)
		cpu.CopyRows(g.S, last-first, s[first:], h, last-first, n)
		clear(g.V)
	}
}
