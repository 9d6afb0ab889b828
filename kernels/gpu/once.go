package gpu

import (
	"fmt"
	"math"
	"unsafe"
)

// OnceAtoms is how many atoms one launch takes at most.
const OnceAtoms = 128

// onceShare is how many atoms a share has at least, where there are blocks enough: a warp for each.
const onceShare = 16

// onceRows is how many atoms a share has at most: a thread has one output of one of them.
const onceRows = fewWide / groupWidth

// onceBlocks is how many blocks of the network there is shared memory for.
const onceBlocks = 8

// oncePatience is how often a block asks whether the others have come before it gives up: seconds.
const oncePatience = 1 << 22

type onceKernels struct {
	once     entry
	resident int // blocks that the device can run at the same time
}

// stem's blocks have the edges of a share, a slice of weights, and what it is multiplied by.
func (k *onceKernels) stem(n size, sharedPerBlock int) stem {
	k.once = entry{name: "once", threads: fewWide, together: true, shared: min(sharedPerBlock, n.onceRoom(OnceAtoms, onceShare, onceBlocks, math.MaxInt).bytes)}
	return stem{n.file("once"), []*entry{&k.once}}
}

// ready asks how many blocks can wait for each other, once the kernels are loaded.
func (k *onceKernels) ready() (err error) {
	k.resident, err = k.once.kernel.Resident()
	return err
}

// onceRoom is the shared memory of a block.
type onceRoom struct {
	bytes          int
	table, readout int // where these lie behind x, in floats, if they have room of their own: then they are fetched while something else is done; a table below 0 is not fetched
}

// onceRoom is what n atoms take in shares of so many, in a network of so many blocks: at most so many bytes, if it can be.
func (z size) onceRoom(n, share, blocks, most int) onceRoom {
	spans := 0
	if z.tensor { // what tensor cores make of spans of 16 of 3H inputs, for tiles of 8 atoms: 160 floats each
		spans = ceilDiv(share, 8) * 30 * z.h
	}
	kept := 8*share*n + (4*groupWidth*n+24)*blocks + (share+2)/2*4 + (2*n+4)/4*4 + groupWidth*n + (44+56*blocks)*share + 3*groupWidth*(z.h+fewPad)
	x, table, readout := max(share*(3*z.h+fewPad)+spans, 2*10*blockThreads+ceilDiv(13*n, 4)*4), 18*groupWidth*z.intervals, readingRoom(z.h)
	apart := onceRoom{4 * (kept + x + table + readout), x, x + table}
	if apart.bytes > most {
		x = max(x, readout)
		apart = onceRoom{4 * (kept + x + table), x, 0}
	}
	if apart.bytes > most {
		apart = onceRoom{4 * (kept + max(x, table)), 0, 0}
	}
	if apart.bytes > most { // rows of it are read where they are
		apart = onceRoom{4 * (kept + x), -1, 0}
	}
	return apart
}

// Share is how many atoms a share has when few, of so many structures, go through net in one launch; 0 if there is no such launch for them on the device.
func (k *Kernels) Share(net *OnceNetwork, atoms, structures int) int {
	if atoms < 1 || atoms > OnceAtoms || structures > atoms || net.layers.n == 0 {
		return 0
	}
	most := k.onces.resident / Groups(k.size.h)
	for size := onceShare; size >= onceShare/2 && most > 0; size /= 2 { // smaller ones take less shared memory
		share := ceilDiv(atoms, min(ceilDiv(atoms, size), most))
		if share <= onceRows && k.size.onceRoom(atoms, share, net.layers.n, k.onces.once.shared).bytes <= k.onces.once.shared {
			return share
		}
	}
	return 0
}

// onceLayer is struct weights in once.cu.
type onceLayer struct {
	hidden, out, hiddenBack, outBack, low, high Pointer
	mixing                                      [9]float32
	_                                           [3]int32
}

// _ fails to compile if the two structs do not have the same size.
var _ = [1]struct{}{}[unsafe.Sizeof(onceLayer{})-(6*8+12*4)]

// OnceNetwork is a network whose filters are tables, as one launch reads it.
type OnceNetwork struct {
	layers    Array[onceLayer]
	intervals int
	cutoff    float32        // Å
	embedding Array[float32] // [max_z+1, H]
	readout   *Readout
}

// NewOnceNetwork uploads where the weights of all blocks are, to a memory that lives no longer than they do.
func NewOnceNetwork(m *Memory, filters []*Filter, updates []Update, readout *Readout, embedding Array[float32], cutoff float32) (net OnceNetwork, err error) {
	if len(filters) != len(updates) || len(filters) == 0 {
		return net, fmt.Errorf("a network of %d filters and %d updates", len(filters), len(updates))
	}
	net = OnceNetwork{cutoff: cutoff, embedding: embedding, readout: readout}
	layers := make([]onceLayer, len(filters))
	for i, f := range filters {
		u := &updates[i]
		if f.network != nil {
			return net, fmt.Errorf("filter %d is exact, expected a table", i)
		}
		net.intervals = f.intervals
		layers[i] = onceLayer{u.Hidden.few.ptr, u.Out.few.ptr, u.Hidden.fewBack.ptr, u.Out.fewBack.ptr, f.low.ptr, f.high.ptr, u.Mixing, [3]int32{}}
	}
	if err := Upload(m, &net.layers, "addresses of weights", layers); err != nil {
		return net, err
	}
	return net, m.dev.Synchronize()
}

// Once is what calls of one launch need on the device.
type Once struct {
	Network  *OnceNetwork
	Patience int // of blocks that wait for others: how often they ask; 0 is for seconds

	letters  Array[uint64] // what blocks send each other: see letters.cuh
	launches Array[uint64] // so far
}

// Resize makes room for n atoms of h features.
func (o *Once) Resize(m *Memory, n, h int) error {
	had := o.letters.ptr
	if err := Resize(m, &o.letters, "letters between blocks", n*(h*(15*o.Network.layers.n+2)+12*Groups(h)+3)); err != nil {
		return err
	}
	if o.letters.ptr != had { // what stands there by chance is no letter
		all := o.letters
		all.n = all.cap
		if err := Zero(m, all); err != nil {
			return err
		}
	}
	if o.launches.n > 0 {
		return nil
	}
	if err := Resize(m, &o.launches, "the number of launches", 1); err != nil {
		return err
	}
	return Zero(m, o.launches)
}

// Late is what the second of Status is where what the blocks of a launch wait for did not come, LATE in once.cu: then nothing else came of it, and
// nothing would of another one with the same room.
const Late = -1

// OnceInput is the arrays of b on end in from, as one launch reads them: Positions, Structure, Numbers and First.
func OnceInput(from Array[byte], b *Structures) (Array[int32], error) {
	input := View[int32](from, 0, 8*b.Positions.n+b.First.n)
	return input, sized("once", length{"input", from.n, 4 * input.n}, length{"Numbers", b.Numbers.n, b.Positions.n}, length{"Structure", b.Structure.n, b.Positions.n})
}

// Once takes few atoms of isolated structures through a whole call: energies and virials, eV, forces, eV/Å, in the order of the atoms,
// and status as Edges have it; energies alone where there is no room for forces.
func (k *Kernels) Once(results Array[[10]float64], forces Array[[3]float32], status Array[int64], input Array[int32], atoms int, o *Once) error {
	n, h, net := atoms, k.size.h, o.Network
	share := k.Share(net, n, results.n)
	if share == 0 {
		return fmt.Errorf("once: %d atoms of %d structures, which one launch does not take on this device", n, results.n)
	}
	if err := sized("once", length{"input", input.n, 8*n + results.n + 1}, length{"Status", status.n, 2}); err != nil {
		return err
	}
	if forces.n > 0 {
		if err := sized("once", length{"forces", forces.n, n}); err != nil {
			return err
		}
	}
	patience := o.Patience
	if patience == 0 {
		patience = oncePatience
	}
	grid, e := Dim{X: ceilDiv(n, share), Y: Groups(h)}, k.onces.once
	room := k.size.onceRoom(n, share, net.layers.n, k.onces.once.shared)
	e.shared = room.bytes
	return k.run(&e, grid, results.arg(), forces.argOrNone(), status.arg(), o.letters.arg(), o.launches.arg(), net.layers.arg(), integer(net.layers.n),
		input.arg(), integer(results.n), net.embedding.arg(), net.readout[0].few.arg(), net.readout[1].few.arg(), net.readout[2].few.arg(),
		integer(n), integer(h), single(net.cutoff), double(float64(net.intervals)/float64(net.cutoff)), integer(net.intervals), integer(share), integer(room.table), integer(room.readout), integer(patience))
}
