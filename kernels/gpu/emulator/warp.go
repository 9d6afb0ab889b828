package emulator

import (
	"math/bits"
	"slices"
)

const lanes = 32

// A register is one value for each lane of a warp; predicates are a bit a lane.
type (
	column32 [lanes]uint32
	column64 [lanes]uint64
)

const full = ^uint32(0)

// warp is 32 threads that run together. Lanes that a branch divides wait as
// splits; the lowest instruction goes first, so that they mostly meet again
// where their ways join. At an instruction that asks for lanes which are not
// there yet, those that are park until the others come.
type warp struct {
	r32    []column32
	r64    []column64
	pred   []uint32
	pc     int
	mask   uint32 // lanes at pc
	splits []split
	live   uint32 // lanes that have not returned
	done   bool
	waits  bool             // at a barrier
	looks  bool             // asks for what it asked for, of which there is no news: see letters.go
	asked  map[ask]struct{} // since it heard the last news
	heard  int
	met    uint32     // count of the warp's own barriers
	ahead  []ahead    // copies on their way, as they were asked for
	groups [lanes]int // of copies, that lanes have committed
	index  int        // in the block
	block  *block
	steps  int64
	fault  *Fault // of the instruction that runs

	timing // of a warp whose charges are counted
}

type split struct {
	pc     int
	mask   uint32
	parked bool
}

// step is one decoded instruction.
type step struct {
	run  func(w *warp, mask uint32)
	kind kind
	// together is, for an instruction that lanes execute together, which ones.
	together func(w *warp, lane int) uint32
	// unchanged is, for a load of letters, whether it would find what it did before.
	unchanged func(w *warp, mask uint32) bool
	guard     int // predicate, or −1
	invert    bool
	target    int  // of a branch
	leader    bool // other lanes may wait here
	line      int
	cost      cost
	charged   *charged // nil where nobody counts
}

type kind uint8

const (
	plain kind = iota
	branch
	barrier
	exit
)

// run goes on until the warp has returned, waits at a barrier or has run as many
// instructions as it may in a row.
func (w *warp) run(code []step) *Fault {
	counts, pause := w.block.counts, w.block.limit
	if w.block.meter != nil {
		pause = min(pause, w.steps+quantum)
	}
	for {
		if w.pc >= len(code) {
			f := &Fault{What: "the kernel runs on beyond its last instruction", lane: bits.TrailingZeros32(w.mask)}
			if len(code) > 0 {
				f.line = code[len(code)-1].line
			}
			return f
		}
		s := &code[w.pc]
		if w.steps >= pause {
			if w.steps >= w.block.limit {
				return &Fault{What: "the kernel does not end: more instructions than the limit", line: s.line, lane: bits.TrailingZeros32(w.mask)}
			}
			return nil
		}
		if s.leader && len(w.splits) > 0 {
			w.join()
			s = &code[w.pc]
		}
		if s.together != nil && w.park(s) {
			continue
		}
		mask := w.mask
		if s.guard >= 0 {
			if s.invert {
				mask &^= w.pred[s.guard]
			} else {
				mask &= w.pred[s.guard]
			}
		}
		if w.looks = s.unchanged != nil && mask != 0 && s.unchanged(w, mask); w.looks {
			return nil
		}
		counts[w.pc] += uint64(bits.OnesCount32(mask))
		if s.charged != nil {
			w.charge(s, mask)
		}
		w.steps++
		switch s.kind {
		case plain:
			if mask != 0 {
				s.run(w, mask)
				if w.fault != nil {
					w.fault.line = s.line
					return w.fault
				}
			}
			w.pc++
		case branch:
			switch {
			case mask == w.mask:
				w.pc = s.target
			case mask == 0:
				w.pc++
			default:
				w.splits = append(w.splits, split{pc: s.target, mask: mask})
				w.mask &^= mask
				w.pc++
			}
			if len(w.splits) > 0 {
				w.join()
			}
		case barrier:
			w.pc++
			if w.mask != w.live || w.live != w.block.whole(w.index) || mask != w.mask {
				return &Fault{What: "divergent barrier: threads of the block have returned or are elsewhere", line: s.line, lane: bits.TrailingZeros32(w.mask)}
			}
			w.waits = true
			return nil
		case exit:
			w.live &^= mask
			w.mask &^= mask
			w.pc++
			if w.mask == 0 {
				if len(w.splits) == 0 {
					w.done = true
					return nil
				}
				w.pc = nowhere
				w.join()
				if w.pc == nowhere { // all that are left are parked: the instruction says what is missing
					w.pc = w.splits[0].pc
					w.absorb()
				}
			}
		}
	}
}

// join goes on with the lowest instruction that lanes do not wait at, and with
// all lanes that are there.
func (w *warp) join() {
	low := w.pc
	for _, s := range w.splits {
		if !s.parked {
			low = min(low, s.pc)
		}
	}
	if w.pc != low && w.mask != 0 {
		w.splits = append(w.splits, split{pc: w.pc, mask: w.mask})
		w.mask = 0
	}
	w.pc = low
	w.absorb()
}

// absorb takes in the lanes that wait where the others are.
func (w *warp) absorb() {
	w.splits = slices.DeleteFunc(w.splits, func(s split) bool {
		if s.pc == w.pc {
			w.mask |= s.mask
		}
		return s.pc == w.pc
	})
}

// park leaves the lanes here waiting and goes on with others, if some that the
// instruction asks for are still to come.
func (w *warp) park(s *step) bool {
	if len(w.splits) == 0 {
		return false
	}
	w.absorb()
	members := s.together(w, bits.TrailingZeros32(w.mask))
	if members&^w.mask == 0 || !slices.ContainsFunc(w.splits, func(s split) bool { return !s.parked }) {
		return false
	}
	w.splits = append(w.splits, split{w.pc, w.mask, true})
	w.pc, w.mask = nowhere, 0
	w.join()
	return true
}

// nowhere is beyond every instruction.
const nowhere = int(^uint(0) >> 1)

// fail reports what a lane did wrong; the first one counts.
func (w *warp) fail(lane int, what string) {
	if w.fault == nil {
		w.fault = &Fault{What: what, lane: lane}
	}
}
