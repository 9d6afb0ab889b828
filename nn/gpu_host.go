package nn

import (
	"fmt"
	"sync/atomic"

	"painless/atoms"
	"painless/kernels/gpu"
)

// hostCall is what the host's threads work on: the batch of a call, where it is laid out, and its results.
type hostCall struct {
	batch  *atoms.Batch
	result *Result

	positions          [][3]float64
	structure, numbers []int32
	lattices           []gpu.Lattice

	wrong atomic.Int64 // the lowest structure that something is wrong with, or as many as there are
}

// note says that something is wrong with structure k.
func (c *hostCall) note(k int) {
	for low := c.wrong.Load(); int64(k) < low && !c.wrong.CompareAndSwap(low, int64(k)); low = c.wrong.Load() {
	}
}

// hostTasks are the host's units of work, bound once so that calls allocate nothing.
type hostTasks struct{ stage, lattices, forces, finish func(worker, unit int) }

// How many make a unit: some 20 µs, so that no thread is woken for small batches.
const atomsOfUnit, structuresOfUnit = 8192, 256

// each runs a task on all of n things.
func (e *gpuEngine) each(n, ofUnit int, task func(worker, unit int)) {
	e.pool.Run(ceilDiv(n, ofUnit), task)
}

// unit is which of n things a unit is: from up to to.
func unit(number, ofUnit, n int) (from, to int) {
	return number * ofUnit, min(n, (number+1)*ofUnit)
}

// gpuResults is what comes back.
type gpuResults struct {
	results [][10]float64 // {energy, virial} of each structure
	forces  [][3]float32
	status  []int64 // see gpu.Edges
}

// resizeResults makes room for what comes back of n atoms and s structures.
func (e *gpuEngine) resizeResults(n, s int) error {
	if e.energyOnly {
		n = 0 // forces
	}
	if e.inOne() {
		return e.resizeAnswer(n, s)
	}
	var p packer
	results, status, forces := pack[[10]float64](&p, s), pack[int64](&p, 2), pack[[3]float32](&p, n)
	if err := e.out.resize(e.dev, e.memory, "results", p.size); err != nil {
		return err
	}
	from := e.out.device
	e.results, e.forces = gpu.View[[10]float64](from, results, s), gpu.View[[3]float32](from, forces, n)
	e.edges.Status = gpu.View[int64](from, status, 2)
	e.host = gpuResults{onHost[[10]float64](&e.out, results, s), onHost[[3]float32](&e.out, forces, n), onHost[int64](&e.out, status, 2)}
	return nil
}

// collect makes r of the results.
func (e *gpuEngine) collect(b *atoms.Batch, r *Result) error {
	h := &e.call
	if same := int(e.host.status[1]); same > 0 {
		return e.onHost(b, fmt.Errorf("atom %d of the batch is on the same point as another", e.firstAtom+b.NumAtoms()-same))
	}
	r.Resize(b, e.energyOnly)
	if err := e.share(r); err != nil {
		return err
	}
	h.batch, h.result = b, r
	defer func() { h.batch, h.result = nil, nil }()
	h.wrong.Store(int64(b.Len()))
	e.each(len(r.Forces), atomsOfUnit, e.tasks.forces)
	e.each(b.Len(), structuresOfUnit, e.tasks.finish)
	if k := int(h.wrong.Load()); k < b.Len() {
		return r.Finish(b, k)
	}
	return nil
}

// collectForces takes a unit of atoms' forces.
func (e *gpuEngine) collectForces(_, number int) {
	from, to := unit(number, atomsOfUnit, len(e.host.forces))
	out := e.call.result.Forces[from:to]
	for i, f := range e.host.forces[from:to] {
		out[i] = [3]float64{float64(f[0]), float64(f[1]), float64(f[2])}
	}
}

// finish takes a unit of structures' energies and virials, and looks at their forces.
func (e *gpuEngine) finish(_, number int) {
	b, r := e.call.batch, e.call.result
	from, to := unit(number, structuresOfUnit, b.Len())
	for k := from; k < to; k++ {
		result := &e.host.results[k]
		r.Energy[k] = result[0]
		if !e.energyOnly {
			for i, w := range result[1:] {
				r.Virial[k][i/3][i%3] = w
			}
		}
		if r.Finish(b, k) != nil {
			e.call.note(k)
		}
	}
}
