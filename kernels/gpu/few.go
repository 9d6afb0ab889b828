package gpu

import (
	"errors"
	"fmt"
	"slices"
)

// FewAtoms is how many atoms the launches for few take at most, FEW in few.cu.
const FewAtoms = 64

// Threads of a block and atoms of a tile: see few.cu.
const (
	fewThreads, fewWide = 256, 512
	fewTile             = 4
)

type fewKernels struct {
	message, hidden, update, scalars, readout, turn, back entry
	updateBack, turnBack                                  [2]entry // and of the first block
}

// stem's blocks have a slice of weights, and the inputs of a tile or of all atoms.
func (k *fewKernels) stem(n size) stem {
	s := stem{name: n.file("few")}
	tile := func(in int) int { return 4 * (groupWidth + fewTile) * (in + fewPad) }
	all := func(parts int) int { return 4 * (groupWidth*parts + FewAtoms) * (n.h + fewPad) }
	for _, e := range []struct {
		entry           *entry
		name            string
		threads, shared int
	}{
		{&k.message, "few_message", fewWide, 0}, {&k.hidden, "few_hidden", fewThreads, tile(2 * n.h)}, {&k.update, "few_update", fewWide, all(3)},
		{&k.scalars, "few_scalars", fewThreads, tile(n.h)},
		{&k.readout, "few_readout", fewWide, 4 * readingRoom(n.h)},
		{&k.turn, "few_turn", fewThreads, tile(n.h)}, {&k.back, "few_back", fewThreads, tile(3 * n.h)},
		{&k.updateBack[0], "few_update_back", fewWide, all(2)}, {&k.updateBack[1], "few_update_back_first", fewWide, all(2)},
		{&k.turnBack[0], "few_turn_back", fewWide, all(2)}, {&k.turnBack[1], "few_turn_back_only", fewWide, all(2)},
	} {
		*e.entry = entry{name: e.name, threads: e.threads, shared: e.shared}
		s.entries = append(s.entries, e.entry)
	}
	return s
}

// readingRoom is the floats of shared memory that the readout of h features takes: see reading in few.cuh.
func readingRoom(h int) int {
	half, quarter := h/2, h/4
	return half*(h+fewPad) + quarter*(half+fewPad) + fewPad + 2*h + 3*quarter
}

// Few is the memory of the launches for few atoms.
type Few struct {
	pre, scalars, gs Array[float32] // of the last update
	gp               Array[float32] // of every update on the way back
}

// Resize makes room for n atoms of h features.
func (w *Few) Resize(m *Memory, n, h int) error {
	var err error
	for _, a := range [...]*Array[float32]{&w.pre, &w.scalars, &w.gs, &w.gp} {
		err = errors.Join(err, Resize(m, a, "activations of few atoms", n*h))
	}
	return err
}

// FewMessage is the message of a block that follows an update, or whose reverse does. Its filter is a table.
type FewMessage struct {
	Edges  *Edges
	Filter *Filter
	Cutoff float32 // Å
	Before
}

// first is 1 in the network's first block.
func (m *FewMessage) first() int { return m.Filter.kind() & firstBlock }

// arguments are those of MESSAGE in few.cu.
func (m *FewMessage) arguments() []argument {
	f, e := m.Filter, m.Edges
	return []argument{e.Spans.arg(), e.A.arg(), e.B.arg(), f.low.arg(), f.high.arg(), integer(e.Spans.n), integer(f.width), integer(f.intervals)}
}

// back is what the reverse takes behind those.
func (m *FewMessage) back() argument {
	return single(float32(float64(m.Filter.intervals) / float64(m.Cutoff)))
}

// few checks what all operations on few atoms have in common, and is the atoms.
func (k *Kernels) few(operation string, state State, m *FewMessage, lengths ...length) (atoms int, err error) {
	if m.Filter.network != nil {
		return 0, fmt.Errorf("%s: an exact filter, expected a table", operation)
	}
	if atoms, err = k.message(operation, state, &m.Before, m.Edges, m.Filter, nil); err != nil {
		return 0, err
	}
	if atoms < 1 || atoms > FewAtoms {
		return 0, fmt.Errorf("%s: %d atoms, expected 1 to %d", operation, atoms, FewAtoms)
	}
	return atoms, sized(operation, lengths...)
}

// tiles is the grid of a tile's layers.
func (k *Kernels) tiles(atoms int) Dim { return Dim{X: ceilDiv(atoms, fewTile), Y: Groups(k.size.h)} }

// FewMessage takes few atoms through the first message.
func (k *Kernels) FewMessage(after State, m *FewMessage) error {
	if _, err := k.few("message of few", after, m); err != nil {
		return err
	}
	return k.run(&k.fews.message, k.tiles(1), slices.Concat([]argument{after.arg()}, m.Before.arguments(m.Filter), m.arguments())...)
}

// FewUpdate takes few atoms from in through an update to what stands before the next block's message, and through that to
// after; what it leaves in pre and gates is what UpdateForward does.
func (k *Kernels) FewUpdate(after State, pre, gates Array[float32], in State, u *Update, m *FewMessage) error {
	h := k.size.h
	n, err := k.few("update of few", in, m, length{"after", after.n, in.n}, length{"pre", pre.n, in.n}, length{"gates", gates.n, 2 * in.n})
	if err != nil {
		return err
	}
	if err := k.run(&k.fews.hidden, k.tiles(n), pre.arg(), in.arg(), u.Hidden.few.arg(), integer(n), integer(h)); err != nil {
		return err
	}
	return k.run(&k.fews.update, k.tiles(1), slices.Concat([]argument{after.arg(), m.State.arg(), gates.arg(), in.arg(), pre.arg(), u.Out.few.arg()},
		u.mixing(), m.arguments())...)
}

// FewTurn takes few atoms through the last update and the readout: their energies, eV, [N]. What FewTurnBack needs stays in w.
func (k *Kernels) FewTurn(energy Array[float32], in State, u *Update, r *Readout, w *Few) error {
	h, n := k.size.h, energy.n
	if err := sized("turn of few", length{"in", in.n, n * h}, length{"room", w.pre.n, n * h}); err != nil {
		return err
	}
	if err := k.run(&k.fews.hidden, k.tiles(n), w.pre.arg(), in.arg(), u.Hidden.few.arg(), integer(n), integer(h)); err != nil {
		return err
	}
	if err := k.run(&k.fews.scalars, k.tiles(n), w.scalars.arg(), in.arg(), w.pre.arg(), u.Out.few.arg(), integer(n), integer(h)); err != nil {
		return err
	}
	return k.run(&k.fews.readout, Dim{X: n}, w.gs.arg(), energy.arg(), w.scalars.arg(), r[0].few.arg(), r[1].few.arg(), r[2].few.arg(), integer(h))
}

// FewTurnBack takes few atoms back through the last update to g = ∂E/∂state, and through the last block's message to gin, and
// sets force: see MessageBackward. in is the state that the update began with.
func (k *Kernels) FewTurnBack(gin State, force Array[float32], g, in State, u *Update, w *Few, m *FewMessage) error {
	h := k.size.h
	n, err := k.few("turn back of few", in, m, length{"g", g.n, in.n}, length{"gin", gin.n, in.n}, length{"force", force.n, Groups(h) * in.n / h * 12},
		length{"room", w.gp.n, in.n})
	if err != nil {
		return err
	}
	if err := k.run(&k.fews.turn, k.tiles(n), w.gp.arg(), w.gs.arg(), w.pre.arg(), u.Out.fewBack.arg(), integer(n), integer(h)); err != nil {
		return err
	}
	return k.run(&k.fews.turnBack[m.first()], k.tiles(1), slices.Concat([]argument{gin.arg(), force.arg(), g.arg(), in.arg(), w.gs.arg(), w.gp.arg(),
		u.Hidden.fewBack.arg()}, m.Before.arguments(m.Filter), m.arguments(), []argument{m.back()})...)
}

// FewUpdateBack takes few atoms' g = ∂E/∂state back through an update, in place, and through its block's message to gin, and adds to
// force. in, pre and gates are what the update began with and left.
func (k *Kernels) FewUpdateBack(gin State, force Array[float32], g, in State, pre, gates Array[float32], u *Update, w *Few, m *FewMessage) error {
	h := k.size.h
	n, err := k.few("update back of few", in, m, length{"g", g.n, in.n}, length{"gin", gin.n, in.n}, length{"force", force.n, Groups(h) * in.n / h * 12},
		length{"room", w.gp.n, in.n}, length{"pre", pre.n, in.n}, length{"gates", gates.n, 2 * in.n})
	if err != nil {
		return err
	}
	if err := k.run(&k.fews.back, k.tiles(n), slices.Concat([]argument{w.gp.arg(), g.arg(), in.arg(), pre.arg(), u.Out.fewBack.arg()}, u.mixing(),
		[]argument{integer(n), integer(h)})...); err != nil {
		return err
	}
	return k.run(&k.fews.updateBack[m.first()], k.tiles(1), slices.Concat([]argument{gin.arg(), force.arg(), g.arg(), in.arg(), gates.arg(), w.gp.arg(),
		u.Hidden.fewBack.arg()}, u.mixing(), m.Before.arguments(m.Filter), m.arguments(), []argument{m.back()})...)
}
