package emulator

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// cost is what an instruction counts as, on one lane.
type cost struct {
	flops, special                         int
	globalRead, globalWritten, sharedBytes int
}

// plain decodes an instruction that is neither a branch nor a barrier.
func (d *decoder) plain(s *statement, words []string) (func(w *warp, mask uint32), cost, error) {
	switch words[0] {
	case "ld", "st":
		return d.access(s, words)
	case "atom", "red":
		return d.atomic(s, words)
	case "shfl":
		return d.shuffle(s)
	case "vote":
		return d.vote(s)
	case "bar":
		return d.meet(s)
	case "bfi":
		return d.insert(s)
	case "mma":
		return d.multiply(s)
	case "cp":
		return d.copyAhead(s)
	}
	if s.opcode == "mov.b64" && len(s.operands) == 2 && strings.Contains(s.operands[0]+s.operands[1], "{") {
		return d.halves(s)
	}
	o, ok := operations[s.opcode]
	if !ok {
		return nil, cost{}, fmt.Errorf("not an instruction that the emulator knows")
	}
	if len(s.operands) != len(o.signature) {
		return nil, cost{}, fmt.Errorf("expected %d operands", len(o.signature))
	}
	r := make([]register, 4)
	low := uint64(math.MaxUint64) // of the first source, what counts
	for i, text := range s.operands {
		var err error
		want := o.signature[i]
		switch _, declared := d.entry.registers[text]; {
		case i == 0:
			r[i], err = d.register(text)
		case words[0] == "cvt" && want == 'w' && declared: // its source may be wider
			if r[i], err = d.register(text); r[i].wide {
				low = math.MaxUint32
			}
		case want == 'p' && !declared: // mov.pred p, -1
			r[i], err = d.operand(text, false)
		default:
			r[i], err = d.operand(text, want == 'l')
		}
		if err != nil {
			return nil, cost{}, err
		}
		if i == 0 && (r[i].pred != (want == 'p') || !r[i].pred && r[i].wide != (want == 'l')) {
			return nil, cost{}, fmt.Errorf("%s has not the size of the instruction's type", text)
		}
	}
	c := cost{flops: o.flops}
	if o.special {
		c.special = 1
	}
	if f := fast(s.opcode, r); f != nil {
		return f, c, nil
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			var a [3]uint64
			for i := 1; i < len(o.signature); i++ {
				a[i-1] = r[i].get(w, lane)
			}
			r[0].set(w, lane, o.compute(a[0]&low, a[1], a[2]))
		}
	}, c, nil
}

// fast is the instructions that kernels spend their time in, without a call
// for each lane.
func fast(opcode string, r []register) func(w *warp, mask uint32) {
	d, a, b, c := r[0].index, r[1].index, r[2].index, r[3].index
	switch opcode {
	case "fma.rn.f32":
		return func(w *warp, mask uint32) {
			d, a, b, c := &w.r32[d], &w.r32[a], &w.r32[b], &w.r32[c]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = fused(a[l], b[l], c[l])
			}
		}
	case "add.rn.f32":
		return func(w *warp, mask uint32) {
			d, a, b := &w.r32[d], &w.r32[a], &w.r32[b]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = math.Float32bits(math.Float32frombits(a[l]) + math.Float32frombits(b[l]))
			}
		}
	case "mul.rn.f32":
		return func(w *warp, mask uint32) {
			d, a, b := &w.r32[d], &w.r32[a], &w.r32[b]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = math.Float32bits(math.Float32frombits(a[l]) * math.Float32frombits(b[l]))
			}
		}
	case "mov.f32", "mov.b32", "mov.u32":
		return func(w *warp, mask uint32) {
			d, a := &w.r32[d], &w.r32[a]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = a[l]
			}
		}
	case "add.s64":
		return func(w *warp, mask uint32) {
			d, a, b := &w.r64[d], &w.r64[a], &w.r64[b]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = a[l] + b[l]
			}
		}
	case "add.s32":
		return func(w *warp, mask uint32) {
			d, a, b := &w.r32[d], &w.r32[a], &w.r32[b]
			for m := mask; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m)
				d[l] = a[l] + b[l]
			}
		}
	}
	return nil
}

// shuffle is shfl.sync.mode.b32 d, a, b, c, membermask, or d|p.
func (d *decoder) shuffle(s *statement) (func(w *warp, mask uint32), cost, error) {
	mode, ok := strings.CutPrefix(strings.TrimSuffix(s.opcode, ".b32"), "shfl.sync.")
	if !ok || !slices.Contains([]string{"up", "down", "bfly", "idx"}, mode) || len(s.operands) < 5 || len(s.operands) > 6 {
		return nil, cost{}, fmt.Errorf("expected shfl.sync.{up,down,bfly,idx}.b32 with 5 operands or 6")
	}
	r, err := d.all(s.operands, false)
	if err != nil {
		return nil, cost{}, err
	}
	in := r[len(r)-4:]
	return func(w *warp, mask uint32) {
		var values [lanes]uint64
		for l := range lanes {
			values[l] = in[0].get(w, l)
		}
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			if uint32(in[3].get(w, lane)) != mask {
				w.fail(lane, fmt.Sprintf("shuffle among lanes %#x, of which only %#x are here", in[3].get(w, lane), mask))
				return
			}
			by, clamp := int(in[1].get(w, lane)&31), in[2].get(w, lane)
			segment := int(clamp >> 8 & 31)
			first := lane & segment
			last := first | int(clamp&31)&^segment
			from, within := lane, true
			switch mode {
			case "up":
				from = lane - by
				within = from >= last
			case "down":
				from = lane + by
				within = from <= last
			case "bfly":
				from = lane ^ by
				within = from <= last
			case "idx":
				from = first | by&^segment
				within = from <= last
			}
			if !within {
				from = lane
			}
			if mask>>from&1 == 0 {
				w.fail(lane, fmt.Sprintf("shuffle from lane %d, which is not here", from))
				return
			}
			r[0].set(w, lane, values[from])
			if len(r) == 6 {
				bit := uint64(0)
				if within {
					bit = 1
				}
				r[1].set(w, lane, bit)
			}
		}
	}, cost{}, nil
}

// vote is vote.sync.ballot.b32 d, p, membermask.
func (d *decoder) vote(s *statement) (func(w *warp, mask uint32), cost, error) {
	if s.opcode != "vote.sync.ballot.b32" || len(s.operands) != 3 {
		return nil, cost{}, fmt.Errorf("the emulator knows vote.sync.ballot.b32 with 3 operands")
	}
	r, err := d.all(s.operands, false)
	if err != nil {
		return nil, cost{}, err
	}
	if !r[1].pred {
		return nil, cost{}, fmt.Errorf("%s is no predicate", s.operands[1])
	}
	return func(w *warp, mask uint32) {
		lane := bits.TrailingZeros32(mask)
		if members := uint32(r[2].get(w, lane)); members != mask {
			w.fail(lane, fmt.Sprintf("vote among lanes %#x, of which only %#x are here", members, mask))
			return
		}
		for m := mask; m != 0; m &= m - 1 {
			r[0].set(w, bits.TrailingZeros32(m), uint64(w.pred[r[1].index]&mask))
		}
	}, cost{}, nil
}

// meet is bar.warp.sync membermask, of a whole warp.
func (d *decoder) meet(s *statement) (func(w *warp, mask uint32), cost, error) {
	r, err := d.all(s.operands, false)
	if err != nil {
		return nil, cost{}, err
	}
	if len(r) != 1 {
		return nil, cost{}, fmt.Errorf("expected 1 operand")
	}
	return func(w *warp, mask uint32) {
		lane := bits.TrailingZeros32(mask)
		if members := uint32(r[0].get(w, lane)); members != mask || mask != w.block.whole(w.index) {
			w.fail(lane, fmt.Sprintf("barrier among lanes %#x of a warp, of which only %#x are here", members, mask))
			return
		}
		w.met++
	}, cost{}, nil
}

// insert is bfi.b32 d, a, b, from, length: b with a's low bits put in.
func (d *decoder) insert(s *statement) (func(w *warp, mask uint32), cost, error) {
	if s.opcode != "bfi.b32" || len(s.operands) != 5 {
		return nil, cost{}, fmt.Errorf("the emulator knows bfi.b32 with 5 operands")
	}
	r, err := d.all(s.operands, false)
	if err != nil {
		return nil, cost{}, err
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			from, length := r[3].get(w, lane)&255, r[4].get(w, lane)&255
			there := uint64(1<<length-1) << from
			r[0].set(w, lane, r[2].get(w, lane)&^there|r[1].get(w, lane)<<from&there)
		}
	}, cost{}, nil
}

// all is the registers of operands of one size.
func (d *decoder) all(texts []string, wide bool) (r []register, err error) {
	for _, text := range texts {
		x, err := d.operand(text, wide)
		if err != nil {
			return nil, err
		}
		r = append(r, x)
	}
	return r, nil
}

// halves is mov.b64 {a, b}, c and mov.b64 c, {a, b}, where a is the lower half of c.
func (d *decoder) halves(s *statement) (func(w *warp, mask uint32), cost, error) {
	apart := strings.HasPrefix(s.operands[0], "{")
	pair, whole := s.operands[0], s.operands[1]
	if !apart {
		pair, whole = whole, pair
	}
	half, err := d.values(pair, 2, element{4, false}, apart)
	if err != nil {
		return nil, cost{}, err
	}
	x, err := d.register(whole)
	if err != nil {
		return nil, cost{}, err
	}
	if !x.wide || half[0].wide || half[1].wide {
		return nil, cost{}, fmt.Errorf("expected two registers of 32 bits and one of 64")
	}
	return byLane(func(w *warp, lane int) string {
		if apart {
			value := x.get(w, lane)
			half[0].set(w, lane, value&math.MaxUint32)
			half[1].set(w, lane, value>>32)
		} else {
			x.set(w, lane, half[1].get(w, lane)<<32|half[0].get(w, lane))
		}
		return ""
	}), cost{}, nil
}
