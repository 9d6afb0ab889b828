package gpu

import (
	"fmt"
	"slices"
)

type messageKernels struct {
	forward  [4]entry // by firstBlock and exactFilter
	backward [8]entry // and by lastBlock
}

// What kernels of the message are for, added up.
const (
	firstBlock = 1 << iota // its filter has two parts
	exactFilter
	lastBlock // of the network: sets forces, and does not add to them
)

// stem's blocks have a group's part of the table. Where blocks have little shared
// memory, as on Turing, it is a variant that needs less.
func (k *messageKernels) stem(n size, sharedPerBlock int) stem {
	s, curve := stem{name: "message.ptx"}, curveBytes
	if tableShared(curve, 3, n.intervals) > sharedPerBlock {
		s, curve = stem{name: "message_low.ptx"}, lowBytes
	}
	add := func(e *entry, kind int, name string) {
		shared := tableShared(curve, 3, n.intervals)
		switch {
		case kind&exactFilter != 0:
			name, shared = name+"_exact", 0
		case kind&firstBlock != 0:
			shared = tableShared(curve, 2, n.intervals)
		}
		*e = entry{name: name, threads: blockThreads, shared: shared}
		s.entries = append(s.entries, e)
	}
	for kind := range k.forward {
		add(&k.forward[kind], kind, "message_forward"+[]string{"", "_first"}[kind&firstBlock])
	}
	for kind := range k.backward {
		name := map[int]string{0: "", firstBlock: "_first", lastBlock: "_last", firstBlock + lastBlock: "_only"}[kind&(firstBlock|lastBlock)]
		add(&k.backward[kind], kind, "message_backward"+name)
	}
	return s
}

// groupWidth is the features of a block, GROUP in message.cu.
const groupWidth = 8

// Groups is the number of groups of h features.
func Groups(h int) int { return h / groupWidth }

// Bytes of a curve on an interval: all of them, and those without c4 and c5.
const curveBytes, lowBytes = 24, 16

// tableShared is the bytes of a group's part of a table.
func tableShared(curve, parts, intervals int) int { return curve * groupWidth * parts * intervals }

// State is {s, vx, vy, vz} of every atom and feature, [N, H].
type State = Array[[4]float32]

// Before is the state before a message: stored, but in the first block, where it is the elements' rows of the
// embedding, s_i = embedding[Z_i] and v_i = 0.
type Before struct {
	State State

	Embedding Array[float32] // [max_z+1, H]
	Numbers   Array[int32]   // of the atoms, [N], and of ghosts behind them
}

// arguments are where the kernels of filter f find it.
func (b *Before) arguments(f *Filter) []argument {
	if f.kind()&firstBlock == 0 {
		return []argument{b.State.arg()}
	}
	return []argument{b.Embedding.arg(), b.Numbers.arg()}
}

// length is that it is of so many atoms.
func (b *Before) length(f *Filter, atoms int) length {
	if f.kind()&firstBlock == 0 {
		return length{"before", b.State.n, atoms * f.width}
	}
	return length{"before", min(b.Numbers.n, atoms), atoms}
}

// MessageForward takes the state before a message to the one after it. v is
// where an exact filter is evaluated.
func (k *Kernels) MessageForward(out State, in Before, e *Edges, f *Filter, v *FilterValues) error {
	n, err := k.message("message forward", out, &in, e, f, v)
	if err != nil || n == 0 {
		return err
	}
	grid, run := k.runs(n, f)
	low, high := f.source(v)
	return k.run(&k.messages.forward[f.kind()], grid, slices.Concat([]argument{out.arg()}, in.arguments(f), []argument{e.Spans.arg(),
		e.A.arg(), e.B.arg(), low, high, integer(n), integer(f.width), integer(f.intervals), integer(run)})...)
}

// MessageBackward takes g = ∂E/∂state after a message to gin before it (but
// not before the first), and adds the block's share of the forces and virials
// to force [H/8, N, 12]; of the last block, the first to come, it is set to it.
func (k *Kernels) MessageBackward(gin State, force Array[float32], g State, in Before, e *Edges, f *Filter, v *FilterValues, cutoff float32, last bool) error {
	n, err := k.message("message backward", g, &in, e, f, v)
	if err == nil {
		err = sized("message backward", length{"gin", gin.n, g.n}, length{"force", force.n, Groups(f.width) * n * 12})
	}
	if err != nil || n == 0 {
		return err
	}
	kind := f.kind()
	if last {
		kind += lastBlock
	}
	grid, run := k.runs(n, f)
	low, high := f.source(v)
	return k.run(&k.messages.backward[kind], grid, slices.Concat([]argument{gin.arg(), force.arg(), g.arg()}, in.arguments(f), []argument{e.Spans.arg(), e.A.arg(), e.B.arg(),
		low, high, integer(n), integer(f.width), integer(f.intervals), single(float32(float64(f.intervals) / float64(cutoff))), integer(run)})...)
}

func (f *Filter) kind() (kind int) {
	if f.parts == 2 {
		kind += firstBlock
	}
	if f.network != nil {
		kind += exactFilter
	}
	return kind
}

// source is where the kernels find φ.
func (f *Filter) source(v *FilterValues) (low, high argument) {
	if f.network != nil {
		return v.phi.arg(), v.slope.arg()
	}
	return f.low.arg(), f.high.arg()
}

// message checks what both directions have in common, evaluates an exact
// filter, and is the number of atoms.
func (k *Kernels) message(operation string, state State, before *Before, e *Edges, f *Filter, v *FilterValues) (atoms int, err error) {
	if f.parts != 2 && f.parts != 3 || f.width%groupWidth != 0 {
		return 0, fmt.Errorf("%s: filter of %d parts and %d features, expected 2 or 3 and a multiple of %d", operation, f.parts, f.width, groupWidth)
	}
	if f.network == nil && f.intervals != k.size.intervals {
		return 0, fmt.Errorf("%s: a table of %d intervals, the kernels were loaded for %d", operation, f.intervals, k.size.intervals)
	}
	if err := k.features(operation, f.width); err != nil {
		return 0, err
	}
	atoms = e.Spans.n
	err = sized(operation, length{"state", state.n, atoms * f.width}, before.length(f, atoms), length{"B", e.B.n, e.A.n})
	if err == nil && f.network != nil {
		err = k.evaluate(v, e, f)
	}
	return atoms, err
}

// runs is the grid, and the atoms of a block: many, as each block loads its
// group's part of the table, but few enough that every multiprocessor has work.
func (k *Kernels) runs(atoms int, f *Filter) (grid Dim, run int) {
	const warps, most = blockThreads / 32, 128
	groups := Groups(f.width)
	blocks := max(1, 6*k.props.Multiprocessors/groups)
	run = min(most, max(warps, ceilDiv(ceilDiv(atoms, blocks), warps)*warps))
	return Dim{X: ceilDiv(atoms, run), Y: groups}, run
}
