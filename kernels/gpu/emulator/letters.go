package emulator

import (
	"fmt"
	"math/bits"
	"slices"
)

// Blocks that run at the same time may send each other letters, numbers of 8 bytes
// which are written and read whole: st.relaxed and ld.relaxed. Nothing else follows from
// having read one: what a block did before it sent a letter is not in order before
// what another does after it read that, and stays a fault.
//
// Such blocks run by turns. A turn ends where every warp that could go on asks again
// for what it asked for, and nobody has sent anything since. When all blocks have come to that,
// each warp may ask once more: it may count how often it did, and give up. They may send the host letters too: st.relaxed.sys.

// post is what the blocks of a grid that run at the same time have in common.
type post struct {
	news  int               // letters so far, and rounds in vain: after each, a warp may ask again
	there map[uint64]uint64 // cycles: when what was sent is where others read it, by address
}

// ask is what a warp asks for, at an instruction.
type ask struct {
	line    int
	address uint64
}

const (
	// drainLatency is cycles until what a block wrote is where others read it.
	drainLatency = beyondLatency
	// mostVain is how many rounds in a row may be in vain.
	mostVain = 1000
)

// asksAgain is whether a warp would find what it found when it asked last.
func (w *warp) asksAgain(a ask) bool {
	p := w.block.post
	if p == nil {
		return false // a fault, as it will turn out
	}
	if w.asked == nil {
		w.asked = map[ask]struct{}{}
	}
	if w.heard != p.news {
		clear(w.asked)
		w.heard = p.news
	}
	_, again := w.asked[a]
	w.asked[a] = struct{}{}
	return again
}

// sends says that the block has sent what is at an address.
func (w *warp) sends(address uint64) {
	p := w.block.post
	p.news++
	if w.block.meter != nil {
		p.there[address] = w.clock + drainLatency
	}
}

// until lets the warp's time go on to when what it found at an address had come there.
func (w *warp) until(address uint64) {
	if w.block.meter != nil {
		now := max(w.clock, w.block.post.there[address]+beyondLatency)
		w.clock, w.since = now, now
	}
}

// relaxed decodes ld.relaxed.gpu.global.v2.u64 {a, b}, [p] and st.relaxed.gpu.global.u64 [p], a, and of sys the latter.
func (d *decoder) relaxed(s *statement, words []string) (func(w *warp, mask uint32), cost, error) {
	e, count, toHost := element{8, false}, 1, words[2] == "sys"
	words = words[4:]
	if len(words) == 2 && words[0] == "v2" {
		count, words = 2, words[1:]
	}
	if !slices.Equal(words, []string{"u64"}) || len(s.operands) != 2 {
		return nil, cost{}, fmt.Errorf("the emulator knows relaxed accesses of one or two u64")
	}
	load := s.opcode[:2] == "ld"
	values, at, err := d.moved(s, count, e, load)
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
	return byLane(func(w *warp, lane int) string {
		if w.block.post == nil && !toHost {
			return "letters between blocks, in a launch whose blocks need not run at the same time"
		}
		address := base.get(w, lane) + offset
		if _, _, wrong := w.block.memory.piece(address, size); wrong != "" {
			return wrong
		}
		for k, r := range values {
			at := address + uint64(k*e.size)
			if !load {
				if _, wrong := w.block.memory.update(at, e.size, w.block, "sends to", func(uint64) uint64 { return r.get(w, lane) }); wrong != "" {
					return wrong
				}
				if !toHost {
					w.sends(at)
				}
				continue
			}
			x, wrong := w.block.memory.update(at, e.size, w.block, "reads", nil)
			if wrong != "" {
				return wrong
			}
			r.set(w, lane, x)
			w.until(at)
		}
		return ""
	}), c, nil
}

// runTogether runs all blocks by turns, and returns the fault that comes first.
func (g *grid) runTogether() (counts []uint64, err error) {
	counts = make([]uint64, len(g.program.code))
	p := &post{there: map[uint64]uint64{}}
	blocks := make([]*block, volume(g.dim))
	for i := range blocks {
		blocks[i] = g.room(counts)
		blocks[i].post = p
		g.begin(blocks[i], i)
	}
	sum, longest := g.fresh(len(blocks)), uint64(0)
	for left, vain := len(blocks), 0; left > 0; {
		news, before := p.news, left
		for i, b := range blocks {
			if b == nil {
				continue
			}
			done, f := g.turn(b)
			if f != nil {
				return counts, f
			}
			if !done {
				continue
			}
			if b.meter != nil {
				sum.Add(&b.meter.sum)
				longest = max(longest, b.meter.sum.Latency)
			}
			blocks[i] = nil
			left--
		}
		if p.news > news || left < before {
			vain = 0
			continue
		}
		if vain == mostVain {
			return counts, g.stuck(blocks)
		}
		vain++
		p.news++
	}
	if g.charged {
		sum.Latency = uint64(len(blocks)) * longest // all have their places until the last one is done
		g.charges = []Charges{sum}
	}
	return counts, nil
}

// stuck is the fault of blocks that wait for each other for ever, at the first warp that does.
func (g *grid) stuck(blocks []*block) *Fault {
	first := slices.IndexFunc(blocks, func(b *block) bool { return b != nil })
	warp := slices.IndexFunc(blocks[first].warps, func(w warp) bool { return w.looks })
	w := &blocks[first].warps[warp]
	return g.locate(&Fault{What: "waits for a letter that no block sends", line: g.program.code[w.pc].line, lane: bits.TrailingZeros32(w.mask)}, first, warp)
}
