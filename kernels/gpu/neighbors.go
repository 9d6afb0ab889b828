package gpu

import (
	"errors"
	"math"
	"unsafe"
)

// Lattice is what the search for neighbours needs to know of a structure: see
// neighbors.cu, whose struct lattice it is.
type Lattice struct {
	Vectors, Reciprocal [3][3]float64
	Width               float64  // of a box along open directions, Å
	Count, Reach, Low   [3]int32 // boxes, how many of them to look at, the lowest one's number
	Periodic            [3]int32
	FirstBucket, Mask   int32
	First, Last         int32 // atoms
}

// _ fails to compile if the two structs do not have the same size.
var _ = [1]struct{}{}[unsafe.Sizeof(Lattice{})-(19*8+16*4)]

// Structures is a batch on the device.
type Structures struct {
	Positions Array[[3]float64] // Å, [N]
	Numbers   Array[int32]      // [N]
	Structure Array[int32]      // that an atom belongs to, [N]
	First     Array[int32]      // atoms of structure k are First[k] up to First[k+1], [S+1]
	Lattices  Array[Lattice]    // [S]
	Buckets   int               // of all structures
}

// Edges is the directed edges of a batch, by the atom that they end at. A and
// B are the room that there is for them.
type Edges struct {
	Start  Array[int32]      // the edges of atom i are Start[i] up to Start[i+1], [N+1]
	A      Array[[4]int32]   // j, interval, bits of t, bits of d
	B      Array[[4]float32] // u, 1/(d+1e-8)
	Status Array[int32]      // edges that were found, and the lowest atom that has another at d = 0 or the largest int32; [2]
}

// Resize makes room for the edges of n atoms.
func (e *Edges) Resize(m *Memory, n, edges int) error {
	return errors.Join(Resize(m, &e.Start, "numbers of edges", n+1), Resize(m, &e.A, "edges", edges), Resize(m, &e.B, "edges", edges))
}

// Search is the neighbour search's own memory.
type Search struct {
	box, image                   Array[[4]int32] // [N]
	members, start, mixed, order Array[int32]    // by bucket, and by atom
	count                        Array[int32]    // of edges, [N]
}

// Resize makes room for n atoms in so many buckets.
func (s *Search) Resize(m *Memory, n, buckets int) error {
	return errors.Join(Resize(m, &s.box, "boxes", n), Resize(m, &s.image, "boxes", n), Resize(m, &s.members, "buckets", buckets),
		Resize(m, &s.start, "buckets", buckets+1), Resize(m, &s.mixed, "atoms of buckets", n), Resize(m, &s.order, "atoms of buckets", n),
		Resize(m, &s.count, "numbers of edges", n))
}

// Neighbors finds the edges within cutoff, Å, and places their distances in a
// table of so many intervals on [0, cutoff]. Where there is not room for all,
// as Status will show, some are left out.
func (k *Kernels) Neighbors(m *Memory, e *Edges, s *Search, b *Structures, cutoff float32, intervals int) error {
	n := b.Positions.n
	if err := sized("neighbors", length{"Numbers", b.Numbers.n, n}, length{"Structure", b.Structure.n, n}, length{"boxes", s.box.n, n},
		length{"buckets", s.members.n, b.Buckets}, length{"Start", e.Start.n, n + 1}, length{"B", e.B.n, e.A.n}, length{"Status", e.Status.n, 2}); err != nil {
		return err
	}
	if n > 0 {
		if err := k.sort(m, s, b); err != nil {
			return err
		}
		grid, block := warps(n)
		if err := k.run(k.countEdges, grid, block, 0, s.count.arg(), b.Positions.arg(), s.box.arg(), s.image.arg(), s.order.arg(), s.start.arg(),
			b.Structure.arg(), b.Lattices.arg(), Int(n), Float(cutoff)); err != nil {
			return err
		}
	}
	if err := k.exclusiveScan(e.Start, e.Status, s.count, e.A.n); err != nil || n == 0 {
		return err
	}
	grid, block := warps(n)
	return k.run(k.fillEdges, grid, block, 0, e.A.arg(), e.B.arg(), e.Status.arg(), e.Start.arg(), b.Positions.arg(), s.box.arg(), s.image.arg(),
		s.order.arg(), s.start.arg(), b.Structure.arg(), b.Lattices.arg(), Int(n), Int(e.A.n), Float(cutoff), Double(float64(intervals)/float64(cutoff)), Int(intervals))
}

// sort groups the atoms by bucket, in ascending order within each.
func (k *Kernels) sort(m *Memory, s *Search, b *Structures) error {
	if err := Zero(m, s.members); err != nil {
		return err
	}
	n := b.Positions.n
	grid, block := threads(n)
	if err := k.run(k.place, grid, block, 0, s.box.arg(), s.image.arg(), s.members.arg(), b.Positions.arg(), b.Structure.arg(), b.Lattices.arg(), Int(n)); err != nil {
		return err
	}
	if err := k.exclusiveScan(s.start, Array[int32]{}, s.members, math.MaxInt32); err != nil {
		return err
	}
	if err := k.run(k.scatter, grid, block, 0, s.mixed.arg(), s.members.arg(), s.start.arg(), s.box.arg(), Int(n)); err != nil {
		return err
	}
	return k.run(k.rank, grid, block, 0, s.order.arg(), s.mixed.arg(), s.start.arg(), s.box.arg(), Int(n))
}

// exclusiveScan is start[i] = Σ_{k<i} count[k], with the total at the end, up to most.
func (k *Kernels) exclusiveScan(start, status, count Array[int32], most int) error {
	if err := sized("scan", length{"start", start.n, count.n + 1}); err != nil {
		return err
	}
	return k.run(k.scan, Dim{X: 1}, Dim{X: 1024}, 0, start.arg(), status.arg(), count.arg(), Int(count.n), Int(most))
}

// warps is a launch of blocks of 8 warps, at least n warps in all.
func warps(n int) (grid, block Dim) { return Dim{X: ceilDiv(n, 8)}, Dim{X: 256} }
