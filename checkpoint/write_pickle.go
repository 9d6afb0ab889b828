package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// pickler writes protocol 2, as torch.save does, with no more classes than
// torch.load(weights_only=True) of any version takes.
type pickler struct {
	bytes.Buffer
	storages []*Tensor // whose elements are storage 0, 1, …
}

func (p *pickler) global(module, name string) { fmt.Fprintf(p, "c%s\n%s\n", module, name) }

func (p *pickler) text(s string) {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
}

func (p *pickler) integer(x int64) {
	if x == int64(int32(x)) {
		p.WriteByte('J')
		p.Write(binary.LittleEndian.AppendUint32(nil, uint32(int32(x))))
		return
	}
	p.Write([]byte{0x8a, 8}) // LONG1
	p.Write(binary.LittleEndian.AppendUint64(nil, uint64(x)))
}

func (p *pickler) integers(x []int) {
	p.WriteByte('(')
	for _, n := range x {
		p.integer(int64(n))
	}
	p.WriteByte('t')
}

// value writes plain values; a map's keys in ascending order.
func (p *pickler) value(v any) error {
	switch v := v.(type) {
	case nil:
		p.WriteByte('N')
	case bool:
		p.WriteByte(map[bool]byte{true: 0x88, false: 0x89}[v])
	case int:
		p.integer(int64(v))
	case int64:
		p.integer(v)
	case float64:
		// The weights-only reader of PyTorch 1.13 knows no numbers but
		// integers: others are tensors without dimensions.
		if v == math.Trunc(v) && math.Abs(v) <= math.MaxInt32 {
			p.integer(int64(v))
		} else {
			p.tensor(FromFloat64s(nil, []float64{v}))
		}
	case string:
		p.text(v)
	case *Tensor:
		p.tensor(v)
	case []any:
		p.WriteString("](")
		for _, x := range v {
			if err := p.value(x); err != nil {
				return err
			}
		}
		p.WriteByte('e')
	case map[string]any:
		p.WriteString("}(")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			p.text(key)
			if err := p.value(v[key]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		p.WriteByte('u')
	default:
		return fmt.Errorf("expected a plain value to write, found %T", v)
	}
	return nil
}

// tensor writes a view of the whole of a storage of its own.
func (p *pickler) tensor(t *Tensor) {
	whole := contiguous(t.Shape, t.Storage)
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.WriteString("((")
	p.text("storage")
	p.global("torch", dtypes[t.DType()].storage)
	p.text(fmt.Sprint(len(p.storages)))
	p.text("cpu")
	p.integer(int64(t.Len()))
	p.WriteString("tQ")
	p.integer(0)
	p.integers(whole.Shape)
	p.integers(whole.Strides)
	p.WriteByte(0x89) // no gradients
	p.orderedDict()
	p.WriteString("tR")
	p.storages = append(p.storages, t)
}

func (p *pickler) orderedDict() {
	p.global("collections", "OrderedDict")
	p.WriteString(")R")
}
