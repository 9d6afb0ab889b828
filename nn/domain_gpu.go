package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"painless/atoms"
	"painless/kernels/gpu"
)

// gpuDomain is a domain on a GPU. Its edges are those of own atoms, from own ones and ghosts, so that what runs over
// atoms runs over own ones; ghosts' rows lie behind theirs.
type gpuDomain struct {
	*gpuEngine
	displacements gpu.Array[[4]float32] // of edges
	exchanged     gpu.State             // that rows are of, of all atoms

	rows   gpu.State // that were packed
	packed gpu.Array[int32]
}

// begin finds pairs on the CPU: see Domain.Begin.
func (d *gpuDomain) begin(b *atoms.Batch, own int, pairs [][2]int32) error {
	if pairs == nil {
		if err := d.list.BuildOn(d.pool, b, d.net.Cutoff); err != nil {
			return err
		}
		d.list.DropGhosts(own)
	} else if err := d.list.TakeOn(d.pool, b.Positions, pairs, d.net.Cutoff); err != nil {
		return err
	}
	return d.settled(d.prepare(b, own))
}

// settled is err of what asks the device for work: see settle.
func (d *gpuDomain) settled(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, gpu.ErrOutOfMemory) {
		d.rows, d.packed = gpu.State{}, gpu.Array[int32]{}
	}
	return d.settle(err)
}

// prepare brings a domain to the device.
func (d *gpuDomain) prepare(b *atoms.Batch, own int) error {
	if err := d.send(b, own); err != nil {
		return err
	}
	if err := errors.Join(d.growAtoms(own, b.NumAtoms()-own), gpu.Resize(d.memory, &d.edges.A, "edges", d.edgeRoom), gpu.Resize(d.memory, &d.edges.B, "edges", d.edgeRoom),
		d.resizeResults(own, 1)); err != nil {
		return err
	}
	if err := d.in.upload(d.dev); err != nil {
		return err
	}
	if err := gpu.Zero(d.memory, d.edges.Status); err != nil { // which a search would count in
		return err
	}
	return d.kernels.PlaceEdges(&d.edges, d.displacements, float32(d.net.Cutoff), d.weights.intervals)
}

// send lays out for the device what it needs of a domain: its elements, and the directed edges of the list's pairs by the
// own atom that they end at.
func (d *gpuDomain) send(b *atoms.Batch, own int) error {
	n, list := b.NumAtoms(), &d.list
	d.edgeRoom = 0
	for p, i := range list.I {
		for _, end := range [2]int32{i, list.J[p]} {
			if int(end) < own {
				d.edgeRoom++
			}
		}
	}
	if d.edgeRoom > math.MaxInt32 {
		return fmt.Errorf("%w: %d edges, expected at most %d", gpu.ErrOutOfMemory, d.edgeRoom, math.MaxInt32)
	}
	var p packer
	displacements, spans := pack[[4]float32](&p, d.edgeRoom), pack[[2]int32](&p, own)
	numbers, first := pack[int32](&p, n), pack[int32](&p, 2)
	if err := d.in.resize(d.dev, d.memory, "a domain", p.size); err != nil {
		return err
	}
	d.displacements, d.edges.Spans = gpu.View[[4]float32](d.in.device, displacements, d.edgeRoom), gpu.View[[2]int32](d.in.device, spans, own)
	d.search.Numbers = gpu.View[int32](d.in.device, numbers, n)
	d.input = gpu.Structures{Numbers: gpu.Part(d.search.Numbers, 0, own), First: gpu.View[int32](d.in.device, first, 2), Largest: own}
	copy(onHost[int32](&d.in, first, 2), []int32{0, int32(own)})
	elements := onHost[int32](&d.in, numbers, n)
	for i, z := range b.Numbers {
		elements[i] = int32(z)
	}
	d.direct(onHost[[4]float32](&d.in, displacements, d.edgeRoom), onHost[[2]int32](&d.in, spans, own))
	return nil
}

// direct writes both directions of the list's pairs, {x, y, z, bits of j}, those that end at an atom on end and in the order of the pairs.
func (d *gpuDomain) direct(displacements [][4]float32, spans [][2]int32) {
	list, own := &d.list, int32(len(spans))
	clear(spans)
	for p, i := range list.I {
		for _, end := range [2]int32{i, list.J[p]} {
			if end < own {
				spans[end][1]++
			}
		}
	}
	at := int32(0)
	for i := range spans {
		count := spans[i][1]
		spans[i] = [2]int32{at, at} // filled up to the second
		at += count
	}
	for p, i := range list.I {
		j, x := list.J[p], list.X[p]
		for _, edge := range [2]struct {
			to, from int32
			sign     float32
		}{{i, j, 1}, {j, i, -1}} {
			if edge.to < own {
				displacements[spans[edge.to][1]] = [4]float32{edge.sign * x[0], edge.sign * x[1], edge.sign * x[2], math.Float32frombits(uint32(edge.from))}
				spans[edge.to][1]++
			}
		}
	}
}

func (d *gpuDomain) do(_ context.Context, s step) error {
	switch s.stage {
	case exchangeStates:
		d.exchanged = d.withGhosts(d.before[s.block])
	case exchangeGradients:
		d.exchanged = d.withGhosts(d.g)
	}
	return d.settled(d.gpuEngine.do(s))
}

// withGhosts is the rows of all atoms, of an array that growAtoms made.
func (d *gpuDomain) withGhosts(own gpu.State) gpu.State {
	return gpu.Part(own, 0, d.search.Numbers.Len()*d.net.HiddenDim)
}

func (d *gpuDomain) pack(to []float32, list []int32) error {
	if err := errors.Join(gpu.Upload(d.memory, &d.packed, "atoms that are exchanged", list), gpu.Resize(d.memory, &d.rows, "rows that are exchanged", len(to)/4)); err != nil {
		return err
	}
	if err := d.kernels.PackRows(d.rows, d.exchanged, d.packed, d.net.HiddenDim); err != nil {
		return err
	}
	return errors.Join(gpu.Download(d.memory, quadruples(to), d.rows), d.dev.Synchronize())
}

// unpack needs no kernel, as ghosts lie on end.
func (d *gpuDomain) unpack(from []float32, first, n int) error {
	h := d.net.HiddenDim
	return errors.Join(gpu.Overwrite(d.memory, gpu.Part(d.exchanged, first*h, n*h), quadruples(from)), d.dev.Synchronize())
}

// quadruples is rows as states have them, without a copy.
func quadruples(rows []float32) [][4]float32 {
	return unsafe.Slice((*[4]float32)(unsafe.Pointer(unsafe.SliceData(rows))), len(rows)/4)
}

func (d *gpuDomain) finish(r *DomainResult) error {
	d.shares.energies, d.shares.virials = true, r.AtomVirials && !d.energyOnly
	if err := errors.Join(d.gpuEngine.do(step{stage: collect}), d.out.download(d.dev), d.downloadShares()); err != nil {
		return err
	}
	result := &d.host.results[0]
	r.Energy = result[0]
	for i, energy := range d.shares.energy {
		r.AtomEnergy[i] = float64(energy)
	}
	if d.energyOnly {
		return nil
	}
	for k, w := range result[1:] {
		r.Virial[k/3][k%3] = w
	}
	for i, f := range d.host.forces {
		r.Forces[i] = [3]float64{float64(f[0]), float64(f[1]), float64(f[2])}
	}
	for i := range d.shares.virial {
		r.AtomVirial[i] = halfOf(&d.shares.virial[i])
	}
	return nil
}
