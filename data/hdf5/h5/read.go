package h5

import (
	"cmp"
	"fmt"
	"slices"
)

// readChunks puts together the chunks that have rows from first to last.
func (d *Dataset) readChunks(to []byte, first, last uint64) (complete bool, err error) {
	if !d.indexed {
		if d.chunks, err = d.readIndex(); err != nil {
			return false, err
		}
		d.indexed = true
	}
	perRow := d.grid.total / d.grid.count[0]
	from, end := first/d.grid.chunk[0]*perRow, ((last-1)/d.grid.chunk[0]+1)*perRow
	i, _ := slices.BinarySearchFunc(d.chunks, from, func(s stored, place uint64) int { return cmp.Compare(s.place, place) })
	n := uint64(0)
	for ; i < len(d.chunks) && d.chunks[i].place < end; i++ {
		n++
	}
	complete = n == end-from
	if !complete {
		d.fillIn(to)
	}
	s := newScatter(d, first, last)
	for _, chunk := range d.chunks[i-int(n) : i] {
		s.choose(chunk.place)
		part, whole := s.rows(to)
		if !whole {
			part = buffer(&d.f.decoder.chunk, int(d.chunkBytes))
		}
		if err := d.readChunk(part, chunk); err != nil {
			return false, fmt.Errorf("chunk at address %d: %w", chunk.address, err)
		}
		if !whole {
			s.copy(to, part)
		}
	}
	return complete, nil
}

// readChunk fills to with the values of a chunk.
func (d *Dataset) readChunk(to []byte, s stored) error {
	filters := d.filters
	if d.layout.index.whole && d.atEdge(s.place) {
		filters = nil
	}
	if len(filters) == 0 {
		if int(s.bytes) != len(to) {
			return fmt.Errorf("expected a chunk of %d bytes, found %d", len(to), s.bytes)
		}
		return d.f.readInto(to, s.address)
	}
	b := buffer(&d.f.decoder.stored, int(s.bytes))
	if err := d.f.readInto(b, s.address); err != nil {
		return err
	}
	return d.f.decoder.decode(to, b, filters, s.skipped)
}

// atEdge says whether a chunk is not full.
func (d *Dataset) atEdge(place uint64) bool {
	at := make([]uint64, len(d.Dims))
	d.grid.at(place, at)
	for i, x := range at {
		if (x+1)*d.grid.chunk[i] > d.space.dims[i] {
			return true
		}
	}
	return false
}

// scatter copies chunks to where they are in rows.
type scatter struct {
	d           *Dataset
	first, last uint64
	at          []uint64 // grid indices of a chunk
	run         []uint64 // indices of a run of values in the chunk
	size        []uint64 // how many values of the chunk are meant, along each dimension
	skip        uint64   // values of the chunk's first dimension that are not
}

func newScatter(d *Dataset, first, last uint64) *scatter {
	n := len(d.Dims)
	return &scatter{d: d, first: first, last: last, at: make([]uint64, n), run: make([]uint64, n), size: make([]uint64, n)}
}

// choose finds which values of the chunk at a place are meant.
func (s *scatter) choose(place uint64) {
	chunk, dims := s.d.grid.chunk, s.d.space.dims
	s.d.grid.at(place, s.at)
	begin := s.at[0] * chunk[0]
	s.skip = max(s.first, begin) - begin
	for i := range s.size {
		s.size[i] = min(chunk[i], dims[i]-s.at[i]*chunk[i])
	}
	s.size[0] = min(begin+chunk[0], s.last) - begin - s.skip
}

// rows is where the chunk's rows are, if they are whole; whole says that these are
// all of the chunk.
func (s *scatter) rows(to []byte) (part []byte, whole bool) {
	chunk := s.d.grid.chunk
	if !slices.Equal(chunk[1:], s.d.space.dims[1:]) {
		return nil, false
	}
	row := uint64(s.d.row)
	part = to[(s.at[0]*chunk[0]+s.skip-s.first)*row:][:s.size[0]*row]
	return part, s.size[0] == chunk[0]
}

// copy copies what is meant of a chunk, a run of the last dimension at a time, or
// all of it where the chunk has whole rows.
func (s *scatter) copy(to, b []byte) {
	if part, _ := s.rows(to); part != nil {
		copy(part, b[s.skip*uint64(s.d.row):])
		return
	}
	chunk, dims := s.d.grid.chunk, s.d.space.dims
	clear(s.run)
	last := len(dims) - 1
	width := uint64(s.d.Type.Size)
	for {
		source, target := uint64(0), uint64(0)
		for i := range dims {
			x, y := s.run[i], s.at[i]*chunk[i]+s.run[i]
			if i == 0 {
				x, y = x+s.skip, y+s.skip-s.first
			}
			source, target = source*chunk[i]+x, target*dims[i]+y
		}
		n := s.size[last] * width
		copy(to[target*width:][:n], b[source*width:][:n])
		i := last - 1
		for ; i >= 0; i-- {
			if s.run[i]++; s.run[i] < s.size[i] {
				break
			}
			s.run[i] = 0
		}
		if i < 0 {
			return
		}
	}
}
