package gpu

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"
)

// OnceAtoms is how many atoms one launch takes at most.
const OnceAtoms = 128

// onceShare is how many atoms a share has at most, where there are blocks enough: a warp for each.
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
	x, table, readout := max(share*(3*z.h+fewPad)+spans, 2*10*(blockThreads+1)+ceilDiv(13*n, 4)*4), 18*groupWidth*z.intervals, readingRoom(z.h)
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

// Once is what calls of one launch need.
type Once struct {
	Network  *OnceNetwork
	Patience int    // of blocks that wait for others: how often they ask; 0 is for seconds
	Launches uint32 // so far: the stamp of the last one's letters

	letters Array[uint64] // what blocks send each other: see letters.cuh
	answer  []uint64      // what they tell the host, in its memory: see once.cu
	told    Array[uint64] // where kernels find that
}

// Resize makes room for n atoms of h features on the device.
func (o *Once) Resize(m *Memory, n, h int) error {
	before := m.Changes()
	if err := Resize(m, &o.letters, "letters between blocks", n*(h*(15*o.Network.layers.n+2)+12*Groups(h)+3)); err != nil {
		return err
	}
	if m.Changes() == before {
		return nil
	}
	return o.unstamp(m) // what stands there by chance is no letter, nor at an address that was given back and given again
}

// unstamp makes letters of no launch.
func (o *Once) unstamp(m *Memory) error {
	o.Launches = 0
	all := o.letters
	all.n = all.cap
	return Zero(m, all)
}

// AnswerLen is how many letters the host is told of so many structures, and the forces on so many atoms.
func AnswerLen(forces, structures int) int { return 2 + 2*10*structures + 3*forces }

// Answer has the host told by letters in b, memory of AllocHost that kernels find in mapped.
func (o *Once) Answer(b []uint64, mapped Array[uint64]) { o.answer, o.told = b, mapped }

// Late is what Receive leaves in the second of status where what the blocks of a launch wait for did not come, LATE in once.cu: then nothing else came of it, and
// nothing would of another one with the same room.
const Late = -1

// waits is how often a letter is looked for before the device is waited for: some 0.1 ms. Of calls that take longer the driver's wait is no loss, and a
// driver may hold a launch back until it is waited for.
const waits = 1 << 17

// Receive waits for what the last launch tells: status as Edges have it, energies and virials, eV, and forces, eV/Å, as many as were asked for. The launch
// may not have come to its end then, but reads nothing more of what it was given.
func (o *Once) Receive(dev Device, status []int64, results [][10]float64, forces [][3]float32) error {
	status[1] = Late
	if err := o.wait(dev, 1); err != nil {
		return err
	}
	if int32(o.answer[1]) == Late {
		return dev.Synchronize() // others of its blocks may be waiting still
	}
	for k := range o.answer {
		if err := o.wait(dev, k); err != nil {
			return err
		}
	}
	status[0], status[1] = int64(int32(o.answer[0])), int64(int32(o.answer[1]))
	told := o.answer[2:]
	for k := range results {
		for c := range results[k] {
			results[k][c] = math.Float64frombits(told[1]<<32 | told[0]&math.MaxUint32)
			told = told[2:]
		}
	}
	for i := range forces {
		for c := range forces[i] {
			forces[i][c] = math.Float32frombits(uint32(told[c]))
		}
		told = told[3:]
	}
	return nil
}

// wait is until letter k is there. That is sooner than the launch is over, unless it never comes.
func (o *Once) wait(dev Device, k int) error {
	arrived := func() bool { return uint32(atomic.LoadUint64(&o.answer[k])>>32) == o.Launches }
	for range waits {
		if arrived() {
			return nil
		}
	}
	if err := dev.Synchronize(); err != nil || arrived() {
		return err
	}
	return fmt.Errorf("once: the launch is over, and number %d of its %d answers has not come", k, len(o.answer))
}

// OnceInput is the arrays of b on end in from, as one launch reads them: Positions, Structure, Numbers and First.
func OnceInput(from Array[byte], b *Structures) (Array[int32], error) {
	input := View[int32](from, 0, 8*b.Positions.n+b.First.n)
	return input, sized("once", length{"input", from.n, 4 * input.n}, length{"Numbers", b.Numbers.n, b.Positions.n}, length{"Structure", b.Structure.n, b.Positions.n})
}

// Once takes few atoms of so many isolated structures through a whole call, whose results Receive waits for: with forces, or energies alone.
func (k *Kernels) Once(m *Memory, input Array[int32], atoms, structures int, forces bool, o *Once) error {
	n, h, net := atoms, k.size.h, o.Network
	share := k.Share(net, n, structures)
	if share == 0 {
		return fmt.Errorf("once: %d atoms of %d structures, which one launch does not take on this device", n, structures)
	}
	with := 0
	if forces {
		with = 1
	}
	if err := sized("once", length{"input", input.n, 8*n + structures + 1}, length{"answer", len(o.answer), AnswerLen(with*n, structures)}); err != nil {
		return err
	}
	if o.Launches == math.MaxUint32 { // lest a letter of long ago be taken for a new one
		if err := o.unstamp(m); err != nil {
			return err
		}
	}
	o.Launches++
	clear(o.answer)
	patience := o.Patience
	if patience == 0 {
		patience = oncePatience
	}
	grid, e := Dim{X: ceilDiv(n, share), Y: Groups(h)}, k.onces.once
	room := k.size.onceRoom(n, share, net.layers.n, k.onces.once.shared)
	e.shared = room.bytes
	return k.run(&e, grid, o.told.arg(), integer(int(int32(o.Launches))), integer(with), o.letters.arg(), net.layers.arg(), integer(net.layers.n),
		input.arg(), integer(structures), net.embedding.arg(), net.readout[0].few.arg(), net.readout[1].few.arg(), net.readout[2].few.arg(),
		integer(n), integer(h), single(net.cutoff), double(float64(net.intervals)/float64(net.cutoff)), integer(net.intervals), integer(share), integer(room.table), integer(room.readout), integer(patience))
}
