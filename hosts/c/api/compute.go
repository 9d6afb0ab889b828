package api

import (
	"context"
	"math"
	"runtime/debug"
	"unsafe"

	"painless"
	"painless/internal/buffer"
)

// Call is the arguments of pl_compute_batch: S structures of N atoms in all, in
// the host's memory, which is read and written in place.
type Call struct {
	Structures int64
	Counts     *int64         // atoms of each structure, [S]
	Numbers    *int32         // [N]
	Positions  *[3]float64    // Å, [N]
	Cells      *[3][3]float64 // lattice vectors as rows, Å, [S]; nil: none
	PBC        *[3]int32      // [S]; nil: along no vector

	// Results; nil is not asked for.
	Energies *float64       // eV, [S]
	Forces   *[3]float64    // eV/Å, [N]
	Virials  *[3][3]float64 // eV, [S]
	Stresses *[6]float64    // eV/Å³, NaN where there is no volume, [S]

	// The atoms' shares, of models opened with them.
	AtomEnergies *float64       // eV, [N]
	AtomVirials  *[3][3]float64 // eV, [N]
}

// maxCount is of the structures and of the atoms of a call: who asks for more
// has passed something that is no count.
const maxCount = math.MaxInt32

// Compute computes. Once it has seen the largest call it allocates nothing.
func (l *Library) Compute(number uintptr, c *Call) (err error) {
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
	return m.compute(c)
}

func (m *model) compute(c *Call) error {
	shares := m.opts.AtomEnergies && m.opts.AtomVirials
	if !shares && (c.AtomEnergies != nil || c.AtomVirials != nil) {
		return argument("atom_energies or atom_virials are asked for: expected a model opened with atom_shares")
	}
	if err := m.fill(c, 1); err != nil {
		return err
	}
	s, n := m.batch.Len(), m.batch.NumAtoms()
	r := &m.result
	r.Energy, r.Forces = borrow(c.Energies, s, &m.own.Energy), borrow(c.Forces, n, &m.own.Forces)
	r.Virial, r.Stress = borrow(c.Virials, s, &m.own.Virial), borrow(c.Stresses, s, &m.own.Stress)
	if shares {
		r.AtomEnergy, r.AtomVirial = borrow(c.AtomEnergies, n, &m.own.AtomEnergy), borrow(c.AtomVirials, n, &m.own.AtomVirial)
	}
	if err := m.model.Compute(context.Background(), &m.batch, r); err != nil {
		setAll(r.Energy[:s], nan)
		setAll(r.Forces[:n], [3]float64{nan, nan, nan})
		setAll(r.Virial[:s], noVirial)
		setAll(r.Stress[:s], noStress)
		if shares {
			setAll(r.AtomEnergy[:n], nan)
			setAll(r.AtomVirial[:n], noVirial)
		}
		return err
	}
	for k := range s {
		if _, ok := m.batch.Volume(k); !ok {
			r.Stress[k] = noStress
		}
	}
	return nil
}

var (
	nan      = math.NaN()
	noStress = [6]float64{nan, nan, nan, nan, nan, nan}
	noVirial = [3][3]float64{{nan, nan, nan}, {nan, nan, nan}, {nan, nan, nan}}
)

func setAll[E any](list []E, x E) {
	for i := range list {
		list[i] = x
	}
}

// input is structures in the host's memory.
type input struct {
	batch painless.Batch
	cells [][3][3]float64 // where the host has none
}

// fill makes the batch of a call's structures, of so many atoms or more.
func (m *input) fill(c *Call, least int64) error {
	if c.Structures < 0 || c.Structures > maxCount {
		return argument("%d structures: expected 0 to %d", c.Structures, maxCount)
	}
	s, b := int(c.Structures), &m.batch
	if s > 0 && c.Counts == nil {
		return argument("counts is NULL: expected the atoms of %d structures", s)
	}
	b.Start = append(b.Start[:0], 0)
	n := int64(0)
	for k, count := range unsafe.Slice(c.Counts, s) {
		if count < least || count > maxCount-n {
			return argument("structure %d has %d atoms: expected %d or more, and at most %d in all", k, count, least, maxCount)
		}
		n += count
		b.Start = append(b.Start, int(n))
	}
	if n > 0 && c.Numbers == nil || n > 0 && c.Positions == nil {
		return argument("numbers or positions are NULL: expected those of %d atoms", n)
	}
	b.Numbers = buffer.Resize(b.Numbers, int(n))
	for i, z := range unsafe.Slice(c.Numbers, n) {
		b.Numbers[i] = int(z)
	}
	b.Positions = unsafe.Slice(c.Positions, n)
	b.Cells = borrow(c.Cells, s, &m.cells)
	if c.Cells == nil {
		clear(b.Cells)
	}
	b.PBC = buffer.Resize(b.PBC, s)
	clear(b.PBC)
	if c.PBC != nil {
		for k, along := range unsafe.Slice(c.PBC, s) {
			b.PBC[k] = [3]bool{along[0] != 0, along[1] != 0, along[2] != 0}
		}
	}
	return nil
}

// borrow is n elements in the host's memory, or our own where it gave none.
func borrow[E any](host *E, n int, own *[]E) []E {
	if host == nil {
		*own = buffer.Resize(*own, n)
		return *own
	}
	return unsafe.Slice(host, n)
}
