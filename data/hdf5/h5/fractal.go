package h5

import (
	"errors"
	"fmt"
	"math/bits"
)

// fractal is a fractal heap: objects in direct blocks, which stand in the rows
// of a doubling table. The first two rows have blocks of the first size, each row
// after them blocks of twice the size of the row before. A row of larger blocks
// than direct ones may be has indirect blocks: tables of their own.
type fractal struct {
	*walk
	id      int    // bytes of an object's name
	summed  bool   // direct blocks have checksums
	width   uint64 // of the table: blocks in a row
	first   uint64 // bytes of the first blocks
	largest uint64 // of a direct block
	bits    int    // of an offset in the heap
	offset  int    // bytes of one
	length  int    // bytes of an object's length
	root    uint64
	rows    int // of the root, 0 where it is a direct block
	huge    map[uint64]extent
	blocks  map[uint64][]byte // that were read, by their address
}

// dense reads the message of where many attributes, or links, are: a fractal heap
// and the B-tree that lists its objects. The largest of their numbers has size bytes.
func (c *cursor) dense(what string, size int) (heap, tree uint64) {
	c.version(what, 0)
	if c.byte()&1 != 0 {
		c.skip(size)
	}
	return c.address(), c.address()
}

// eachInHeap calls do with the objects of a fractal heap that a B-tree lists, and
// the byte behind an object's name. The records have skip bytes before that.
func (f *File) eachInHeap(heap, tree uint64, kind byte, skip int, do func(object []byte, next byte) error) error {
	h, err := f.fractal(heap)
	if err != nil {
		return fmt.Errorf("fractal heap: %w", err)
	}
	return f.walk().tree2(tree, kind, 0, func(record []byte) error {
		if len(record) < skip+h.id {
			return fmt.Errorf("expected records of at least %d bytes, found %d", skip+h.id, len(record))
		}
		object, err := h.object(record[skip : skip+h.id])
		if err != nil {
			return fmt.Errorf("fractal heap: %w", err)
		}
		var next byte
		if len(record) > skip+h.id {
			next = record[skip+h.id]
		}
		return do(object, next)
	})
}

func (f *File) fractal(address uint64) (*fractal, error) {
	h := &fractal{walk: f.walk(), blocks: map[uint64][]byte{}}
	size := 4 + 1 + 2 + 2 + 1 + 4 + 12*f.lengths + 3*f.offsets + 2 + 2 + 2 + 2 + sumBytes
	c, err := h.block(address, int64(size), "FRHP")
	if err != nil {
		return nil, err
	}
	c.version("FRHP", 0)
	h.id = c.uint16()
	if filters := c.uint16(); filters != 0 {
		return nil, errors.New("heaps behind filters are not read")
	}
	h.summed = c.byte()&2 != 0
	most := uint64(c.uint32())
	c.length() // the next huge object's number
	hugeTree := c.address()
	c.length() // what is free
	c.address()
	c.skip(8 * f.lengths) // sizes and numbers of what there is
	h.width, h.first, h.largest = uint64(c.uint16()), c.length(), c.length()
	h.bits = c.uint16()
	c.skip(2) // rows at the start
	h.root, h.rows = c.address(), c.uint16()
	if c.err != nil {
		return nil, c.err
	}
	power := func(x uint64) bool { return x > 0 && x&(x-1) == 0 }
	switch {
	case !power(h.width) || !power(h.first) || !power(h.largest) || h.first > h.largest:
		return nil, fmt.Errorf("expected powers of two, found %d blocks of %d to %d bytes", h.width, h.first, h.largest)
	case h.largest > uint64(max(f.size, 1<<16)) || h.bits < 1 || h.bits > 63:
		return nil, fmt.Errorf("expected smaller blocks, found %d bytes of %d bits", h.largest, h.bits)
	case h.rows > h.bits || bits.Len64(h.first*h.width)+h.rows > 63:
		return nil, fmt.Errorf("expected at most %d rows, found %d", h.bits, h.rows)
	}
	h.offset, h.length = (h.bits+7)/8, bytesOf(min(h.largest, most))
	if hugeTree != undefined {
		err = h.readHuge(hugeTree)
	}
	return h, err
}

// readHuge reads where the objects are that are too large for blocks.
func (h *fractal) readHuge(tree uint64) error {
	h.huge = map[uint64]extent{}
	return h.tree2(tree, hugeObjects, h.offsets+2*h.lengths, func(record []byte) error {
		c := &cursor{b: record, f: h.File}
		e := extent{c.address(), c.length()}
		h.huge[c.length()] = e
		return nil
	})
}

// object is what a name stands for.
func (h *fractal) object(id []byte) ([]byte, error) {
	const managed, huge, tiny = 0, 1, 2
	c := &cursor{b: id, f: h.File}
	first := c.byte()
	switch kind := first >> 4; kind { // with the version, 0, above
	case managed:
		offset, length := c.uint(h.offset), c.uint(h.length)
		if c.err != nil {
			return nil, c.err
		}
		return h.managed(offset, length)
	case huge:
		e, ok := h.huge[c.uint(min(h.lengths, len(c.b)))]
		if !ok {
			return nil, errors.New("expected a huge object, found none")
		}
		if e.bytes > uint64(h.size) {
			return nil, fmt.Errorf("expected a huge object of at most %d bytes, found %d", h.size, e.bytes)
		}
		return h.walk.read(e.address, int64(e.bytes))
	case tiny:
		n := int(first&0xf) + 1
		if h.id > 17 {
			n = int(first&0xf)<<8 + int(c.byte()) + 1
		}
		b := c.take(n)
		return b, c.err
	default:
		return nil, fmt.Errorf("expected an object of type 0 to 2, found %d", kind)
	}
}

// managed is length bytes from an offset in the heap.
func (h *fractal) managed(offset, length uint64) ([]byte, error) {
	start, b, err := h.find(offset)
	if err != nil {
		return nil, err
	}
	if n := uint64(len(b)); length > n || offset-start > n-length {
		return nil, fmt.Errorf("expected an object in a block of %d bytes, found %d bytes at %d", n, length, offset-start)
	}
	return b[offset-start:][:length], nil
}

// find is the direct block that an offset is in, and where that begins.
func (h *fractal) find(offset uint64) (start uint64, block []byte, err error) {
	address, size := h.root, h.first
	for rows := h.rows; rows > 0; rows = bits.Len64(size / (h.first * h.width)) {
		row := bits.Len64((offset - start) / (h.first * h.width))
		if row >= rows {
			return 0, nil, fmt.Errorf("expected an offset in a table of %d rows, found %d", rows, offset)
		}
		table, err := h.table(address, start, rows)
		if err != nil {
			return 0, nil, err
		}
		begin := uint64(0)
		if size = h.first; row > 0 {
			size <<= row - 1
			begin = size * h.width
		}
		column := (offset - start - begin) / size
		table = table[(row*int(h.width)+int(column))*h.offsets:]
		address = (&cursor{b: table, f: h.File}).address()
		start += begin + column*size
		if size <= h.largest {
			break
		}
	}
	block, err = h.direct(address, start, size)
	return start, block, err
}

// table is the addresses in an indirect block, which begins at an offset.
func (h *fractal) table(address, start uint64, rows int) ([]byte, error) {
	bytes := rows * int(h.width) * h.offsets
	if b := h.blocks[address]; len(b) == bytes {
		return b, nil
	}
	c, err := h.block(address, int64(5+h.offsets+h.offset+bytes+sumBytes), "FHIB")
	if err != nil {
		return nil, err
	}
	h.begin(c, "FHIB", start)
	table := c.take(bytes)
	if c.err != nil {
		return nil, c.err
	}
	h.blocks[address] = table
	return table, nil
}

// direct is a direct block with its head, which begins at an offset.
func (h *fractal) direct(address, start, size uint64) ([]byte, error) {
	if b := h.blocks[address]; uint64(len(b)) == size {
		return b, nil
	}
	b, err := h.read(address, int64(size))
	if err != nil {
		return nil, fmt.Errorf("FHDB: %w", err)
	}
	c := &cursor{b: b, f: h.File}
	c.signature("FHDB")
	h.begin(c, "FHDB", start)
	if h.summed {
		at := len(b) - len(c.b)
		sum := c.uint32()
		if c.err == nil {
			clear(b[at : at+sumBytes])
			if lookup3(b) != sum && !h.blind {
				c.err = errChecksum
			}
		}
	}
	if c.err != nil {
		return nil, fmt.Errorf("FHDB at address %d: %w", address, c.err)
	}
	h.blocks[address] = b
	return b, nil
}

// begin takes what a block says of itself: the heap's address and its own offset.
func (h *fractal) begin(c *cursor, sign string, start uint64) {
	c.version(sign, 0)
	c.address()
	if found := c.uint(h.offset); c.err == nil && found != start {
		c.err = fmt.Errorf("expected a block at offset %d, found %d", start, found)
	}
}
