package emulator

import (
	"fmt"
	"math/bits"
	"slices"
)

// Blocks that run at the same time may also send each other numbers of 8 bytes,
// which are written and read whole: ld.relaxed and st.relaxed. Nothing else follows from
// having read one: what a block did before it sent a number is not in order before
// what another does after it read that. A turn ends where a warp asks again
// for what it asked for, and nobody has sent anything since.

// ask is what a warp asks for, at an instruction.
type ask struct {
	line    int
	address uint64
}

// asked is what a warp has asked for since something was last sent.
type asked struct {
	releases, vain int
	what           map[ask]struct{}
}

// asksAgain is whether a warp would find what it found when it asked last.
func (w *warp) asksAgain(a ask) bool {
	o := w.block.order
	if o == nil {
		return false
	}
	if now := (asked{releases: o.all.releases, vain: o.all.vain}); w.asked.what == nil || w.asked.releases != now.releases || w.asked.vain != now.vain {
		now.what = map[ask]struct{}{}
		w.asked = now
	}
	if _, again := w.asked.what[a]; again {
		return true
	}
	w.asked.what[a] = struct{}{}
	return false
}

// sends says that the block has sent what is at an address.
func (w *warp) sends(address uint64) {
	o := w.block.order
	if o == nil {
		return
	}
	o.all.releases++
	if w.block.meter != nil {
		if o.all.sent == nil {
			o.all.sent = map[uint64]uint64{}
		}
		o.all.sent[address] = w.clock + drainLatency
	}
}

// until lets the warp's time go on to when what it found at an address had come there.
func (w *warp) until(address uint64) {
	if o := w.block.order; o != nil && w.block.meter != nil {
		now := max(w.clock, o.all.sent[address]+beyondLatency)
		w.clock, w.since = now, now
	}
}

// relaxed decodes ld.relaxed.gpu.global.v2.u64 {a, b}, [p] and st.relaxed.gpu.global.u64 [p], a.
func (d *decoder) relaxed(s *statement, words []string) (func(w *warp, mask uint32), cost, error) {
	e, count := element{8, false}, 1
	words = words[4:]
	if len(words) == 2 && words[0] == "v2" {
		count, words = 2, words[1:]
	}
	if !slices.Equal(words, []string{"u64"}) || len(s.operands) != 2 {
		return nil, cost{}, fmt.Errorf("the emulator knows relaxed accesses of one or two u64")
	}
	load := s.opcode[:2] == "ld"
	value, at := s.operands[0], s.operands[1]
	if !load {
		value, at = at, value
	}
	values, err := d.values(value, count, e, load)
	if err != nil {
		return nil, cost{}, err
	}
	base, offset, err := d.address(at)
	if err != nil {
		return nil, cost{}, err
	}
	size := count * e.size
	d.requests[len(d.out.code)] = &request{load: load, base: base, offset: offset, size: size}
	c := cost{globalWritten: size}
	if load {
		c = cost{globalRead: size}
		line := s.line
		d.unchanged = func(w *warp, mask uint32) bool {
			return w.asksAgain(ask{line, base.get(w, bits.TrailingZeros32(mask)) + offset})
		}
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			address := base.get(w, lane) + offset
			if address%uint64(size) != 0 {
				w.fail(lane, fmt.Sprintf("misaligned: %d bytes at %#x", size, address))
				return
			}
			for k, r := range values {
				at := address + uint64(k*e.size)
				change := func(old uint64) uint64 { return old }
				if !load {
					change = func(uint64) uint64 { return r.get(w, lane) }
				}
				old, wrong := w.block.memory.update(at, e.size, w.block, change)
				if wrong != "" {
					w.fail(lane, wrong)
					return
				}
				if load {
					r.set(w, lane, old)
					w.until(at)
				} else {
					w.sends(at)
				}
			}
		}
	}, c, nil
}
