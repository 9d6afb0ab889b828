package train

import "painless/kernels/cpu"

// readout is E_i = W_c·silu(W_b·silu(W_a·s_i + b_a) + b_b) + b_c, and g by the state
// after the last block.
func (w *worker[T]) readout() {
	s, c := &w.head, w.network.head
	last := len(w.updates) - 1
	x, _ := halves(s.x[0])
	w.collect(x, w.value.after(last))
	c.values(s)
	_, g := halves(s.g[len(c)-1])
	for i := range g {
		g[i] = 1
	}
	c.backward(s)
	w.spread(w.gAfter[last], s.b[0])
}

// readoutRates is that of the energies, of which those of the layers are left.
func (w *worker[T]) readoutRates() {
	_, dx := halves(w.head.x[0])
	w.collect(dx, w.rate.after(len(w.updates)-1))
	w.network.head.rates(&w.head)
}

// readoutDualBackward takes l of the atoms' energies to the state after the last block.
func (w *worker[T]) readoutDualBackward() {
	w.spread(w.l, w.network.head.dualBackward(&w.head, w.shard.gradient))
}

// energies is E_i of the atoms, and seeds l by them.
func (w *worker[T]) energies() []T {
	e, _ := halves(w.head.y[len(w.network.head)-1])
	return e
}

func (w *worker[T]) seeds() []T {
	l, _ := halves(w.head.g[len(w.network.head)-1])
	return l
}

// collect makes rows [N, H] of the scalars of a state's groups.
func (w *worker[T]) collect(rows []T, from cpu.State[T]) {
	for group := range cpu.Groups(w.h) {
		first, _ := w.features(group)
		part, h := w.group(from, group)
		cpu.CopyRows(rows[first:], w.h, part.S, h, h, w.n)
	}
}

// spread is the reverse of collect; the vectors after the last block are not used.
func (w *worker[T]) spread(to cpu.State[T], rows []T) {
	for group := range cpu.Groups(w.h) {
		first, _ := w.features(group)
		part, h := w.group(to, group)
		cpu.CopyRows(part.S, h, rows[first:], w.h, h, w.n)
	}
	clear(to.V)
}
