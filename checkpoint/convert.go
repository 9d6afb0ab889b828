package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// format is a floating-point type: bits of its mantissa with the leading one,
// the exponent of its least normal number, and its largest number.
type format struct {
	precision, least int
	largest          float64
}

var formats = map[DType]format{
	Float16:  {11, -14, 65504},
	BFloat16: {8, -126, 0x1.fep127},
	Float32:  {24, -126, math.MaxFloat32},
	Float64:  {53, -1022, math.MaxFloat64},
}

// Round returns the number nearest to x of a floating-point type, the even one of
// two; beyond its largest it is no number of the type.
func (d DType) Round(x float64) float64 { return formats[d].round(x) }

// Convert is t with its elements rounded to the nearest number of a
// floating-point type, the even one of two; contiguous. A finite number that
// is too large is an error.
func (t *Tensor) Convert(to DType) (*Tensor, error) {
	f, ok := formats[to]
	if !ok {
		return nil, fmt.Errorf("%s: expected a floating-point type to convert to", to)
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(values)*to.Size())
	for i, x := range values {
		y := f.round(x)
		if math.Abs(y) > f.largest && !math.IsInf(x, 0) {
			return nil, fmt.Errorf("element %d is %v: %s goes up to %v", i, x, to, f.largest)
		}
		switch to {
		case Float16:
			data = binary.LittleEndian.AppendUint16(data, floatToHalf(y))
		case BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(float32(y))>>16))
		case Float32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(y)))
		default:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(y))
		}
	}
	return contiguous(t.Shape, &Storage{Key: t.Storage.Key, DType: to, Data: data}), nil
}

// round is x to the format's precision, which below its least normal number is
// that number's.
func (f format) round(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	_, exponent := math.Frexp(x) // 2^(exponent−1) ≤ |x| < 2^exponent
	unit := max(exponent-1, f.least) - f.precision + 1
	if unit < -1074 { // float64 itself
		return x
	}
	return math.Ldexp(math.RoundToEven(math.Ldexp(x, -unit)), unit)
}

// floatToHalf is the bits of a number that binary16 holds.
func floatToHalf(x float64) uint16 {
	sign := uint16(math.Float64bits(x) >> 48 & 0x8000)
	x = math.Abs(x)
	switch {
	case math.IsNaN(x):
		return sign | 0x7e00
	case math.IsInf(x, 0):
		return sign | 0x7c00
	case x < 0x1p-14:
		return sign | uint16(x*0x1p24)
	}
	fraction, exponent := math.Frexp(x)
	return sign | uint16(exponent+14)<<10 | uint16((2*fraction-1)*1024)
}

// contiguous is the whole of a storage in row-major order.
func contiguous(shape []int, s *Storage) *Tensor {
	strides, step := make([]int, len(shape)), 1
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = step
		step *= shape[k]
	}
	return &Tensor{Shape: shape, Strides: strides, Storage: s}
}

// IsContiguous reports whether the elements stand in row-major order.
func (t *Tensor) IsContiguous() bool {
	return slices.Equal(t.Strides, contiguous(t.Shape, t.Storage).Strides)
}

// Bytes copies the elements out in row-major order, little-endian.
func (t *Tensor) Bytes() ([]byte, error) {
	if err := t.copyable(); err != nil {
		return nil, err
	}
	content, err := t.Storage.bytes()
	if err != nil {
		return nil, err
	}
	size := t.DType().Size()
	if !t.Storage.BigEndian && t.IsContiguous() {
		return slices.Clone(content[t.Offset*size:][:t.Len()*size]), nil
	}
	data := make([]byte, 0, t.Len()*size)
	word := size // that the order of bytes is within
	if d := t.DType(); d == Complex64 || d == Complex128 {
		word /= 2
	}
	t.each(func(at int) bool {
		element := content[at*size:][:size]
		if !t.Storage.BigEndian {
			data = append(data, element...)
			return true
		}
		for from := 0; from < size; from += word {
			for k := word - 1; k >= 0; k-- {
				data = append(data, element[from+k])
			}
		}
		return true
	})
	return data, nil
}
