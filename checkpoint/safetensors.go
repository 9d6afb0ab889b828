package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// safetensorsTypes is the types that safetensors and PyTorch both have.
var safetensorsTypes = map[string]DType{
	"F16": Float16, "BF16": BFloat16, "F32": Float32, "F64": Float64,
	"I8": Int8, "I16": Int16, "I32": Int32, "I64": Int64, "U8": Uint8, "U16": Uint16, "U32": Uint32, "U64": Uint64,
	"BOOL": Bool, "C64": Complex64,
}

// maxHeader is the format's own limit.
const maxHeader = 100_000_000

// isSafetensors looks for the header's length and its brace.
func isSafetensors(file []byte) bool {
	return len(file) > 8 && file[8] == '{' && binary.LittleEndian.Uint64(file) <= maxHeader
}

// safetensor is a tensor in the header: bytes Offsets[0] up to Offsets[1] after it.
type safetensor struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// decodeSafetensors reads the length of a header of JSON, the header and the
// tensors, which cover the rest without overlaps or holes.
func decodeSafetensors(file []byte) (*Checkpoint, error) {
	length := binary.LittleEndian.Uint64(file)
	if length > maxHeader || length > uint64(len(file)-8) {
		return nil, fmt.Errorf("safetensors: expected a header of at most %d bytes, found %d", min(maxHeader, len(file)-8), length)
	}
	header, data := file[8:8+length], file[8+length:]
	names, tensors, metadata, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	state := &dict{}
	for _, name := range names {
		t, err := tensors[name].tensor(name, data)
		if err != nil {
			return nil, fmt.Errorf("tensor %.80s: %w", name, err)
		}
		if err := state.set(name, t); err != nil {
			return nil, err
		}
	}
	if err := covered(names, tensors, int64(len(data))); err != nil {
		return nil, err
	}
	c := newCheckpoint("safetensors", []*State{{entries: state}})
	c.Metadata = metadata
	return c, nil
}

// parseHeader reads {"name": {…}, …, "__metadata__": {"key": "text", …}}, each
// name once, in the order of the file.
func parseHeader(header []byte) (names []string, tensors map[string]*safetensor, metadata map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(header))
	if _, err := d.Token(); err != nil { // the brace
		return nil, nil, nil, err
	}
	tensors, metadata = map[string]*safetensor{}, map[string]any{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, nil, nil, err
		}
		name, _ := token.(string)
		if seen[name] {
			return nil, nil, nil, fmt.Errorf("expected %.80q once, found it twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			var texts map[string]string
			if err := d.Decode(&texts); err != nil {
				return nil, nil, nil, fmt.Errorf("__metadata__: expected text: %w", err)
			}
			for key, text := range texts {
				metadata[key] = text
			}
			continue
		}
		t := &safetensor{}
		if err := d.Decode(t); err != nil {
			return nil, nil, nil, fmt.Errorf("tensor %.80q: %w", name, err)
		}
		names, tensors[name] = append(names, name), t
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, nil, err
	}
	if rest := strings.TrimLeft(string(header[d.InputOffset():]), " \t\r\n"); rest != "" {
		return nil, nil, nil, fmt.Errorf("expected the end of the header, found %.20q", rest)
	}
	return names, tensors, metadata, nil
}

func (s *safetensor) tensor(name string, data []byte) (*Tensor, error) {
	dtype, ok := safetensorsTypes[s.DType]
	if !ok {
		return nil, fmt.Errorf("type %.20q is none that can be read: expected one of %q", s.DType, slices.Sorted(maps.Keys(safetensorsTypes)))
	}
	if s.Shape == nil || len(s.Offsets) != 2 {
		return nil, fmt.Errorf("expected a shape and two data_offsets, found %v and %v", s.Shape, s.Offsets)
	}
	from, to := s.Offsets[0], s.Offsets[1]
	if from < 0 || to < from || to > int64(len(data)) {
		return nil, fmt.Errorf("expected data_offsets within %d bytes, found %v", len(data), s.Offsets)
	}
	return wholeTensor(&Storage{Key: name, DType: dtype, Data: data[from:to:to]}, s.Shape)
}

// covered says where the tensors overlap or leave a hole.
func covered(names []string, tensors map[string]*safetensor, size int64) error {
	order := slices.Clone(names)
	slices.SortFunc(order, func(a, b string) int {
		x, y := tensors[a].Offsets, tensors[b].Offsets
		return slices.Compare(x, y)
	})
	end := int64(0)
	for _, name := range order {
		if at := tensors[name].Offsets; at[0] != end {
			return fmt.Errorf("tensor %.80s: expected it to begin at byte %d, where the one before it ends, found %d", name, end, at[0])
		}
		end = tensors[name].Offsets[1]
	}
	if end != size {
		return fmt.Errorf("expected tensors of %d bytes, found %d bytes of them", size, end)
	}
	return nil
}
