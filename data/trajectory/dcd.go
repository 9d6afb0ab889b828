package trajectory

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"painless/internal/vec"
)

// dcd is the layout of DCD as NAMD writes it, little-endian: records of Fortran,
// whose length stands before and after them.
//
//	84  CORD, 20 words (see head)
//	164 2, two lines of 80 characters
//	4   N
//
// and for each frame
//
//	48  A, cos γ, B, cos β, cos α, C in float64, where there is a cell
//	4N  x, float32
//	4N  y
//	4N  z
type dcd struct {
	atoms int
	cell  bool
	head
	words [4 * headWords]byte // of announce
}

// head is what the header says of the frames: frame i is that of step
// first + i·every, at delta fs a step.
type head struct {
	first, every int64
	delta        float64
}

const (
	// akma is the unit of time in which kcal/mol, Å and u go together, fs: rounded
	// as CHARMM, VMD and MDAnalysis have it.
	akma = 48.88821

	headWords = 10 // NSET, ISTART, NSAVC, NSTEP, five of no meaning here, DELTA

	// In bytes from the start of the file.
	dcdCounts = 8                            // head
	dcdCell   = dcdCounts + 4*headWords      // whether there are cells
	dcdAtoms  = 4 + 84 + 4 + 4 + 164 + 4 + 4 // N
	dcdHeader = dcdAtoms + 8                 // the first frame
)

func (d *dcd) limit() float64 { return maxSingle }

func (d *dcd) frameSize() int64 {
	size := 3 * (int64(d.atoms)*4 + 8)
	if d.cell {
		size += 48 + 8
	}
	return size
}

func (d *dcd) encode(buf []byte, f *Frame, n int) ([]byte, error) {
	b, periodic, err := newBox(&f.Structure)
	if err != nil {
		return buf, err
	}
	if n > 0 && periodic != d.cell {
		return buf, fmt.Errorf("expected a cell in all frames of a DCD file or in none: periodic %v, the first frame %v", periodic, d.cell)
	}
	if d.head, err = d.schedule(f, n); err != nil {
		return buf, err
	}
	d.cell = periodic
	if n == 0 {
		buf = d.header(buf)
	}
	le := binary.LittleEndian
	if periodic {
		buf = le.AppendUint32(buf, 48)
		for _, x := range [...]float64{b.lengths[0], b.cosines[2], b.lengths[1], b.cosines[1], b.cosines[0], b.lengths[2]} {
			buf = le.AppendUint64(buf, math.Float64bits(x))
		}
		buf = le.AppendUint32(buf, 48)
	}
	length := uint32(4 * d.atoms)
	for c := range 3 {
		buf = le.AppendUint32(buf, length)
		for i := range f.Positions {
			buf = le.AppendUint32(buf, math.Float32bits(float32(b.along(c, &f.Positions[i]))))
		}
		buf = le.AppendUint32(buf, length)
	}
	return buf, nil
}

// schedule is what the header has to say with frame n, or why it cannot.
func (d *dcd) schedule(f *Frame, n int) (head, error) {
	h := d.head
	switch {
	case n == 0:
		h.first, h.every, h.delta = f.Step, 1, 0
	case n == 1:
		h.every = f.Step - h.first
	}
	if n < 2 && f.Step > 0 {
		h.delta = f.Time / float64(f.Step)
	}
	if due := h.first + int64(n)*h.every; f.Step != due {
		return h, fmt.Errorf("DCD holds frames at equal intervals: expected step %d; extended XYZ and NetCDF hold any", due)
	}
	if f.Step > math.MaxInt32 || n == math.MaxInt32 {
		return h, fmt.Errorf("DCD counts to %d: expected no higher step", math.MaxInt32)
	}
	at := func(step int64) float64 { return float64(step) * h.delta }
	if !near(at(f.Step), f.Time) || n == 1 && !near(at(h.first), float64(h.first)*d.delta) {
		return h, fmt.Errorf("DCD holds one time step, and step 0 at time 0: expected %v fs, found %v fs; extended XYZ and NetCDF hold any",
			float64(f.Step)*d.delta, f.Time)
	}
	return h, nil
}

// near allows for a time that was summed up step by step, and for a float32.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }

// header is that of a file without frames.
func (d *dcd) header(buf []byte) []byte {
	le := binary.LittleEndian
	buf = append(le.AppendUint32(buf, 84), "CORD"...)
	buf = d.append(buf, 0)
	for _, word := range [...]uint32{flag(d.cell), 0, 0, 0, 0, 0, 0, 0, 0, 24, 84, 164, 2} { // 24: a version of CHARMM
		buf = le.AppendUint32(buf, word)
	}
	for _, title := range [...]string{"CREATED BY PAINLESS", "ANGSTROM, AKMA TIME UNITS; CELL AS IN NAMD"} {
		buf = fmt.Appendf(buf, "%-80s", title)
	}
	for _, word := range [...]uint32{164, 4, uint32(d.atoms), 4} {
		buf = le.AppendUint32(buf, word)
	}
	return buf
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// append appends the words of a file of n frames.
func (h *head) append(buf []byte, n int) []byte {
	steps := int64(n) * h.every
	words := [headWords]uint32{uint32(n), uint32(h.first), uint32(h.every), uint32(min(steps, math.MaxInt32))}
	words[headWords-1] = math.Float32bits(float32(h.delta / akma))
	for _, word := range words {
		buf = binary.LittleEndian.AppendUint32(buf, word)
	}
	return buf
}

func (d *dcd) announce(file io.WriterAt, n int) error {
	_, err := file.WriteAt(d.head.append(d.words[:0], n), dcdCounts)
	return err
}

func (d *dcd) find(file io.ReaderAt, size, after int64) (place, error) {
	found := make([]byte, min(size, dcdHeader))
	if _, err := file.ReadAt(found, 0); err != nil {
		return empty, err
	}
	d.cell = len(found) > dcdCell && found[dcdCell] != 0
	if at := differ(found, d.header(nil), dcdCounts, dcdCounts+4*headWords); at >= dcdAtoms && len(found) == dcdHeader {
		return empty, fmt.Errorf("expected the %d atoms of the trajectory, found %d", d.atoms, binary.LittleEndian.Uint32(found[dcdAtoms:]))
	} else if at >= 0 {
		return empty, foreign("another header at byte %d", at)
	}
	if size < dcdHeader { // the first frame is torn
		return empty, nil
	}
	word := func(i int) int64 { return int64(int32(binary.LittleEndian.Uint32(found[dcdCounts+4*i:]))) }
	n := min(word(0), (size-dcdHeader)/d.frameSize())
	d.first, d.every = word(1), word(2)
	d.delta = float64(math.Float32frombits(uint32(word(headWords-1)))) * akma
	switch {
	case n < 1:
		return empty, nil
	case d.first < 0 || d.every < 1 || !vec.Finite(d.delta):
		return empty, foreign("%d frames of every %d steps of %v fs from step %d on", n, d.every, d.delta, d.first)
	case after < d.first:
		return empty, nil
	}
	if after < d.first+(n-1)*d.every {
		n = (after-d.first)/d.every + 1
	}
	p := place{frames: int(n), last: d.first + (n-1)*d.every, start: dcdHeader + (n-1)*d.frameSize(), end: dcdHeader + n*d.frameSize()}
	if n > 1 {
		p.every = d.every
	}
	return p, nil
}

func (d *dcd) last(file io.ReaderAt, p place) (*Frame, error) {
	raw := make([]byte, p.end-p.start)
	if _, err := file.ReadAt(raw, p.start); err != nil {
		return nil, err
	}
	if d.cell {
		raw = raw[48+8:]
	}
	f := &Frame{Step: p.last, Time: float64(p.last) * d.delta}
	f.Positions = make([][3]float64, d.atoms)
	for c := range 3 {
		raw = raw[4:]
		for i := range f.Positions {
			f.Positions[i][c] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		raw = raw[4*d.atoms+4:]
	}
	return f, nil
}

// differ is the first byte in which two texts differ as far as both go, outside
// [from, to); −1 where there is none.
func differ(a, b []byte, from, to int) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && (i < from || i >= to) {
			return i
		}
	}
	return -1
}
