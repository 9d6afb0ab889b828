package api

import (
	"context"
	"errors"
	"runtime/debug"
	"unsafe"

	"painless"
	"painless/atoms"
)

// domain is a rank's part of a system that is under way.
type domain struct {
	input
	domain *painless.Domain // nil before the first
	stage  stage
	own    int
	atoms  int64
	marks  []bool                // own atoms, of Recompute
	result painless.DomainResult // partly in the host's memory, during a call
	memory painless.DomainResult // in place of what the host does not ask for
}

// stage is what a domain waits for.
type stage int

const (
	begin stage = iota
	next
	exchange // and then next
	finish
)

// names of the calls that a domain waits for.
var names = [...]string{begin: "pl_begin", next: "pl_step", exchange: "pl_pack, pl_unpack or pl_step", finish: "pl_finish"}

// DomainCall is the arguments of pl_begin: own atoms first, in the host's memory.
type DomainCall struct {
	Own, Atoms int64
	Numbers    *int32         // [Atoms]
	Positions  *[3]float64    // Å, [Atoms]
	Cell       *[3][3]float64 // lattice vectors as rows, Å; nil: none
	PBC        *[3]int32      // nil: along no vector
	Pairs      int64
	List       *[2]int32 // [Pairs]; nil: pairs are searched
}

// DomainResults is the arguments of pl_finish, and of pl_recompute, whose n is all
// atoms; nil is not asked for.
type DomainResults struct {
	Energy      *float64       // eV
	Forces      *[3]float64    // eV/Å, [own] or [n]
	Virial      *[3][3]float64 // eV
	AtomEnergy  *float64       // eV, [own] or [n]
	AtomVirials *[3][3]float64 // eV, [own] or [n]
}

// Row returns how many float32 a ghost gets at an exchange.
func (l *Library) Row(number uintptr) (row int, err error) {
	err = l.inDomain(number, func(m *model) error {
		if err := m.openDomain(); err != nil {
			return err
		}
		row = m.domain.domain.Row()
		return nil
	})
	return row, err
}

// Begin begins a step of a domain, whatever was under way.
func (l *Library) Begin(number uintptr, c *DomainCall) error {
	return l.inDomain(number, func(m *model) error {
		if err := m.openDomain(); err != nil {
			return err
		}
		return m.domain.begin(c)
	})
}

// Step computes up to the next exchange, or to the end, where it returns false.
func (l *Library) Step(number uintptr) (more bool, err error) {
	err = l.inDomain(number, func(m *model) error {
		d := &m.domain
		if err := d.expect("pl_step", next, exchange); err != nil {
			return err
		}
		d.stage = begin
		what, err := d.domain.Next(context.Background())
		if err != nil {
			return err
		}
		more = what != painless.Done
		d.stage = finish
		if more {
			d.stage = exchange
		}
		return nil
	})
	return more, err
}

// Pack writes the rows of n atoms.
func (l *Library) Pack(number uintptr, n int64, list *int32, rows *float32) error {
	return l.inDomain(number, func(m *model) error {
		d := &m.domain
		if err := d.message("pl_pack", n, list == nil || rows == nil); err != nil {
			return err
		}
		return asArgument(d.domain.Pack(unsafe.Slice(rows, n*int64(d.domain.Row())), unsafe.Slice(list, n)))
	})
}

// Unpack takes the rows of n ghosts from first on.
func (l *Library) Unpack(number uintptr, first, n int64, rows *float32) error {
	return l.inDomain(number, func(m *model) error {
		d := &m.domain
		if err := d.message("pl_unpack", n, rows == nil); err != nil {
			return err
		}
		return asArgument(d.domain.Unpack(unsafe.Slice(rows, n*int64(d.domain.Row())), int(first), int(n)))
	})
}

// Finish gives a domain's results.
func (l *Library) Finish(number uintptr, c *DomainResults) error {
	return l.inDomain(number, func(m *model) error {
		d := &m.domain
		if err := d.expect("pl_finish", finish); err != nil {
			return err
		}
		d.stage = begin
		return d.into(c, d.own, d.domain.Finish)
	})
}

// Recompute is a step without exchanges of the atoms that own marks, [Atoms]. Of c, Own
// is not looked at.
func (l *Library) Recompute(number uintptr, c *DomainCall, own *int32, results *DomainResults) error {
	return l.inDomain(number, func(m *model) error {
		if err := m.openDomain(); err != nil {
			return err
		}
		d := &m.domain
		d.stage = begin
		pairs, err := d.take(c)
		if err != nil {
			return err
		}
		if own == nil && c.Atoms > 0 {
			return argument("own is NULL: expected marks of %d atoms", c.Atoms)
		}
		d.marks = d.marks[:0]
		for _, mark := range unsafe.Slice(own, c.Atoms) {
			d.marks = append(d.marks, mark != 0)
		}
		err = d.into(results, int(c.Atoms), func(r *painless.DomainResult) error {
			return d.domain.Recompute(context.Background(), &d.batch, d.marks, pairs, r)
		})
		d.batch.Positions, d.batch.Cells = nil, nil // the host's
		return err
	})
}

// into calls do with results of n atoms, in the host's memory where it asks for them.
func (d *domain) into(c *DomainResults, n int, do func(r *painless.DomainResult) error) error {
	r := &d.result
	r.Forces, r.AtomEnergy = borrow(c.Forces, n, &d.memory.Forces), borrow(c.AtomEnergy, n, &d.memory.AtomEnergy)
	if r.AtomVirials = c.AtomVirials != nil; r.AtomVirials {
		r.AtomVirial = unsafe.Slice(c.AtomVirials, n)
	}
	err := do(r)
	if c.Energy != nil {
		*c.Energy = r.Energy
	}
	if c.Virial != nil {
		*c.Virial = r.Virial
	}
	return ofStructure(err)
}

// inDomain calls do with a model, locked; what it panics with is an error.
func (l *Library) inDomain(number uintptr, do func(m *model) error) (err error) {
	m, err := l.get(number)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	defer recovered(&err, m)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // where there is no memory
	return do(m)
}

func (m *model) openDomain() (err error) {
	if m.domain.domain == nil {
		m.domain.domain, err = painless.NewDomain(m.model.Network, m.opts)
	}
	return asArgument(err)
}

func (d *domain) close() error {
	if d.domain == nil {
		return nil
	}
	return d.domain.Close()
}

func (d *domain) begin(c *DomainCall) error {
	d.stage = begin
	pairs, err := d.take(c)
	if err != nil {
		return err
	}
	if err := d.domain.Begin(context.Background(), &d.batch, int(c.Own), pairs); err != nil {
		return ofStructure(err)
	}
	d.stage, d.own = next, int(c.Own)
	d.batch.Positions, d.batch.Cells = nil, nil // the host's
	return nil
}

// take makes the batch of a domain's atoms, and returns its pairs, nil where they are
// to be searched.
func (d *domain) take(c *DomainCall) ([][2]int32, error) {
	if c.Own < 0 || c.Own > c.Atoms || c.Pairs < 0 || c.Pairs > maxPairs {
		return nil, argument("%d own atoms of %d, and %d pairs: expected no more own atoms than atoms, and 0 to %d pairs", c.Own, c.Atoms, c.Pairs, int64(maxPairs))
	}
	d.atoms = c.Atoms
	call := Call{Structures: 1, Counts: &d.atoms, Numbers: c.Numbers, Positions: c.Positions, Cells: c.Cell, PBC: c.PBC}
	if err := d.fill(&call, 0); err != nil {
		return nil, err
	}
	if c.List == nil {
		return nil, nil
	}
	return unsafe.Slice(c.List, c.Pairs), nil
}

// ofStructure is an error, or nil, as one of the domain's structure, of which there is one.
func ofStructure(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return asArgument(err)
	}
	var structure *atoms.StructureError
	if errors.As(err, &structure) {
		err = structure.Err
	}
	return &Error{Structure, err}
}

// maxPairs is 4096 of each atom, as many as a structure may have.
const maxPairs = maxCount * 4096

// expect says that a call comes when another is due.
func (d *domain) expect(call string, stages ...stage) error {
	for _, s := range stages {
		if s == d.stage {
			return nil
		}
	}
	return argument("%s: expected %s", call, names[d.stage])
}

// message says what is wrong with one of n rows.
func (d *domain) message(call string, n int64, null bool) error {
	if err := d.expect(call, exchange); err != nil {
		return err
	}
	if n < 0 || n > int64(d.batch.NumAtoms()) || n > 0 && null {
		return argument("%s of %d atoms of %d: expected 0 or more, at most all, and arrays of them", call, n, d.batch.NumAtoms())
	}
	return nil
}

// asArgument is an error, or nil, as one of what the host has passed.
func asArgument(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Argument, err}
}
