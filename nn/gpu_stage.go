package nn

import (
	"math"
	"math/bits"
	"unsafe"

	"painless/atoms"
	"painless/internal/vec"
	"painless/kernels/gpu"
)

// gpuParcel is arrays on end, on the device and in memory of the host that copies
// to and from it are fast with: they cross in one copy.
type gpuParcel struct {
	host   []byte
	device gpu.Array[byte]
	size   int // bytes in use
}

// resize makes room for size bytes.
func (b *gpuParcel) resize(dev gpu.Device, m *gpu.Memory, what string, size int) error {
	if size > len(b.host) {
		if err := b.free(dev); err != nil {
			return err
		}
		var err error
		if b.host, err = dev.AllocHost(size + size/4); err != nil {
			return err
		}
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
	n, s := b.NumAtoms(), b.Len()
	var p packer
	positions, lattices := pack[[3]float64](&p, n), pack[gpu.Lattice](&p, s)
	numbers, structure, first := pack[int32](&p, n), pack[int32](&p, n), pack[int32](&p, s+1)
	if err := e.in.resize(e.dev, e.memory, "structures", p.size); err != nil {
		return err
	}
	e.input = gpu.Structures{
		Positions: gpu.View[[3]float64](e.in.device, positions, n), Lattices: gpu.View[gpu.Lattice](e.in.device, lattices, s),
		Numbers: gpu.View[int32](e.in.device, numbers, n), Structure: gpu.View[int32](e.in.device, structure, n),
		First: gpu.View[int32](e.in.device, first, s+1),
	}
	copy(onHost[[3]float64](&e.in, positions, n), b.Positions)
	cells, firsts := onHost[gpu.Lattice](&e.in, lattices, s), onHost[int32](&e.in, first, s+1)
	elements, belongs := onHost[int32](&e.in, numbers, n), onHost[int32](&e.in, structure, n)
	for i, z := range b.Numbers {
		elements[i] = int32(z)
	}
	firsts[s] = int32(n)
	allPairs, thin := true, false
	for k := range s {
		firsts[k] = int32(b.Start[k])
		for i := b.Start[k]; i < b.Start[k+1]; i++ {
			belongs[i] = int32(k)
		}
		var err error
		if cells[k], err = e.lattice(b, k); err != nil {
			return &atoms.StructureError{Index: k, Err: err}
		}
		allPairs = allPairs && e.allPairs(b, k)
		thin = thin || isThin(&cells[k])
	}
	if thin { // the CPU knows when to stop
		if err := e.list.Build(b, e.net.Cutoff); err != nil {
			return err
		}
	}
	if allPairs {
		e.input.Buckets = 0
	}
	return nil
}

// isThin reports whether a cell is repeated so often within the cutoff that its
// atoms may have far more neighbours than are allowed.
func isThin(l *gpu.Lattice) bool {
	images := 1
	for _, reach := range l.Reach {
		if reach > 1 {
			images *= int(2*reach + 1)
		}
	}
	return images > 1 && images*int(l.Last-l.First) > 16*atoms.MaxNeighbors
}

// gpuResults is what comes back.
type gpuResults struct {
	results [][10]float64 // {energy, virial} of each structure
	forces  [][3]float32
	status  []int64 // see gpu.Edges
}

// resizeResults makes room for what comes back of n atoms and s structures.
func (e *gpuEngine) resizeResults(n, s int) error {
	if e.energyOnly {
		n = 0 // forces
	}
	var p packer
	results, status, forces := pack[[10]float64](&p, s), pack[int64](&p, 2), pack[[3]float32](&p, n)
	before := e.memory.Changes()
	if err := e.out.resize(e.dev, e.memory, "results", p.size); err != nil {
		return err
	}
	if e.inOne() && e.memory.Changes() > before { // where blocks do not meet, a launch leaves them as they are
		if err := gpu.Zero(e.memory, e.out.device); err != nil {
			return err
		}
	}
	e.results, e.forces = gpu.View[[10]float64](e.out.device, results, s), gpu.View[[3]float32](e.out.device, forces, n)
	e.edges.Status = gpu.View[int64](e.out.device, status, 2)
	e.host = gpuResults{onHost[[10]float64](&e.out, results, s), onHost[[3]float32](&e.out, forces, n), onHost[int64](&e.out, status, 2)}
	return nil
}

// gpuAllPairs is up to how many atoms of an isolated structure all pairs are
// looked at: 32 at a time, and around its box an atom has 27.
const gpuAllPairs = 512

// allPairs is whether structure k is one box.
func (e *gpuEngine) allPairs(b *atoms.Batch, k int) bool {
	return !b.Periodic(k) && b.Start[k+1]-b.Start[k] <= gpuAllPairs
}

// lattice is structure k's boxes, as bins has them.
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
	out := gpu.Lattice{Vectors: l.Vectors, Reciprocal: l.Reciprocal, Width: e.net.Cutoff * atoms.SearchMargin,
		FirstBucket: int32(e.input.Buckets), First: int32(first), Last: int32(last)}
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
	e.input.Buckets += buckets
	return out, nil
}
