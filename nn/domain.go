package nn

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// Exchange is what a domain needs before it can go on: for each of its ghosts the
// row that the rank has which owns the atom.
type Exchange int

// The exchanges of a domain, and its end.
const (
	Done      Exchange = iota
	States             // of the atoms: scalars and vectors
	Gradients          // ∂E/∂ of them
)

// Domain computes its own atoms of a system that is spread over ranks: its own
// atoms come first, and after them ghosts, which are the atoms of other ranks, or
// images of own ones, within the cutoff of an own one. Every rank calls Begin, and
// then, until Next says Done, Pack for the atoms that are ghosts elsewhere and
// Unpack for its ghosts; Finish gives what belongs to its own atoms. All is
// gathered: ghosts get copies, and nothing comes back from them, so that forces on
// own atoms are whole; docs/backward.md has the equations.
//
// Rounding, and so the last bits, depend on how the system is cut.
type Domain struct {
	engine *cpuEngine[float32]
	list   *atoms.NeighborList[float32]
	batch  atoms.Batch
	at     int // in the schedule
	begun  bool
}

// Row is how many numbers a ghost gets at an exchange.
func (d *Domain) Row() int { return 4 * d.engine.h }

// NewDomain puts the network on the CPU for a domain, in float32.
func NewDomain(net *Network, opts Options) (*Domain, error) {
	if opts.Precision != Float32 {
		return nil, errors.New("expected float32: domains exchange float32")
	}
	p, err := NewPotential(net, opts)
	if err != nil {
		return nil, err
	}
	d := &Domain{engine: p.(*cpuEngine[float32])}
	d.list = d.engine.list
	return d, nil
}

// Close gives back memory and threads.
func (d *Domain) Close() error { return d.engine.Close() }

// Begin takes the atoms, own ones first, and pairs, each once, of an own atom
// with an own one or a ghost: those beyond the cutoff are left out. Without pairs
// they are searched.
func (d *Domain) Begin(ctx context.Context, numbers []int, positions [][3]float64, own int, pairs [][2]int32) error {
	d.begun = false
	if len(numbers) != len(positions) || own < 0 || own > len(numbers) {
		return fmt.Errorf("a domain of %d numbers, %d positions and %d own atoms: expected as many positions as numbers, and no more own atoms", len(numbers), len(positions), own)
	}
	e := d.engine
	d.batch.Reset()
	d.batch.Append(&atoms.Structure{Numbers: numbers, Positions: positions})
	if e.closed {
		return errClosed
	}
	if err := check(ctx, &d.batch, &Result{}, &e.known); err != nil {
		return err
	}
	if pairs == nil {
		if err := d.list.BuildOn(e.pool, &d.batch, e.cutoff); err != nil {
			return err
		}
		d.list.DropGhosts(own)
	} else if err := d.list.Take(positions, pairs, e.cutoff); err != nil {
		return err
	}
	e.numbers, e.own = d.batch.Numbers, own
	e.grow(len(numbers), len(d.list.D))
	e.locate()
	d.at, d.begun = 0, true
	return nil
}

// Next computes as far as it can without news of ghosts, and says what it needs.
func (d *Domain) Next(ctx context.Context) (Exchange, error) {
	if !d.begun {
		return Done, errors.New("expected Begin before Next")
	}
	e := d.engine
	e.pool.Begin()
	defer e.pool.End()
	for d.at < len(e.schedule) {
		step := e.schedule[d.at]
		if err := ctx.Err(); err != nil {
			return Done, err
		}
		switch step.stage {
		case collect:
			return Done, nil
		case exchangeStates, exchangeGradients:
			d.at++
			e.block = step.block
			if step.stage == exchangeStates {
				return States, nil
			}
			return Gradients, nil
		}
		if err := e.do(ctx, step, &d.batch, nil); err != nil {
			return Done, err
		}
		d.at++
	}
	return Done, nil
}

// exchanged is what the exchange that Next asked for is of.
func (d *Domain) exchanged() cpu.State[float32] {
	if e := d.engine; d.at > 0 && e.schedule[d.at-1].stage == exchangeStates {
		return e.before(e.block)
	}
	return d.engine.g
}

// Pack writes the rows of own atoms to to, [len(list), Row].
func (d *Domain) Pack(to []float32, list []int32) {
	e, state, row := d.engine, d.exchanged(), d.Row()
	for group := range e.pairGrads {
		first, last := e.features(group)
		h := last - first
		rows := e.rows(state, group, 0, len(e.energy))
		for n, i := range list {
			out := to[n*row+4*first:][:4*h]
			copy(out, rows.S[int(i)*h:][:h])
			copy(out[h:], rows.V[3*int(i)*h:][:3*h])
		}
	}
}

// Unpack takes the rows of n ghosts from first on from from, [n, Row].
func (d *Domain) Unpack(from []float32, ghost, n int) {
	e, state, row := d.engine, d.exchanged(), d.Row()
	states := e.schedule[d.at-1].stage == exchangeStates
	for group := range e.pairGrads {
		first, last := e.features(group)
		h := last - first
		rows := e.rows(state, group, 0, len(e.energy))
		var sums cpu.State[float32]
		if states { // where the message adds: what it adds for ghosts is of no use, and must not grow
			sums = e.rows(e.after(e.block), group, 0, len(e.energy))
		} else {
			sums = e.rows(e.gin, group, 0, len(e.energy))
		}
		for k := range n {
			in, i := from[k*row+4*first:][:4*h], ghost+k
			for _, to := range []cpu.State[float32]{rows, sums} {
				copy(to.S[i*h:][:h], in)
				copy(to.V[3*i*h:][:3*h], in[h:])
			}
		}
	}
}

// DomainResult is what a rank's own atoms have; sums over ranks are the system's.
type DomainResult struct {
	Energy float64       // of the own atoms, eV
	Atoms  []float64     // their energies, eV, [own]
	Forces [][3]float64  // on them, eV/Å, [own]
	Virial [3][3]float64 // Σ −∂E/∂x ⊗ x of the pairs, eV: halves of those with a ghost
}

// Finish fills r, after Next has said Done. Numbers that overflowed are an error.
func (d *Domain) Finish(r *DomainResult) error {
	e := d.engine
	if !d.begun || d.at < len(e.schedule) && e.schedule[d.at].stage != collect {
		return errors.New("expected Next to say Done before Finish")
	}
	d.begun = false
	r.Atoms, r.Forces = buffer.Resize(r.Atoms, e.own), buffer.Resize(r.Forces, e.own)
	clear(r.Forces)
	r.Energy, r.Virial = 0, [3][3]float64{}
	for i, energy := range e.energy[:e.own] {
		r.Atoms[i] = float64(energy)
		r.Energy += float64(energy)
	}
	if !e.energyOnly {
		e.pairGradients(d.list.Start)
		for p, g := range e.forces[:len(d.list.D)] {
			share := 0.5
			for side, i := range [2]int32{d.list.I[p], d.list.J[p]} {
				if int(i) >= e.own {
					continue
				}
				sign := float64(1 - 2*side)
				for c := range g {
					r.Forces[i][c] += sign * float64(g[c])
				}
			}
			if int(d.list.I[p]) < e.own && int(d.list.J[p]) < e.own {
				share = 1
			}
			for a := range 3 {
				for b := range 3 {
					r.Virial[a][b] -= share * float64(g[a]) * float64(d.list.X[p][b])
				}
			}
		}
	}
	return atoms.Finite(r.Energy, r.Forces)
}
