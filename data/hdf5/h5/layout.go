package h5

import (
	"errors"
	"fmt"
)

// layout is where a dataset's values are.
type layout struct {
	class   byte
	compact []byte
	address uint64
	bytes   uint64   // of a contiguous array
	chunk   []uint64 // values along each dimension
	width   uint64   // bytes of a value, as the chunks say
	index   chunkIndex
}

// The classes of layouts.
const (
	compactLayout = iota
	contiguousLayout
	chunkedLayout
	virtualLayout
)

// chunkIndex is how chunks are found.
type chunkIndex struct {
	kind    byte
	whole   bool   // chunks at the edges, which are not full, have no filters
	bytes   uint64 // of a single chunk behind filters; 0 where it has none
	skipped uint32 // filters of a single chunk
}

// The indices of chunks.
const (
	oldTreeIndex    = 0 // a version 1 B-tree
	singleIndex     = 1
	implicitIndex   = 2
	fixedIndex      = 3
	extensibleIndex = 4
	treeIndex       = 5 // a version 2 B-tree
)

func parseLayout(c *cursor) (l layout, err error) {
	switch version := c.version("layout", 1, 2, 3, 4); {
	case c.err != nil:
	case version < 3:
		l.old(c)
	default:
		l.class = c.byte()
		switch l.class {
		case compactLayout:
			l.compact = c.take(c.uint16())
		case contiguousLayout:
			l.address, l.bytes = c.address(), c.length()
		case chunkedLayout:
			if version == 3 {
				rank := int(c.byte())
				l.address = c.address()
				l.dims(c, rank, 4)
			} else {
				l.indexed(c)
			}
		case virtualLayout:
			return l, errors.New("expected values in this file, found a virtual dataset")
		default:
			return l, fmt.Errorf("layout: expected a class from 0 to 2, found %d", l.class)
		}
	}
	if c.err != nil {
		return l, fmt.Errorf("layout: %w", c.err)
	}
	return l, nil
}

// dims takes the dimensions of a chunk, of which the last is the bytes of a value.
func (l *layout) dims(c *cursor, rank, width int) {
	if c.err == nil && (rank < 2 || rank > maxDimensions+1) {
		c.err = fmt.Errorf("expected chunks of at most %d dimensions, found %d", maxDimensions, rank-1)
		return
	}
	for range rank - 1 {
		n := c.uint(width)
		if n == 0 && c.err == nil {
			c.err = errors.New("expected chunks with values, found an empty one")
		}
		l.chunk = append(l.chunk, n)
	}
	l.width = c.uint(width)
}

// old is versions 1 and 2. The dimensions of a contiguous array are those of the
// dataspace.
func (l *layout) old(c *cursor) {
	rank := int(c.byte())
	l.class = c.byte()
	c.skip(5)
	if l.class != compactLayout {
		l.address = c.address()
	}
	switch l.class {
	case chunkedLayout:
		l.dims(c, rank, 4)
	case contiguousLayout:
		l.bytes = unlimited
	case compactLayout:
		c.skip(4 * rank)
		l.compact = c.take(int(c.uint32()))
	default:
		c.err = fmt.Errorf("expected a class from 0 to 2, found %d", l.class)
	}
}

// indexed is chunks in version 4.
func (l *layout) indexed(c *cursor) {
	const partial, filtered = 1 << 0, 1 << 1
	flags, rank, width := c.byte(), int(c.byte()), int(c.byte())
	if c.err == nil && (width < 1 || width > 8) {
		c.err = fmt.Errorf("expected dimensions of 1 to 8 bytes, found %d", width)
	}
	l.dims(c, rank, width)
	l.index.whole = flags&partial != 0
	l.index.kind = c.byte()
	switch l.index.kind {
	case singleIndex:
		if flags&filtered != 0 {
			l.index.bytes, l.index.skipped = c.length(), c.uint32()
		}
	case implicitIndex:
	case fixedIndex:
		c.skip(1) // what the index says again
	case extensibleIndex:
		c.skip(5)
	case treeIndex:
		c.skip(4 + 1 + 1)
	default:
		if c.err == nil {
			c.err = fmt.Errorf("expected an index of type 1 to 5, found %d", l.index.kind)
		}
	}
	l.address = c.address()
}
