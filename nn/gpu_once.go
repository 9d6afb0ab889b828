package nn

import (
	"painless/internal/buffer"
	"painless/kernels/gpu"
)

// inOne is whether a batch goes through the network in one launch, whose blocks wait for each other: few atoms of isolated
// structures, of which all pairs are looked at. The same bits come out. Not where such a launch has failed: where another one
// that waits takes its place, each may wait for the other; nor in a domain, whose stages are walked one by one; nor in parts, of which one is asked for
// before what the last one told was read.
func (e *gpuEngine) inOne() bool {
	return len(e.parts.ends) == 1 && !e.weights.exact && !e.shares.energies && !e.shares.virials && !e.apart && e.input.Buckets == 0 && e.onceShare() > 0
}

// onceShare is how many atoms a share of one launch has; 0 if there is none.
func (e *gpuEngine) onceShare() int {
	return e.kernels.Share(&e.weights.ofOne, e.input.Numbers.Len(), e.input.First.Len()-1)
}

// once is the work of such a call. Its blocks tell the host the results, and read the structures in its memory, where that is
// little, so that there is nothing to copy.
func (e *gpuEngine) once() error {
	from := gpu.View[byte](e.in.mapped, 0, e.in.size)
	if !e.direct() {
		from = e.in.device
		if err := e.in.upload(e.dev); err != nil {
			return err
		}
	}
	input, err := gpu.OnceInput(from, &e.input)
	if err != nil {
		return err
	}
	return e.kernels.Once(e.memory, input, e.input.Numbers.Len(), e.input.First.Len()-1, !e.energyOnly, &e.ofOne)
}

// wait waits for what run asked for. One launch tells what came of it before it is over.
func (e *gpuEngine) wait() error {
	if e.inOne() {
		return e.ofOne.Receive(e.dev, e.host.status, e.host.results, e.host.forces)
	}
	return e.dev.Synchronize()
}

// resizeAnswer makes room for what the host is told of n forces and s structures.
func (e *gpuEngine) resizeAnswer(n, s int) error {
	letters := gpu.AnswerLen(n, s)
	if err := e.out.resize(e.dev, e.memory, "results", 8*letters); err != nil {
		return err
	}
	e.ofOne.Answer(onHost[uint64](&e.out, 0, letters), gpu.View[uint64](e.out.mapped, 0, letters))
	o := &e.opened
	o.results, o.forces, o.status = buffer.Resize(o.results, s), buffer.Resize(o.forces, n), buffer.Resize(o.status, 2)
	e.host = *o
	return nil
}

// directBytes is what all blocks together read from the host's memory at most: each reads all structures, and 32 KB take a microsecond
// of PCI Express of generation 4. A copy is one, and then some.
const directBytes = 32 << 10

// direct is whether blocks read the structures where the host has them.
func (e *gpuEngine) direct() bool {
	blocks := ceilDiv(e.input.Numbers.Len(), e.onceShare()) * gpu.Groups(e.net.HiddenDim)
	return blocks*e.in.size <= directBytes
}
