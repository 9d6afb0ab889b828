package gpu_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
	"painless/kernels/gpu"
)

// foundEdge is an edge as Edges has it.
type foundEdge struct {
	a [4]int32
	b [4]float32
}

// searched is structures in boxes as kernels have them, and their atoms in the order of the boxes.
type searched struct {
	positions  [][3]float64
	structure  []int32
	lattices   []gpu.Lattice
	buckets    int
	order      []int32
	box, image [][3]int32 // by the order
	start      []int      // of buckets
}

// dot adds up as the kernel does.
func dot(a, b [3]float64) float64 {
	return float64(a[0]*b[0]) + float64(a[1]*b[1]) + float64(a[2]*b[2])
}

func plus(a, b [3]float64) [3]float64 { return [3]float64{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

// latticeOf is a structure's boxes.
func latticeOf(t *testing.T, s *atoms.Structure) gpu.Lattice {
	l, err := atoms.NewLattice(s.Cell, s.PBC)
	require.NoError(t, err)
	count, reach, err := l.Boxes(testCutoff)
	require.NoError(t, err)
	out := gpu.Lattice{Vectors: l.Vectors, Reciprocal: l.Reciprocal, Width: testCutoff * atoms.SearchMargin}
	boxes := 1.
	for c := range count {
		if l.Periodic[c] {
			out.Periodic[c] = 1
		} else {
			low, high := math.Inf(1), math.Inf(-1)
			for _, r := range s.Positions {
				at := dot(l.Reciprocal[c], r) / out.Width
				low, high = math.Min(low, at), math.Max(high, at)
			}
			out.Low[c], count[c] = int32(math.Floor(low)), int64(math.Floor(high)-math.Floor(low))+1
		}
		out.Count[c], out.Reach[c] = int32(count[c]), int32(reach[c])
		boxes *= float64(count[c])
	}
	buckets := 1 << bits.Len(uint(2*len(s.Positions)))
	for buckets > 1 && float64(buckets) >= 2*boxes {
		buckets /= 2
	}
	out.Mask = int32(buckets - 1)
	return out
}

func bucketOf(l *gpu.Lattice, b [3]int32) int {
	number := (int64(b[2])*int64(l.Count[1])+int64(b[1]))*int64(l.Count[0]) + int64(b[0])
	return int(l.FirstBucket) + int(number&int64(l.Mask))
}

// newSearched sorts the atoms as the kernels do.
func newSearched(t *testing.T, structures []atoms.Structure) *searched {
	s := &searched{}
	var box, image [][3]int32
	var bucket []int
	for k := range structures {
		l := latticeOf(t, &structures[k])
		l.FirstBucket = int32(s.buckets)
		s.buckets += int(l.Mask) + 1
		s.lattices = append(s.lattices, l)
		for _, r := range structures[k].Positions {
			var b, m [3]int32
			for c := range b {
				f := dot(l.Reciprocal[c], r)
				if l.Periodic[c] == 1 {
					m[c] = int32(math.Floor(f))
					b[c] = min(int32((f-math.Floor(f))*float64(l.Count[c])), l.Count[c]-1)
				} else {
					b[c] = min(max(int32(math.Floor(f/l.Width))-l.Low[c], 0), l.Count[c]-1)
				}
			}
			s.order = append(s.order, int32(len(s.order)))
			s.positions, s.structure = append(s.positions, r), append(s.structure, int32(k))
			box, image, bucket = append(box, b), append(image, m), append(bucket, bucketOf(&l, b))
		}
	}
	slices.SortStableFunc(s.order, func(i, j int32) int { return bucket[i] - bucket[j] })
	s.start = make([]int, s.buckets+1)
	for _, i := range s.order {
		s.box, s.image = append(s.box, box[i]), append(s.image, image[i])
		for b := bucket[i] + 1; b <= s.buckets; b++ {
			s.start[b]++
		}
	}
	return s
}

// edges is those of atom i in the order of the boxes, as one after the other would find them.
func (s *searched) edges(i, intervals int) (found []foundEdge) {
	l := &s.lattices[s.structure[s.order[i]]]
	for dz := -l.Reach[2]; dz <= l.Reach[2]; dz++ {
		for dy := -l.Reach[1]; dy <= l.Reach[1]; dy++ {
			for dx := -l.Reach[0]; dx <= l.Reach[0]; dx++ {
				var b, shift [3]int32
				there := true
				for c, d := range [3]int32{dx, dy, dz} {
					b[c] = s.box[i][c] + d
					if l.Periodic[c] == 1 {
						shift[c] = int32(math.Floor(float64(b[c]) / float64(l.Count[c])))
						b[c] -= shift[c] * l.Count[c]
					}
					there = there && b[c] >= 0 && b[c] < l.Count[c]
				}
				if !there {
					continue
				}
				bucket := bucketOf(l, b)
				for j := s.start[bucket]; j < s.start[bucket+1]; j++ {
					if s.box[j] == b {
						found = append(found, s.pair(i, j, shift, intervals)...)
					}
				}
			}
		}
	}
	return found
}

// pair is the edge from j to i, if there is one.
func (s *searched) pair(i, j int, shift [3]int32, intervals int) []foundEdge {
	l := &s.lattices[s.structure[s.order[i]]]
	var n [3]float64
	for c := range n {
		n[c] = float64(shift[c] + s.image[i][c] - s.image[j][c])
	}
	if i == j && n == [3]float64{} {
		return nil
	}
	var x [3]float32
	for c := range x {
		moved := 0.
		if n != [3]float64{} {
			moved = dot(n, [3]float64{l.Vectors[0][c], l.Vectors[1][c], l.Vectors[2][c]})
		}
		x[c] = float32(s.positions[s.order[j]][c] + moved - s.positions[s.order[i]][c])
	}
	d := float32(math.Sqrt(float64(float32(float32(x[0]*x[0])+float32(x[1]*x[1])) + float32(x[2]*x[2]))))
	if d > testCutoff {
		return nil
	}
	at := float64(d) * (float64(intervals) / float64(float32(testCutoff)))
	interval := min(int32(at), int32(intervals-1))
	by := 1 / (d + 1e-8)
	return []foundEdge{{
		[4]int32{int32(j), interval, int32(math.Float32bits(float32(at - float64(interval)))), int32(math.Float32bits(d))},
		[4]float32{x[0] * by, x[1] * by, x[2] * by, by},
	}}
}

// The edges in boxes are those that one box after the other would find, in their order and to the bit, in structures of every kind, and as far as there is room.
func TestEdgesInBoxes(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 31))
	everywhere, isolated := [3]bool{true, true, true}, [3]bool{}
	scaled := func(s atoms.Structure, by float64, shift [3]float64) atoms.Structure {
		for i, r := range s.Positions {
			s.Positions[i] = plus(vec.Scale(r, by), shift)
		}
		return s
	}
	cluster := func(n int, size float64) atoms.Structure { return systems.Random(rng, n, size, 0, isolated, false) }
	var sparse atoms.Structure // molecules so far apart that boxes share buckets
	for range 12 {
		m := scaled(cluster(5, 4), 1, [3]float64{3e4 * rng.Float64(), -2e4 * rng.Float64(), 8e4 * rng.Float64()})
		sparse.Positions, sparse.Numbers = append(sparse.Positions, m.Positions...), append(sparse.Numbers, m.Numbers...)
	}
	same := scaled(cluster(8, 6), 1, [3]float64{})
	same.Positions[5] = same.Positions[2]
	far := systems.Random(rng, 40, 14, 0.2, everywhere, false)
	for i, r := range far.Positions { // other images, some of them a million cells away
		far.Positions[i] = plus(r, vec.RowTimes([3]float64{float64(rng.IntN(5)) * 1e6, 0, -float64(rng.IntN(3))}, &far.Cell))
	}
	thin := atoms.Structure{Cell: [3][3]float64{{0.4, 0, 0}, {3, 9, 0}, {0, 2, 17}}, PBC: everywhere, Positions: [][3]float64{{1, 2, 3}, {0, 5, 16}}, Numbers: []int{1, 8}}
	pairs := func(size float64, pbc [3]bool) (s atoms.Structure) { // as far apart as the cutoff, or 1e-7 more or less, and in different images
		s = systems.Random(rng, 200, size, 0.6, pbc, true)
		for _, r := range s.Positions {
			way := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			way = vec.Scale(way, testCutoff*(1+2e-7*(rng.Float64()-0.5))/vec.Norm(way))
			var images [3]float64
			for c := range images {
				if pbc[c] {
					images[c] = float64(rng.IntN(9) - 4)
				}
			}
			s.Positions = append(s.Positions, plus(plus(r, way), vec.RowTimes(images, &s.Cell)))
		}
		s.Numbers = make([]int, len(s.Positions))
		return s
	}
	cases := map[string][]atoms.Structure{
		"as long as the cutoff":           {pairs(20, everywhere), pairs(3000, everywhere), pairs(1e6, everywhere), pairs(5e4, [3]bool{true, false, true})},
		"as long as the cutoff, isolated": {pairs(3e6, isolated), pairs(1e4, isolated)},
		"liquid":                          {systems.Random(rng, 260, 14, 0, everywhere, false)},
		"large boxes, skewed":             {systems.Random(rng, 90, 18, 0.5, everywhere, true)},
		"more edges than wait":            {systems.Random(rng, 3, 2.3, 0.3, everywhere, true)},
		"thin":                            {thin},
		"more atoms than marks":           {systems.Random(rng, 160, 5.2, 0, everywhere, false)},
		"isolated":                        {cluster(300, 16)},
		"isolated, far from the origin":   {scaled(cluster(100, 12), 1, [3]float64{1e6, -9e6, 5e5})},
		"boxes that share buckets":        {sparse},
		"images a million cells away":     {far},
		"on one point":                    {same},
		"exactly as long as the cutoff":   {{Positions: [][3]float64{{0, 0, 0}, {testCutoff, 0, 0}, {0, math.Nextafter(testCutoff, 9), 0}, {0, 0, testCutoff * (1 + 1e-7)}, {3, 4, 0}}, Numbers: []int{1, 1, 1, 1, 1}}},
		"batch with structures of no use": {{}, systems.Random(rng, 1, 30, 0, everywhere, true), {}, cluster(20, 9), sparse, systems.Random(rng, 7, 6, 0.3, everywhere, true)},
	}
	for k := 1; k < 7; k++ {
		pbc := [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}
		cases["open directions"] = append(cases["open directions"], systems.Random(rng, 30, 5+2*float64(k), 0.4, pbc, true))
	}
	for name, structures := range cases {
		t.Run(name, func(t *testing.T) {
			checkEdgesInBoxes(t, structures, 1)
			checkEdgesInBoxes(t, structures, 0.6)
		})
	}
}

// checkEdgesInBoxes has room for a part of the edges.
func checkEdgesInBoxes(t *testing.T, structures []atoms.Structure, part float64) {
	b, s := newBench(t, 16, testIntervals), newSearched(t, structures)
	n := len(s.positions)
	want, all, same := make([][]foundEdge, n), 0, int64(0)
	for i := range want {
		want[i] = s.edges(i, testIntervals)
		all += len(want[i])
		for _, e := range want[i] {
			if e.a[3] == 0 {
				same = max(same, int64(n)-int64(s.order[i]))
			}
		}
	}
	room := max(1, int(part*float64(all)))
	in := gpu.Structures{Positions: upload(b, s.positions), Numbers: upload(b, make([]int32, n)), Structure: upload(b, s.structure), Lattices: upload(b, s.lattices), Buckets: s.buckets}
	var search gpu.Search
	edges := gpu.Edges{Status: upload(b, make([]int64, 2))}
	require.NoError(t, search.Resize(b.memory, n, s.buckets))
	require.NoError(t, edges.Resize(b.memory, n, room))
	require.NoError(t, b.k.Neighbors(b.memory, &edges, &search, &in, testCutoff, testIntervals))
	assert.Equal(t, []int64{int64(all), same}, download(b, edges.Status))
	assert.Equal(t, s.order, download(b, search.Order))
	require.NoError(t, gpu.Resize(b.memory, &edges.A, "a test", min(all, room)))
	require.NoError(t, gpu.Resize(b.memory, &edges.B, "a test", min(all, room)))
	if all == 0 {
		return
	}
	first, second, written := download(b, edges.A), download(b, edges.B), 0
	for i, span := range download(b, edges.Spans) {
		got := []foundEdge(nil)
		for e := span[0]; e < span[1]; e++ {
			got = append(got, foundEdge{first[e], second[e]})
		}
		require.LessOrEqual(t, len(got), len(want[i]), "atom %d", i)
		if want[i] = want[i][:len(got)]; len(got) == 0 {
			continue
		}
		require.Equal(t, want[i], got, "atom %d", i)
		written += len(got)
	}
	assert.Equal(t, min(all, room), written)
}
