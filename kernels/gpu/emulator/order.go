package emulator

import (
	"fmt"
	"slices"
)

// Blocks that run at the same time may wait for each other: one releases what it
// did by an atomic on a word, others acquire it as they read that word. What is
// in order between two blocks follows from that alone, as it does on a GPU, and not
// from how the emulator lets them run, which is by turns.
//
// A block's time is its barriers, and its meetings, by which all blocks count alike. What its threads do before a barrier is released
// after it, and what a thread acquires is there for all threads after the next one.
//
// A turn ends where the block looks at what it released in the same round, or
// looked at before: so blocks that meet are all there before the first goes on.

// moment is a block's time: what comes before it is what it did at lower numbers.
type moment struct{ barrier, stage uint32 }

func (m *moment) later(other moment) {
	m.barrier, m.stage = max(m.barrier, other.barrier), max(m.stage, other.stage)
}

// order is what a block knows of the others' time.
type order struct {
	all      *meetings
	seen     []moment // of each block: what comes before is known
	acquired []moment // and after the next barrier; nil if nothing was acquired
	arrival  uint64   // cycles: when what was acquired had been released
	stage    int      // meetings so far
	released int      // the round in which it did last
	came     []uint32 // the barriers after which it came to those of the cluster
	behind   bool     // whether the warp that runs has come to one of them, and not gone on
}

// meetings is what the blocks of a grid have in common.
type meetings struct {
	words    map[uint64]*word
	releases int
	round    int // from 1
	vain     int // rounds in which all blocks looked in vain: each may look once more
	charges  []Charges
	ends     []uint64 // cycles, of each stage

	cluster []*block // all of them, if they are one
	came    []uint64 // cycles: when the last warp came to each of its barriers

	sent map[uint64]uint64 // cycles: when what was sent is where others read it, by address
}

// word is what was released at an address.
type word struct {
	known    []moment // as order's seen
	releases int
	time     uint64 // cycles: when the last release of all is where others read it,
	before   uint64 // and of those before this round
}

// look is what a warp found when it looked at a word last.
type look struct {
	word           *word
	releases, vain int
}

const (
	// drainLatency is cycles until what a block wrote is where others read it.
	drainLatency = beyondLatency
	// clusterLatency is cycles of a barrier of a cluster: as far as to another multiprocessor of it (arXiv 2402.13499, SM to SM), and this one's own.
	clusterLatency = 180 + barrierLatency
	severalBlocks  = 1<<16 - 1
)

func (m *meetings) word(address uint64, blocks int) *word {
	w := m.words[address]
	if w == nil {
		w = &word{known: make([]moment, blocks)}
		m.words[address] = w
	}
	return w
}

// mark is the block, and where blocks meet its time, as memory remembers who used it.
func (b *block) mark(launch uint64) uint64 {
	if b.order == nil {
		return launch<<32 | uint64(b.number+1)
	}
	when := b.shared.barrier
	if b.order.behind {
		when++
	}
	return launch<<32 | uint64(when)<<16 | uint64(b.number+1)
}

// knows is whether what a mark of this launch stands for comes before what the block does now.
func (b *block) knows(mark uint64) bool {
	if b.order == nil {
		return mark&everyone == uint64(b.number+1)
	}
	who, when := int(mark&severalBlocks)-1, uint32(mark>>16)&severalBlocks
	switch {
	case mark&everyone == everyone:
		return false
	case who == b.number:
		return true
	case who < severalBlocks-1:
		return b.order.seen[who].barrier > when
	}
	for k, seen := range b.order.seen { // of several, when is the stage of the last
		if k != b.number && seen.stage <= when {
			return false
		}
	}
	return true
}

// several is the mark of what this block read, and another.
func (b *block) several(mark uint64) uint64 {
	if b.order == nil {
		return mark | everyone
	}
	stage := uint32(b.order.stage) // the others' reads were not in a later one, or they would be known
	return mark&^everyone | uint64(stage)<<16 | severalBlocks
}

// release says at an address what the block did before its last barrier, and knows.
func (w *warp) release(address uint64) {
	b := w.block
	o := b.order
	if o == nil { // nobody can wait for it
		return
	}
	at := o.all.word(address, len(o.seen))
	for k, seen := range o.seen {
		at.known[k].later(seen)
	}
	at.known[b.number].later(moment{b.shared.barrier, uint32(o.stage) + 1})
	at.time = max(at.time, w.clock+drainLatency+beyondLatency)
	at.releases++
	o.all.releases++
	o.released = o.all.round
}

// waitsFor is whether a warp that looks at an address would find what it found last, or has to let others look first.
func (w *warp) waitsFor(address uint64) bool {
	o := w.block.order
	if o == nil {
		return false
	}
	at := o.all.word(address, len(o.seen))
	now := look{at, at.releases, o.all.vain}
	if w.looked == now || o.released == o.all.round {
		return true
	}
	w.looked = now
	return false
}

// acquire takes what was released at an address.
func (w *warp) acquire(address uint64) (wrong string) {
	o := w.block.order
	if o == nil {
		return "waits for other blocks, in a launch whose blocks need not run at the same time"
	}
	at := o.all.word(address, len(o.seen))
	if o.acquired == nil {
		o.acquired = make([]moment, len(o.seen))
	}
	for k, known := range at.known {
		o.acquired[k].later(known)
	}
	o.arrival = max(o.arrival, at.before)
	return ""
}

// met is a barrier after which the block knows what it acquired, if it did.
func (b *block) met() {
	o := b.order
	if o.acquired == nil {
		return
	}
	for k, known := range o.acquired {
		o.seen[k].later(known)
	}
	o.acquired = nil
	if b.meter == nil {
		o.stage++
		return
	}
	o.meet(b, max(b.warps[0].clock, o.arrival+beyondLatency+barrierLatency))
}

// meet ends a stage of the block, whose warps go on at so many cycles.
func (o *order) meet(b *block, now uint64) {
	for i := range b.warps {
		b.warps[i].clock, b.warps[i].since = now, now
	}
	o.charge(b, now)
	b.meter.cache.empty() // acquiring does so
}

// alone is whether other warps have still to come to the cluster's barrier, at which a warp waits.
func (w *warp) alone() bool {
	o := w.block.order
	if o == nil || w.came == w.went {
		return false // a fault, as it will turn out
	}
	for _, b := range o.all.cluster {
		for i := range b.warps {
			if other := &b.warps[i]; !other.done && other.came <= w.went {
				return true
			}
		}
	}
	return false
}

// cluster is a warp's coming to a barrier of the cluster, or its going on; or what is wrong with that.
func (w *warp) cluster(on bool) (wrong string) {
	b := w.block
	o := b.order
	switch {
	case o == nil || o.all.cluster == nil:
		return "a barrier of a cluster, in a launch that is none"
	case !on && w.came > w.went:
		return "comes to a barrier of the cluster twice"
	case on && w.came == w.went:
		return "waits at a barrier of the cluster without having come"
	case !on:
		if len(o.came) == w.came {
			o.came = append(o.came, 0)
		}
		if len(o.all.came) == w.came {
			o.all.came = append(o.all.came, 0)
		}
		o.came[w.came] = b.shared.barrier
		o.all.came[w.came] = max(o.all.came[w.came], w.clock+drainLatency)
		w.came++
		o.behind = true
		return ""
	}
	barrier := w.went
	w.went++
	o.behind = false
	if o.stage > barrier { // another warp was the first
		return ""
	}
	for k, other := range o.all.cluster {
		if barrier < len(other.order.came) { // else it has returned
			o.seen[k].later(moment{other.order.came[barrier] + 1, uint32(barrier) + 1})
		}
	}
	b.shared.barrier++
	if b.meter == nil {
		o.stage++
	} else {
		o.meet(b, o.all.came[barrier]+clusterLatency)
	}
	return ""
}

// charge ends a stage of the block at so many cycles.
func (o *order) charge(b *block, now uint64) {
	if o.stage == len(o.all.charges) {
		o.all.charges, o.all.ends = append(o.all.charges, Charges{}), append(o.all.ends, 0)
	}
	c := &o.all.charges[o.stage]
	c.Add(&b.meter.sum)
	c.Blocks++
	o.all.ends[o.stage] = max(o.all.ends[o.stage], now)
	b.meter.sum = Charges{}
	o.stage++
}

// runTogether runs all blocks by turns, and returns the fault that comes first.
func (g *grid) runTogether() (counts []uint64, err error) {
	n := volume(g.dim)
	all := &meetings{words: map[uint64]*word{}}
	counts = make([]uint64, len(g.program.code))
	blocks := make([]*block, n)
	for i := range blocks {
		b := &block{threads: volume(g.shape), memory: g.memory, counts: counts, limit: g.limit, order: &order{all: all, seen: make([]moment, n)}}
		b.shared.checked = g.memory.checked
		if g.charged {
			b.meter = &meter{}
		}
		g.begin(b, i)
		blocks[i] = b
	}
	if g.cluster {
		all.cluster = slices.Clone(blocks)
	}
	idle := int64(-1) // steps of all warps when there was no way on last
	for left := n; left > 0; {
		all.round++
		for _, w := range all.words {
			w.before = w.time
		}
		releases, before := all.releases, left
		for i, b := range blocks {
			if b == nil {
				continue
			}
			done, f := g.turn(b)
			if f == nil && b.shared.barrier >= severalBlocks {
				f = g.locate(&Fault{What: fmt.Sprintf("%d barriers in a launch whose blocks meet", b.shared.barrier)}, i, 0)
			}
			if f != nil {
				return counts, f
			}
			if done {
				blocks[i] = nil
				left--
			}
		}
		if all.releases == releases && left == before {
			all.vain++
			steps := int64(0)
			for _, b := range blocks {
				for i := 0; b != nil && i < len(b.warps); i++ {
					steps += b.warps[i].steps
				}
			}
			if steps == idle {
				return counts, &Fault{Kernel: g.program.name, What: "blocks wait for others, which do not come"}
			}
			idle = steps
		}
	}
	last := uint64(0)
	for i, c := range all.charges {
		stage := g.fresh(c.Blocks)
		c.Latency = uint64(c.Blocks) * (all.ends[i] - last)
		stage.Stage = i + 1
		stage.Add(&c)
		g.charges, last = append(g.charges, stage), all.ends[i]
	}
	return counts, nil
}
