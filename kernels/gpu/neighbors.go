package gpu

import "unsafe"

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

// Structures is the input of a batch on the device.
type Structures struct {
	Positions Array[[3]float64] // Å, [N]
	Numbers   Array[int32]      // [N]
	Structure Array[int32]      // that an atom belongs to, [N]
	First     Array[int32]      // atoms of structure k are First[k] up to First[k+1], [S+1]
	Lattices  Array[Lattice]    // [S]
	Buckets   int               // of all structures
}

// Edges is the directed edges of a batch, by the atom that they end at.
type Edges struct {
	Start Array[int32]      // the edges of atom i are Start[i] up to Start[i+1], [N+1]
	A     Array[[4]int32]   // j, interval, bits of t, bits of d; [E]
	B     Array[[4]float32] // u, 1/(d+1e-8); [E]
}

// Search is the neighbour search's own memory.
type Search struct {
	box, image                   Array[[4]int32] // [N]
	members, start, mixed, order Array[int32]    // by bucket, and by atom
	count                        Array[int32]    // of edges, [N]
	OnOnePoint                   Array[int32]    // lowest atom that has another at d = 0, or the largest int32; [1]
}

// FindEdges counts the edges of every atom within cutoff, Å, and leaves where
// each atom's begin in e.Start: its last element is their number.
func (k *Kernels) FindEdges(m *Memory, s *Search, e *Edges, b *Structures, cutoff float32) error {
	n := b.Positions.n
	if err := sized("find edges", length{"Numbers", b.Numbers.n, n}, length{"Structure", b.Structure.n, n}); err != nil {
		return err
	}
	for _, a := range []struct {
		array *Array[int32]
		what  string
		n     int
	}{
		{&s.members, "buckets", b.Buckets}, {&s.start, "buckets", b.Buckets + 1}, {&s.mixed, "atoms of buckets", n},
		{&s.order, "atoms of buckets", n}, {&s.count, "numbers of edges", n}, {&e.Start, "numbers of edges", n + 1}, {&s.OnOnePoint, "a flag", 1},
	} {
		if err := Resize(m, a.array, a.what, a.n); err != nil {
			return err
		}
	}
	for _, a := range []*Array[[4]int32]{&s.box, &s.image} {
		if err := Resize(m, a, "boxes of atoms", n); err != nil {
			return err
		}
	}
	if n == 0 {
		return Zero(m, e.Start)
	}
	if err := Zero(m, s.members); err != nil {
		return err
	}
	grid, block := threads(n)
	if err := k.run(k.place, grid, block, 0, s.box.arg(), s.image.arg(), s.members.arg(), b.Positions.arg(), b.Structure.arg(), b.Lattices.arg(), Int(n)); err != nil {
		return err
	}
	if err := k.exclusiveScan(s.start, s.members); err != nil {
		return err
	}
	if err := k.run(k.scatter, grid, block, 0, s.mixed.arg(), s.members.arg(), s.start.arg(), s.box.arg(), Int(n)); err != nil {
		return err
	}
	if err := k.run(k.rank, grid, block, 0, s.order.arg(), s.mixed.arg(), s.start.arg(), s.box.arg(), Int(n)); err != nil {
		return err
	}
	grid, block = warps(n)
	if err := k.run(k.countEdges, grid, block, 0, s.count.arg(), b.Positions.arg(), s.box.arg(), s.image.arg(), s.order.arg(), s.start.arg(),
		b.Structure.arg(), b.Lattices.arg(), Int(n), Float(cutoff)); err != nil {
		return err
	}
	return k.exclusiveScan(e.Start, s.count)
}

// FillEdges writes the edges that FindEdges counted; e.A and e.B have as many
// elements. Distances are placed in a table of so many intervals on [0, cutoff].
func (k *Kernels) FillEdges(m *Memory, s *Search, e *Edges, b *Structures, cutoff float32, intervals int) error {
	n := b.Positions.n
	if err := sized("fill edges", length{"B", e.B.n, e.A.n}, length{"Start", e.Start.n, n + 1}); err != nil {
		return err
	}
	if err := Upload(m, &s.OnOnePoint, "a flag", nobody[:]); err != nil || n == 0 {
		return err
	}
	grid, block := warps(n)
	return k.run(k.fillEdges, grid, block, 0, e.A.arg(), e.B.arg(), s.OnOnePoint.arg(), e.Start.arg(), b.Positions.arg(), s.box.arg(), s.image.arg(),
		s.order.arg(), s.start.arg(), b.Structure.arg(), b.Lattices.arg(), Int(n), Float(cutoff), Double(float64(intervals)/float64(cutoff)), Int(intervals))
}

// nobody is OnOnePoint where no two atoms are.
var nobody = [1]int32{1<<31 - 1}

// exclusiveScan is start[i] = Σ_{k<i} count[k], with the total at the end.
func (k *Kernels) exclusiveScan(start, count Array[int32]) error {
	if err := sized("scan", length{"start", start.n, count.n + 1}); err != nil {
		return err
	}
	return k.run(k.scan, Dim{X: 1}, Dim{X: 1024}, 0, start.arg(), count.arg(), Int(count.n))
}

// warps is a launch of blocks of 8 warps, at least n warps in all.
func warps(n int) (grid, block Dim) { return Dim{X: ceilDiv(n, 8)}, Dim{X: 256} }
