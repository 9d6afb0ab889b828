package h5

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// array takes the elements of a fixed or an extensible array, of which element n
// is chunk n of an array of the largest extent, in which the dimension that is
// not limited comes first.
type array struct {
	*index
	most grid
	slow int // the dimension that is not limited, or 0
	at   []uint64
	each int // bytes of an element
}

// array checks that as many dimensions are not limited as the index is for.
func (x *index) array(notLimited int) (*array, error) {
	most, err := newGrid(x.d.space.most, x.chunk)
	if err != nil {
		return nil, err
	}
	a := &array{index: x, most: most, at: make([]uint64, len(x.chunk)), each: x.offsets}
	found := 0
	for i, n := range x.d.space.most {
		if n == unlimited {
			a.slow = i
			found++
		}
	}
	if found != notLimited {
		return nil, fmt.Errorf("expected %d dimensions that are not limited, found %d", notLimited, found)
	}
	if len(x.d.filters) > 0 {
		a.each += x.width + 4
	}
	return a, nil
}

// add takes element n.
func (a *array) add(n uint64, c *cursor) error {
	e := a.element(c)
	if c.err != nil {
		return c.err
	}
	if e.address == undefined {
		return nil
	}
	for i, count := range slices.Backward(a.most.count) {
		if i != a.slow {
			a.at[i], n = n%count, n/count
		}
	}
	a.at[a.slow] = n
	return a.index.add(a.at, e)
}

// header begins to read that of an array.
func (a *array) header(address uint64, bytes int, sign string) (*cursor, error) {
	c, err := a.block(address, int64(4+1+1+bytes+sumBytes), sign)
	if err != nil {
		return nil, err
	}
	a.begin(c, sign)
	if size := int(c.byte()); c.err == nil && size != a.each {
		return nil, fmt.Errorf("%s: expected elements of %d bytes, found %d", sign, a.each, size)
	}
	return c, c.err
}

// begin takes the version of a block and whether chunks have filters.
func (a *array) begin(c *cursor, sign string) {
	c.version(sign, 0)
	filtered := byte(min(1, len(a.d.filters)))
	if found := c.byte(); c.err == nil && found != filtered {
		c.err = fmt.Errorf("%s: expected elements of kind %d, found %d", sign, filtered, found)
	}
}

// elements takes those of a block from the first, as far as there are any.
func (a *array) elements(c *cursor, first, n uint64) error {
	for i := range n {
		if err := a.add(first+i, c); err != nil {
			return err
		}
	}
	return nil
}

// page reads the elements of a page.
func (a *array) page(address, first, n uint64) error {
	b, err := a.read(address, int64(n)*int64(a.each)+sumBytes)
	if err == nil {
		err = a.checkSum(b)
	}
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return a.elements(&cursor{b: b, f: a.File}, first, n)
}

// isSet says whether a page was written; the first one has the highest bit.
func isSet(bitmap []byte, page uint64) bool {
	return page/8 < uint64(len(bitmap)) && bitmap[page/8]&(0x80>>(page%8)) != 0
}

// fixed reads a fixed array: its elements in one block, or in the pages behind it.
func (x *index) fixed(address uint64) error {
	a, err := x.array(0)
	if err != nil {
		return err
	}
	c, err := a.header(address, 1+1+a.lengths+a.offsets, "FAHD")
	if err != nil {
		return err
	}
	perPage, n, block := uint64(1)<<min(c.byte(), 63), c.length(), c.address()
	if c.err != nil || block == undefined {
		return c.err
	}
	if n > uint64(a.size)/uint64(a.each) {
		return fmt.Errorf("expected at most %d elements, found %d", a.size/int64(a.each), n)
	}
	pages := uint64(0)
	if n > perPage {
		pages = (n + perPage - 1) / perPage
	}
	head := 4 + 1 + 1 + a.offsets + int(pages+7)/8
	bytes := head + sumBytes
	if pages == 0 {
		bytes += int(n) * a.each
	}
	if c, err = a.block(block, int64(bytes), "FADB"); err != nil {
		return err
	}
	a.begin(c, "FADB")
	c.address() // of the header
	if pages == 0 {
		return a.elements(c, 0, n)
	}
	written := c.take(int(pages+7) / 8)
	if c.err != nil {
		return c.err
	}
	at := block + uint64(bytes)
	for page := range pages {
		first := page * perPage
		count := min(perPage, n-first)
		if isSet(written, page) {
			if err := a.page(at, first, count); err != nil {
				return err
			}
		}
		at += perPage*uint64(a.each) + sumBytes
	}
	return nil
}

// extensible is an extensible array: the first elements are in its index block,
// then come data blocks, whose numbers and sizes double in turns. The index block
// has the addresses of the first of these, and of super blocks that have those of
// the others.
type extensible struct {
	*array
	perPage uint64 // elements
	offset  int    // bytes of a block's offset
	first   uint64 // elements of the smallest data block
}

func (x *index) extensible(address uint64) error {
	a, err := x.array(1)
	if err != nil {
		return err
	}
	c, err := a.header(address, 1+5+6*a.lengths+a.offsets, "EAHD")
	if err != nil {
		return err
	}
	e := &extensible{array: a}
	width, inIndex := int(c.byte()), uint64(c.byte())
	e.first = uint64(c.byte())
	pointers, pageBits := uint64(c.byte()), c.byte()
	c.skip(6 * a.lengths) // numbers and sizes of what there is
	block := c.address()
	power := func(x uint64) bool { return x > 0 && x&(x-1) == 0 }
	switch {
	case c.err != nil || block == undefined:
		return c.err
	case width < 1 || width > 64 || !power(e.first) || !power(pointers) || pageBits > 32:
		return errors.New("EAHD: expected powers of two in at most 64 bits")
	}
	e.offset, e.perPage = (width+7)/8, 1<<pageBits
	supers := max(1+width-(bits.Len64(e.first)-1), 0)
	blocks, direct := 2*(pointers-1), 2*(bits.Len64(pointers)-1)
	bytes := 4 + 1 + 1 + a.offsets + int(inIndex)*a.each + (int(blocks)+max(supers-direct, 0))*a.offsets + sumBytes
	if c, err = a.block(block, int64(bytes), "EAIB"); err != nil {
		return err
	}
	e.begin(c, "EAIB")
	c.address() // of the header
	if err := a.elements(c, 0, inIndex); err != nil {
		return err
	}
	start := inIndex
	for level := range supers {
		n, size := uint64(1)<<(level/2), e.first<<((level+1)/2)
		if level < direct {
			for range n {
				if err := e.data(c.address(), start, size, nil, 0); err != nil {
					return err
				}
				start += size
			}
			continue
		}
		if err := e.super(c.address(), start, n, size); err != nil {
			return err
		}
		start += n * size
	}
	return c.err
}

// super reads a super block: the addresses of n data blocks with size elements.
func (e *extensible) super(address, start, n, size uint64) error {
	if address == undefined {
		return nil
	}
	pages := uint64(0) // of a data block
	if size > e.perPage {
		pages = size / e.perPage
	}
	bitmap := n * ((pages + 7) / 8)
	if limit := uint64(e.size); n > limit || bitmap > limit {
		return fmt.Errorf("EASB: expected at most %d blocks, found %d", limit, n)
	}
	c, err := e.block(address, int64(4+1+1+e.offsets+e.offset+int(bitmap)+int(n)*e.offsets+sumBytes), "EASB")
	if err != nil {
		return err
	}
	e.begin(c, "EASB")
	c.address() // of the header
	c.skip(e.offset)
	written := c.take(int(bitmap))
	for i := range n {
		if err := e.data(c.address(), start, size, written, i*pages); err != nil {
			return err
		}
		start += size
	}
	return c.err
}

// data reads a data block, or its pages that were written, the bits of which
// begin at page.
func (e *extensible) data(address, start, size uint64, written []byte, page uint64) error {
	if address == undefined {
		return nil
	}
	if size > e.perPage && written == nil {
		return errors.New("EAIB: expected blocks without pages")
	}
	if size > uint64(e.size) {
		return fmt.Errorf("EADB: expected at most %d elements, found %d", e.size, size)
	}
	head := 4 + 1 + 1 + e.offsets + e.offset + sumBytes
	bytes := int64(head)
	if size <= e.perPage {
		bytes += int64(size) * int64(e.each)
	}
	c, err := e.block(address, bytes, "EADB")
	if err != nil {
		return err
	}
	e.begin(c, "EADB")
	c.address() // of the header
	c.skip(e.offset)
	if size <= e.perPage {
		return e.elements(c, start, size)
	}
	at := address + uint64(head)
	for first := uint64(0); first < size; first += e.perPage {
		if isSet(written, page) {
			if err := e.page(at, start+first, e.perPage); err != nil {
				return err
			}
		}
		page++
		at += e.perPage*uint64(e.each) + sumBytes
	}
	return nil
}
