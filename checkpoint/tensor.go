package checkpoint

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
)

// DType is the type of a tensor's elements.
type DType int

// The types that PyTorch stores.
const (
	Float16 DType = iota + 1
	BFloat16
	Float32
	Float64
	Int8
	Int16
	Int32
	Int64
	Uint8
	Bool
	Complex64
	Complex128
	Uint16
	Uint32
	Uint64
	Complex32
)

// dtypes is their names, sizes in bytes and storage classes; the newest have
// none, and are made of untyped storages.
var dtypes = map[DType]struct {
	name    string
	size    int
	storage string
}{
	Float16:    {"float16", 2, "HalfStorage"},
	BFloat16:   {"bfloat16", 2, "BFloat16Storage"},
	Float32:    {"float32", 4, "FloatStorage"},
	Float64:    {"float64", 8, "DoubleStorage"},
	Int8:       {"int8", 1, "CharStorage"},
	Int16:      {"int16", 2, "ShortStorage"},
	Int32:      {"int32", 4, "IntStorage"},
	Int64:      {"int64", 8, "LongStorage"},
	Uint8:      {"uint8", 1, "ByteStorage"},
	Bool:       {"bool", 1, "BoolStorage"},
	Complex64:  {"complex64", 8, "ComplexFloatStorage"},
	Complex128: {"complex128", 16, "ComplexDoubleStorage"},
	Uint16:     {"uint16", 2, ""},
	Uint32:     {"uint32", 4, ""},
	Uint64:     {"uint64", 8, ""},
	Complex32:  {"complex32", 4, ""},
}

// String is the type's name, such as float32.
func (d DType) String() string { return dtypes[d].name }

// Size is an element's size in bytes.
func (d DType) Size() int { return dtypes[d].size }

// IsFloat reports whether the elements are real numbers that need not be whole.
func (d DType) IsFloat() bool {
	_, ok := formats[d]
	return ok
}

// dtypeNames is the types by PyTorch's names, such as torch.float32.
var dtypeNames = func() map[string]DType {
	names := map[string]DType{}
	for d, info := range dtypes {
		names["torch."+info.name] = d
	}
	return names
}()

// Tensor is a view of a storage: element [i, j, …] is the storage's element
// Offset + i·Strides[0] + j·Strides[1] + ….
type Tensor struct {
	Shape, Strides []int
	Offset         int
	Storage        *Storage
}

// FromFloat64s is a contiguous float64 tensor with the given values.
func FromFloat64s(shape []int, values []float64) *Tensor {
	data := make([]byte, 0, 8*len(values))
	for _, x := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
	}
	return contiguous(shape, &Storage{DType: Float64, Data: data})
}

// FromInt8s is a contiguous int8 tensor with the given values.
func FromInt8s(shape []int, values []int8) *Tensor {
	data := make([]byte, len(values))
	for i, x := range values {
		data[i] = byte(x)
	}
	return contiguous(shape, &Storage{DType: Int8, Data: data})
}

// wholeTensor is all of a storage, of so many bytes, in row-major order.
func wholeTensor(allow *allowance, s *Storage, bytes int64, shape []int64) (*Tensor, error) {
	if err := allow.take(storageBytes); err != nil {
		return nil, err
	}
	if len(shape) > maxDimensions {
		return nil, fmt.Errorf("expected at most %d dimensions, found %d", maxDimensions, len(shape))
	}
	strides, elements := make([]int64, len(shape)), int64(1)
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = elements
		if n := shape[k]; n < 0 || n > 0 && elements > math.MaxInt32/n {
			return nil, fmt.Errorf("shape %v: expected no negative numbers, and fewer than 2³¹ elements", shape)
		}
		elements *= shape[k]
	}
	if size := elements * int64(s.DType.Size()); size != bytes {
		return nil, fmt.Errorf("expected %d bytes for shape %v of %s, found %d", size, shape, s.DType, bytes)
	}
	s.elements = int(elements)
	return newTensor(allow, s, 0, shape, strides)
}

// maxDimensions of a tensor is PyTorch's own.
const maxDimensions = 64

// newTensor checks that a view stays within its storage.
func newTensor(allow *allowance, storage *Storage, offset int64, shape, strides []int64) (*Tensor, error) {
	if len(shape) != len(strides) {
		return nil, fmt.Errorf("tensor of shape %v: expected as many strides, found %v", shape, strides)
	}
	n := len(shape)
	if err := allow.take(tensorBytes + 2*numberBytes*n); err != nil {
		return nil, err
	}
	numbers := make([]int, 2*n)
	t := &Tensor{Offset: int(offset), Shape: numbers[:n:n], Strides: numbers[n:], Storage: storage}
	if storage.tensors++; storage.tensors > 1 {
		storage.share()
	}
	elements, size := int64(1), int64(storage.Len())
	for k := range shape {
		if shape[k] < 0 || strides[k] < 0 || shape[k] > math.MaxInt32 {
			return nil, fmt.Errorf("tensor of shape %v, strides %v: expected no negative and no huge numbers", shape, strides)
		}
		t.Shape[k], t.Strides[k] = int(shape[k]), int(strides[k])
		if elements *= shape[k]; elements > math.MaxInt32 {
			return nil, fmt.Errorf("tensor of shape %v: expected fewer than 2³¹ elements", shape)
		}
	}
	if offset < 0 || offset > size {
		return nil, outside(shape, strides, offset, size)
	}
	if elements == 0 {
		return t, nil
	}
	last := offset
	for k := range shape {
		if strides[k] > 0 && shape[k]-1 > size/strides[k] { // the product below could overflow
			return nil, outside(shape, strides, offset, size)
		}
		if last += (shape[k] - 1) * strides[k]; last >= size {
			return nil, outside(shape, strides, offset, size)
		}
	}
	if last >= size {
		return nil, outside(shape, strides, offset, size)
	}
	return t, nil
}

func outside(shape, strides []int64, offset, size int64) error {
	return fmt.Errorf("tensor of shape %v, strides %v, offset %d: expected to lie within its storage of %d elements", shape, strides, offset, size)
}

// DType is the type of the elements.
func (t *Tensor) DType() DType { return t.Storage.DType }

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// A view may repeat its storage when it is copied out — a stride of 0 makes any
// number of elements of one — but it makes no more than a small multiple of it, or few.
const (
	maxRepeats = 4
	few        = 1 << 16 // elements
)

// Values goes over the elements in row-major order, as often as it is called
// for. Complex tensors are an error.
func (t *Tensor) Values() (iter.Seq[float64], error) {
	if err := t.copyable(); err != nil {
		return nil, err
	}
	data, err := t.Storage.bytes()
	if err != nil {
		return nil, err
	}
	get, err := t.Storage.reader(data)
	if err != nil {
		return nil, err
	}
	return func(yield func(float64) bool) {
		t.each(func(at int) bool { return yield(get(at)) })
	}, nil
}

// Float64s copies the elements out in row-major order. Complex tensors are an error.
func (t *Tensor) Float64s() ([]float64, error) {
	values, err := t.Values()
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq(make([]float64, 0, t.Len()), values), nil
}

// copyable says what keeps the elements from being copied out.
func (t *Tensor) copyable() error {
	if n := t.Len(); n > max(few, maxRepeats*t.Storage.Len()) {
		return fmt.Errorf("%d elements from a storage of %d: expected at most %d times as many", n, t.Storage.Len(), maxRepeats)
	}
	return nil
}

// each goes over the elements in row-major order, at being where in the storage,
// until do says no.
func (t *Tensor) each(do func(at int) bool) {
	outer, columns, stride := t.Shape, 1, 0
	if last := len(t.Shape) - 1; last >= 0 {
		outer, columns, stride = t.Shape[:last], t.Shape[last], t.Strides[last]
	}
	index, row := make([]int, len(outer)), t.Offset
	for range t.Len() / max(columns, 1) {
		for i := range columns {
			if !do(row + i*stride) {
				return
			}
		}
		for k := len(index) - 1; k >= 0; k-- { // count up as an odometer does
			index[k]++
			row += t.Strides[k]
			if index[k] < outer[k] {
				break
			}
			row -= index[k] * t.Strides[k]
			index[k] = 0
		}
	}
}

// reader reads element i of the storage's bytes as a float64.
func (s *Storage) reader(data []byte) (func(i int) float64, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if s.BigEndian {
		order = binary.BigEndian
	}
	u16 := func(i int) uint16 { return order.Uint16(data[2*i:]) }
	u32 := func(i int) uint32 { return order.Uint32(data[4*i:]) }
	u64 := func(i int) uint64 { return order.Uint64(data[8*i:]) }
	switch s.DType {
	case Float16:
		return func(i int) float64 { return halfToFloat(u16(i)) }, nil
	case BFloat16:
		return func(i int) float64 { return float64(math.Float32frombits(uint32(u16(i)) << 16)) }, nil
	case Float32:
		if !s.BigEndian { // as all but a few files are: a call less for each weight
			return func(i int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))) }, nil
		}
		return func(i int) float64 { return float64(math.Float32frombits(u32(i))) }, nil
	case Float64:
		return func(i int) float64 { return math.Float64frombits(u64(i)) }, nil
	case Int8:
		return func(i int) float64 { return float64(int8(data[i])) }, nil
	case Int16:
		return func(i int) float64 { return float64(int16(u16(i))) }, nil
	case Int32:
		return func(i int) float64 { return float64(int32(u32(i))) }, nil
	case Int64:
		return func(i int) float64 { return float64(int64(u64(i))) }, nil
	case Uint16:
		return func(i int) float64 { return float64(u16(i)) }, nil
	case Uint32:
		return func(i int) float64 { return float64(u32(i)) }, nil
	case Uint64:
		return func(i int) float64 { return float64(u64(i)) }, nil
	case Uint8, Bool:
		return func(i int) float64 { return float64(data[i]) }, nil
	}
	return nil, fmt.Errorf("%s: expected real numbers", s.DType)
}

// halfToFloat is IEEE 754 binary16.
func halfToFloat(h uint16) float64 {
	sign, exponent, mantissa := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 != 0 {
		sign = -1
	}
	switch {
	case exponent == 0:
		return sign * math.Ldexp(mantissa, -24)
	case exponent == 31 && mantissa == 0:
		return math.Inf(int(sign))
	case exponent == 31:
		return math.NaN()
	}
	return sign * math.Ldexp(1024+mantissa, exponent-25)
}
