package checkpoint

import (
	"math/big"
	"slices"
	"strings"
)

// numpyTypes is NumPy's types that PyTorch has too.
var numpyTypes = map[string]DType{"f2": Float16, "f4": Float32, "f8": Float64, "i1": Int8, "i2": Int16, "i4": Int32, "i8": Int64,
	"u1": Uint8, "u2": Uint16, "u4": Uint32, "u8": Uint64, "b1": Bool, "c8": Complex64, "c16": Complex128}

// numpyType reads numpy.dtype("f8", …), whose state has the order of bytes.
func numpyType(v any) (dtype DType, bigEndian, ok bool) {
	o, isObject := v.(*Object)
	if !isObject || o.Class != "numpy.dtype" || len(o.Args) == 0 {
		return 0, false, false
	}
	name, _ := o.Args[0].(string)
	dtype, ok = numpyTypes[name]
	state, isTuple := o.State.(*list)
	return dtype, isTuple && len(state.items) > 1 && state.items[1] == ">", ok
}

// numpyScalar is a number from its type and its bytes. Types that are no plain
// numbers make a placeholder.
func numpyScalar(allow *allowance, args []any) (any, error) {
	placeholder := func() (any, error) { return newObject(allow, "numpy scalar", args) }
	if len(args) != 2 {
		return placeholder()
	}
	dtype, bigEndian, ok := numpyType(args[0])
	raw, isBytes := args[1].([]byte)
	if !ok || !isBytes || len(raw) != dtype.Size() {
		return placeholder()
	}
	if err := allow.take(objectBytes); err != nil {
		return nil, err
	}
	get, err := (&Storage{DType: dtype, BigEndian: bigEndian}).reader(raw)
	switch {
	case err != nil: // complex
		return placeholder()
	case dtype == Bool:
		return raw[0] != 0, nil
	case dtype == Float16 || dtype == Float32 || dtype == Float64:
		return get(0), nil
	}
	return wholeNumber(raw, dtype, bigEndian), nil
}

// wholeNumber is an int64, or a *big.Int beyond.
func wholeNumber(raw []byte, dtype DType, bigEndian bool) any {
	little := slices.Clone(raw)
	if bigEndian {
		slices.Reverse(little)
	}
	switch dtype {
	case Uint8, Uint16, Uint32, Uint64:
		little = append(little, 0) // no sign
	}
	n := longInteger(little)
	if large, ok := n.(*big.Int); ok && large.IsInt64() {
		return large.Int64()
	}
	return n
}

// numpyArray is the tensor of an array, which is made by a function of NumPy:
// …core.multiarray._reconstruct, whose state is (version, shape, type, in
// Fortran's order, elements), or, in protocol 5, …core.numeric._frombuffer,
// whose arguments are (elements, type, shape, the order "C" or "F").
func numpyArray(allow *allowance, o *Object) (t *Tensor, ok bool) {
	if !strings.HasPrefix(o.Class, "numpy.") {
		return nil, false
	}
	var shape, kind, order, elements any
	switch state, _ := o.State.(*list); {
	case strings.HasSuffix(o.Class, "core.multiarray._reconstruct") && state != nil && len(state.items) == 5:
		shape, kind, order, elements = state.items[1], state.items[2], state.items[3], state.items[4]
	case strings.HasSuffix(o.Class, "core.numeric._frombuffer") && len(o.Args) == 4:
		shape, kind, order, elements = o.Args[2], o.Args[1], o.Args[3] == "F", o.Args[0]
	}
	sizes, err := integers(shape)
	dtype, bigEndian, known := numpyType(kind)
	fortran, isBool := order.(bool)
	raw, isBytes := elements.([]byte)
	if err != nil || !known || !isBool || !isBytes {
		return nil, false
	}
	t, err = wholeTensor(allow, &Storage{DType: dtype, Data: raw, BigEndian: bigEndian}, int64(len(raw)), sizes)
	if err != nil {
		return nil, false
	}
	if fortran {
		step := 1
		for k, n := range t.Shape {
			t.Strides[k] = step
			step *= n
		}
	}
	return t, true
}
