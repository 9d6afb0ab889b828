package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"painless/atoms"
	"painless/internal/vec"
)

// Calculated is the names of fields and columns that say what a calculation
// found: what a new calculation replaces.
var Calculated = []string{EnergyKey, "free_energy", ForcesKey, "force", StressKey, "virial", "virials", EnergiesKey, "stresses", HessianDirectionKey, HessianProductKey, TeacherKey}

// LabelNames returns the names under which a label is read where nothing else is
// said: its own, and those that are looked at where that is missing.
func LabelNames(name string) []string {
	switch name {
	case ForcesKey:
		return []string{ForcesKey, otherForces}
	case StressKey:
		return append([]string{StressKey}, virialKeys...)
	}
	return []string{name}
}

// otherForces is the column of forces of GPUMD, GAP and dpdata.
const otherForces = "force"

// Labels is what a frame says of a calculation: nil where it says nothing.
type Labels struct {
	Energy *float64     // eV
	Forces [][3]float64 // eV/Å, [N]
	Stress *[6]float64  // eV/Å³: xx, yy, zz, yz, xz, xy; tension is positive

	// Notes is how a label was found under another name or in another shape, and
	// what was left out that looks like one.
	Notes []string
}

// LabelKeys is where a frame has its labels. An empty one is not looked at.
type LabelKeys struct {
	Energy string // a field
	Forces string // a column of three numbers an atom
	Stress string // a field of nine or six numbers; a virial where the name says so
}

// Names of the labels where nothing else is said.
const (
	EnergyKey = "energy"
	ForcesKey = "forces"
	StressKey = "stress"
)

// EnergiesKey is the column of the atoms' shares of the energy, eV.
const EnergiesKey = "energies"

// TeacherKey is the field that says whose labels these are.
const TeacherKey = "teacher"

// HessianDirectionKey and HessianProductKey are the columns of a direction v, by which
// atoms are moved, and of the product Hv of the Hessian, eV/Å² times v.
const (
	HessianDirectionKey = "hessian_direction"
	HessianProductKey   = "hessian_product"
)

// Labels returns what the frame says at keys, and a *Lack for each label that is
// missing, that is not what it should be or that is not finite. Where the keys are
// the labels' own names, forces are also those of a column force, and stress that of
// a field virial or virials. A frame without stress lacks nothing; a stress without a
// volume is none that could be compared.
func (f *Frame) Labels(keys LabelKeys) (l Labels, lacks []error) {
	if keys.Energy != "" {
		energy, err := f.energy(keys.Energy)
		l.Energy, lacks = energy, lacking(lacks, EnergyKey, err)
	}
	if keys.Forces != "" {
		key, notes := f.ForcesColumn(keys.Forces)
		l.Notes = append(l.Notes, notes...)
		forces, err := f.forces(key)
		l.Forces, lacks = forces, lacking(lacks, ForcesKey, err)
	}
	if keys.Stress != "" {
		stress, notes, err := f.comparableStress(keys.Stress)
		l.Stress, lacks = stress, lacking(lacks, StressKey, err)
		l.Notes = append(l.Notes, notes...)
	}
	return l, lacks
}

// ForcesColumn returns the name of the column of the forces that are looked for at a
// key: force where forces is, and is missing, and notes that say so.
func (f *Frame) ForcesColumn(key string) (name string, notes []string) {
	if key == ForcesKey && f.Column(key) == nil && f.Column(otherForces) != nil {
		return otherForces, []string{"forces are those of the column " + otherForces}
	}
	return key, nil
}

// OwnLabels returns the labels that the frame has by their own names, whatever
// its cell, as data sets store them: an error where one is not what it should be
// or not finite.
func (f *Frame) OwnLabels() (l Labels, err error) {
	var lacks []error
	if _, ok := f.Get(EnergyKey); ok {
		l.Energy, err = f.energy(EnergyKey)
		lacks = lacking(lacks, EnergyKey, err)
	}
	if f.Column(ForcesKey) != nil {
		l.Forces, err = f.forces(ForcesKey)
		lacks = lacking(lacks, ForcesKey, err)
	}
	if _, ok := f.Get(StressKey); ok {
		s, _, stressErr := f.tensor(StressKey)
		if stressErr == nil {
			l.Stress = &s
		}
		lacks = lacking(lacks, StressKey, stressErr)
	}
	return l, errors.Join(lacks...)
}

// AtomEnergies returns the atoms' shares of the energy, eV, [N]: nil where the frame has no
// column of them, and an error where it is not one finite number an atom.
func (f *Frame) AtomEnergies() ([]float64, error) {
	c := f.Column(EnergiesKey)
	switch {
	case c == nil:
		return nil, nil
	case c.Kind != Real || c.Width != 1:
		return nil, fmt.Errorf("column %s: expected a real number an atom, R:1, found %c:%d", EnergiesKey, c.Kind, c.Width)
	case len(c.Reals) != len(f.Numbers):
		return nil, fmt.Errorf("%s: expected those of %d atoms, found %d", EnergiesKey, len(f.Numbers), len(c.Reals))
	}
	if err := finite(EnergiesKey, c.Reals); err != nil {
		return nil, err
	}
	return c.Reals, nil
}

// Lack is why a frame has not a label that was looked for.
type Lack struct {
	Label string // what it is: EnergyKey, ForcesKey or StressKey, whatever key it stands at
	Err   error
}

func (l *Lack) Error() string { return l.Err.Error() }

// Unwrap returns the reason.
func (l *Lack) Unwrap() error { return l.Err }

func lacking(lacks []error, label string, err error) []error {
	if err != nil {
		return append(lacks, &Lack{label, err})
	}
	return lacks
}

func (f *Frame) energy(key string) (*float64, error) {
	if _, ok := f.Get(key); !ok {
		return nil, fmt.Errorf("no %s in the comment line%s", key, f.otherEnergies())
	}
	energy, err := f.Floats(key, 1)
	if err == nil {
		err = finite(key, energy)
	}
	if err != nil {
		return nil, err
	}
	return &energy[0], nil
}

// otherEnergies says what looks like an energy in a frame without one.
func (f *Frame) otherEnergies() string {
	if f.Plain {
		for _, field := range f.Info {
			if words := textWords(field.Value[:min(len(field.Value), maxText)]); slices.ContainsFunc(words, isEnergyName) {
				return ", whose text is not read for one"
			}
		}
		return ""
	}
	return leftOut(f.fields(func(field Field) bool { return isEnergyName(field.Key) && isNumbers(field.Value, 1) }))
}

func isEnergyName(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "energy") || strings.Contains(key, "energies") || key == "e" || key == "etot" || key == "toten"
}

// fields is the keys of the fields that are so.
func (f *Frame) fields(is func(Field) bool) (keys []string) {
	for _, field := range f.Info {
		if is(field) {
			keys = append(keys, field.Key)
		}
	}
	return keys
}

func leftOut(names []string) string {
	const most = 5
	if len(names) == 0 {
		return ""
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most:most], fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("; left out what else may be it: %.300s", strings.Join(names, ", "))
}

func (f *Frame) forces(key string) ([][3]float64, error) {
	forces, err := f.Vectors(key)
	if f.Column(key) == nil {
		return nil, fmt.Errorf("%w%s", err, leftOut(f.otherForces()))
	}
	if err != nil {
		return nil, err
	}
	if len(forces) != len(f.Numbers) {
		return nil, fmt.Errorf("%s: expected those of %d atoms, found %d", key, len(f.Numbers), len(forces))
	}
	for i, f := range forces {
		if !vec.Finite(f[:]...) {
			return nil, finite(fmt.Sprintf("%s of atom %d", key, i), f[:])
		}
	}
	return forces, nil
}

// otherForces is the columns that look like forces.
func (f *Frame) otherForces() (names []string) {
	for _, c := range f.Columns {
		if name := strings.ToLower(c.Name); c.Width == 3 && (strings.Contains(name, "force") || strings.Contains(name, "grad")) {
			names = append(names, c.Name)
		}
	}
	return names
}

// comparableStress is a stress of a cell with a volume; nil where there is none.
func (f *Frame) comparableStress(key string) (*[6]float64, []string, error) {
	s, err := f.stressAt(key)
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		notes := f.otherStresses()
		if key != StressKey {
			notes = append(notes, fmt.Sprintf("no %s in the comment line", key))
		}
		return nil, notes, nil
	}
	if _, ok := f.volume(); ok {
		return &s.tensor, s.notes, nil
	}
	if s.tensor == [6]float64{} {
		return nil, []string{s.from + " of nothing but zeros is left out where the cell has no volume"}, nil
	}
	return nil, nil, fmt.Errorf("%s: expected a periodic cell with a volume, found none", s.from)
}

func (f *Frame) volume() (float64, bool) { return atoms.NewBatch(f.Structure).Volume(0) }

func finite(what string, numbers []float64) error {
	for _, x := range numbers {
		if !vec.Finite(x) {
			return fmt.Errorf("%s: expected finite numbers, found %v", what, x)
		}
	}
	return nil
}
