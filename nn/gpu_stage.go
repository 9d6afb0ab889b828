package nn

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"painless/atoms"
	"painless/internal/vec"
	"painless/kernels/gpu"
)

// gpuParcel is arrays on end, on the device and in memory of the host that copies
// to and from it are fast with: they cross in one copy. Or kernels read and write them there: see gpu_once.go.
type gpuParcel struct {
	host   []byte
	mapped gpu.Array[byte] // host, as kernels find it
	device gpu.Array[byte]
	size   int // bytes in use
	moves  int // of host
}

// resize makes room for size bytes.
func (b *gpuParcel) resize(dev gpu.Device, m *gpu.Memory, what string, size int) error {
	if size > len(b.host) {
		host, err := dev.AllocHost(size + size/4) // before the old is given back: if there is none, what was recorded of that still goes
		if err != nil {
			return fmt.Errorf("%.4g MB for %s: %w", float64(size)/1e6, what, err)
		}
		mapped, err := gpu.OnHost(dev, host)
		if err != nil {
			return errors.Join(err, dev.FreeHost(host))
		}
		if err := b.free(dev); err != nil {
			return errors.Join(err, dev.FreeHost(host))
		}
		b.host, b.mapped = host, mapped
		b.moves++
	}
	b.size = size
	return gpu.Resize(m, &b.device, what, size)
}

func (b *gpuParcel) upload(dev gpu.Device) error {
	return gpu.UploadBytes(dev, b.device, b.host[:b.size])
}

func (b *gpuParcel) download(dev gpu.Device) error {
	return gpu.DownloadBytes(dev, b.host[:b.size], b.device)
}

func (b *gpuParcel) free(dev gpu.Device) error {
	if b.host == nil {
		return nil
	}
	host := b.host
	b.host = nil
	return dev.FreeHost(host)
}

// packer lays arrays on end; those of larger numbers come first.
type packer struct{ size int }

func pack[T any](p *packer, n int) (offset int) {
	var x T
	align := int(unsafe.Alignof(x))
	offset = (p.size + align - 1) / align * align
	p.size = offset + n*int(unsafe.Sizeof(x))
	return offset
}

// onHost is n elements of the parcel's memory, from byte offset on.
func onHost[T any](b *gpuParcel, offset, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b.host[offset])), n)
}

// stage lays a batch out for the device.
func (e *gpuEngine) stage(b *atoms.Batch) error {
	n, s, h := b.NumAtoms(), b.Len(), &e.call
	inBoxes := s // structures
	if e.allPairsOfAll(b) {
		inBoxes = 0
	}
	var p packer
	positions, lattices := pack[[3]float64](&p, n), pack[gpu.Lattice](&p, inBoxes)
	structure, numbers, first := pack[int32](&p, n), pack[int32](&p, n), pack[int32](&p, s+1)
	if err := e.in.resize(e.dev, e.memory, "structures", p.size); err != nil {
		return err
	}
	e.input = gpu.Structures{
		Positions: gpu.View[[3]float64](e.in.device, positions, n), Lattices: gpu.View[gpu.Lattice](e.in.device, lattices, inBoxes),
		Numbers: gpu.View[int32](e.in.device, numbers, n), Structure: gpu.View[int32](e.in.device, structure, n),
		First: gpu.View[int32](e.in.device, first, s+1),
	}
	h.batch, h.positions, h.lattices = b, onHost[[3]float64](&e.in, positions, n), onHost[gpu.Lattice](&e.in, lattices, inBoxes)
	h.structure, h.numbers = onHost[int32](&e.in, structure, n), onHost[int32](&e.in, numbers, n)
	for k, i := range b.Start {
		onHost[int32](&e.in, first, s+1)[k] = int32(i)
		e.input.Largest = max(e.input.Largest, i-b.Start[max(0, k-1)])
	}
	e.each(n, atomsOfUnit, e.tasks.stage)
	return e.stageBoxes(b)
}

// allPairsOfAll is whether all structures are one box each: then what boxes need is neither made nor copied.
func (e *gpuEngine) allPairsOfAll(b *atoms.Batch) bool {
	for k := range b.Len() {
		if !e.allPairs(b, k) {
			return false
		}
	}
	return true
}

// stageAtoms lays a unit of atoms out.
func (e *gpuEngine) stageAtoms(_, number int) {
	h := &e.call
	from, to := unit(number, atomsOfUnit, h.batch.NumAtoms())
	copy(h.positions[from:to], h.batch.Positions[from:])
	for i, z := range h.batch.Numbers[from:to] {
		h.numbers[from+i] = int32(z)
	}
	start := h.batch.Start
	next, _ := slices.BinarySearch(start, from+1) // the first structure that begins behind atom from
	for i := from; i < to; next++ {
		for end := min(to, start[next]); i < end; i++ {
			h.structure[i] = int32(next - 1)
		}
	}
}

// stageBoxes lays the structures' boxes out, if there are any.
func (e *gpuEngine) stageBoxes(b *atoms.Batch) error {
	h := &e.call
	h.wrong.Store(int64(len(h.lattices)))
	e.each(len(h.lattices), structuresOfUnit, e.tasks.lattices)
	if k := int(h.wrong.Load()); k < len(h.lattices) {
		_, err := e.lattice(b, k)
		return &atoms.StructureError{Index: k, Err: err}
	}
	thin := false
	for k := range h.lattices {
		l := &h.lattices[k]
		l.FirstBucket = int32(e.input.Buckets)
		e.input.Buckets += int(l.Mask) + 1
		thin = thin || isThin(l, b.Start[k+1]-b.Start[k])
	}
	if thin { // the CPU knows when to stop
		return e.list.Build(b, e.net.Cutoff)
	}
	return nil
}

// stageLattices lays a unit of lattices out.
func (e *gpuEngine) stageLattices(_, number int) {
	h := &e.call
	from, to := unit(number, structuresOfUnit, len(h.lattices))
	for k := from; k < to; k++ {
		var err error
		if h.lattices[k], err = e.lattice(h.batch, k); err != nil {
			h.note(k)
		}
	}
}

// isThin reports whether a cell is repeated so often within the cutoff that its
// n atoms may have far more neighbours than are allowed.
func isThin(l *gpu.Lattice, n int) bool {
	images := 1
	for _, reach := range l.Reach {
		if reach > 1 {
			images *= int(2*reach + 1)
		}
	}
	return images > 1 && images*n > 16*atoms.MaxNeighbors
}

// gpuAllPairs is up to how many atoms of an isolated structure all pairs are
// looked at: 32 at a time, and around its box an atom has 27.
const gpuAllPairs = 512

// allPairs is whether structure k is one box.
func (e *gpuEngine) allPairs(b *atoms.Batch, k int) bool {
	return !b.Periodic(k) && b.Start[k+1]-b.Start[k] <= gpuAllPairs
}

// lattice is structure k's boxes, as bins has them; where its buckets begin depends on the others.
func (e *gpuEngine) lattice(b *atoms.Batch, k int) (gpu.Lattice, error) {
	l, err := atoms.NewLattice(b.Cells[k], b.PBC[k])
	if err != nil {
		return gpu.Lattice{}, err
	}
	count, reach, err := l.Boxes(e.net.Cutoff)
	if err != nil {
		return gpu.Lattice{}, err
	}
	first, last, single := b.Start[k], b.Start[k+1], e.allPairs(b, k)
	out := gpu.Lattice{Vectors: l.Vectors, Reciprocal: l.Reciprocal, Width: e.net.Cutoff * atoms.SearchMargin}
	for c := range count {
		if l.Periodic[c] {
			out.Periodic[c] = 1
		} else if single {
			reach[c] = 0
		} else {
			low, high := math.Inf(1), math.Inf(-1)
			for _, r := range b.Positions[first:last] {
				at := vec.Dot(l.Reciprocal[c], r)
				low, high = math.Min(low, at), math.Max(high, at)
			}
			lowest := math.Floor(low / out.Width)
			out.Low[c] = int32(lowest)
			count[c] = int64(math.Floor(high/out.Width)-lowest) + 1
		}
		out.Count[c], out.Reach[c] = int32(count[c]), int32(reach[c])
	}
	boxes := float64(count[0]) * float64(count[1]) * float64(count[2])
	buckets := 1 << bits.Len(uint(2*(last-first)))
	for buckets > 1 && float64(buckets) >= 2*boxes {
		buckets /= 2
	}
	out.Mask = int32(buckets - 1)
	return out, nil
}
