package emulator

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// program is a kernel that is ready to run: instructions, and what registers
// hold at the start (immediates and special registers are registers too).
type program struct {
	name       string
	params     int
	maxThreads int
	static     int // bytes of static shared memory
	code       []step
	n32, n64   int
	preds      int
	constants  []constant
	specials   []special
}

type constant struct {
	wide  bool
	index int
	value uint64
	param int  // its value is this parameter's, unless −1
	table bool // its value counts from the dynamic shared memory
}

// special is a register that holds %tid.x and the like.
type special struct {
	index int
	name  string
}

// register is where an operand lies.
type register struct {
	wide  bool
	pred  bool
	index int
}

// decoder makes a program of an entry.
type decoder struct {
	src       *source
	entry     *entry
	out       *program
	registers map[string]register
	constants map[string]register
	requests  map[int]*request // of the statements that are one
	unchanged func(w *warp, mask uint32) bool
}

// decode makes a program of an entry; charged says that it will be counted what
// hardware charges for it.
func decode(src *source, e *entry, charged bool) (*program, error) {
	d := &decoder{src: src, entry: e, out: &program{name: e.name, params: len(e.params), maxThreads: e.maxThreads, static: src.shared.static + e.shared.static},
		registers: map[string]register{}, constants: map[string]register{}, requests: map[int]*request{}}
	for i := range e.lines {
		s := &e.lines[i]
		code, err := d.statement(s)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s %s: %w", s.line, s.opcode, strings.Join(s.operands, ", "), err)
		}
		code.line = s.line
		d.out.code = append(d.out.code, code)
	}
	if charged {
		for i := range e.lines {
			d.out.code[i].charged = d.charge(&e.lines[i], d.requests[i])
		}
	}
	for _, at := range e.labels {
		if at < len(d.out.code) {
			d.out.code[at].leader = true
		}
	}
	return d.out, nil
}

func (d *decoder) statement(s *statement) (code step, err error) {
	code.guard = -1
	if s.guard != "" {
		r, err := d.register(s.guard)
		if err != nil {
			return code, err
		}
		if !r.pred {
			return code, fmt.Errorf("%s is no predicate", s.guard)
		}
		code.guard, code.invert = r.index, s.negated
	}
	words := strings.Split(s.opcode, ".")
	switch words[0] {
	case "bra":
		if len(s.operands) != 1 {
			return code, fmt.Errorf("expected a label")
		}
		target, ok := d.entry.labels[s.operands[0]]
		if !ok {
			return code, fmt.Errorf("there is no label %s", s.operands[0])
		}
		code.kind, code.target = branch, target
		return code, nil
	case "ret", "exit":
		code.kind = exit
		return code, nil
	case "bar", "barrier":
		if s.opcode == "bar.warp.sync" {
			break
		}
		if s.opcode != "bar.sync" && s.opcode != "barrier.sync" && s.opcode != "barrier.sync.aligned" || len(s.operands) != 1 || s.operands[0] != "0" {
			return code, fmt.Errorf("the emulator knows bar.sync 0")
		}
		code.kind, code.together = barrier, func(w *warp, _ int) uint32 { return w.live }
		return code, nil
	}
	if (words[0] == "shfl" || words[0] == "vote" || words[0] == "bar") && len(s.operands) > 0 {
		r, err := d.operand(s.operands[len(s.operands)-1], false)
		if err != nil {
			return code, err
		}
		code.together = func(w *warp, lane int) uint32 { return uint32(r.get(w, lane)) }
	}
	if words[0] == "mma" {
		code.together = func(*warp, int) uint32 { return full }
	}
	d.unchanged = nil
	code.run, code.cost, err = d.plain(s, words)
	code.unchanged = d.unchanged
	return code, err
}

// register is where a declared register lies.
func (d *decoder) register(name string) (register, error) {
	if r, ok := d.registers[name]; ok {
		return r, nil
	}
	t, ok := d.entry.registers[name]
	if !ok {
		return register{}, fmt.Errorf("%s is not declared", name)
	}
	var r register
	switch t {
	case ".pred":
		r = register{pred: true, index: d.out.preds}
		d.out.preds++
	case ".b64", ".u64", ".s64", ".f64":
		r = d.fresh(true)
	case ".b16", ".u16", ".s16", ".b32", ".u32", ".s32", ".f32":
		r = d.fresh(false)
	default:
		return r, fmt.Errorf("%s is of type %s, which the emulator does not know", name, t)
	}
	d.registers[name] = r
	return r, nil
}

func (d *decoder) fresh(wide bool) register {
	r := register{wide: wide, index: d.out.n32}
	if wide {
		r.index = d.out.n64
		d.out.n64++
	} else {
		d.out.n32++
	}
	return r
}

// operand is a register, or a new one that holds an immediate, a special
// register or an address; wide is what the instruction's type asks for.
func (d *decoder) operand(text string, wide bool) (register, error) {
	if _, declared := d.entry.registers[text]; declared {
		r, err := d.register(text)
		if err == nil && !r.pred && r.wide != wide {
			return r, fmt.Errorf("%s has not the size of the instruction's type", text)
		}
		return r, err
	}
	key := fmt.Sprint(text, wide)
	if r, ok := d.constants[key]; ok {
		return r, nil
	}
	if strings.HasPrefix(text, "%") {
		if !specials[text] {
			return register{}, fmt.Errorf("%s is neither declared nor a special register that the emulator knows", text)
		}
		r := d.fresh(false)
		d.out.specials = append(d.out.specials, special{r.index, text})
		d.constants[key] = r
		return r, nil
	}
	c := constant{wide: wide, param: -1}
	if s, ok := d.shared(text); ok {
		c.value, c.table = uint64(s.offset), s.dynamic
	} else {
		value, err := immediate(text)
		if err != nil {
			return register{}, err
		}
		c.value = value
	}
	return d.constant(key, c), nil
}

// shared is a variable in shared memory: the kernel's own, or one of all kernels.
func (d *decoder) shared(name string) (symbol, bool) {
	own, ok := d.entry.shared.symbols[name]
	if !ok {
		all, ok := d.src.shared.symbols[name]
		return all, ok
	}
	if !own.dynamic {
		own.offset += d.src.shared.static
	}
	return own, true
}

func (d *decoder) constant(key string, c constant) register {
	r := d.fresh(c.wide)
	c.index = r.index
	d.out.constants = append(d.out.constants, c)
	d.constants[key] = r
	return r
}

var specials = map[string]bool{
	"%tid.x": true, "%tid.y": true, "%tid.z": true, "%ntid.x": true, "%ntid.y": true, "%ntid.z": true,
	"%ctaid.x": true, "%ctaid.y": true, "%ctaid.z": true, "%nctaid.x": true, "%nctaid.y": true, "%nctaid.z": true,
	"%laneid": true, "%warpid": true,
}

// immediate reads an integer, 0f3F800000 or 0d3FF0000000000000.
func immediate(text string) (uint64, error) {
	for prefix, size := range map[string]int{"0f": 32, "0F": 32, "0d": 64, "0D": 64} {
		if digits, ok := strings.CutPrefix(text, prefix); ok {
			return strconv.ParseUint(digits, 16, size)
		}
	}
	if x, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uint64(x), nil
	}
	x, err := strconv.ParseUint(strings.TrimSuffix(text, "U"), 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no register, variable or number", text)
	}
	return x, nil
}

// get reads an operand on one lane; set writes it.
func (r register) get(w *warp, lane int) uint64 {
	switch {
	case r.pred:
		return uint64(w.pred[r.index] >> lane & 1)
	case r.wide:
		return w.r64[r.index][lane]
	}
	return uint64(w.r32[r.index][lane])
}

func (r register) set(w *warp, lane int, x uint64) {
	switch {
	case r.pred:
		w.pred[r.index] = w.pred[r.index]&^(1<<lane) | uint32(x&1)<<lane
	case r.wide:
		w.r64[r.index][lane] = x
	default:
		w.r32[r.index][lane] = uint32(x)
	}
}

func f32(x uint64) float32    { return math.Float32frombits(uint32(x)) }
func f64(x uint64) float64    { return math.Float64frombits(x) }
func bits32(x float32) uint64 { return uint64(math.Float32bits(x)) }
