package emulator

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"painless/kernels/gpu"
)

// Fault is what a kernel did wrong, and where.
type Fault struct {
	Kernel        string
	Block, Thread gpu.Dim
	What          string
	line, lane    int
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: line %d of the PTX, block (%d, %d, %d), thread (%d, %d, %d): %s", f.Kernel, f.line,
		f.Block.X, f.Block.Y, f.Block.Z, f.Thread.X, f.Thread.Y, f.Thread.Z, f.What)
}

// block is the block that a worker runs at the moment.
type block struct {
	number  int
	threads int
	memory  *memory
	shared  shared
	warps   []warp
	counts  []uint64 // lane instructions, by instruction
	limit   int64    // instructions of a warp
	meter   *meter   // nil where nobody asks for charges
	post    *post    // nil where blocks need not run at the same time
}

// whole is the lanes of a warp that the block began with.
func (b *block) whole(warp int) uint32 {
	if left := b.threads - warp*lanes; left < lanes {
		return 1<<left - 1
	}
	return full
}

// grid is one launch.
type grid struct {
	program     *program
	dim, shape  gpu.Dim // blocks, and threads of one
	shared      int     // dynamic, bytes
	carved      int     // and the most of any launch of the kernel
	args        []uint64
	memory      *memory
	limit       int64
	next, fault atomic.Int64 // block to run, lowest that failed
	charged     bool
	charges     []Charges // if charged, after run
}

func ones(d gpu.Dim) gpu.Dim { return gpu.Dim{X: max(d.X, 1), Y: max(d.Y, 1), Z: max(d.Z, 1)} }

func volume(d gpu.Dim) int { return d.X * d.Y * d.Z }

// coordinates is number n of d.
func coordinates(n int, d gpu.Dim) gpu.Dim {
	return gpu.Dim{X: n % d.X, Y: n / d.X % d.Y, Z: n / d.X / d.Y}
}

// run runs all blocks, side by side, and returns the lowest block's fault.
func (g *grid) run() (counts []uint64, err error) {
	blocks := volume(g.dim)
	g.fault.Store(int64(blocks))
	faults := make([]*Fault, blocks)
	workers := min(runtime.GOMAXPROCS(0), blocks)
	all, meters := make([][]uint64, workers), make([]*meter, workers)
	var group sync.WaitGroup
	for worker := range workers {
		all[worker] = make([]uint64, len(g.program.code))
		group.Go(func() {
			b := g.room(all[worker])
			meters[worker] = b.meter
			for n := g.next.Add(1) - 1; n < g.fault.Load(); n = g.next.Add(1) - 1 {
				if f := g.block(b, int(n)); f != nil {
					faults[n] = f
					for low := g.fault.Load(); n < low && !g.fault.CompareAndSwap(low, n); low = g.fault.Load() {
					}
				}
			}
		})
	}
	group.Wait()
	counts = make([]uint64, len(g.program.code))
	for _, c := range all {
		for i := range c {
			counts[i] += c[i]
		}
	}
	if g.charged {
		g.charges = []Charges{g.fresh(blocks)}
		for _, m := range meters {
			g.charges[0].Add(&m.sum)
		}
	}
	if n := g.fault.Load(); int(n) < blocks {
		return counts, faults[n]
	}
	return counts, nil
}

// fresh is the charges of so many blocks, before any.
func (g *grid) fresh(blocks int) Charges {
	return Charges{Kernel: g.program.name, Blocks: blocks, Threads: volume(g.shape), Room: g.program.static + g.shared}
}

// room is for a block, and the next ones of a worker.
func (g *grid) room(counts []uint64) *block {
	b := &block{threads: volume(g.shape), memory: g.memory, counts: counts, limit: g.limit}
	b.shared.checked = g.memory.checked
	if g.charged {
		b.meter = &meter{}
	}
	return b
}

// block runs one block from beginning to end.
func (g *grid) block(b *block, number int) *Fault {
	g.begin(b, number)
	for {
		if done, f := g.turn(b); done || f != nil {
			return f
		}
	}
}

// begin makes a block ready to run.
func (g *grid) begin(b *block, number int) {
	b.number = number
	b.shared.reset(g.program.static + g.shared)
	b.warps = slices.Grow(b.warps[:0], (b.threads+lanes-1)/lanes)[:(b.threads+lanes-1)/lanes]
	for i := range b.warps {
		g.start(b, &b.warps[i], i)
	}
	if b.meter != nil {
		size := firstLevel(b.threads, g.program.static+g.shared)
		if b.post != nil {
			size = firstLevelAlone(g.program.static + g.carved)
		}
		b.meter.cache.reset(size)
	}
}

// turn runs a block until it is done, or can only go on when others have.
func (g *grid) turn(b *block) (done bool, f *Fault) {
	for {
		looking := 0
		running, waiting := 0, 0
		for i := range b.warps {
			w := &b.warps[i]
			if !w.done && !w.waits {
				if f := w.run(g.program.code); f != nil {
					return false, g.locate(f, b.number, i)
				}
			}
			if w.looks {
				looking++
			}
			if !w.done {
				running++
			}
			if w.waits {
				waiting++
			}
		}
		if running == 0 {
			if b.meter != nil {
				b.meter.close(b)
			}
			return true, nil
		}
		if looking > 0 && waiting+looking == running {
			return false, nil
		}
		if waiting < running { // some have only paused
			continue
		}
		if waiting < len(b.warps) {
			first := slices.IndexFunc(b.warps, func(w warp) bool { return w.waits })
			line := g.program.code[b.warps[first].pc-1].line
			return false, g.locate(&Fault{What: "divergent barrier: this warp waits and others of the block have returned", line: line}, b.number, first)
		}
		b.shared.barrier++
		if b.meter != nil {
			b.settle()
		}
		for i := range b.warps {
			b.warps[i].waits = false
		}
	}
}

func (g *grid) locate(f *Fault, block, warp int) *Fault {
	f.Kernel, f.Block, f.Thread = g.program.name, coordinates(block, g.dim), coordinates(warp*lanes+f.lane, g.shape)
	return f
}

// start fills a warp's registers with what they hold at the beginning.
func (g *grid) start(b *block, w *warp, index int) {
	p := g.program
	if len(w.r32) < p.n32 || len(w.r64) < p.n64 || len(w.pred) < p.preds {
		w.r32, w.r64, w.pred = make([]column32, p.n32), make([]column64, p.n64), make([]uint32, p.preds)
	}
	*w = warp{r32: w.r32, r64: w.r64, pred: w.pred, splits: w.splits[:0], index: index, block: b}
	if b.meter != nil {
		w.ready = make([]uint64, p.n32+p.n64+p.preds)
	}
	w.mask = b.whole(index)
	w.live = w.mask
	for _, c := range p.constants {
		value := c.value
		if c.param >= 0 {
			value = g.args[c.param]
		}
		if c.table {
			value += uint64(p.static)
		}
		for l := range lanes {
			if c.wide {
				w.r64[c.index][l] = value
			} else {
				w.r32[c.index][l] = uint32(value)
			}
		}
	}
	at := coordinates(b.number, g.dim)
	for _, s := range p.specials {
		for l := range lanes {
			thread := coordinates(index*lanes+l, g.shape)
			w.r32[s.index][l] = uint32(map[string]int{
				"%tid.x": thread.X, "%tid.y": thread.Y, "%tid.z": thread.Z, "%ntid.x": g.shape.X, "%ntid.y": g.shape.Y, "%ntid.z": g.shape.Z,
				"%ctaid.x": at.X, "%ctaid.y": at.Y, "%ctaid.z": at.Z, "%nctaid.x": g.dim.X, "%nctaid.y": g.dim.Y, "%nctaid.z": g.dim.Z,
				"%laneid": l, "%warpid": index,
			}[s.name])
		}
	}
}
