package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"painless/atoms"
	"painless/internal/pool"
	"painless/kernels/gpu"
)

// NewGPUPotential puts the network on a GPU, which computes in float32. It owns
// dev and closes it. Threads of the options lay large batches
// out and take their results, and are those that Run lends.
func NewGPUPotential(net *Network, dev gpu.Device, opts Options) (Potential, error) {
	if dev == nil {
		return nil, errors.New("expected a GPU, found nil")
	}
	if err := net.check(); err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	if opts.Precision != Float32 {
		return nil, errors.Join(fmt.Errorf("precision float64: a GPU computes in float32, the CPU in either"), dev.Close())
	}
	filters, err := opts.Filters.of(opts.Precision)
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	threads, err := opts.threads()
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	e := &gpuEngine{net: net, pool: pool.New(threads), known: net.acquainted(opts.AnyElement), dev: dev, memory: gpu.NewMemory(dev), weights: gpuWeights{memory: gpu.NewMemory(dev)},
		energyOnly: opts.EnergyOnly, schedule: schedule(len(net.Blocks), opts.EnergyOnly), parts: gpuParts{atoms: atomsOfPart},
		shares: gpuShares{energies: opts.AtomEnergies, virials: opts.AtomVirials && !opts.EnergyOnly}}
	e.tasks = hostTasks{stage: e.stageAtoms, lattices: e.stageLattices, forces: e.collectForces, finish: e.finish}
	e.turn(0)
	if err := e.load(filters); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// gpuEngine is the network on a GPU: it arranges buffers, and launches what the
// schedule says.
type gpuEngine struct {
	net        *Network
	known      acquainted
	energyOnly bool
	schedule   []step

	mu      sync.Mutex
	closed  bool
	pool    *pool.Pool
	dev     gpu.Device
	kernels *gpu.Kernels
	weights gpuWeights

	*gpuCrossing // of the part whose turn it is, or of the whole batch: see gpu_parts.go
	recorded     *recording
	parts        gpuParts
	call         hostCall
	tasks        hostTasks
	shares       gpuShares
	memory       *gpu.Memory // of the buffers
	edgeRoom     int         // edges that there is room for
	gpuBuffers
	apart bool // whether there is to be no launch whose blocks wait for each other: see gpu_once.go

	list atoms.NeighborList[float32] // names the atoms where two are on one point
}

// recording is the work of a call, to be launched as one where the next call
// has the same shape.
type recording struct {
	graph gpu.Graph
	shape gpuShape
}

// gpuShape is all that the launches of a call depend on.
type gpuShape struct{ atoms, structures, buckets, chunks, edgeRoom, changes, moves int }

func (e *gpuEngine) Compute(ctx context.Context, b *atoms.Batch, r *Result) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	if err := check(ctx, b, r, &e.known); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // or panicked
			err = e.settle(err)
		}
	}()
	if err := e.compute(ctx, b, r); err != nil {
		return err
	}
	done = true
	return nil
}

// settle waits for what a call that failed has asked for: it reads and writes memory of the host that the next call writes. Where memory did
// not suffice, it leaves what there is to smaller batches.
func (e *gpuEngine) settle(failed error) error {
	if err := e.dev.Synchronize(); err != nil && !errors.Is(failed, err) { // as where the GPU is lost
		failed = errors.Join(failed, err)
	}
	if errors.Is(failed, gpu.ErrOutOfMemory) {
		failed = errors.Join(failed, e.drop())
	}
	return failed
}

func (e *gpuEngine) compute(ctx context.Context, b *atoms.Batch, r *Result) error {
	if e.divide(b); len(e.parts.ends) > 1 {
		return e.computeParts(ctx, b, r)
	}
	e.turn(0)
	e.firstAtom = 0
	if err := e.stage(b); err != nil {
		return err
	}
	if err := e.ask(ctx, b); err != nil {
		return err
	}
	if err := e.wait(); err != nil {
		return err
	}
	if err := e.repeat(ctx, b); err != nil {
		return err
	}
	return e.collect(b, r)
}

// ask makes room for what is laid out, and asks for all work of it.
func (e *gpuEngine) ask(ctx context.Context, b *atoms.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.edges.A.Len() < guessedNeighbors*b.NumAtoms() {
		e.edgeRoom = guessedNeighbors * b.NumAtoms()
	}
	if err := e.grow(b); err != nil {
		return err
	}
	if e.room = e.edges.A.Len(); e.inOne() { // which has room of its own
		e.room = math.MaxInt
	}
	return e.run(b)
}

// repeat asks again for work that is done but came to nothing, and waits for it, until it did come to something.
func (e *gpuEngine) repeat(ctx context.Context, b *atoms.Batch) error {
	for {
		found := int(e.host.status[0]) // see gpu.Edges
		switch {
		case e.host.status[1] == gpu.Late:
			e.apart = true
		case found <= e.room:
			return nil
		case found > b.NumAtoms()*atoms.MaxNeighbors:
			return e.onHost(b, fmt.Errorf("more than %d neighbours per atom within %v Å: expected positions and cell in Å", atoms.MaxNeighbors, e.net.Cutoff))
		default:
			e.edgeRoom = max(e.edgeRoom, found)
		}
		if err := e.ask(ctx, b); err != nil {
			return err
		}
		if err := e.wait(); err != nil {
			return err
		}
	}
}

// guessedNeighbors is the room for an atom's edges before any were counted: a
// dense liquid's.
const guessedNeighbors = 64

// run asks for all work of a call, or of a part: launch by launch the first time, and as one
// where it is the same as the last time's. Of one launch, each with its own stamp, that would be no faster.
func (e *gpuEngine) run(b *atoms.Batch) error {
	if e.inOne() {
		return e.work()
	}
	shape := gpuShape{b.NumAtoms(), b.Len(), e.input.Buckets, e.input.Chunks(), e.edgeRoom, e.memory.Changes(), e.in.moves + e.out.moves}
	if shape != e.recorded.shape {
		if err := e.recorded.forget(); err != nil {
			return err
		}
		e.recorded.shape = shape
		return e.work()
	}
	if e.recorded.graph == nil {
		graph, err := e.dev.Capture(e.work)
		if err != nil {
			return err
		}
		e.recorded.graph = graph
	}
	return e.recorded.graph.Launch()
}

func (r *recording) forget() error {
	graph := r.graph
	*r = recording{}
	if graph == nil {
		return nil
	}
	return graph.Close()
}

// work is everything from the copy of the structures to that of the results.
func (e *gpuEngine) work() error {
	if e.inOne() {
		return e.once()
	}
	if err := e.in.upload(e.dev); err != nil {
		return err
	}
	if err := e.kernels.Neighbors(e.memory, &e.edges, &e.search, &e.input, float32(e.net.Cutoff), e.weights.intervals); err != nil {
		return err
	}
	do := e.do
	if e.few() {
		do = e.doFew
	}
	for _, s := range e.schedule {
		if err := do(s); err != nil {
			return err
		}
	}
	return e.out.download(e.dev)
}

// onHost looks at the structures on the CPU, which can say which one is wrong.
func (e *gpuEngine) onHost(b *atoms.Batch, otherwise error) error {
	if err := e.list.Build(b, e.net.Cutoff); err != nil {
		return err
	}
	return otherwise
}

// do launches a stage of the schedule.
func (e *gpuEngine) do(s step) error {
	k, w, h, block := e.kernels, &e.weights, e.net.HiddenDim, s.block
	last := len(w.filters) - 1
	switch s.stage {
	case embed: // the first message reads the embedding itself
	case message:
		return k.MessageForward(e.after[block], e.beforeMessage(block), &e.edges, w.filters[block], &e.values)
	case update:
		return k.UpdateForward(e.before[block+1], e.pre[block], e.gates[block], e.after[block], &w.updates[block], h)
	case turn:
		return k.Turn(e.g, e.energy, e.after[last], &w.updates[last], &w.readout, h)
	case messageBackward:
		return k.MessageBackward(e.gin, e.force, e.g, e.beforeMessage(block), &e.edges, w.filters[block], &e.values, float32(e.net.Cutoff), block == last)
	case updateBackward:
		e.g, e.gin = e.gin, e.g
		return k.UpdateBackward(e.g, e.after[block], e.pre[block], e.gates[block], &w.updates[block], h)
	case exchangeStates, exchangeGradients: // all atoms are our own
	case collect:
		if err := e.sumGroups(); err != nil {
			return err
		}
		return k.Reduce(e.results, e.chunks, e.energy, e.virials, &e.input)
	}
	return nil
}

// beforeMessage is the state before block k's message.
func (e *gpuEngine) beforeMessage(k int) gpu.Before {
	return gpu.Before{State: e.before[k], Embedding: e.weights.embedding, Numbers: e.search.Numbers}
}

// sumGroups makes forces and virials of the groups' shares, if there are any.
func (e *gpuEngine) sumGroups() error {
	if e.energyOnly {
		return nil
	}
	return e.kernels.SumGroups(e.forces, e.virials, e.force, e.search.Order, gpu.Groups(e.net.HiddenDim))
}

// Run lends threads of the CPU.
func (e *gpuEngine) Run(units int, task func(worker, unit int)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pool.Run(units, task)
}

// Close gives back the device's memory and the device. It may be called twice.
func (e *gpuEngine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	e.pool.Close()
	err := errors.Join(e.drop(), e.weights.memory.Close())
	for i := range e.parts.crossings {
		c := &e.parts.crossings[i]
		err = errors.Join(err, c.in.free(e.dev), c.out.free(e.dev))
	}
	if e.kernels != nil {
		err = errors.Join(err, e.kernels.Close())
	}
	return errors.Join(err, e.dev.Close())
}
