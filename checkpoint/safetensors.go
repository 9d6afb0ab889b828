package checkpoint

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
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
func isSafetensors(head string) bool {
	return len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64([]byte(head[:8])) <= maxHeader
}

// safetensor is a tensor in the header: bytes Offsets[0] up to Offsets[1] after it.
type safetensor struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// decodeSafetensors reads the length of a header of JSON, the header and the
// tensors, which cover the rest without overlaps or holes.
func decodeSafetensors(src *source) (*Checkpoint, error) {
	head, err := src.text(0, 8)
	if err != nil {
		return nil, err
	}
	f := fields(head)
	length, rest := f.next(8), uint64(src.size-8)
	if length > rest {
		return nil, fmt.Errorf("safetensors: expected a header of %d bytes, found %d: %w", length, rest, errCut)
	}
	if err := src.allow.take(int(length)); err != nil {
		return nil, err
	}
	header, err := src.text(8, int64(length))
	if err != nil {
		return nil, err
	}
	data := span{src, int64(8 + length), int64(rest - length)}
	state := &dict{}
	c := newCheckpoint("safetensors", []*State{{entries: state}})
	if err := readHeader(header, data, state, c.Metadata); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	return c, covered(state, data)
}

// readHeader reads {"name": {…}, …, "__metadata__": {"key": "text", …}}, each
// name once, in the order of the file.
func readHeader(header string, data span, state *dict, metadata map[string]any) error {
	allow := data.src.allow
	j, said := &jsonText{text: header}, false
	err := j.object(func(name string) error {
		if name == "__metadata__" {
			if said {
				return fmt.Errorf("expected %q once, found it twice", name)
			}
			said = true
			return j.object(func(key string) error {
				text, err := j.string()
				if err != nil {
					return fmt.Errorf("__metadata__: %.80q: %w", key, err)
				}
				if _, twice := metadata[key]; twice {
					return fmt.Errorf("__metadata__: expected %.80q once, found it twice", key)
				}
				metadata[key] = text
				return allow.take(indexBytes + 2*textBytes)
			})
		}
		if _, twice := state.at(name); twice {
			return fmt.Errorf("expected %.80q once, found it twice", name)
		}
		t, err := readSafetensor(j)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, err)
		}
		tensor, err := t.tensor(name, data)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, err)
		}
		if err := allow.take(textBytes); err != nil {
			return err
		}
		return state.set(allow, name, tensor)
	})
	if err != nil {
		return err
	}
	if j.space(); j.pos < len(header) {
		return j.expected("the end of the header")
	}
	return nil
}

// readSafetensor reads the fields of a tensor, each of which is there once.
func readSafetensor(j *jsonText) (t safetensor, err error) {
	var seen once
	err = j.object(func(field string) (err error) {
		n := slices.Index([]string{"dtype", "shape", "data_offsets"}, field)
		switch n {
		case 0:
			t.DType, err = j.string()
		case 1:
			t.Shape, err = j.integers()
		case 2:
			t.Offsets, err = j.integers()
		default:
			return fmt.Errorf("expected the fields dtype, shape and data_offsets, found %.80q", field)
		}
		return cmp.Or(err, seen.see(n, "the field "+field))
	})
	return t, err
}

func (s *safetensor) tensor(name string, data span) (*Tensor, error) {
	dtype, ok := safetensorsTypes[s.DType]
	if !ok {
		return nil, fmt.Errorf("type %.20q is none that can be read: expected one of %q", s.DType, slices.Sorted(maps.Keys(safetensorsTypes)))
	}
	if s.Shape == nil || len(s.Offsets) != 2 {
		return nil, fmt.Errorf("expected a shape and two data_offsets, found %v and %v", s.Shape, s.Offsets)
	}
	from, to := s.Offsets[0], s.Offsets[1]
	if from < 0 || to < from || to > math.MaxInt64-data.at {
		return nil, fmt.Errorf("expected data_offsets of a tensor, found %v", s.Offsets)
	}
	return wholeTensor(data.src.allow, &Storage{Key: name, DType: dtype, from: span{data.src, data.at + from, to - from}}, to-from, s.Shape)
}

// covered says where the tensors overlap or leave a hole.
func covered(state *dict, data span) error {
	if err := data.src.allow.take(slotBytes * len(state.entries)); err != nil {
		return err
	}
	place := func(i int) span { return state.entries[i].value.(*Tensor).Storage.from.(span) }
	order := make([]int, len(state.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := place(a), place(b)
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.size, y.size))
	})
	end := data.at
	for _, i := range order {
		at := place(i)
		if at.at != end {
			return fmt.Errorf("tensor %.80q: expected it to begin at byte %d, where the one before it ends, found %d", state.entries[i].key, end-data.at, at.at-data.at)
		}
		end += at.size
	}
	switch end -= data.at; {
	case end > data.size:
		return fmt.Errorf("safetensors: expected tensors of %d bytes, found %d: %w", end, data.size, errCut)
	case end < data.size:
		return fmt.Errorf("safetensors: expected the end of the file after tensors of %d bytes, found %d more", end, data.size-end)
	}
	return nil
}
