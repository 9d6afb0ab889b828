package nn

import "painless/kernels/cpu"

// atoms is the atoms of a unit: lo up to hi.
func (e *engine[T]) atoms(unit int) (lo, hi int) {
	return unit * e.atomTile, min((unit+1)*e.atomTile, len(e.energy))
}

func (e *engine[T]) atomTiles() int { return ceilDiv(len(e.energy), e.atomTile) }

// update is, atom by atom, n = |v|, [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4,
// s += a and v = v ⊙ g1 + (M v) ⊙ g2, from mid[k] to v[k+1]; s[k+1] in place.
func (e *engine[T]) update() { e.pool.run(e.atomTiles(), e.tasks.update) }

func (e *engine[T]) updateTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h, k := hi-lo, e.h, e.block
	block, scratch := &e.weights.blocks[k], &e.scratch[worker]
	s, v, pre := e.s[k+1][lo*h:hi*h], e.mid[k][lo*3*h:hi*3*h], e.pre[k][lo*h:hi*h]

	cpu.UpdateInput(scratch.input, s, v, h)
	block.update[0].forward.Apply(pre, scratch.input, n)
	hidden := scratch.hidden[:n*h]
	cpu.SiLU(hidden, pre)
	block.update[1].forward.Apply(scratch.output, hidden, n)

	rows := block.update[1].forward.Out
	for i := range n {
		cpu.Add(s[i*h:(i+1)*h], scratch.output[i*rows:][:h])
	}
	if block.gated {
		gates := e.gates[k][lo*2*h : hi*2*h]
		for i := range n {
			copy(gates[i*2*h:(i+1)*2*h], scratch.output[i*rows+h:])
		}
		next := e.v[k+1][lo*3*h : hi*3*h]
		cpu.UpdateVectors(next, v, gates, &block.mixing, h)
		copy(e.s[k+2][lo*h:], s) // where the next message begins to add
		copy(e.mid[k+1][lo*3*h:], next)
	}
}

// updateBackward takes g from the state after the update to the one before it.
func (e *engine[T]) updateBackward() {
	e.pool.run(e.atomTiles(), e.tasks.updateBackward)
}

func (e *engine[T]) updateBackwardTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h, k := hi-lo, e.h, e.block
	block, scratch := &e.weights.blocks[k], &e.scratch[worker]
	v, pre := e.mid[k][lo*3*h:hi*3*h], e.pre[k][lo*h:hi*h]
	gs, gv := e.g.S[lo*h:hi*h], e.g.V[lo*3*h:hi*3*h]

	rows, gh := block.update[1].forward.Out, scratch.output // gh = ∂E/∂[a ; g1 ; g2]
	for i := range n {
		copy(gh[i*rows:][:h], gs[i*h:])
	}
	if block.gated {
		cpu.UpdateVectorsBackward(gv, gh, v, e.gates[k][lo*2*h:hi*2*h], &block.mixing, h, rows, h)
	}
	hidden := scratch.hidden[:n*h]
	block.update[1].backward.Apply(hidden, gh, n)
	cpu.SiLUBackward(hidden, pre)
	block.update[0].backward.Apply(scratch.input, hidden, n)
	cpu.UpdateInputBackward(gs, gv, scratch.input, v, h)
	if k > 0 { // nothing before the first message depends on positions
		copy(e.gin.S[lo*h:], gs) // where the message's backward begins to add
		copy(e.gin.V[lo*3*h:], gv)
	}
}

// turn is the last update, the readout and the last update's backward: what
// ends the forward pass and begins the backward one, atom by atom.
func (e *engine[T]) turn() { e.pool.run(e.atomTiles(), e.tasks.turn) }

func (e *engine[T]) turnTile(worker, unit int) {
	e.updateTile(worker, unit)
	e.readoutTile(worker, unit)
	e.updateBackwardTile(worker, unit)
}

// readoutTile is E_i = W_c·silu(W_b·silu(W_a·s_i + b_a) + b_b) + b_c and, while
// its layers are at hand, ∂E/∂s_i; ∂E/∂v_i is 0 after the last block.
func (e *engine[T]) readoutTile(worker, unit int) {
	lo, hi := e.atoms(unit)
	n, h := hi-lo, e.h
	head, scratch := &e.weights.head, &e.scratch[worker]
	a, b := head[0].forward.Out, head[1].forward.Out
	preA, preB := scratch.input[:n*a], scratch.input[n*a:][:n*b]
	layerA, layerB := scratch.hidden[:n*a], scratch.hidden[n*a:][:n*b]

	head[0].forward.Apply(preA, e.s[len(e.weights.blocks)][lo*h:hi*h], n)
	cpu.SiLU(layerA, preA)
	head[1].forward.Apply(preB, layerA, n)
	cpu.SiLU(layerB, preB)
	head[2].forward.Apply(e.energy[lo:hi], layerB, n)

	for i := range n { // ∂E/∂layerB is W_c, for every atom
		copy(layerB[i*b:(i+1)*b], e.weights.headOut)
	}
	cpu.SiLUBackward(layerB, preB)
	head[1].backward.Apply(layerA, layerB, n)
	cpu.SiLUBackward(layerA, preA)
	head[0].backward.Apply(e.g.S[lo*h:hi*h], layerA, n)
	clear(e.g.V[lo*3*h : hi*3*h])
}
