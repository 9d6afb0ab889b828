package gpu

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

type neighborKernels struct {
	assign, scan, scatter, arrange entry // atoms to boxes
	findAllPairs, findFew          entry
	findEdges                      entry
}

func (k *neighborKernels) stem() stem {
	s := stem{name: "neighbors.ptx"}
	for _, e := range []struct {
		entry   *entry
		name    string
		threads int
	}{
		{&k.assign, "assign", blockThreads}, {&k.scan, "scan", 1024}, {&k.scatter, "scatter", blockThreads}, {&k.arrange, "arrange", blockThreads},
		{&k.findAllPairs, "find_all_pairs", blockThreads}, {&k.findFew, "find_few_pairs", 32 * onePairBlock}, {&k.findEdges, "find_edges", blockThreads},
	} {
		*e.entry = entry{name: e.name, threads: e.threads}
		s.entries = append(s.entries, e.entry)
	}
	return s
}

// Lattice is what the search for neighbours needs to know of a structure: see
// neighbors.cu, whose struct lattice it is.
type Lattice struct {
	Vectors, Reciprocal [3][3]float64
	Width               float64  // of a box along open directions, Å
	Count, Reach, Low   [3]int32 // boxes, how many of them to look at, the lowest one's number
	Periodic            [3]int32
	FirstBucket, Mask   int32
}

// _ fails to compile if the two structs do not have the same size.
var _ = [1]struct{}{}[unsafe.Sizeof(Lattice{})-(19*8+14*4)]

// Structures is a batch on the device.
type Structures struct {
	Positions Array[[3]float64] // Å, [N]
	Numbers   Array[int32]      // [N]
	Structure Array[int32]      // that an atom belongs to, [N]
	First     Array[int32]      // atoms of structure k are First[k] up to First[k+1], [S+1]
	Largest   int               // atoms of the largest structure
	Lattices  Array[Lattice]    // [S]; none where all pairs are looked at
	Buckets   int               // of all structures; 0 if all pairs of atoms are to be looked at, which isolated ones allow
}

// Edges is the directed edges of a batch, by the atom that they end at. A and
// B are the room that there is for them.
type Edges struct {
	Spans  Array[[2]int32]   // the edges of atom i are Spans[i][0] up to Spans[i][1], [N]
	A      Array[[4]int32]   // j, interval, bits of t, bits of d; atoms are counted as Search has them
	B      Array[[4]float32] // u, 1/(d+1e-8)
	Status Array[int64]      // edges that were found, and N − i for the lowest atom i that has another at d = 0, or 0; [2]
}

// Resize makes room for the edges of n atoms.
func (e *Edges) Resize(m *Memory, n, edges int) error {
	if edges > math.MaxInt32 {
		return fmt.Errorf("%w: %d edges, expected at most %d", ErrOutOfMemory, edges, math.MaxInt32)
	}
	return errors.Join(Resize(m, &e.Spans, "numbers of edges", n), Resize(m, &e.A, "edges", edges), Resize(m, &e.B, "edges", edges))
}

// Search is the neighbour search's own memory, and the atoms in the order in
// which the network has them: that of the boxes, or the given one if all pairs
// are looked at.
type Search struct {
	Numbers Array[int32] // [N]
	Order   Array[int32] // which of the given atoms they are, [N]; empty if they are in their order

	box, image, sortedBox, sortedImage Array[[4]int32] // [N]
	positions                          Array[[3]float64]
	home                               Array[[4]float32] // positions within the cell, and how far off they may be, [N]
	numbers, order, mixed              Array[int32]      // [N]
	members, start                     Array[int32]      // by bucket
}

// Resize makes room for n atoms in so many buckets.
func (s *Search) Resize(m *Memory, n, buckets int) error {
	if buckets == 0 {
		return nil
	}
	return errors.Join(Resize(m, &s.box, "boxes", n), Resize(m, &s.image, "boxes", n), Resize(m, &s.sortedBox, "boxes", n),
		Resize(m, &s.sortedImage, "boxes", n), Resize(m, &s.positions, "positions", n), Resize(m, &s.home, "positions", n), Resize(m, &s.numbers, "elements", n),
		Resize(m, &s.order, "atoms of buckets", n), Resize(m, &s.mixed, "atoms of buckets", n),
		Resize(m, &s.members, "buckets", buckets), Resize(m, &s.start, "buckets", buckets+1))
}

// onePairBlock is how many atoms' pairs one block finds: more would wait for its float64.
const onePairBlock = 16

// mostAtoms is how many atoms int32 counts the lanes of warps of.
const mostAtoms = 1 << 26

// Neighbors finds the edges within cutoff, Å, and places their distances in a
// table of so many intervals on [0, cutoff]. Where there is not room for all,
// as Status will show, some are left out.
func (k *Kernels) Neighbors(m *Memory, e *Edges, s *Search, b *Structures, cutoff float32, intervals int) error {
	n := b.Positions.n
	if n > mostAtoms {
		return fmt.Errorf("neighbors: %d atoms, expected at most %d", n, mostAtoms)
	}
	if err := sized("neighbors", length{"Numbers", b.Numbers.n, n}, length{"Structure", b.Structure.n, n}, length{"Spans", e.Spans.n, n},
		length{"B", e.B.n, e.A.n}, length{"Status", e.Status.n, 2}); err != nil {
		return err
	}
	s.Numbers, s.Order = b.Numbers, Array[int32]{}
	grid, find := blocks(32*n), &k.neighbors.findAllPairs // a warp for each atom
	if b.Buckets == 0 && 0 < n && n <= onePairBlock {
		grid, find = Dim{X: 1}, &k.neighbors.findFew
	} else if err := Zero(m, e.Status); err != nil || n == 0 {
		return err
	}
	perLength := double(float64(intervals) / float64(cutoff))
	if b.Buckets == 0 {
		return k.run(find, grid, e.Spans.arg(), e.A.arg(), e.B.arg(), e.Status.arg(), b.Positions.arg(),
			b.Structure.arg(), b.First.arg(), integer(n), integer(e.A.n), single(cutoff), perLength, integer(intervals))
	}
	if err := k.sort(m, s, b); err != nil {
		return err
	}
	s.Numbers, s.Order = s.numbers, s.order
	return k.run(&k.neighbors.findEdges, grid, e.Spans.arg(), e.A.arg(), e.B.arg(), e.Status.arg(), s.positions.arg(), s.home.arg(), s.sortedBox.arg(), s.sortedImage.arg(),
		s.order.arg(), s.start.arg(), b.Structure.arg(), b.Lattices.arg(), integer(n), integer(e.A.n), single(cutoff), perLength, integer(intervals))
}

// sort puts the atoms in the order of their buckets, ascending within each. The
// buckets of a structure are on end, so that its atoms stay together.
func (k *Kernels) sort(m *Memory, s *Search, b *Structures) error {
	n := b.Positions.n
	if err := sized("sort", length{"boxes", s.box.n, n}, length{"buckets", s.members.n, b.Buckets}, length{"start", s.start.n, b.Buckets + 1}); err != nil {
		return err
	}
	if err := Zero(m, s.members); err != nil {
		return err
	}
	grid := blocks(n)
	if err := k.run(&k.neighbors.assign, grid, s.box.arg(), s.image.arg(), s.members.arg(), b.Positions.arg(), b.Structure.arg(), b.Lattices.arg(), integer(n)); err != nil {
		return err
	}
	if err := k.run(&k.neighbors.scan, Dim{X: 1}, s.start.arg(), s.members.arg(), integer(b.Buckets)); err != nil {
		return err
	}
	if err := k.run(&k.neighbors.scatter, grid, s.mixed.arg(), s.members.arg(), s.start.arg(), s.box.arg(), integer(n)); err != nil {
		return err
	}
	return k.run(&k.neighbors.arrange, grid, s.order.arg(), s.positions.arg(), s.home.arg(), s.numbers.arg(), s.sortedBox.arg(), s.sortedImage.arg(),
		b.Positions.arg(), b.Numbers.arg(), s.box.arg(), s.image.arg(), s.mixed.arg(), s.start.arg(), b.Structure.arg(), b.Lattices.arg(), integer(n))
}
