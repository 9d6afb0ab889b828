package gpu

import "slices"

type updateKernels struct{ forward, backward, turn entry }

// stem's blocks have a tile's s, |v| and one more array, of a thread a feature.
func (k *updateKernels) stem(n size) stem {
	at := func(name string) entry { return entry{name: name, threads: n.h, shared: tileShared(3 * n.h)} }
	k.forward, k.backward, k.turn = at("update_forward"), at("update_backward"), at("turn")
	return stem{"update.ptx", []*entry{&k.forward, &k.backward, &k.turn}}
}

// atomTile is the atoms of a block, TILE in update.cu.
const atomTile = 32

// Update is the weights of an update: of 2H → H and of H → 3H, or H → H in the
// last block, whose mixing matrix is not used.
type Update struct {
	Hidden, Out Dense
	Mixing      [9]float32 // its rows
}

// Readout is the weights of H → H/2 → H/4 → 1.
type Readout [3]Dense

// tileShared is the bytes of so many features of a tile's atoms.
func tileShared(features int) int { return 4 * features * (atomTile + 4) }

// UpdateForward takes the state after a message to the one after the update
// of h features, and keeps pre [N, h] and gates [N, 2h] for the way back.
func (k *Kernels) UpdateForward(out State, pre, gates Array[float32], in State, u *Update, h int) error {
	if err := k.features("update forward", h); err != nil {
		return err
	}
	n := in.n / h
	if err := sized("update forward", length{"out", out.n, in.n}, length{"pre", pre.n, n * h}, length{"gates", gates.n, n * 2 * h}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.updates.forward, Dim{X: ceilDiv(n, atomTile)}, slices.Concat([]argument{out.arg(), pre.arg(), gates.arg(), in.arg(),
		u.Hidden.Forward.arg(), u.Hidden.Bias.arg(), u.Out.Forward.arg(), u.Out.Bias.arg()}, u.mixing(), []argument{integer(n), integer(h)})...)
}

// UpdateBackward takes g = ∂E/∂state after the update to that before it, in
// place; in is the state before it.
func (k *Kernels) UpdateBackward(g, in State, pre, gates Array[float32], u *Update, h int) error {
	if err := k.features("update backward", h); err != nil {
		return err
	}
	n := in.n / h
	if err := sized("update backward", length{"g", g.n, in.n}, length{"pre", pre.n, n * h}, length{"gates", gates.n, n * 2 * h}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.updates.backward, Dim{X: ceilDiv(n, atomTile)}, slices.Concat([]argument{g.arg(), in.arg(), pre.arg(), gates.arg(),
		u.Hidden.Backward.arg(), u.Out.Backward.arg()}, u.mixing(), []argument{integer(n), integer(h)})...)
}

// mixing is the nine numbers of the matrix, as kernels take them.
func (u *Update) mixing() (m []argument) {
	for _, x := range u.Mixing {
		m = append(m, single(x))
	}
	return m
}

// Turn is the last update, the readout and the last update's reverse: the
// atoms' energies, eV, [N], and g = ∂E/∂state after the last message.
func (k *Kernels) Turn(g State, energy Array[float32], in State, u *Update, r *Readout, h int) error {
	if err := k.features("turn", h); err != nil {
		return err
	}
	n := in.n / h
	if err := sized("turn", length{"g", g.n, in.n}, length{"energy", energy.n, n}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.updates.turn, Dim{X: ceilDiv(n, atomTile)}, g.arg(), energy.arg(), in.arg(),
		u.Hidden.Forward.arg(), u.Hidden.Bias.arg(), u.Out.Forward.arg(), u.Out.Bias.arg(),
		r[0].Forward.arg(), r[0].Bias.arg(), r[1].Forward.arg(), r[1].Bias.arg(), r[2].Forward.arg(), r[2].Bias.arg(),
		r[1].Backward.arg(), r[0].Backward.arg(), u.Out.Backward.arg(), u.Hidden.Backward.arg(), integer(n), integer(h))
}
