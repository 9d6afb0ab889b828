package nn

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"painless/kernels/gpu"
)

// NewGPUPotential is the network on a GPU, in float32 and with tabulated
// filters. It owns dev and closes it.
func NewGPUPotential(net *Network, dev gpu.Device) (Potential, error) {
	e := &gpuEngine{net: net, dev: dev, memory: gpu.NewMemory(dev)}
	if err := e.load(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// gpuEngine is the network on a GPU: it arranges buffers and launches, in the
// order of docs/backward.md.
type gpuEngine struct {
	net *Network

	mu      sync.Mutex
	closed  bool
	dev     gpu.Device
	kernels *gpu.Kernels
	memory  *gpu.Memory
	weights gpuWeights

	host   gpuHost
	input  gpu.Structures
	search gpu.Search
	edges  gpu.Edges

	// Per block k: the state before its message and after it, and what its
	// update leaves for the way back.
	before, after []gpu.State
	pre, gates    []gpu.Array[float32]
	g, gin        gpu.State // ∂E/∂state at the stage that the way back has come to

	energy  gpu.Array[float32] // of each atom, eV, [N]
	force   gpu.Array[float32] // of each slice of features, [H/8, N, 12]
	forces  gpu.Array[[3]float32]
	virials gpu.Array[[9]float32]
	results gpu.Array[[10]float64]

	list NeighborList[float32] // names the atoms where two are on one point
}

// gpuHost is what goes to the device and comes from it.
type gpuHost struct {
	numbers, structure, first []int32
	lattices                  []gpu.Lattice
	total                     []int32 // edges, [1]
	onOnePoint                []int32 // [1]
	forces                    [][3]float32
	results                   [][10]float64
}

func (e *gpuEngine) Compute(ctx context.Context, b *Batch, r *Result) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	if err := b.check(e.net.MaxZ); err != nil {
		return err
	}
	if err := e.upload(b); err != nil {
		return err
	}
	if err := e.findEdges(b); err != nil {
		return err
	}
	if err := e.grow(b); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.launch(); err != nil {
		return err
	}
	return e.collect(b, r)
}

// findEdges leaves all edges on the device; their number has to come back
// first, to make room for them.
func (e *gpuEngine) findEdges(b *Batch) error {
	k, m, cutoff := e.kernels, e.memory, float32(e.net.Cutoff)
	if err := k.FindEdges(m, &e.search, &e.edges, &e.input, cutoff); err != nil {
		return err
	}
	n := b.NumAtoms()
	if err := gpu.Download(m, e.host.total, e.edges.Start.Slice(n, n+1)); err != nil {
		return err
	}
	if err := e.dev.Synchronize(); err != nil {
		return err
	}
	total := int(e.host.total[0])
	if total > n*maxNeighbors || total == 1<<31-1 {
		return e.onHost(b, fmt.Errorf("more than %d neighbours per atom within %v Å: expected positions and cell in Å", maxNeighbors, e.net.Cutoff))
	}
	if err := gpu.Resize(m, &e.edges.A, "edges", total); err != nil {
		return err
	}
	if err := gpu.Resize(m, &e.edges.B, "edges", total); err != nil {
		return err
	}
	return k.FillEdges(m, &e.search, &e.edges, &e.input, cutoff, e.weights.intervals)
}

// onHost looks at the structures on the CPU, which can say which one is wrong.
func (e *gpuEngine) onHost(b *Batch, otherwise error) error {
	if err := e.list.Build(b, e.net.Cutoff); err != nil {
		return err
	}
	return otherwise
}

// grow makes room for the batch.
func (e *gpuEngine) grow(b *Batch) error {
	n, h, m := b.NumAtoms(), e.net.HiddenDim, e.memory
	var errs []error
	states := func(s *gpu.State) { errs = append(errs, gpu.Resize(m, s, "states of atoms", n*h)) }
	floats := func(a *gpu.Array[float32], n int) { errs = append(errs, gpu.Resize(m, a, "activations of atoms", n)) }
	for k := range e.before {
		states(&e.before[k])
		states(&e.after[k])
		if k < len(e.pre) {
			floats(&e.pre[k], n*h)
			floats(&e.gates[k], n*2*h)
		}
	}
	states(&e.g)
	states(&e.gin)
	floats(&e.energy, n)
	floats(&e.force, gpu.Slices(h)*n*12)
	errs = append(errs, gpu.Resize(m, &e.forces, "forces", n), gpu.Resize(m, &e.virials, "virials", n),
		gpu.Resize(m, &e.results, "results", b.Len()))
	return errors.Join(errs...)
}

// launch runs the network forwards and then backwards.
func (e *gpuEngine) launch() error {
	k, w, h, cutoff := e.kernels, &e.weights, e.net.HiddenDim, float32(e.net.Cutoff)
	last := len(w.tables) - 1
	if err := k.Embed(e.before[0], w.embedding, e.input.Numbers, h); err != nil {
		return err
	}
	for block := 0; ; block++ {
		if err := k.MessageForward(e.after[block], e.before[block], &e.edges, w.tables[block]); err != nil {
			return err
		}
		if block == last {
			break
		}
		if err := k.UpdateForward(e.before[block+1], e.pre[block], e.gates[block], e.after[block], &w.updates[block], h); err != nil {
			return err
		}
	}
	if err := k.Turn(e.g, e.energy, e.after[last], &w.updates[last], &w.readout, h); err != nil {
		return err
	}
	for block := last; ; block-- {
		if err := k.MessageBackward(e.gin, e.force, e.g, e.before[block], &e.edges, w.tables[block], cutoff, block == last); err != nil {
			return err
		}
		if block == 0 {
			break
		}
		e.g, e.gin = e.gin, e.g
		if err := k.UpdateBackward(e.g, e.after[block-1], e.pre[block-1], e.gates[block-1], &w.updates[block-1], h); err != nil {
			return err
		}
	}
	if err := k.SumSlices(e.forces, e.virials, e.force, gpu.Slices(h)); err != nil {
		return err
	}
	return k.Reduce(e.results, e.energy, e.virials, &e.input)
}

// collect brings the results to the host.
func (e *gpuEngine) collect(b *Batch, r *Result) error {
	h := &e.host
	h.forces, h.results = resize(h.forces, b.NumAtoms()), resize(h.results, b.Len())
	if err := errors.Join(gpu.Download(e.memory, h.forces, e.forces), gpu.Download(e.memory, h.results, e.results),
		gpu.Download(e.memory, h.onOnePoint, e.search.OnOnePoint), e.dev.Synchronize()); err != nil {
		return err
	}
	if i := h.onOnePoint[0]; int(i) < b.NumAtoms() {
		return e.onHost(b, fmt.Errorf("atom %d of the batch is on the same point as another", i))
	}
	r.resize(b)
	for i, f := range h.forces {
		r.Forces[i] = [3]float64{float64(f[0]), float64(f[1]), float64(f[2])}
	}
	for k, result := range h.results {
		r.Energy[k] = result[0]
		for i, w := range result[1:] {
			r.Virial[k][i/3][i%3] = w
		}
		if err := r.finish(b, k); err != nil {
			return err
		}
	}
	return nil
}

// Close gives back the device's memory and the device. It may be called twice.
func (e *gpuEngine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.memory.Close()
	if e.kernels != nil {
		err = errors.Join(err, e.kernels.Close())
	}
	return errors.Join(err, e.dev.Close())
}
