package nn

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
)

// brick is a rank's part of a box that is cut into bricks, with the ghosts that LAMMPS
// gives it: all atoms and images within the cutoff and a skin of its borders.
type brick struct {
	batch *atoms.Batch
	own   int
	pairs [][2]int32
}

// newBrick cuts the first of so many bricks out of a box.
func newBrick(b *testing.B, s atoms.Structure, bricks [3]int, reach float64) *brick {
	var own, ghosts atoms.Structure
	for image := range 27 {
		shift := [3]int{image%3 - 1, image/3%3 - 1, image/9 - 1}
		for i, x := range s.Positions {
			inside, near := true, true
			for c := range 3 {
				edge := s.Cell[c][c] / float64(bricks[c])
				x[c] += float64(shift[c]) * s.Cell[c][c]
				inside = inside && x[c] >= 0 && x[c] < edge
				near = near && x[c] >= -reach && x[c] < edge+reach
			}
			to := &ghosts
			if inside {
				to = &own
			}
			if near {
				to.Numbers, to.Positions = append(to.Numbers, s.Numbers[i]), append(to.Positions, x)
			}
		}
	}
	r := &brick{own: len(own.Numbers)}
	own.Numbers, own.Positions = append(own.Numbers, ghosts.Numbers...), append(own.Positions, ghosts.Positions...)
	r.batch = atoms.NewBatch(own)
	list := &atoms.NeighborList[float32]{}
	require.NoError(b, list.Build(r.batch, reach))
	list.DropGhosts(r.own)
	for p, i := range list.I {
		r.pairs = append(r.pairs, [2]int32{i, list.J[p]})
	}
	return r
}

// used is the processor time of the process, which other programs disturb less than
// the time that passes.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What a step costs in processor time, on one thread: of a whole box, and of a rank's
// brick of it, what it computes, and what it packs and unpacks where ghosts are as many
// as atoms that are ghosts elsewhere. docs/scaling.md fits a model to these.
func BenchmarkDomain(b *testing.B) {
	ctx := context.Background()
	for _, size := range []Config{{HiddenDim: 128, NumInteractions: 3, NumRBF: 20}, {HiddenDim: 64, NumInteractions: 2, NumRBF: 12}} {
		size.Cutoff, size.MaxZ = 5, 100
		net := randomNetwork(size, 1)
		p, err := NewPotential(net, Options{Threads: 1})
		require.NoError(b, err)
		d, err := NewDomain(net, Options{Threads: 1})
		require.NoError(b, err)
		for _, edge := range []int{10, 15} {
			s := systems.WaterBox(edge, edge, edge)
			name := fmt.Sprintf("H=%d/atoms=%d/", size.HiddenDim, len(s.Numbers))
			b.Run(name+"whole", func(b *testing.B) {
				batch, result := atoms.NewBatch(s), &Result{}
				benchUsed(b, func(step int) {
					systems.Shake(batch.Positions, step)
					require.NoError(b, p.Compute(ctx, batch, result))
				})
			})
			for _, bricks := range [][3]int{{1, 1, 1}, {1, 1, 2}, {1, 2, 2}, {2, 2, 2}} {
				b.Run(fmt.Sprintf("%sranks=%d", name, bricks[0]*bricks[1]*bricks[2]), func(b *testing.B) {
					benchBrick(b, d, newBrick(b, s, bricks, net.Cutoff+0.5))
				})
			}
		}
		require.NoError(b, p.Close())
		require.NoError(b, d.Close())
	}
}

func benchBrick(b *testing.B, d *Domain, r *brick) {
	ctx := context.Background()
	ghosts := len(r.batch.Numbers) - r.own
	list, rows := make([]int32, ghosts), make([]float32, ghosts*d.Row())
	for i := range list {
		list[i] = int32(i % r.own)
	}
	result := &DomainResult{}
	var packing, unpacking time.Duration
	exchanges := 0
	benchUsed(b, func(step int) {
		if step == 0 {
			packing, unpacking, exchanges = 0, 0, 0
		}
		require.NoError(b, d.Begin(ctx, r.batch, r.own, r.pairs))
		for {
			what, err := d.Next(ctx)
			require.NoError(b, err)
			if what == Done {
				break
			}
			began := used()
			require.NoError(b, d.Pack(rows, list))
			packed := used()
			require.NoError(b, d.Unpack(rows, r.own, ghosts))
			packing, unpacking = packing+packed-began, unpacking+used()-packed
			exchanges++
		}
		require.NoError(b, d.Finish(result))
	})
	bytes := float64(exchanges * len(rows) * 4)
	b.ReportMetric((packing+unpacking).Seconds()*1e3/float64(b.N), "exchange-ms")
	b.ReportMetric(bytes/packing.Seconds()/1e9, "pack-GB/s")
	b.ReportMetric(bytes/unpacking.Seconds()/1e9, "unpack-GB/s")
	b.ReportMetric(float64(r.own), "own")
	b.ReportMetric(float64(ghosts), "ghosts")
	b.ReportMetric(float64(len(d.part.(*cpuDomain).engine.list.D)), "pairs")
	b.ReportMetric(bytes/float64(b.N)/1e6, "MB")
}

// benchUsed reports the processor time of steps, the first of which, −1, is not counted.
func benchUsed(b *testing.B, do func(step int)) {
	do(-1)
	began, step := used(), 0
	for b.Loop() {
		do(step)
		step++
	}
	b.ReportMetric((used()-began).Seconds()*1e3/float64(b.N), "cpu-ms")
	b.ReportMetric(0, "ns/op")
}
