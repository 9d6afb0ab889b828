package emulator

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

// copySize is the bytes of a copy.
const copySize = 16

// ahead is a copy that is on its way to shared memory.
type ahead struct {
	lane  int
	group int // the lane's, counted from 0
	to    uint64
	bytes [copySize]byte // as they were when the copy was asked for
	there uint64         // cycles: when they are there, where charges are counted
}

// copyAhead is cp.async.cg.shared.global [a], [b], 16, whose bytes are on their way until the lane waits for them, and what waits: cp.async.commit_group
// makes a group of what the lane asked for since the last one, cp.async.wait_group n waits for all groups but the last n,
// and cp.async.wait_all for all that the lane asked for.
func (d *decoder) copyAhead(s *statement) (func(w *warp, mask uint32), cost, error) {
	switch {
	case s.opcode == "cp.async.commit_group" && len(s.operands) == 0:
		return (*warp).commit, cost{}, nil
	case s.opcode == "cp.async.wait_all" && len(s.operands) == 0:
		return func(w *warp, mask uint32) {
			w.commit(mask)
			w.land(mask, 0)
		}, cost{}, nil
	case s.opcode == "cp.async.wait_group" && len(s.operands) == 1:
		left, err := strconv.ParseUint(s.operands[0], 0, 31)
		if err != nil {
			return nil, cost{}, fmt.Errorf("%s: expected a number of groups", s.operands[0])
		}
		return func(w *warp, mask uint32) { w.land(mask, int(left)) }, cost{}, nil
	case s.opcode != "cp.async.cg.shared.global" || len(s.operands) != 3 || s.operands[2] != "16":
		return nil, cost{}, fmt.Errorf("the emulator knows cp.async.cg of 16 bytes, commit_group, wait_group and wait_all")
	}
	to, offset, err := d.address(s.operands[0])
	if err != nil {
		return nil, cost{}, err
	}
	from, behind, err := d.address(s.operands[1])
	if err != nil {
		return nil, cost{}, err
	}
	d.requests[len(d.out.code)] = &request{load: true, base: from, offset: behind, size: copySize}
	return byLane(func(w *warp, lane int) string {
		in, wrong := w.block.memory.read(from.get(w, lane)+behind, copySize, w.block)
		if wrong != "" {
			return wrong
		}
		at := to.get(w, lane) + offset
		w.ahead = append(w.ahead, ahead{lane: lane, group: w.groups[lane], to: at, bytes: [copySize]byte(in), there: w.answered})
		return w.block.shared.expect(at, copySize, w.at(lane))
	}), cost{globalRead: copySize, sharedBytes: copySize}, nil
}

// commit ends the lanes' groups of copies; one may be empty.
func (w *warp) commit(mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		w.groups[bits.TrailingZeros32(m)]++
	}
}

// land waits until copies that lanes asked for are there, those of their last groups, so many, left out, and what is in no group yet.
func (w *warp) land(mask uint32, left int) {
	last := uint64(0)
	w.ahead = slices.DeleteFunc(w.ahead, func(c ahead) bool {
		if mask>>c.lane&1 == 0 || c.group >= w.groups[c.lane]-left {
			return false
		}
		if wrong := w.block.shared.land(c.to, c.bytes[:], w.at(c.lane)); wrong != "" {
			w.fail(c.lane, wrong)
		}
		last = max(last, c.there)
		return true
	})
	if w.block.meter != nil { // what follows begins when the last one is there
		w.stretch(0)
		w.clock = max(w.clock, last)
		w.since = w.clock
	}
}
