package nn

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
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
// own atoms are whole; docs/backward.md has the equations. A whole system, periodic
// or not, is a domain without ghosts, whose exchanges are of nothing.
//
// Rounding, and so the last bits, depend on how the system is cut. Once a domain
// has seen the most atoms and pairs, nothing allocates.
type Domain struct {
	engine *cpuEngine[float32]
	list   *atoms.NeighborList[float32]
	at     int // in the schedule
	begun  bool
	asked  Exchange // by Next, last

	// Of a message that is packed or unpacked.
	rows         []float32
	packed       []int32
	first, end   int // ghosts
	pack, unpack func(worker, group int)
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
	d.list, d.pack, d.unpack = d.engine.list, d.packTile, d.unpackTile
	d.list.Places = false // own atoms stand before ghosts, in the host's order
	return d, nil
}

// Close gives back memory and threads.
func (d *Domain) Close() error { return d.engine.Close() }

// Begin takes a batch of one structure, own atoms first, and pairs, each once, of an
// own atom with an own one or a ghost: those beyond the cutoff are left out, and
// periodic images are ghosts. Without pairs they are searched, along the lattice
// vectors too that the structure is periodic along. The batch's numbers are not to
// change before Finish.
func (d *Domain) Begin(ctx context.Context, b *atoms.Batch, own int, pairs [][2]int32) error {
	d.begun, d.asked = false, Done
	e := d.engine
	if e.closed {
		return errClosed
	}
	if err := check(ctx, b, &Result{}, &e.known); err != nil {
		return err
	}
	if b.Len() != 1 || own < 0 || own > b.NumAtoms() {
		return fmt.Errorf("a domain of %d structures, %d atoms and %d own ones: expected one structure, and no more own atoms than atoms", b.Len(), b.NumAtoms(), own)
	}
	e.pool.Begin()
	defer e.pool.End()
	if pairs == nil {
		if err := d.list.BuildOn(e.pool, b, e.cutoff); err != nil {
			return err
		}
		d.list.DropGhosts(own)
	} else if err := d.list.Take(b.Positions, pairs, e.cutoff); err != nil {
		return err
	}
	e.numbers, e.own = b.Numbers, own
	e.grow(b.Start, d.list.Start)
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
	d.asked = Done
	for ; d.at < len(e.schedule); d.at++ {
		step := e.schedule[d.at]
		if err := ctx.Err(); err != nil {
			return Done, err
		}
		switch step.stage {
		case collect:
			return Done, nil
		case exchangeStates:
			d.asked = States
		case exchangeGradients:
			d.asked = Gradients
		}
		if err := e.do(ctx, step, nil, nil); err != nil {
			return Done, err
		}
		if d.asked != Done {
			d.at++
			return d.asked, nil
		}
	}
	return Done, nil
}

// exchanged is what the exchange that Next asked for is of, in the atoms' rows.
func (d *Domain) exchanged() cpu.State[float32] {
	if d.asked == States {
		return d.engine.before(d.engine.block)
	}
	return d.engine.g
}

// Pack writes the rows of the atoms of a list to to, [len(list), Row]. A ghost may be
// in the list once it is unpacked, where it goes on to a third rank.
func (d *Domain) Pack(to []float32, list []int32) error {
	if err := d.check("Pack", len(to), len(list)); err != nil {
		return err
	}
	for _, i := range list {
		if i < 0 || int(i) >= len(d.engine.numbers) {
			return fmt.Errorf("atom %d of a domain of %d", i, len(d.engine.numbers))
		}
	}
	d.rows, d.packed = to, list
	d.engine.pool.Run(ceilDiv(len(list), exchangeTile), d.pack)
	return nil
}

func (d *Domain) packTile(_, unit int) {
	lo, hi := unit*exchangeTile, min((unit+1)*exchangeTile, len(d.packed))
	cpu.PackRows(d.rows[lo*d.Row():hi*d.Row()], d.exchanged(), d.packed[lo:hi], len(d.engine.energy), d.engine.h)
}

// Unpack takes the rows of n ghosts from first on from from, [n, Row].
func (d *Domain) Unpack(from []float32, first, n int) error {
	if err := d.check("Unpack", len(from), n); err != nil || n == 0 {
		return err
	}
	if first < d.engine.own || first > len(d.engine.numbers)-n {
		return fmt.Errorf("%d ghosts from atom %d on: a domain has them from %d up to %d", n, first, d.engine.own, len(d.engine.numbers))
	}
	d.rows, d.first, d.end = from, first, first+n
	d.engine.pool.Run(ceilDiv(n, exchangeTile), d.unpack)
	return nil
}

func (d *Domain) unpackTile(_, unit int) {
	lo, hi := unit*exchangeTile, min((unit+1)*exchangeTile, d.end-d.first)
	cpu.UnpackRows(d.exchanged(), d.rows[lo*d.Row():hi*d.Row()], d.first+lo, hi-lo, len(d.engine.energy), d.engine.h)
}

// exchangeTile is the rows that are packed or unpacked at a time.
const exchangeTile = 256

// check says what is wrong with an exchange of n rows in so many numbers.
func (d *Domain) check(what string, numbers, n int) error {
	if d.asked == Done {
		return fmt.Errorf("expected Next to ask for an exchange before %s", what)
	}
	if n < 0 || numbers != n*d.Row() {
		return fmt.Errorf("%s of %d atoms in %d numbers: expected %d for each", what, n, numbers, d.Row())
	}
	return nil
}
