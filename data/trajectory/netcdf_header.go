package trajectory

import (
	"encoding/binary"
	"math"
)

// The tags and types of NetCDF's classic formats.
const (
	ncDimension = 10
	ncVariable  = 11
	ncAttribute = 12

	ncChar   = 2
	ncInt    = 4
	ncFloat  = 5
	ncDouble = 6
)

var ncSize = map[uint32]int64{ncChar: 1, ncInt: 4, ncFloat: 4, ncDouble: 8}

// The dimensions, by their numbers; frame is the one that grows, and those of
// the cell are there only where there is one.
const (
	dimFrame = iota
	dimSpatial
	dimAtom
	dimCellSpatial
	dimCellAngular
	dimLabel
)

type ncVar struct {
	name  string
	kind  uint32
	dims  []int
	units string
	scale float64 // scale_factor, where it is not 0
	once  []byte  // the values of a variable that is not in the records
}

// header is what stands before the first record of a file without any.
func (c *netcdf) header(buf []byte) []byte {
	names := []string{"frame", "spatial", "atom", "cell_spatial", "cell_angular", "label"}
	sizes := []int64{0, 3, int64(len(c.numbers)), 3, 3, 5}
	if !c.fields.cell {
		names, sizes = names[:dimCellSpatial], sizes[:dimCellSpatial]
	}
	variables := c.variables()
	h := &ncHeader{}
	h.write(names, sizes, variables, 0)
	start := int64(len(h.text)) // of the values
	h.text = h.text[:0]
	h.write(names, sizes, variables, start)
	for _, v := range variables {
		h.text = append(h.text, v.once...)
		h.pad()
	}
	return append(buf, h.text...)
}

// variables is those that are said once, and then those of the records in order.
func (c *netcdf) variables() []ncVar {
	v := []ncVar{{name: "spatial", kind: ncChar, dims: []int{dimSpatial}, once: []byte("xyz")}}
	if c.fields.cell {
		v = append(v, ncVar{name: "cell_spatial", kind: ncChar, dims: []int{dimCellSpatial}, once: []byte("abc")},
			ncVar{name: "cell_angular", kind: ncChar, dims: []int{dimCellAngular, dimLabel}, once: []byte("alphabeta gamma")})
	}
	numbers := make([]byte, 0, 4*len(c.numbers))
	for _, z := range c.numbers {
		numbers = binary.BigEndian.AppendUint32(numbers, uint32(z))
	}
	v = append(v, ncVar{name: "Z", kind: ncInt, dims: []int{dimAtom}, once: numbers},
		ncVar{name: "time", kind: ncDouble, dims: []int{dimFrame}, units: "picosecond"},
		ncVar{name: "step", kind: ncDouble, dims: []int{dimFrame}})
	if c.fields.cell {
		v = append(v, ncVar{name: "cell_lengths", kind: ncDouble, dims: []int{dimFrame, dimCellSpatial}, units: "angstrom"},
			ncVar{name: "cell_angles", kind: ncDouble, dims: []int{dimFrame, dimCellAngular}, units: "degree"})
	}
	vectors := []int{dimFrame, dimAtom, dimSpatial}
	v = append(v, ncVar{name: "coordinates", kind: ncFloat, dims: vectors, units: "angstrom"})
	if c.fields.velocities {
		v = append(v, ncVar{name: "velocities", kind: ncFloat, dims: vectors, units: "angstrom/picosecond", scale: amberVelocity})
	}
	if c.fields.forces {
		v = append(v, ncVar{name: "forces", kind: ncFloat, dims: vectors, units: "kilocalorie/mole/angstrom"})
	}
	return v
}

// ncHeader is the text of a header.
type ncHeader struct{ text []byte }

// write writes the header of a file whose values begin at byte start.
func (h *ncHeader) write(names []string, sizes []int64, variables []ncVar, start int64) {
	h.text = append(h.text, "CDF\x02\x00\x00\x00\x00"...) // no records
	h.list(ncDimension, len(names))
	for i, name := range names {
		h.name(name)
		h.word(uint32(sizes[i]))
	}
	about := [][2]string{{"title", "trajectory"}, {"program", "painless"}, {"programVersion", "1"}, {"Conventions", "AMBER"}, {"ConventionVersion", "1.0"}}
	h.list(ncAttribute, len(about))
	for _, a := range about {
		h.attribute(a[0], a[1])
	}
	h.list(ncVariable, len(variables))
	for _, v := range variables {
		h.name(v.name)
		h.word(uint32(len(v.dims)))
		size := ncSize[v.kind]
		for _, d := range v.dims {
			h.word(uint32(d))
			if d != dimFrame {
				size *= sizes[d]
			}
		}
		h.attributes(v)
		h.word(v.kind)
		size = (size + 3) &^ 3
		h.word(uint32(size))
		h.text = binary.BigEndian.AppendUint64(h.text, uint64(start))
		start += size
	}
}

func (h *ncHeader) attributes(v ncVar) {
	count := 0
	if v.units != "" {
		count++
	}
	if v.scale != 0 {
		count++
	}
	if count == 0 {
		h.list(0, 0)
		return
	}
	h.list(ncAttribute, count)
	if v.units != "" {
		h.attribute("units", v.units)
	}
	if v.scale != 0 {
		h.name("scale_factor")
		h.word(ncDouble)
		h.word(1)
		h.text = binary.BigEndian.AppendUint64(h.text, math.Float64bits(v.scale))
	}
}

func (h *ncHeader) attribute(name, value string) {
	h.name(name)
	h.word(ncChar)
	h.name(value)
}

func (h *ncHeader) list(tag uint32, count int) {
	h.word(tag)
	h.word(uint32(count))
}

// name writes a text after its length.
func (h *ncHeader) name(text string) {
	h.word(uint32(len(text)))
	h.text = append(h.text, text...)
	h.pad()
}

func (h *ncHeader) word(x uint32) { h.text = binary.BigEndian.AppendUint32(h.text, x) }

func (h *ncHeader) pad() {
	for len(h.text)%4 != 0 {
		h.text = append(h.text, 0)
	}
}
