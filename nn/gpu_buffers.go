package nn

import (
	"errors"

	"painless/atoms"
	"painless/kernels/gpu"
)

// gpuBuffers is what a batch needs on the device.
type gpuBuffers struct {
	ofFew  gpu.Few  // see gpu_few.go
	ofOne  gpu.Once // and gpu_once.go
	search gpu.Search
	edges  gpu.Edges
	values gpu.FilterValues // of exact filters

	// Per block k: the state before its message and after it, and what its
	// update leaves for the way back.
	before, after []gpu.State
	pre, gates    []gpu.Array[float32]
	g, gin        gpu.State // ∂E/∂state at the stage that the way back has come to

	energy  gpu.Array[float32] // of each atom, eV, [N]
	force   gpu.Array[float32] // of each group of features, [H/8, N, 12]
	forces  gpu.Array[[3]float32]
	virials gpu.Array[[9]float32]
	chunks  gpu.Array[[10]float64] // sums of parts of large structures: see gpu.Structures
	results gpu.Array[[10]float64]
}

// grow makes room for the batch.
func (e *gpuEngine) grow(b *atoms.Batch) error {
	n, m := b.NumAtoms(), e.memory
	err := errors.Join(e.growAtoms(n, 0), e.search.Resize(m, n, e.input.Buckets), e.edges.Resize(m, n, e.edgeRoom), e.resizeResults(n, b.Len()))
	if e.few() {
		err = errors.Join(err, e.ofFew.Resize(m, n, e.net.HiddenDim))
	}
	if e.inOne() {
		e.ofOne.Network = &e.weights.ofOne
		err = errors.Join(err, e.ofOne.Resize(m, n, e.net.HiddenDim))
	}
	return err
}

// growAtoms makes room for what n atoms have, and edgeRoom edges; behind the states and gradients of state that others read
// there is room for those of ghosts: see withGhosts.
func (e *gpuEngine) growAtoms(n, ghosts int) error {
	h, m := e.net.HiddenDim, e.memory
	if e.before == nil {
		blocks := len(e.net.Blocks)
		e.before, e.after = make([]gpu.State, blocks), make([]gpu.State, blocks)
		e.pre, e.gates = make([]gpu.Array[float32], blocks-1), make([]gpu.Array[float32], blocks-1)
	}
	var failed error
	states := func(s *gpu.State) {
		failed = errors.Join(failed, gpu.Resize(m, s, "states of atoms", (n+ghosts)*h), gpu.Resize(m, s, "states of atoms", n*h))
	}
	floats := func(a *gpu.Array[float32], n int) {
		failed = errors.Join(failed, gpu.Resize(m, a, "activations of atoms", n))
	}
	for k := range e.before {
		if k > 0 { // the first is the embedding
			states(&e.before[k])
		}
		states(&e.after[k])
		if k < len(e.pre) {
			floats(&e.pre[k], n*h)
			floats(&e.gates[k], n*2*h)
		}
	}
	if e.weights.exact {
		failed = errors.Join(failed, e.values.Resize(m, e.edgeRoom, h))
	}
	states(&e.g)
	floats(&e.energy, n)
	failed = errors.Join(failed, gpu.Resize(m, &e.chunks, "sums of chunks", e.input.Chunks()))
	if !e.energyOnly {
		states(&e.gin)
		floats(&e.force, gpu.Groups(h)*n*12)
		failed = errors.Join(failed, gpu.Resize(m, &e.virials, "virials", n))
	}
	return failed
}

// drop gives back what batches needed on the device.
func (e *gpuEngine) drop() error {
	err := errors.Join(e.forget(), e.memory.Close())
	e.gpuBuffers, e.edgeRoom = gpuBuffers{}, 0
	for i := range e.parts.crossings {
		c := &e.parts.crossings[i]
		c.in.device, c.out.device = gpu.Array[byte]{}, gpu.Array[byte]{}
	}
	return err
}
