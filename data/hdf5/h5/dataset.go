package h5

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Dataset is an array of values of one type.
type Dataset struct {
	Type  Type
	Dims  []int // of one value there are none
	Chunk []int // values along each dimension; nil where it is in one piece

	f          *File
	space      space
	layout     layout
	filters    []filter
	fill       []byte // a value that was never written
	row        int64  // bytes of what has the same first index
	grid       grid
	chunkBytes uint64
	chunks     []stored
	indexed    bool // chunks are read
}

// Dataset reads what the object says of its values.
func (o *Object) Dataset() (*Dataset, error) {
	if kind := o.Kind(); kind != Array {
		return nil, fmt.Errorf("expected a dataset, found %s", kind)
	}
	d := &Dataset{f: o.f}
	if o.find(externalMessage) != nil {
		return nil, errors.New("expected values in this file, found external storage")
	}
	c, err := o.cursor(datatypeMessage, "datatype")
	if err == nil {
		d.Type, err = parseType(c)
	}
	if err != nil {
		return nil, err
	}
	if c, err = o.cursor(dataspaceMessage, "dataspace"); err == nil {
		d.space, err = parseSpace(c)
	}
	if err != nil {
		return nil, err
	}
	if c, err = o.cursor(layoutMessage, "layout"); err == nil {
		d.layout, err = parseLayout(c)
	}
	if err != nil {
		return nil, err
	}
	if o.find(filtersMessage) != nil {
		if c, err = o.cursor(filtersMessage, "filters"); err == nil {
			d.filters, err = parseFilters(c)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.readFill(o); err != nil {
		return nil, fmt.Errorf("fill value: %w", err)
	}
	return d, d.check()
}

// readFill reads the value of what was never written, which is 0 where nothing
// is said.
func (d *Dataset) readFill(o *Object) error {
	size := 0
	var c *cursor
	var err error
	switch {
	case o.find(fillMessage) != nil:
		if c, err = o.cursor(fillMessage, "fill value"); err != nil {
			return err
		}
		const defined = 1 << 5
		if version := c.version("fill value", 1, 2, 3); version == 3 {
			if c.byte()&defined != 0 {
				size = int(c.uint32())
			}
		} else {
			c.skip(2) // when space is taken and filled
			if c.byte() != 0 || version == 1 {
				size = int(c.uint32())
			}
		}
	case o.find(oldFillMessage) != nil:
		if c, err = o.cursor(oldFillMessage, "fill value"); err != nil {
			return err
		}
		size = int(c.uint32())
	default:
		return nil
	}
	d.fill = c.take(size)
	if c.err == nil && len(d.fill) != 0 && len(d.fill) != d.Type.Size {
		return fmt.Errorf("expected %d bytes, found %d", d.Type.Size, len(d.fill))
	}
	return c.err
}

// maxChunk is the most bytes of a chunk in a file of these bytes: no more than it
// may hold, and what is worth the memory.
func maxChunk(size int64) int64 { return 32<<20 + size/2 }

// check checks the numbers, and that the values are in the file as far as they
// are in one piece.
func (d *Dataset) check() error {
	n, err := d.space.count()
	if err != nil {
		return err
	}
	bytes, ok := product(n, uint64(d.Type.Size))
	if !ok {
		return fmt.Errorf("expected a smaller array, found %v", d.space.dims)
	}
	for _, n := range d.space.dims {
		if n > math.MaxInt32<<8 {
			return fmt.Errorf("expected a smaller array, found %v", d.space.dims)
		}
		d.Dims = append(d.Dims, int(n))
	}
	row, _ := product(append(slices.Clone(d.space.dims[min(1, len(d.Dims)):]), uint64(d.Type.Size))...)
	d.row = int64(row)
	switch d.layout.class {
	case compactLayout:
		if uint64(len(d.layout.compact)) < bytes {
			return fmt.Errorf("expected %d bytes in the header, found %d", bytes, len(d.layout.compact))
		}
	case contiguousLayout:
		if d.layout.address == undefined || bytes == 0 {
			return nil
		}
		if d.layout.bytes < bytes {
			return fmt.Errorf("expected %d bytes, found %d", bytes, d.layout.bytes)
		}
		return d.f.within(d.layout.address, int64(bytes))
	case chunkedLayout:
		return d.checkChunks()
	}
	return nil
}

func (d *Dataset) checkChunks() (err error) {
	if len(d.layout.chunk) != len(d.Dims) {
		return fmt.Errorf("expected chunks of %d dimensions, found %v", len(d.Dims), d.layout.chunk)
	}
	if d.layout.width != uint64(d.Type.Size) {
		return fmt.Errorf("expected chunks of values of %d bytes, found %d", d.Type.Size, d.layout.width)
	}
	var ok bool
	limit := maxChunk(d.f.size)
	if d.chunkBytes, ok = product(append(slices.Clone(d.layout.chunk), d.layout.width)...); !ok || d.chunkBytes > uint64(limit) {
		return fmt.Errorf("expected chunks of at most %d MiB in a file of these bytes, found %v", limit>>20, d.layout.chunk)
	}
	for _, n := range d.layout.chunk {
		d.Chunk = append(d.Chunk, int(n))
	}
	d.grid, err = newGrid(d.space.dims, d.layout.chunk)
	return err
}

// Filtered says whether chunks stand behind filters.
func (d *Dataset) Filtered() bool { return len(d.filters) > 0 }

// Len is the length along the first dimension; a single value has one, nothing none.
func (d *Dataset) Len() int {
	switch {
	case d.space.null:
		return 0
	case len(d.Dims) == 0:
		return 1
	}
	return d.Dims[0]
}

// Null says that there is neither an array nor a value.
func (d *Dataset) Null() bool { return d.space.null }

// RowBytes is the bytes of the values with the same first index.
func (d *Dataset) RowBytes() int64 { return d.row }

// Read fills to with the values from first to last, excluded, of the first
// dimension, in the bytes of the file. Complete says that all of them were once
// written; the fill value stands for those that were not.
func (d *Dataset) Read(to []byte, first, last int) (complete bool, err error) {
	if first < 0 || last < first || last > d.Len() || int64(len(to)) != int64(last-first)*d.row {
		return false, fmt.Errorf("expected rows within %d of %d bytes, found %d to %d and %d bytes", d.Len(), d.row, first, last, len(to))
	}
	if len(to) == 0 {
		return true, nil
	}
	begin := int64(first) * d.row
	switch {
	case d.layout.class == chunkedLayout:
		return d.readChunks(to, uint64(first), uint64(last))
	case d.layout.class == compactLayout:
		copy(to, d.layout.compact[begin:])
	case d.layout.address == undefined:
		d.fillIn(to)
		return false, nil
	default:
		err = d.f.readInto(to, d.layout.address+uint64(begin))
	}
	return err == nil, err
}

// fillIn fills with the fill value.
func (d *Dataset) fillIn(to []byte) {
	clear(to)
	if len(d.fill) == 0 {
		return
	}
	for n := copy(to, d.fill); n > 0 && n < len(to); n *= 2 {
		copy(to[n:], to[:n])
	}
}
