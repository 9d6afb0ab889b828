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
		p := e.piece(group, lo, hi)
		cpu.UpdateInput(scratch.input[p.first:], e.s[k+1][p.from:p.to], e.mid[k][3*p.from:3*p.to], 0, p.width, h)
	}
	block.update[0].forward.Apply(pre, scratch.input, n)
	hidden := scratch.hidden[:n*h]
	cpu.SiLU(hidden, pre)
	block.update[1].forward.Apply(scratch.output, hidden, n)

	for group := range e.pairGrads {
		p := e.piece(group, lo, hi)
		s := e.s[k+1][p.from:p.to]
		if !block.gated {
			cpu.AddRows(s, p.width, scratch.output[p.first:], h, p.width, n)
			continue
		}
		mid, next := e.mid[k][3*p.from:3*p.to], e.v[k+1][3*p.from:3*p.to]
		cpu.UpdateOutput(s, next, mid, e.gates[k][lo*2*h+p.first:hi*2*h], scratch.output[p.first:n*3*h], &block.mixing, p.width, h)
	}
}

// updateBackwardTile takes g from the state after the update to the one before it.
func (e *cpuEngine[T]) updateBackwardTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h, k := hi-lo, e.h, e.block
	block, scratch := &e.weights.blocks[k], &e.scratch[worker]

	gh := scratch.output // ∂E/∂[a ; g1 ; g2]
	for group := range e.pairGrads {
		p := e.piece(group, lo, hi)
		g := cpu.State[T]{S: e.g.S[p.from:p.to], V: e.g.V[3*p.from : 3*p.to]}
		if !block.gated {
			cpu.CopyRows(gh[p.first:], h, g.S, p.width, p.width, n)
			continue
		}
		mid := e.mid[k][3*p.from : 3*p.to]
		cpu.UpdateOutputBackward(gh[p.first:n*3*h], g, mid, e.gates[k][lo*2*h+p.first:hi*2*h], &block.mixing, p.width, h)
	}
	hidden := scratch.hidden[:n*h]
	block.update[1].backward.Apply(hidden, gh, n)
	cpu.SiLUBackward(hidden, e.pre[k][lo*h:hi*h])
	block.update[0].backward.Apply(scratch.input, hidden, n)
	for group := range e.pairGrads {
		p := e.piece(group, lo, hi)
		g, mid := cpu.State[T]{S: e.g.S[p.from:p.to], V: e.g.V[3*p.from : 3*p.to]}, e.mid[k][3*p.from:3*p.to]
		cpu.UpdateInputBackward(g, scratch.input[p.first:], mid, 0, p.width, h)
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
		p := e.piece(group, lo, hi)
		cpu.CopyRows(s[p.first:], h, e.s[k+1][p.from:p.to], p.width, p.width, n)
	}
	head[0].forward.Apply(preA, s, n)
	cpu.SiLU(layerA, preA)
	head[1].forward.Apply(preB, layerA, n)
	cpu.SiLU(layerB, preB)
	head[2].forward.Apply(e.energy[lo:hi], layerB, n)
	if e.energyOnly {
		return
	}

	copy(layerB, e.weights.headOut) // ∂E/∂layerB
	cpu.SiLUBackward(layerB, preB)
	head[1].backward.Apply(layerA, layerB, n)
	cpu.SiLUBackward(layerA, preA)
	head[0].backward.Apply(s, layerA, n)
	for group := range e.pairGrads {
		p := e.piece(group, lo, hi)
		cpu.CopyRows(e.g.S[p.from:p.to], p.width, s[p.first:], h, p.width, n)
		clear(e.g.V[3*p.from : 3*p.to])
	}
}
