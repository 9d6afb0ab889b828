package h5

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// stored is a chunk in the file.
type stored struct {
	place   uint64 // among all chunks, the last dimension the fastest
	address uint64
	bytes   uint32
	skipped uint32 // a bit for every filter that was not applied
}

// grid is the chunks that an array is cut into.
type grid struct {
	chunk []uint64 // values along each dimension
	count []uint64 // chunks
	total uint64
}

func newGrid(dims, chunk []uint64) (g grid, err error) {
	g.chunk = chunk
	for i, n := range dims {
		if n == unlimited {
			n = 0 // its count is not asked for
		}
		g.count = append(g.count, n/chunk[i]+min(1, n%chunk[i]))
	}
	var ok bool
	if g.total, ok = product(g.count...); !ok {
		return g, fmt.Errorf("expected fewer chunks, found %v of %v", chunk, dims)
	}
	return g, nil
}

// place is that of the chunk at grid indices; ok is false where it is outside.
func (g grid) place(at []uint64) (place uint64, ok bool) {
	for i, x := range at {
		if x >= g.count[i] {
			return 0, false
		}
		place = place*g.count[i] + x
	}
	return place, true
}

// at fills in the grid indices of a place.
func (g grid) at(place uint64, at []uint64) {
	for i, n := range slices.Backward(g.count) {
		at[i], place = place%n, place/n
	}
}

// index reads where the chunks of a dataset are: a list in the order of the
// places, without those that were never written.
type index struct {
	*walk
	grid
	d     *Dataset
	list  []stored
	width int // bytes of a chunk's size
}

// readIndex finds the chunks.
func (d *Dataset) readIndex() ([]stored, error) {
	x := &index{walk: d.f.walk(), grid: d.grid, d: d, width: min(8, 1+(bits.Len64(d.chunkBytes)+7)/8)}
	address := d.layout.address
	if address == undefined || d.grid.total == 0 {
		return nil, nil
	}
	var err error
	switch d.layout.index.kind {
	case oldTreeIndex:
		err = x.oldTree(address)
	case singleIndex:
		e := element{address: address, bytes: d.chunkBytes}
		if len(d.filters) > 0 {
			e.bytes, e.skipped = d.layout.index.bytes, d.layout.index.skipped
		}
		err = x.add(make([]uint64, len(x.chunk)), e)
	case implicitIndex:
		err = x.implicit(address)
	case fixedIndex:
		err = x.fixed(address)
	case extensibleIndex:
		err = x.extensible(address)
	default:
		err = x.tree(address)
	}
	if err != nil {
		return nil, fmt.Errorf("index of chunks: %w", err)
	}
	slices.SortFunc(x.list, func(a, b stored) int { return cmp.Compare(a.place, b.place) })
	for i := 1; i < len(x.list); i++ {
		if x.list[i-1].place == x.list[i].place {
			return nil, errors.New("index of chunks: expected every chunk once, found one twice")
		}
	}
	return x.list, nil
}

// maxChunks is how many an array may have: to read each of a million takes some µs.
const maxChunks = 1 << 20

// add takes a chunk at grid indices that is in the file. One outside of the
// array is of an array that was larger once.
func (x *index) add(at []uint64, e element) error {
	place, ok := x.place(at)
	switch {
	case !ok:
		return nil
	case len(x.d.filters) == 0 && e.bytes != x.d.chunkBytes:
		return fmt.Errorf("expected a chunk of %d bytes, found %d", x.d.chunkBytes, e.bytes)
	case e.bytes > uint64(min(x.size, math.MaxUint32)):
		return fmt.Errorf("expected a chunk of at most %d stored bytes, found %d", x.size, e.bytes)
	case len(x.list) == maxChunks:
		return fmt.Errorf("expected at most %d chunks, found more; h5repack -l CHUNK=N IN OUT writes larger ones", maxChunks)
	case uint64(len(x.list)) >= x.total:
		return fmt.Errorf("expected at most %d chunks, found more", x.total)
	}
	if err := x.within(e.address, int64(e.bytes)); err != nil {
		return fmt.Errorf("chunk: %w", err)
	}
	x.list = append(x.list, stored{place, e.address, uint32(e.bytes), e.skipped})
	return nil
}

// element is what an index has of a chunk.
type element struct {
	address uint64
	bytes   uint64 // behind the filters
	skipped uint32
}

// oldTree reads a version 1 B-tree, whose keys are a chunk's bytes, the filters
// that were not applied, and the place of its first value.
func (x *index) oldTree(address uint64) error {
	rank := len(x.chunk)
	at := make([]uint64, rank)
	return x.tree1(address, chunkTree, 8+8*(rank+1), func(key []byte, child uint64) error {
		e := element{child, uint64(binary.LittleEndian.Uint32(key)), binary.LittleEndian.Uint32(key[4:])}
		for i := range at {
			first := binary.LittleEndian.Uint64(key[8+8*i:])
			if first%x.chunk[i] != 0 {
				return fmt.Errorf("expected chunks of %v, found one at %d", x.chunk, first)
			}
			at[i] = first / x.chunk[i]
		}
		return x.add(at, e)
	})
}

// tree reads a version 2 B-tree.
func (x *index) tree(address uint64) error {
	kind, size := byte(plainChunks), x.offsets+8*len(x.chunk)
	if len(x.d.filters) > 0 {
		kind, size = filteredChunks, size+x.width+4
	}
	at := make([]uint64, len(x.chunk))
	return x.tree2(address, kind, size, func(record []byte) error {
		c := &cursor{b: record, f: x.File}
		e := x.element(c)
		for i := range at {
			at[i] = c.uint(8)
		}
		return x.add(at, e)
	})
}

// element takes where a chunk is, and behind filters its bytes and the filters
// that were not applied.
func (x *index) element(c *cursor) element {
	e := element{address: c.address(), bytes: x.d.chunkBytes}
	if len(x.d.filters) > 0 {
		e.bytes, e.skipped = c.uint(x.width), c.uint32()
	}
	return e
}

// implicit is all chunks one after another, also those that the array may get.
func (x *index) implicit(address uint64) error {
	if len(x.d.filters) > 0 {
		return errors.New("expected no filters")
	}
	most, err := newGrid(x.d.space.most, x.chunk)
	if err != nil {
		return err
	}
	at := make([]uint64, len(x.chunk))
	if x.total > uint64(x.size) {
		return fmt.Errorf("expected at most %d chunks, found %d", x.size, x.total)
	}
	for place := range x.total {
		x.at(place, at)
		n, ok := most.place(at)
		if offset, fits := product(n, x.d.chunkBytes); ok && fits {
			err = x.add(at, element{address: address + offset, bytes: x.d.chunkBytes})
		} else {
			err = errors.New("expected chunks in the file, found one outside")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
