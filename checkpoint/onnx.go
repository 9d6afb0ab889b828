package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// onnxTypes is the types of an ONNX tensor that PyTorch has too.
var onnxTypes = map[uint64]DType{1: Float32, 2: Uint8, 3: Int8, 5: Int16, 6: Int32, 7: Int64, 9: Bool, 10: Float16, 11: Float64, 14: Complex64, 15: Complex128, 16: BFloat16}

// isONNX looks for what a model begins with: its IR version.
func isONNX(file []byte) bool { return len(file) > 2 && file[0] == 0x08 && file[1] < 0x80 }

// decodeONNX takes a model's initializers by their names, and what it says of
// itself in metadata_props. The numbers of fields are those of onnx.proto.
func decodeONNX(file []byte) (*Checkpoint, error) {
	state := &dict{}
	c := newCheckpoint("ONNX", []*State{{entries: state}})
	err := eachField(file, func(field int, _ uint64, model []byte) error {
		switch field {
		case 7: // graph
			return eachField(model, func(field int, _ uint64, node []byte) error {
				if field != 5 { // initializer
					return nil
				}
				name, t, err := onnxTensor(node)
				if err != nil {
					return fmt.Errorf("initializer %.80s: %w", name, err)
				}
				return state.set(name, t)
			})
		case 14: // metadata_props
			var entry [3][]byte
			err := eachField(model, func(field int, _ uint64, text []byte) error {
				if field < len(entry) {
					entry[field] = text
				}
				return nil
			})
			c.Metadata[string(entry[1])] = string(entry[2])
			return err
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

// onnxTensor reads a TensorProto whose elements are raw data, or float32 of their own.
func onnxTensor(b []byte) (name string, t *Tensor, err error) {
	var shape []int64
	var raw []byte
	own := map[DType][]byte{} // elements in fields of their types
	var kind uint64
	err = eachField(b, func(field int, x uint64, content []byte) error {
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
			}
			if len(shape) > maxDimensions {
				return fmt.Errorf("expected at most %d dimensions", maxDimensions)
			}
		case 2:
			kind = x
		case 4: // float_data
			own[Float32] = append(own[Float32], content...)
		case 7: // int64_data
			if content == nil {
				own[Int64] = binary.LittleEndian.AppendUint64(own[Int64], x)
			}
			for len(content) > 0 {
				v, n := binary.Uvarint(content)
				if n <= 0 {
					return errProtobuf
				}
				own[Int64], content = binary.LittleEndian.AppendUint64(own[Int64], v), content[n:]
			}
		case 10: // double_data
			own[Float64] = append(own[Float64], content...)
		case 8:
			name = string(content)
		case 9:
			raw = content
		case 13, 14:
			return errors.New("expected the elements in the file, found them elsewhere")
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
	if raw == nil {
		raw = own[dtype]
	}
	t, err = wholeTensor(&Storage{Key: name, DType: dtype, Data: raw[:len(raw):len(raw)]}, shape)
	return name, t, err
}

var errProtobuf = errors.New("expected a protocol buffer, found something else or its end")

// eachField goes over a protocol buffer's fields: numbers, or content.
func eachField(b []byte, do func(field int, x uint64, content []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return errProtobuf
		}
		b = b[n:]
		var x uint64
		var content []byte
		switch key & 7 {
		case 0:
			if x, n = binary.Uvarint(b); n <= 0 {
				return errProtobuf
			}
		case 1, 5:
			if n = 8; key&7 == 5 {
				n = 4
			}
			if n > len(b) {
				return errProtobuf
			}
			content = b[:n]
		case 2:
			size, m := binary.Uvarint(b)
			if m <= 0 || size > uint64(len(b)-m) {
				return errProtobuf
			}
			content, n = b[m:m+int(size):m+int(size)], m+int(size)
		default:
			return errProtobuf
		}
		if err := do(int(key>>3), x, content); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
