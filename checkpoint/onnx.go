package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// onnxTypes is the types of an ONNX tensor that PyTorch has too.
var onnxTypes = map[uint64]DType{1: Float32, 2: Uint8, 3: Int8, 5: Int16, 6: Int32, 7: Int64, 9: Bool, 10: Float16, 11: Float64, 14: Complex64, 15: Complex128, 16: BFloat16}

// isONNX looks for what a model begins with: its IR version.
func isONNX(head string) bool { return len(head) > 2 && head[0] == 0x08 && head[1] < 0x80 }

// decodeONNX takes a model's initializers by their names, and what it says of
// itself in metadata_props. The numbers of fields are those of onnx.proto.
func decodeONNX(src *source) (*Checkpoint, error) {
	file, err := src.bytes(0, src.size)
	if err != nil {
		return nil, err
	}
	state := &dict{}
	c := newCheckpoint("ONNX", []*State{{entries: state}})
	var model once
	err = eachField(file, func(field int, kind wire, _ uint64, content []byte) error {
		if (field == 7 || field == 14) && kind != bytesWire {
			return errProtobuf
		}
		switch field {
		case 7: // graph
			if err := model.see(field, "graph"); err != nil {
				return err
			}
			return readGraph(content, state, src.allow)
		case 14: // metadata_props
			return readProperty(content, c.Metadata, src.allow)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ONNX: %w", err)
	}
	if len(state.entries) == 0 {
		return nil, errors.New("ONNX: expected initializers, found none")
	}
	return c, nil
}

// once is the fields of a message that were there; bit k is field k.
type once uint32

func (o *once) see(field int, what string) error {
	if *o&(1<<field) != 0 {
		return fmt.Errorf("expected %s once, found it twice", what)
	}
	*o |= 1 << field
	return nil
}

func readGraph(graph []byte, state *dict, allow *allowance) error {
	return eachField(graph, func(field int, kind wire, _ uint64, content []byte) error {
		if field != 5 { // initializer
			return nil
		}
		if kind != bytesWire {
			return errProtobuf
		}
		name, t, err := onnxTensor(content, allow)
		if err == nil {
			err = allow.take(textBytes + len(name))
		}
		if _, twice := state.at(name); twice && err == nil {
			err = errors.New("expected one of that name, found two")
		}
		if err == nil {
			err = state.set(allow, name, t)
		}
		if err != nil {
			return fmt.Errorf("initializer %.80q: %w", name, err)
		}
		return nil
	})
}

// readProperty reads a key and its text.
func readProperty(content []byte, metadata map[string]any, allow *allowance) error {
	var entry [3]string
	var seen once
	err := eachField(content, func(field int, kind wire, _ uint64, text []byte) error {
		if field >= len(entry) {
			return nil
		}
		if kind != bytesWire || !utf8.Valid(text) {
			return fmt.Errorf("metadata: expected text in UTF-8, found %.80q", text)
		}
		if err := allow.take(indexBytes + len(text)); err != nil {
			return err
		}
		entry[field] = string(text)
		return seen.see(field, "a key and a value of metadata")
	})
	if _, twice := metadata[entry[1]]; twice && err == nil {
		err = fmt.Errorf("metadata: expected %.80q once, found it twice", entry[1])
	}
	metadata[entry[1]] = entry[2]
	return err
}

// onnxWires is how the fields of a TensorProto that are read may be written.
var onnxWires = map[int][]wire{
	1: {varintWire, bytesWire}, 2: {varintWire}, 4: {fixed32Wire, bytesWire}, 7: {varintWire, bytesWire}, 8: {bytesWire}, 9: {bytesWire},
	10: {fixed64Wire, bytesWire}, 14: {varintWire},
}

// onnxTensor reads a TensorProto whose elements are raw data, or of their own type.
func onnxTensor(b []byte, allow *allowance) (name string, t *Tensor, err error) {
	var shape []int64
	var raw []byte
	own := map[DType][]byte{} // elements in fields of their types
	var kind uint64
	var seen once
	err = eachField(b, func(field int, how wire, x uint64, content []byte) error {
		if ways, ok := onnxWires[field]; ok && !slices.Contains(ways, how) {
			return errProtobuf
		}
		switch field {
		case 1: // dims, one by one or packed
			if content == nil {
				shape = append(shape, int64(x))
			}
			for len(content) > 0 {
				d, n := binary.Uvarint(content)
				if n <= 0 {
					return errProtobuf
				}
				shape, content = append(shape, int64(d)), content[n:]
				if len(shape) > maxDimensions {
					break
				}
			}
			if len(shape) > maxDimensions {
				return fmt.Errorf("expected at most %d dimensions", maxDimensions)
			}
		case 2:
			kind = x
			return seen.see(field, "a type")
		case 3: // segment
			return errors.New("expected a whole tensor, found a part of one")
		case 4: // float_data
			return addTo(own, Float32, content, allow)
		case 7: // int64_data
			if content == nil {
				content = binary.AppendUvarint(nil, x)
			}
			if content, err = fromVarints(content, allow); err != nil {
				return err
			}
			return addTo(own, Int64, content, allow)
		case 10: // double_data
			return addTo(own, Float64, content, allow)
		case 8:
			name = string(content)
			return seen.see(field, "a name")
		case 9:
			raw = content
			return seen.see(field, "its elements")
		case 13, 14: // external_data; data_location, of which 0 is this file
			if field == 13 || x != 0 {
				return errors.New("expected the elements in the file, found them elsewhere")
			}
		}
		return nil
	})
	if err != nil {
		return name, nil, err
	}
	dtype, ok := onnxTypes[kind]
	if !ok {
		return name, nil, fmt.Errorf("type %d is none that can be read", kind)
	}
	for d, elements := range own {
		switch {
		case len(elements) == 0:
		case raw != nil || d != dtype:
			return name, nil, fmt.Errorf("expected elements of %s once, found those of %s too", dtype, d)
		default:
			raw = elements
		}
	}
	t, err = wholeTensor(allow, &Storage{Key: name, DType: dtype, Data: raw[:len(raw):len(raw)]}, int64(len(raw)), shape)
	return name, t, err
}

// addTo adds elements of a type to those before them, which there seldom are.
func addTo(own map[DType][]byte, d DType, elements []byte, allow *allowance) (err error) {
	if len(own[d]) == 0 {
		own[d] = elements[:len(elements):len(elements)]
		return nil
	}
	if own[d], err = room(allow, own[d], len(elements)); err == nil {
		own[d] = append(own[d], elements...)
	}
	return err
}

// fromVarints makes numbers of 8 bytes.
func fromVarints(content []byte, allow *allowance) ([]byte, error) {
	n := 0
	for _, b := range content {
		if b < 0x80 { // the last of a number
			n++
		}
	}
	if err := allow.take(8 * n); err != nil {
		return nil, err
	}
	numbers := make([]byte, 0, 8*n)
	for len(content) > 0 {
		x, size := binary.Uvarint(content)
		if size <= 0 {
			return nil, errProtobuf
		}
		numbers, content = binary.LittleEndian.AppendUint64(numbers, x), content[size:]
	}
	return numbers, nil
}

var errProtobuf = errors.New("expected a protocol buffer, found something else or its end")

// wire is how a field of a protocol buffer is written.
type wire byte

const (
	varintWire  wire = 0
	fixed64Wire wire = 1
	bytesWire   wire = 2
	fixed32Wire wire = 5
)

// eachField goes over a protocol buffer's fields: numbers, or content.
func eachField(b []byte, do func(field int, kind wire, x uint64, content []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return errProtobuf
		}
		b = b[n:]
		var x uint64
		var content []byte
		kind := wire(key & 7)
		switch kind {
		case varintWire:
			if x, n = binary.Uvarint(b); n <= 0 {
				return errProtobuf
			}
		case fixed64Wire, fixed32Wire:
			if n = 8; kind == fixed32Wire {
				n = 4
			}
			if n > len(b) {
				return errProtobuf
			}
			content = b[:n]
		case bytesWire:
			size, m := binary.Uvarint(b)
			if m <= 0 {
				return errProtobuf
			}
			if size > uint64(len(b)-m) {
				return fmt.Errorf("expected %d bytes of field %d, found %d: %w", size, key>>3, len(b)-m, errCut)
			}
			content, n = b[m:m+int(size):m+int(size)], m+int(size)
		default:
			return errProtobuf
		}
		if err := do(int(key>>3), kind, x, content); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
