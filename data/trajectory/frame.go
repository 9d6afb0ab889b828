package trajectory

import (
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/vec"
)

// Frame is one moment of a trajectory. A Writer keeps none of its slices.
type Frame struct {
	atoms.Structure         // positions as they are: nothing is wrapped into the cell
	Step            int64   // rises from frame to frame
	Time            float64 // fs

	// What is nil is not written.
	Velocities  [][3]float64 // Å/fs, [N]
	Forces      [][3]float64 // eV/Å, [N]
	Energy      *float64     // eV
	Kinetic     *float64     // eV; in H5MD alone
	Temperature *float64     // K; in H5MD alone
	Stress      *[6]float64  // eV/Å³: xx, yy, zz, yz, xz, xy; tension is positive
	Masses      []float64    // u, [N]; nil for those of the elements
}

// Copy makes the frame one like another, in memory of its own, which it keeps.
func (f *Frame) Copy(from *Frame) {
	*f = Frame{
		Structure: atoms.Structure{
			Numbers: again(f.Numbers, from.Numbers), Positions: again(f.Positions, from.Positions), Cell: from.Cell, PBC: from.PBC,
		},
		Step: from.Step, Time: from.Time,
		Velocities: again(f.Velocities, from.Velocities), Forces: again(f.Forces, from.Forces), Masses: again(f.Masses, from.Masses),
		Energy: one(f.Energy, from.Energy), Kinetic: one(f.Kinetic, from.Kinetic), Temperature: one(f.Temperature, from.Temperature),
		Stress: one(f.Stress, from.Stress),
	}
}

// again copies a list into the memory of another; nil stays nil.
func again[E any](to, from []E) []E {
	if from == nil {
		return nil
	}
	return append(to[:0], from...)
}

// one is again of a number.
func one[E any](to, from *E) *E {
	if from == nil {
		return nil
	}
	if to == nil {
		to = new(E)
	}
	*to = *from
	return to
}

// mass is that of atom i, u.
func (f *Frame) mass(i int) float64 {
	if f.Masses != nil {
		return f.Masses[i]
	}
	return atoms.Mass(f.Numbers[i])
}

// hasOwnMasses reports whether an atom's mass is not its element's.
func (f *Frame) hasOwnMasses() bool {
	for i, m := range f.Masses {
		if m != atoms.Mass(f.Numbers[i]) {
			return true
		}
	}
	return false
}

// Check says what keeps a frame from following the one of step last, with
// positions, velocities and forces up to limit. Numbers are the trajectory's.
func (f *Frame) Check(numbers []int, last int64, limit float64) error {
	if f.Step <= last {
		return fmt.Errorf("expected a step after %d, found %d", last, f.Step)
	}
	if err := f.Structure.Check(); err != nil {
		return err
	}
	if err := sameAtoms(f.Numbers, numbers); err != nil {
		return err
	}
	if !(math.Abs(f.Time) <= limit) {
		return fmt.Errorf("expected a finite time, found %v fs", f.Time)
	}
	if f.Energy != nil && !vec.Finite(*f.Energy) {
		return fmt.Errorf("expected a finite energy, found %v eV", *f.Energy)
	}
	for _, x := range []*float64{f.Kinetic, f.Temperature} {
		if x != nil && !vec.Finite(*x) {
			return fmt.Errorf("expected a finite kinetic energy and temperature, found %v", *x)
		}
	}
	if f.Stress != nil && !vec.Finite(f.Stress[:]...) {
		return fmt.Errorf("expected finite stress, found %v eV/Å³", *f.Stress)
	}
	if f.Masses != nil && len(f.Masses) != len(f.Numbers) {
		return fmt.Errorf("masses: expected those of %d atoms, found %d", len(f.Numbers), len(f.Masses))
	}
	for i, m := range f.Masses {
		if !(m > 0 && vec.Finite(m)) {
			return fmt.Errorf("mass of atom %d: expected a finite number above 0, found %v u", i, m)
		}
	}
	for _, v := range []struct {
		what string
		list [][3]float64
	}{{"position", f.Positions}, {"velocity", f.Velocities}, {"force", f.Forces}} {
		if v.list != nil && len(v.list) != len(f.Numbers) {
			return fmt.Errorf("expected the %s of each of %d atoms, found %d", v.what, len(f.Numbers), len(v.list))
		}
		for i := range v.list {
			for _, x := range v.list[i] {
				if !(math.Abs(x) <= limit) {
					return fmt.Errorf("%s of atom %d: expected numbers up to %.3g, found %v", v.what, i, limit, v.list[i])
				}
			}
		}
	}
	return nil
}

// sameAtoms says where a frame's elements are not those of its trajectory.
func sameAtoms(found, want []int) error {
	if slices.Equal(found, want) {
		return nil
	}
	if len(found) != len(want) {
		return fmt.Errorf("expected the %d atoms of the trajectory, found %d", len(want), len(found))
	}
	for i := range found {
		if found[i] != want[i] {
			return fmt.Errorf("atom %d: expected %s as in the trajectory, found %s", i, atoms.Symbol(want[i]), atoms.Symbol(found[i]))
		}
	}
	return nil
}
