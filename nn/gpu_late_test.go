package nn

import (
	"errors"
	"fmt"
	"strings"

	"painless/kernels/gpu"
)

// late is a device that does nothing before it is waited for, and then no more than it is waited for, as a GPU may. So what is
// overwritten too early goes wrong, and memory that is given back too early is an error.
type late struct {
	gpu.Device
	asked  []func() error // that is not done
	done   int
	marked gpu.Marked
	marks  [gpu.Marks]int // how much is to be done before
	graph  *lateGraph     // that records
	ran    map[string]int // launches, by kernel
	failed error          // what the next sums fail with when they are done; after another launch that failed others would go wrong
}

func newLate(d gpu.Device) *late { return &late{Device: d, ran: map[string]int{}} }

func (d *late) ask(work func() error) error {
	if d.graph != nil {
		d.graph.work = append(d.graph.work, work)
		return nil
	}
	d.asked = append(d.asked, work)
	return nil
}

func (d *late) Upload(dst gpu.Pointer, src []byte) error {
	return d.ask(func() error { return d.Device.Upload(dst, src) })
}

func (d *late) Download(dst []byte, src gpu.Pointer) error {
	return d.ask(func() error { return d.Device.Download(dst, src) })
}

func (d *late) Zero(dst gpu.Pointer, size int) error {
	return d.ask(func() error { return d.Device.Zero(dst, size) })
}

func (d *late) Launch(l *gpu.Launch) error {
	own := *l
	own.Args = append([]uint64(nil), l.Args...)
	return d.ask(func() error {
		d.ran[own.Kernel.Name()]++
		if err := d.failed; err != nil && strings.HasPrefix(own.Kernel.Name(), "sum_") {
			d.failed = nil
			return err
		}
		return d.Device.Launch(&own)
	})
}

// until does what was asked for up to so much.
func (d *late) until(much int) error {
	for d.done < much {
		work := d.asked[0]
		d.asked, d.done = d.asked[1:], d.done+1
		if err := work(); err != nil {
			return err
		}
	}
	return d.Device.Synchronize()
}

func (d *late) Synchronize() error { return d.until(d.done + len(d.asked)) }

func (d *late) Mark(mark int) error {
	d.marks[mark], d.marked[mark] = d.done+len(d.asked), true
	return nil
}

func (d *late) Await(mark int) error {
	return errors.Join(d.marked.CheckMade(mark), d.until(d.marks[mark]))
}

// idle is an error as long as there is something to be done.
func (d *late) idle() error {
	if len(d.asked) > 0 {
		return fmt.Errorf("%d pieces of work may still use it", len(d.asked))
	}
	return nil
}

func (d *late) Free(p gpu.Pointer) error { return errors.Join(d.idle(), d.Device.Free(p)) }

type lateGraph struct {
	device *late
	work   []func() error
}

func (d *late) Capture(work func() error) (gpu.Graph, error) {
	g := &lateGraph{device: d}
	d.graph = g
	defer func() { d.graph = nil }()
	return g, work()
}

func (g *lateGraph) Launch() error {
	d := g.device
	d.asked = append(d.asked, g.work...)
	return nil
}

func (g *lateGraph) Close() error { return nil }
