package emulator

import "fmt"

// copyAhead is cp.async.cg.shared.global [a], [b], 16, which is done at once, and cp.async.wait_all, which then has nothing to do.
func (d *decoder) copyAhead(s *statement) (func(w *warp, mask uint32), cost, error) {
	const size = 16
	if s.opcode == "cp.async.wait_all" && len(s.operands) == 0 {
		return func(*warp, uint32) {}, cost{}, nil
	}
	if s.opcode != "cp.async.cg.shared.global" || len(s.operands) != 3 || s.operands[2] != "16" {
		return nil, cost{}, fmt.Errorf("the emulator knows cp.async.cg of 16 bytes")
	}
	to, offset, err := d.address(s.operands[0])
	if err != nil {
		return nil, cost{}, err
	}
	from, behind, err := d.address(s.operands[1])
	if err != nil {
		return nil, cost{}, err
	}
	d.requests[len(d.out.code)] = &request{load: true, base: from, offset: behind, size: size}
	return byLane(func(w *warp, lane int) string {
		in, wrong := w.block.memory.read(from.get(w, lane)+behind, size, w.block)
		if wrong != "" {
			return wrong
		}
		out, wrong := w.block.shared.write(to.get(w, lane)+offset, size, w.at(lane))
		copy(out, in)
		return wrong
	}), cost{globalRead: size, sharedBytes: size}, nil
}
