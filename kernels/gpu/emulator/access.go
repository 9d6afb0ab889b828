package emulator

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// element is the type of what a load or a store moves.
type element struct {
	size   int
	signed bool
}

var elements = map[string]element{
	"b32": {4, false}, "u32": {4, false}, "s32": {4, true}, "f32": {4, false},
	"b64": {8, false}, "u64": {8, false}, "s64": {8, true}, "f64": {8, false},
}

// access decodes ld and st: ld.global.nc.v4.f32 {a, b, c, d}, [e+16].
func (d *decoder) access(s *statement, words []string) (func(w *warp, mask uint32), cost, error) {
	e, ok := elements[words[len(words)-1]]
	if !ok || len(words) < 3 {
		return nil, cost{}, fmt.Errorf("expected a space and a type of 4 or 8 bytes")
	}
	if strings.HasPrefix(s.opcode, "ld.relaxed.gpu.global.") || strings.HasPrefix(s.opcode, "st.relaxed.gpu.global.") || strings.HasPrefix(s.opcode, "st.relaxed.sys.global.") {
		return d.relaxed(s, words)
	}
	count, space := 1, words[1]
	for _, modifier := range words[2 : len(words)-1] {
		switch modifier {
		case "v2":
			count = 2
		case "v4":
			count = 4
		case "nc":
			if s.opcode != "ld.global.nc" && !strings.HasPrefix(s.opcode, "ld.global.nc.") {
				return nil, cost{}, fmt.Errorf("nc is of ld.global")
			}
		default:
			return nil, cost{}, fmt.Errorf("not a modifier that the emulator knows: %s", modifier)
		}
	}
	size := count * e.size
	if len(s.operands) != 2 || size > 16 {
		return nil, cost{}, fmt.Errorf("expected a value, or at most 16 bytes of them, and an address")
	}
	load := words[0] == "ld"
	values, at, err := d.moved(s, count, e, load)
	if err != nil {
		return nil, cost{}, err
	}
	if space == "param" {
		return d.parameter(at, values, load)
	}
	base, offset, err := d.address(at)
	if err != nil {
		return nil, cost{}, err
	}
	d.requests[len(d.out.code)] = &request{shared: space == "shared", load: load, cached: load, base: base, offset: offset, size: size}
	c := cost{sharedBytes: size}
	switch {
	case space == "global" && load:
		c = cost{globalRead: size}
	case space == "global":
		c = cost{globalWritten: size}
	case space != "shared":
		return nil, cost{}, fmt.Errorf("not a space that the emulator knows: %s", space)
	}
	piece := func(w *warp, lane int, address uint64) ([]byte, string) {
		switch {
		case space == "shared" && load:
			return w.block.shared.read(address, size, w.at(lane))
		case space == "shared":
			return w.block.shared.write(address, size, w.at(lane))
		case load:
			return w.block.memory.read(address, size, w.block)
		}
		return w.block.memory.write(address, size, w.block)
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			bytes, wrong := piece(w, lane, base.get(w, lane)+offset)
			if wrong != "" {
				w.fail(lane, wrong)
				return
			}
			for k, r := range values {
				part := bytes[k*e.size:]
				switch {
				case !load && e.size == 4:
					binary.LittleEndian.PutUint32(part, uint32(r.get(w, lane)))
				case !load:
					binary.LittleEndian.PutUint64(part, r.get(w, lane))
				case e.size == 8:
					w.r64[r.index][lane] = binary.LittleEndian.Uint64(part)
				case !r.wide:
					w.r32[r.index][lane] = binary.LittleEndian.Uint32(part)
				case e.signed: // a narrow load into a wide register extends
					w.r64[r.index][lane] = uint64(int64(int32(binary.LittleEndian.Uint32(part))))
				default:
					w.r64[r.index][lane] = uint64(binary.LittleEndian.Uint32(part))
				}
			}
		}
	}, c, nil
}

// moved is what a load or a store of two operands moves, the registers of its value, and its address.
func (d *decoder) moved(s *statement, count int, e element, load bool) (r []register, at string, err error) {
	value, at := s.operands[0], s.operands[1]
	if !load {
		value, at = at, value
	}
	r, err = d.values(value, count, e, load)
	return r, at, err
}

// byLane runs do for a lane after the other, until one says what is wrong.
func byLane(do func(w *warp, lane int) (wrong string)) func(w *warp, mask uint32) {
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			if wrong := do(w, lane); wrong != "" {
				w.fail(lane, wrong)
				return
			}
		}
	}
}

// values is the registers of a, or of {a, b}.
func (d *decoder) values(text string, count int, e element, load bool) (r []register, err error) {
	list := []string{text}
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		list = operands(strings.TrimSuffix(inner, "}"))
	}
	if len(list) != count {
		return nil, fmt.Errorf("%s: expected %d values", text, count)
	}
	for _, name := range list {
		var x register
		if _, declared := d.entry.registers[name]; declared || load {
			x, err = d.register(name)
		} else {
			x, err = d.operand(name, e.size == 8)
		}
		if err != nil {
			return nil, err
		}
		if x.pred || e.size == 8 && !x.wide {
			return nil, fmt.Errorf("%s has not the size of the instruction's type", name)
		}
		r = append(r, x)
	}
	return r, nil
}

// address reads [register], [register+16] or [variable+16].
func (d *decoder) address(text string) (base register, offset uint64, err error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, "["), "]")
	if !ok {
		return base, 0, fmt.Errorf("%s: expected an address", text)
	}
	name, by, plus := strings.Cut(inner, "+")
	if plus {
		n, err := strconv.ParseInt(by, 0, 64)
		if err != nil {
			return base, 0, fmt.Errorf("%s: %w", text, err)
		}
		offset = uint64(n)
	}
	if _, declared := d.entry.registers[name]; declared { // addresses of shared memory may have 32 bits
		base, err = d.register(name)
	} else {
		base, err = d.operand(name, true)
	}
	if base.pred {
		return base, 0, fmt.Errorf("%s: a predicate is no address", text)
	}
	return base, offset, err
}

// parameter is ld.param: a register that holds the parameter from the start on.
func (d *decoder) parameter(at string, values []register, load bool) (func(w *warp, mask uint32), cost, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(at, "["), "]")
	index, ok := d.entry.params[name]
	if !ok || !load || len(values) != 1 {
		return nil, cost{}, fmt.Errorf("expected to load one whole parameter")
	}
	to := values[0]
	key := fmt.Sprint("param ", index, to.wide)
	from, ok := d.constants[key]
	if !ok {
		from = d.constant(key, constant{wide: to.wide, param: index})
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			to.set(w, lane, from.get(w, lane))
		}
	}, cost{}, nil
}

// atomics is what atom and red do with 4 or 8 bytes.
var atomics = map[string]struct {
	size   int
	change func(old, x uint64) uint64
}{
	"add.u32":  {4, func(old, x uint64) uint64 { return old + x }},
	"add.s32":  {4, func(old, x uint64) uint64 { return old + x }},
	"min.s32":  {4, func(old, x uint64) uint64 { return uint64(min(i32(old), i32(x))) }},
	"min.u32":  {4, func(old, x uint64) uint64 { return min(old, x) }},
	"max.s32":  {4, func(old, x uint64) uint64 { return uint64(max(i32(old), i32(x))) }},
	"max.u32":  {4, func(old, x uint64) uint64 { return max(old, x) }},
	"and.b32":  {4, func(old, x uint64) uint64 { return old & x }},
	"or.b32":   {4, func(old, x uint64) uint64 { return old | x }},
	"exch.b32": {4, func(_, x uint64) uint64 { return x }},
	"add.u64":  {8, func(old, x uint64) uint64 { return old + x }},
	"max.s64":  {8, func(old, x uint64) uint64 { return uint64(max(int64(old), int64(x))) }},
}

// atomic decodes atom.global.add.u32 d, [a], b and red.global.add.u32 [a], b, and the same of shared memory.
func (d *decoder) atomic(s *statement, words []string) (func(w *warp, mask uint32), cost, error) {
	inShared := len(words) == 4 && words[1] == "shared"
	if len(words) < 4 || words[1] != "global" && !inShared || len(words) == 5 && !slices.Contains([]string{"relaxed", "gpu"}, words[2]) {
		return nil, cost{}, fmt.Errorf("not an atomic that the emulator knows")
	}
	kind, ok := atomics[strings.Join(words[len(words)-2:], ".")]
	in := s.operands
	if words[0] == "atom" && len(in) > 0 {
		in = in[1:]
	}
	if !ok || len(in) != 2 {
		return nil, cost{}, fmt.Errorf("not an atomic that the emulator knows")
	}
	base, offset, err := d.address(in[0])
	if err != nil {
		return nil, cost{}, err
	}
	d.requests[len(d.out.code)] = &request{shared: inShared, base: base, offset: offset, size: kind.size}
	c := cost{globalRead: kind.size, globalWritten: kind.size}
	update := func(w *warp, lane int, change func(old uint64) uint64) (uint64, string) {
		return w.block.memory.update(base.get(w, lane)+offset, kind.size, w.block, "changes", change)
	}
	if inShared {
		c = cost{sharedBytes: 2 * kind.size}
		update = func(w *warp, lane int, change func(old uint64) uint64) (uint64, string) {
			return w.block.shared.update(base.get(w, lane)+offset, kind.size, w.at(lane), change)
		}
	}
	wide := kind.size == 8
	x, err := d.operand(in[1], wide)
	if err != nil {
		return nil, cost{}, err
	}
	var to *register
	if words[0] == "atom" {
		r, err := d.register(s.operands[0])
		if err != nil {
			return nil, cost{}, err
		}
		if r.pred || r.wide != wide {
			return nil, cost{}, fmt.Errorf("%s has not the size of the instruction's type", s.operands[0])
		}
		to = &r
	}
	return byLane(func(w *warp, lane int) string {
		by := x.get(w, lane)
		old, wrong := update(w, lane, func(old uint64) uint64 { return kind.change(old, by) })
		if wrong == "" && to != nil {
			to.set(w, lane, old)
		}
		return wrong
	}), c, nil
}
