package trajectory

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sort"

	"painless/internal/units"
)

// netcdf is the layout of AMBER's convention 1.0 in NetCDF's 64-bit offset
// format, CDF-2, whose numbers are big-endian: a header, the variables that are
// said once, and a record for each frame. The step and, as ASE looks for them,
// the atomic numbers are variables that the convention does not know.
type netcdf struct {
	numbers []int
	fields  fields
	start   int64   // of the first record
	count   [4]byte // of announce
}

// fields is what the records of a file hold beside time, step and coordinates.
type fields struct{ cell, velocities, forces bool }

const (
	fsPerPs = 1000
	// amberVelocity is AMBER's unit of velocity in Å/ps, as AMBER rounds it: what
	// is stored, times the attribute scale_factor, is in Å/ps.
	amberVelocity = 20.455

	netcdfCount = 4  // where the number of records stands
	netcdfAtoms = 56 // and that of atoms
	maxStep     = 1 << 53
)

func (c *netcdf) limit() float64 { return maxSingle }

func (c *netcdf) recordSize() int64 {
	size, vectors := int64(8+8), int64(1)
	if c.fields.cell {
		size += 24 + 24
	}
	if c.fields.velocities {
		vectors++
	}
	if c.fields.forces {
		vectors++
	}
	return size + vectors*12*int64(len(c.numbers))
}

func (c *netcdf) encode(buf []byte, f *Frame, n int) ([]byte, error) {
	b, periodic, err := newBox(&f.Structure)
	if err != nil {
		return buf, err
	}
	has := fields{cell: periodic, velocities: f.Velocities != nil, forces: f.Forces != nil}
	switch {
	case n == 0:
		c.fields = has
		buf = c.header(buf)
		c.start = int64(len(buf))
	case has != c.fields:
		return buf, fmt.Errorf("expected the fields of the first frame, %+v, found %+v", c.fields, has)
	case n == math.MaxInt32:
		return buf, fmt.Errorf("NetCDF counts to %d: expected no more frames", n)
	}
	if f.Step > maxStep {
		return buf, fmt.Errorf("expected a step up to 2⁵³, found %d", f.Step)
	}
	buf = appendDoubles(buf, f.Time/fsPerPs, float64(f.Step))
	if periodic {
		angles := b.degrees()
		buf = appendDoubles(appendDoubles(buf, b.lengths[:]...), angles[:]...)
	}
	buf = appendSingles(buf, &b, f.Positions, 1)
	buf = appendSingles(buf, &b, f.Velocities, fsPerPs/amberVelocity)
	return appendSingles(buf, &b, f.Forces, 1/units.KcalPerMol), nil
}

func appendDoubles(buf []byte, numbers ...float64) []byte {
	for _, x := range numbers {
		buf = binary.BigEndian.AppendUint64(buf, math.Float64bits(x))
	}
	return buf
}

func appendSingles(buf []byte, b *box, vectors [][3]float64, factor float64) []byte {
	for i := range vectors {
		for k := range 3 {
			buf = binary.BigEndian.AppendUint32(buf, math.Float32bits(float32(b.along(k, &vectors[i])*factor)))
		}
	}
	return buf
}

func (c *netcdf) announce(file io.WriterAt, n int) error {
	binary.BigEndian.PutUint32(c.count[:], uint32(n))
	_, err := file.WriteAt(c.count[:], netcdfCount)
	return err
}

func (c *netcdf) find(file io.ReaderAt, size, after int64) (place, error) {
	c.fields = fields{true, true, true} // the longest header
	found := make([]byte, min(size, int64(len(c.header(nil)))))
	if _, err := file.ReadAt(found, 0); err != nil {
		return empty, err
	}
	agree, elements := 0, 0 // as far as the most similar header agrees; where its elements begin
	for i := range 8 {
		c.fields = fields{cell: i&1 != 0, velocities: i&2 != 0, forces: i&4 != 0}
		header := c.header(nil)
		at := differ(found, header, netcdfCount, netcdfCount+4)
		switch {
		case at >= 0:
			if at > agree {
				agree, elements = at, len(header)-4*len(c.numbers)
			}
		case len(found) < len(header):
			return empty, nil // the first frame is torn
		default:
			c.start = int64(len(header))
			return c.records(file, binary.BigEndian.Uint32(found[netcdfCount:]), size, after)
		}
	}
	switch {
	case agree >= elements && elements > 0:
		return empty, fmt.Errorf("expected the elements of the trajectory, found others from atom %d on", (agree-elements)/4)
	case agree >= netcdfAtoms && agree < netcdfAtoms+4 && len(found) >= netcdfAtoms+4:
		return empty, fmt.Errorf("expected the %d atoms of the trajectory, found %d", len(c.numbers), binary.BigEndian.Uint32(found[netcdfAtoms:]))
	}
	return empty, foreign("another header at byte %d", agree)
}

// records looks for the last record of a step up to after, of count records.
func (c *netcdf) records(file io.ReaderAt, count uint32, size, after int64) (place, error) {
	record := c.recordSize()
	n := min(int64(count), math.MaxInt32, (size-c.start)/record)
	var err error
	step := func(i int64) int64 {
		var word [8]byte
		if _, e := file.ReadAt(word[:], c.start+i*record+8); e != nil {
			err = e
		}
		s := math.Float64frombits(binary.BigEndian.Uint64(word[:]))
		if !(s >= 0 && s <= maxStep && s == math.Trunc(s)) {
			err = foreign("step %v of frame %d", s, i)
		}
		return int64(s)
	}
	kept := sort.Search(int(n), func(i int) bool { return err != nil || step(int64(i)) > after })
	p := empty
	if kept > 0 {
		p = place{frames: kept, last: step(int64(kept - 1)), start: c.start + int64(kept-1)*record, end: c.start + int64(kept)*record}
	}
	if kept > 1 {
		p.every = step(1) - step(0)
	}
	return p, err
}

func (c *netcdf) last(file io.ReaderAt, p place) (*Frame, error) {
	raw := make([]byte, p.end-p.start)
	if _, err := file.ReadAt(raw, p.start); err != nil {
		return nil, err
	}
	f := &Frame{Step: p.last, Time: math.Float64frombits(binary.BigEndian.Uint64(raw)) * fsPerPs}
	raw = raw[8+8:]
	if c.fields.cell {
		raw = raw[24+24:]
	}
	f.Positions = make([][3]float64, len(c.numbers))
	for i := range f.Positions {
		for k := range 3 {
			f.Positions[i][k] = float64(math.Float32frombits(binary.BigEndian.Uint32(raw[4*(3*i+k):])))
		}
	}
	return f, nil
}
