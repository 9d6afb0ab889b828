package nn

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/gpu"
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
// Rounding, and so the last bits, depend on how the system is cut. On the CPU,
// once a domain has seen the most atoms and pairs, nothing allocates. All ranks of a
// system have the same kind of device, which the order of a row's numbers depends on.
type Domain struct {
	part     part
	known    acquainted
	schedule []step
	row      int

	atoms, own int
	at         int // in the schedule
	begun      bool
	asked      Exchange // by Next, last
	unpacked   int      // ghosts since then
	closed     bool
}

// part is what a device does of a domain.
type part interface {
	begin(b *atoms.Batch, own int, pairs [][2]int32) error
	// do runs stages but collect, whose results finish gives.
	do(ctx context.Context, s step) error
	finish(r *DomainResult) error
	// pack and unpack are of states, or of gradients, as the last exchange in do was.
	pack(to []float32, list []int32) error
	unpack(from []float32, first, n int) error
	Close() error
}

// Row is how many numbers a ghost gets at an exchange.
func (d *Domain) Row() int { return d.row }

// NewDomain puts the network on the CPU for a domain, in float32.
func NewDomain(net *Network, opts Options) (*Domain, error) {
	if opts.Precision != Float32 {
		return nil, errors.New("expected float32: domains exchange float32")
	}
	p, err := NewPotential(net, opts)
	if err != nil {
		return nil, err
	}
	return newDomain(net, opts, newCPUDomain(p.(*cpuEngine[float32]))), nil
}

// NewGPUDomain puts the network on a GPU for a domain, which owns dev and closes it.
// The CPU finds its edges; rows are packed on the device.
func NewGPUDomain(net *Network, dev gpu.Device, opts Options) (*Domain, error) {
	p, err := NewGPUPotential(net, dev, opts)
	if err != nil {
		return nil, err
	}
	e := p.(*gpuEngine)
	e.apart = true
	if err := e.kernels.LoadExchange(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return newDomain(net, opts, &gpuDomain{gpuEngine: e}), nil
}

func newDomain(net *Network, opts Options, p part) *Domain {
	return &Domain{part: p, known: net.acquainted(opts.AnyElement), schedule: schedule(len(net.Blocks), opts.EnergyOnly), row: 4 * net.HiddenDim}
}

// Close gives back memory, threads and device.
func (d *Domain) Close() error {
	d.closed, d.begun = true, false
	return d.part.Close()
}

// Begin takes a batch of one structure, own atoms first, and pairs, each once, of an
// own atom with an own one or a ghost: those beyond the cutoff are left out, and
// periodic images are ghosts. Without pairs they are searched, along the lattice
// vectors too that the structure is periodic along. The batch's numbers are not to
// change before Finish.
func (d *Domain) Begin(ctx context.Context, b *atoms.Batch, own int, pairs [][2]int32) error {
	d.begun, d.asked = false, Done
	if d.closed {
		return errClosed
	}
	if err := check(ctx, b, &Result{}, &d.known); err != nil {
		return err
	}
	if b.Len() != 1 || own < 0 || own > b.NumAtoms() {
		return fmt.Errorf("a domain of %d structures, %d atoms and %d own ones: expected one structure, and no more own atoms than atoms", b.Len(), b.NumAtoms(), own)
	}
	if err := d.part.begin(b, own, pairs); err != nil {
		return err
	}
	d.atoms, d.own = b.NumAtoms(), own
	d.at, d.begun = 0, true
	return nil
}

// Next computes as far as it can without news of ghosts, and says what it needs.
func (d *Domain) Next(ctx context.Context) (Exchange, error) {
	if !d.begun {
		return Done, errors.New("expected Begin before Next")
	}
	if ghosts := d.atoms - d.own; d.asked != Done && d.unpacked < ghosts {
		return Done, fmt.Errorf("expected the rows of %d ghosts before Next, found %d unpacked", ghosts, d.unpacked)
	}
	d.asked, d.unpacked = Done, 0
	for ; !d.done(); d.at++ {
		if err := ctx.Err(); err != nil {
			return Done, err
		}
		s := d.schedule[d.at]
		if err := d.part.do(ctx, s); err != nil {
			return Done, err
		}
		switch s.stage {
		case exchangeStates:
			d.asked = States
		case exchangeGradients:
			d.asked = Gradients
		}
		if d.asked != Done {
			d.at++
			return d.asked, nil
		}
	}
	return Done, nil
}

// done is whether results are all that is left.
func (d *Domain) done() bool { return d.schedule[d.at].stage == collect }

// Pack writes the rows of the atoms of a list to to, [len(list), Row]. A ghost may be
// in the list once it is unpacked, where it goes on to a third rank.
func (d *Domain) Pack(to []float32, list []int32) error {
	if err := d.check("Pack", len(to), len(list)); err != nil {
		return err
	}
	for _, i := range list {
		if i < 0 || int(i) >= d.atoms {
			return fmt.Errorf("atom %d of a domain of %d", i, d.atoms)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return d.part.pack(to, list)
}

// Unpack takes the rows of n ghosts from first on from from, [n, Row].
func (d *Domain) Unpack(from []float32, first, n int) error {
	if err := d.check("Unpack", len(from), n); err != nil || n == 0 {
		return err
	}
	if first < d.own || first > d.atoms-n {
		return fmt.Errorf("%d ghosts from atom %d on: a domain has them from %d up to %d", n, first, d.own, d.atoms)
	}
	d.unpacked += n
	return d.part.unpack(from, first, n)
}

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

// Finish fills r, after Next has said Done. Numbers that overflowed are an error.
func (d *Domain) Finish(r *DomainResult) error {
	if !d.begun || !d.done() {
		return errors.New("expected Next to say Done before Finish")
	}
	d.begun = false
	r.reset(d.own)
	if err := d.part.finish(r); err != nil {
		return err
	}
	return atoms.Finite(r.Energy, r.Forces)
}

// DomainResult is what a rank's own atoms have; sums over ranks are the system's. Of
// Recompute it is of all of a rank's atoms, in their order: arrays are [atoms], and what
// ghosts have is to be added to what their owners have.
type DomainResult struct {
	Energy float64       // of the own atoms, eV
	Forces [][3]float64  // on them, eV/Å, [own]
	Virial [3][3]float64 // Σ −∂E/∂x ⊗ x of the pairs, eV: of Finish halves of those with a ghost

	AtomEnergy []float64 // of the own atoms, eV, [own]; of Recompute 0 for ghosts

	// AtomVirial is the atoms' shares of the virial, eV, [own]: each atom has half of its
	// pairs'. It is filled where AtomVirials asks for it.
	AtomVirial  [][3][3]float64
	AtomVirials bool
}

// reset makes room for the results of n atoms, of which all but energies are sums.
func (r *DomainResult) reset(n int) {
	r.AtomEnergy, r.Forces = buffer.Resize(r.AtomEnergy, n), buffer.Resize(r.Forces, n)
	r.AtomVirial = r.AtomVirial[:0]
	if r.AtomVirials {
		r.AtomVirial = buffer.Resize(r.AtomVirial, n)
		clear(r.AtomVirial)
	}
	clear(r.Forces)
	r.Energy, r.Virial = 0, [3][3]float64{}
}
