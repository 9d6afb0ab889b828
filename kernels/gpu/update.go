package gpu

import "slices"

type updateKernels struct {
	forward, backward, turn entry
	tile                    int // atoms of a block
}

// Atoms of a block, TILE in dense.cuh and tensor.cuh.
const atomTile, tensorTile = 32, 64

// stem's blocks have a tile's s, |v| and one more array. With tensor cores a thread is half a feature.
func (k *updateKernels) stem(n size) stem {
	threads, shared := n.h, tileShared(3*n.h)
	k.tile = atomTile
	if n.tensor {
		k.tile, threads, shared = tensorTile, 2*n.h, tensorShared(n.h)
	}
	at := func(name string) entry { return entry{name: name, threads: threads, shared: shared} }
	k.forward, k.backward, k.turn = at("update_forward"), at("update_backward"), at("turn")
	return stem{n.file("update"), []*entry{&k.forward, &k.backward, &k.turn}}
}

// multiplies is whether a GPU's tensor cores do the products of updates of h features, three for one of float32: those of A100s and H100s,
// whose others would take longer.
func multiplies(p Properties, h int) bool {
	return (p.Capability == 80 || p.Capability == 90) && h%32 == 0 && 2*h <= 512 && tensorShared(h) <= p.SharedPerBlock
}

// tensorShared is the bytes of a tile for tensor cores: 3H features, see tensor.cuh.
func tensorShared(h int) int { return 4 * 3 * h * (tensorTile + 8) }

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

// forward and backward are a layer's weights for products of updates.
func (k *Kernels) forward(d *Dense) argument {
	if k.size.tensor {
		return d.fragments.arg()
	}
	return d.Forward.arg()
}

func (k *Kernels) backward(d *Dense) argument {
	if k.size.tensor {
		return d.fragmentsBack.arg()
	}
	return d.Backward.arg()
}

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
	return k.run(&k.updates.forward, Dim{X: ceilDiv(n, k.updates.tile)}, slices.Concat([]argument{out.arg(), pre.arg(), gates.arg(), in.arg(),
		k.forward(&u.Hidden), u.Hidden.Bias.arg(), k.forward(&u.Out), u.Out.Bias.arg()}, u.mixing(), []argument{integer(n), integer(h)})...)
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
	return k.run(&k.updates.backward, Dim{X: ceilDiv(n, k.updates.tile)}, slices.Concat([]argument{g.arg(), in.arg(), pre.arg(), gates.arg(),
		k.backward(&u.Hidden), k.backward(&u.Out)}, u.mixing(), []argument{integer(n), integer(h)})...)
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
	return k.run(&k.updates.turn, Dim{X: ceilDiv(n, k.updates.tile)}, g.arg(), energy.arg(), in.arg(),
		k.forward(&u.Hidden), u.Hidden.Bias.arg(), k.forward(&u.Out), u.Out.Bias.arg(),
		r[0].Forward.arg(), r[0].Bias.arg(), r[1].Forward.arg(), r[1].Bias.arg(), r[2].Forward.arg(), r[2].Bias.arg(),
		r[1].Backward.arg(), r[0].Backward.arg(), k.backward(&u.Out), k.backward(&u.Hidden), integer(n), integer(h))
}
