package emulator

import "strings"

// charged is what an instruction is charged for.
type charged struct {
	class   Class
	slots   uint64 // issue slots of a warp
	latency uint64 // cycles until its result can be used, beside those of memory
	in, out []int  // registers, counted through all sizes
	request *request
}

// request is what a load, store or atomic asks for.
type request struct {
	shared, load, cached bool
	base                 register
	offset               uint64
	size                 int
}

// Cycles until a result can be used, about those of an A100, H100 and RTX 4090 (arXiv 2402.13499, tables of the memory's latencies;
// arithmetic 4 since Volta, arXiv 1804.06826).
const (
	arithmeticLatency = 4
	specialLatency    = 18
	fp64Latency       = 8
	sharedLatency     = 30
	shuffleLatency    = 24
	tensorLatency     = 33 // an estimate, the longest of what is published for products of matrices of about this size
	cacheLatency      = 40
	beyondLatency     = 265  // the second-level cache
	hostLatency       = 2500 // the host's memory, there and back: an estimate, 1.3 µs at 2 GHz
	barrierLatency    = 20
	branchLatency     = 6
)

// long are instructions that an assembler makes several of, by what they
// begin with; the others are one each, and 64-bit integers two.
var long = []struct {
	prefix  string
	slots   uint64
	latency uint64
}{
	{"div.rn.f32", 9, 45}, {"rcp.rn.f32", 6, 40}, {"sqrt.rn.f32", 8, 45}, {"ex2.approx.f32", 4, 26},
	{"div.rn.f64", 12, 90}, {"div.u32", 18, 70}, {"div.s32", 20, 75}, {"rem.u32", 18, 70}, {"rem.s32", 20, 75},
	{"div.u64", 70, 300}, {"div.s64", 75, 300}, {"rem.u64", 70, 300}, {"rem.s64", 75, 300},
	{"mul.hi.u64", 6, 20}, {"mul.lo.s64", 3, 9}, {"mul.lo.u64", 3, 9}, {"mad.lo.s64", 4, 10},
}

// charge decodes what a statement is charged for, once the registers are known.
func (d *decoder) charge(s *statement, r *request) *charged {
	words := strings.Split(s.opcode, ".")
	c := &charged{class: class(s.opcode, words), slots: 1, latency: arithmeticLatency, request: r}
	switch c.class {
	case Free:
		c.slots, c.latency = 0, 0
	case Special:
		c.latency = specialLatency
	case FP64:
		c.latency = fp64Latency
	case Shuffle:
		c.latency = shuffleLatency
	case Tensor:
		c.latency = tensorLatency
	case Memory:
		c.latency = 0
	case Integer:
		if strings.HasSuffix(words[len(words)-1], "64") && words[0] != "selp" && !strings.Contains(s.opcode, "wide") {
			c.slots, c.latency = 2, 2*arithmeticLatency
		}
	}
	for _, l := range long {
		if strings.HasPrefix(s.opcode, l.prefix) {
			c.slots, c.latency = l.slots, l.latency
		}
	}
	results := 1
	if words[0] == "st" || words[0] == "red" || words[0] == "cp" || c.class == Control {
		results = 0
	} else if words[0] == "shfl" && len(s.operands) == 6 {
		results = 2
	}
	for i, text := range s.operands {
		for _, name := range operands(strings.Trim(text, "{}[]")) {
			name, _, _ = strings.Cut(name, "+")
			r, ok := d.registers[name]
			switch {
			case !ok:
			case i < results:
				c.out = append(c.out, d.out.number(r))
			default:
				c.in = append(c.in, d.out.number(r))
			}
		}
	}
	if s.guard != "" {
		c.in = append(c.in, d.out.number(d.registers[s.guard]))
	}
	return c
}

// number counts registers through all sizes.
func (p *program) number(r register) int {
	switch {
	case r.pred:
		return p.n32 + p.n64 + r.index
	case r.wide:
		return p.n32 + r.index
	}
	return r.index
}

func class(opcode string, words []string) Class {
	kind := words[len(words)-1]
	switch words[0] {
	case "mov", "cvta":
		return Free
	case "ld", "st", "atom", "red", "cp":
		if words[1] == "param" {
			return Free
		}
		return Memory
	case "shfl", "vote":
		return Shuffle
	case "mma":
		return Tensor
	case "bra", "ret", "exit", "bar", "barrier":
		return Control
	case "ex2", "lg2", "sin", "cos", "rcp", "rsqrt", "sqrt", "popc":
		if kind == "f64" {
			return FP64
		}
		return Special
	case "cvt":
		switch {
		case strings.Contains(opcode, "f64"):
			return FP64
		case strings.Contains(opcode, "f32"):
			return Special
		case opcode == "cvt.s64.s32":
			return Integer
		}
		return Free
	case "neg", "abs":
		if kind == "f32" || kind == "f64" {
			return Free // a flag of the operand
		}
		return Integer
	case "setp", "selp", "min", "max":
		if kind == "f64" && words[0] != "selp" {
			return FP64
		}
		return Integer
	}
	switch kind {
	case "f32":
		return FP32
	case "f64":
		return FP64
	}
	return Integer
}

// quantum is the instructions that a warp whose charges are counted runs before
// the next one does: warps of a block share a cache.
const quantum = 16

// meter counts what a worker's blocks are charged for.
type meter struct {
	sum   Charges
	cache cache
	list  []uint64 // of a request
}

// timing is a warp's time, in cycles.
type timing struct {
	clock    uint64   // when the last instruction began, and a cycle more
	since    uint64   // when the stretch of instructions began
	issued   uint64   // issue slots of the stretch
	stored   uint64   // when the last store began, and a cycle more
	ready    []uint64 // when registers hold what they wait for
	answered uint64   // when what the last request asks for is there
}

// charge counts an instruction that is about to run, and lets the warp's time go on. In a stretch without labels, branches and barriers
// an instruction begins as soon as its operands are there, and loads when the stores before them have begun: an assembler puts them in about such an
// order, as far as registers go. The stretch takes a cycle for each slot at least.
func (w *warp) charge(s *step, mask uint32) {
	c, m := s.charged, w.block.meter
	if s.leader {
		w.stretch(0)
	}
	m.sum.Slots[c.class] += c.slots
	if c.class == Control {
		w.stretch(branchLatency)
		return
	}
	w.issued += c.slots
	begin := w.since
	for _, r := range c.in {
		begin = max(begin, w.ready[r])
	}
	done := begin + c.latency
	if r := c.request; r != nil && mask != 0 {
		if r.load {
			begin = max(begin, w.stored)
		} else {
			w.stored = max(w.stored, begin+1)
		}
		done = begin + m.request(w, r, mask)
		w.answered = done
	}
	for _, r := range c.out {
		w.ready[r] = done
	}
	w.clock = max(w.clock, begin+c.slots)
}

// stretch ends a stretch of instructions; the next one begins so many cycles later.
func (w *warp) stretch(latency uint64) {
	w.clock = max(w.clock, w.since+w.issued) + latency
	w.since, w.issued = w.clock, 0
}

// request counts a request, and is how many cycles its result takes.
func (m *meter) request(w *warp, r *request, mask uint32) uint64 {
	var at [lanes]uint64
	for lane := range lanes {
		if mask>>lane&1 == 1 {
			at[lane] = r.base.get(w, lane) + r.offset
		}
	}
	cycles, least := busy(&at, mask, r.size, r.load)
	if r.shared {
		m.sum.Shared.add(&Requests{1, uint64(cycles), uint64(least)})
		return sharedLatency + uint64(cycles-1)
	}
	// A first-level cache looks up one line of 128 bytes in a cycle; its banks are no matter.
	m.list = distinct(m.list, &at, mask, 128)
	cycles = max(least, len(m.list))
	m.sum.Global.add(&Requests{1, uint64(cycles), uint64(least)})
	m.list = distinct(m.list, &at, mask, 1)
	m.sum.LeastSectors += uint64(len(m.list)*r.size+31) / 32
	m.list = distinct(m.list, &at, mask, 32)
	m.sum.Sectors += uint64(len(m.list))
	if len(m.list) > 0 && w.block.memory.ofHost(m.list[0]) {
		m.sum.Host += uint64(len(m.list))
		return hostLatency + uint64(cycles-1)
	}
	m.sum.Footprint += 32 * w.block.memory.touch(m.list, !r.load)
	missed := 0
	for _, sector := range m.list {
		if !r.cached || !m.cache.hit(sector) {
			missed++
		}
	}
	m.sum.Missed += uint64(missed)
	if missed > 0 {
		return beyondLatency + uint64(cycles-1)
	}
	return cacheLatency + uint64(cycles-1)
}

// settle lets the warps of a block that waited for each other go on together.
func (b *block) settle() {
	last := uint64(0)
	for i := range b.warps {
		last = max(last, b.warps[i].clock)
	}
	for i := range b.warps {
		b.warps[i].clock, b.warps[i].since = last+barrierLatency, last+barrierLatency
	}
}

// close counts how long the block took.
func (m *meter) close(b *block) {
	last := uint64(0)
	for i := range b.warps {
		last = max(last, b.warps[i].clock)
	}
	m.sum.Latency += last
}

// cache is a block's share of the first-level cache: lines of 128 bytes, of which the sectors that were asked for are there, in sets
// of 4, of which the one unused for longest makes room.
type cache struct {
	sets [][4]cached
	uses uint64
}

type cached struct{ line, sectors, used uint64 }

// reset empties the cache, of so many bytes.
func (c *cache) reset(bytes int) {
	c.sets = make([][4]cached, max(1, bytes/(4*128)))
}

// hit is whether a sector is there, and from now on it is.
func (c *cache) hit(sector uint64) bool {
	line, bit := sector/4, uint64(1)<<(sector%4)
	set := &c.sets[(line^line>>7^line>>15)%uint64(len(c.sets))]
	oldest := 0
	c.uses++
	for i := range set {
		if s := &set[i]; s.used > 0 && s.line == line {
			there := s.sectors&bit != 0
			s.sectors |= bit
			s.used = c.uses
			return there
		}
		if set[i].used < set[oldest].used {
			oldest = i
		}
	}
	set[oldest] = cached{line, bit, c.uses}
	return false
}

// firstLevel is the bytes that a block has of the 256 KB of shared memory and first-level cache of an H100's multiprocessor, with as many
// blocks on it as its threads and shared memory allow.
func firstLevel(threads, shared int) int {
	const most, own = 228 << 10, 1 << 10
	blocks := max(1, min(2048/threads, most/(shared+own), 32))
	return max(4<<10, bothLevels/blocks-shared-own)
}

const bothLevels = 256 << 10

// firstLevelAlone is those of a block that has a multiprocessor to itself, of which shared memory is one of a few sizes.
func firstLevelAlone(shared int) int {
	const own = 1 << 10
	for _, size := range []int{0, 8, 16, 32, 64, 100, 132, 164, 196} {
		if shared+own <= size<<10 {
			return bothLevels - size<<10
		}
	}
	return bothLevels - 228<<10
}
