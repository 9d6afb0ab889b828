//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"runtime"

	"painless/kernels/gpu"
)

// graph is recorded work, the last kernel of which is last.
type graph struct {
	device *device
	executable
	last string
}

// Capture records what work asks for. What it copies must be memory of AllocHost,
// and it may not allocate, free, synchronise or take the time.
func (d *device) Capture(work func() error) (gpu.Graph, error) {
	runtime.LockOSThread() // the thread that begins a recording must end it
	defer runtime.UnlockOSThread()
	if err := d.call("cuStreamBeginCapture", func() error { return beginCapture(d.stream) }); err != nil {
		return nil, fmt.Errorf("Capture: %w", err)
	}
	before := d.last
	d.capturing = true
	failed := work()
	d.capturing = false
	g := &graph{device: d, last: "a graph with " + d.last}
	d.last = before
	err := d.call("Capture", func() (err error) { g.executable, err = endCapture(d.stream, failed == nil); return })
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	d.graphs[g] = true
	return g, nil
}

// Launch runs the recorded work.
func (g *graph) Launch() error {
	d := g.device
	if !d.graphs[g] {
		return errors.New("Launch of a graph that is closed")
	}
	if err := d.call("cuGraphLaunch", func() error { return g.launch(d.stream) }); err != nil {
		return fmt.Errorf("%s: %w", g.last, err)
	}
	d.last = g.last
	return nil
}

// Close frees the graph.
func (g *graph) Close() error {
	d := g.device
	if d.closed || !d.graphs[g] {
		return nil
	}
	delete(d.graphs, g)
	return d.free("cuGraphExecDestroy", g.destroy)
}
