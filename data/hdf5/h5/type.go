package h5

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Type is the type of values, as the file stores them.
type Type struct {
	Kind  TypeKind
	Size  int // bytes of a value
	Order binary.ByteOrder
	name  string
}

// TypeKind is what values are.
type TypeKind byte

// The kinds of types. Of the last one values are not read.
const (
	Signed   TypeKind = iota
	Unsigned          // integers
	Real              // IEEE floats of 16, 32 and 64 bits
	Bool              // h5py's enumeration of int8: FALSE 0, TRUE 1
	Text              // of Size bytes, up to a byte 0
	LongText          // of any length, elsewhere in the file
	OtherType
)

// String is h5py's name of a number's type, or what another type is.
func (t Type) String() string { return t.name }

// Integer is the value that b begins with; of a real number there is none.
func (t Type) Integer(b []byte) int64 {
	var u uint64
	switch t.Size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(t.Order.Uint16(b))
	case 4:
		u = uint64(t.Order.Uint32(b))
	default:
		u = t.Order.Uint64(b)
	}
	if t.Kind == Unsigned {
		return int64(min(u, math.MaxInt64)) // no index or count is that large
	}
	shift := 64 - 8*t.Size
	return int64(u<<shift) >> shift
}

// Float is the value that b begins with.
func (t Type) Float(b []byte) float64 {
	switch {
	case t.Kind != Real:
		return float64(t.Integer(b))
	case t.Size == 2:
		return half(t.Order.Uint16(b))
	case t.Size == 4:
		return float64(math.Float32frombits(t.Order.Uint32(b)))
	default:
		return math.Float64frombits(t.Order.Uint64(b))
	}
}

// Floats fills to with the values that b begins with, as far as there are any,
// and returns how many it has.
func (t Type) Floats(to []float64, b []byte) int {
	n := min(len(to), len(b)/t.Size)
	switch {
	case t.Kind == Real && t.Size == 8 && t.Order == binary.LittleEndian:
		for i := range to[:n] {
			to[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case t.Kind == Real && t.Size == 4 && t.Order == binary.LittleEndian:
		for i := range to[:n] {
			to[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	default:
		for i := range to[:n] {
			to[i] = t.Float(b[i*t.Size:])
		}
	}
	return n
}

// half is a float of 16 bits: a sign, five bits of the exponent and ten of the
// fraction.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&31), float64(b&1023)
	x := math.Ldexp(fraction, -24) // subnormal
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		x = math.Inf(1)
	case exponent > 0:
		x = math.Ldexp(1024+fraction, exponent-25)
	}
	if b>>15 != 0 {
		return -x
	}
	return x
}

// The classes of types.
const (
	integerClass  = 0
	floatClass    = 1
	textClass     = 3
	enumClass     = 8
	variableClass = 9
)

var classNames = map[byte]string{
	2: "a time", 4: "a bit field", 5: "opaque bytes", 6: "a compound", 7: "a reference", enumClass: "an enumeration",
	variableClass: "lists of any length", 10: "an array", 11: "a complex number",
}

// parseType reads a datatype message. Types that are not read are OtherType.
func parseType(c *cursor) (t Type, err error) {
	first := c.byte()
	class, version := first&15, first>>4
	flags, size := c.uint(3), c.uint32()
	if c.err == nil && (version < 1 || version > 5 || size > math.MaxInt32) {
		return t, fmt.Errorf("datatype: expected version 1 to 5, found %d, of %d bytes", version, size)
	}
	t = Type{Kind: OtherType, Size: int(size), Order: binary.LittleEndian, name: classNames[class]}
	if t.name == "" {
		t.name = fmt.Sprintf("a type of class %d", class)
	}
	if flags&1 != 0 {
		t.Order = binary.BigEndian
	}
	switch class {
	case integerClass:
		t.integer(c, flags)
	case floatClass:
		t.float(c, flags)
	case textClass:
		t.Kind, t.Order, t.name = Text, nil, "text"
	case enumClass:
		t.enumeration(c, flags, version)
	case variableClass:
		if flags&15 == 1 {
			t.Kind, t.name = LongText, "text"
		}
	}
	if c.err != nil {
		return t, fmt.Errorf("datatype: %w", c.err)
	}
	return t, nil
}

func (t *Type) integer(c *cursor, flags uint64) {
	offset, precision := c.uint16(), c.uint16()
	t.name = fmt.Sprintf("an integer of %d bits in %d bytes", precision, t.Size)
	if offset != 0 || precision != 8*t.Size || t.Size != 1 && t.Size != 2 && t.Size != 4 && t.Size != 8 {
		return
	}
	if t.Kind, t.name = Unsigned, fmt.Sprintf("uint%d", precision); flags&(1<<3) != 0 {
		t.Kind, t.name = Signed, fmt.Sprintf("int%d", precision)
	}
}

// float knows IEEE's formats: by their size where the exponent is, its bits, and
// its bias.
func (t *Type) float(c *cursor, flags uint64) {
	type format struct{ offset, precision, exponent, exponentBits, fraction, fractionBits, bias, sign, normal int }
	found := format{c.uint16(), c.uint16(), int(c.byte()), int(c.byte()), int(c.byte()), int(c.byte()), int(c.uint32()), int(flags >> 8 & 255), int(flags >> 4 & 3)}
	t.name = fmt.Sprintf("a float of %d bits that is not IEEE's", found.precision)
	bits := map[int]int{2: 5, 4: 8, 8: 11}[t.Size]
	n := 8 * t.Size
	want := format{0, n, n - 1 - bits, bits, 0, n - 1 - bits, 1<<max(bits-1, 0) - 1, n - 1, 2}
	if bits > 0 && found == want && flags&(1<<6) == 0 {
		t.Kind, t.name = Real, fmt.Sprintf("float%d", n)
	}
}

// enumeration knows h5py's bool.
func (t *Type) enumeration(c *cursor, flags uint64, version byte) {
	base, err := parseType(c)
	if err != nil {
		c.err = err
	}
	if c.err != nil || flags != 2 || t.Size != 1 || base.Size != 1 || base.Kind != Signed {
		return
	}
	for _, want := range []string{"FALSE", "TRUE"} {
		n := len(want) + 1
		if version < 3 {
			n = 8 // padded
		}
		if c.text(n) != want {
			return
		}
	}
	if values := c.uint16(); values == 1<<8 {
		t.Kind, t.name = Bool, "bool"
	}
}
