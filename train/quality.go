package train

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/vec"
)

// errMemory begins what is said of a set that would be too large.
var errMemory = errors.New("more than the limit")

// ErrMemory reports whether a set has no room for a structure.
func ErrMemory(err error) bool { return errors.Is(err, errMemory) }

// CheckLabels says what keeps a structure of n atoms from being trained on: no label
// at all, labels of other than its atoms, and forces longer than largest, eV/Å.
func (l *Labels) CheckLabels(n int, largest float64) error {
	switch {
	case math.IsNaN(l.Energy) && l.Forces == nil && l.Stress == nil && l.AtomEnergies == nil:
		return errors.New("no label: neither energy nor forces")
	case l.Forces != nil && len(l.Forces) != n, l.AtomEnergies != nil && len(l.AtomEnergies) != n:
		return fmt.Errorf("labels of %d and %d atoms: expected those of %d", len(l.Forces), len(l.AtomEnergies), n)
	case math.IsInf(l.Energy, 0):
		return fmt.Errorf("the energy is %v: expected a finite number", l.Energy)
	}
	for i, f := range l.Forces {
		if !vec.Finite(f[:]...) {
			return fmt.Errorf("the force on atom %d is %v: expected finite numbers", i, f)
		}
		if size := vec.Norm(f); size > largest {
			return &Outlier{i, size, largest}
		}
	}
	return nil
}

// Outlier is a force that is longer than it may be.
type Outlier struct {
	Atom    int
	Size    float64 // eV/Å
	Largest float64 // eV/Å, that it may be
}

func (o *Outlier) Error() string {
	return fmt.Sprintf("the force on atom %d is %.4g eV/Å: expected at most %g", o.Atom, o.Size, o.Largest)
}

// Seen is structures that were met before, by their elements, cell and positions to 1e-4 Å.
type Seen map[uint64]bool

// Twice reports whether a structure is one of those seen, and adds it.
func (s Seen) Twice(x *atoms.Structure) bool {
	key := fingerprint(x)
	if s[key] {
		return true
	}
	s[key] = true
	return false
}

// Has reports whether a structure is one of those seen.
func (s Seen) Has(x *atoms.Structure) bool { return s[fingerprint(x)] }

func fingerprint(x *atoms.Structure) uint64 {
	h := fnv.New64a()
	var text []byte
	add := func(v [3]float64) {
		for _, c := range v {
			text = fmt.Appendf(text, "%.0f,", c*1e4)
		}
	}
	for i, z := range x.Numbers {
		text = append(text[:0], byte(z))
		add(x.Positions[i])
		h.Write(text)
	}
	if x.PBC != [3]bool{} {
		text = text[:0]
		for _, v := range x.Cell {
			add(v)
		}
		h.Write(text)
	}
	return h.Sum64()
}

// Units is what the labels of a set say of their units.
type Units struct {
	// Ratio is the energies' differences over what the forces say of them, −Σ F·Δr,
	// between structures of one molecule that follow one another: 1 in eV and eV/Å.
	// It is the median of so many, and Agree the share of them that lie within a
	// fifth of it.
	Ratio, Agree float64
	Differences  int
}

// Limits of finite differences that say something: what an atom moves, Å, how many
// they are, and how many of them agree.
const (
	smallMove      = 0.2
	fewDifferences = 5
	mostAgree      = 0.6
)

// Units compares energies with forces by finite differences between structures that
// follow one another with the same atoms: ΔE = −½ Σ (F + F′)·Δr, to third order. Of the
// differences the larger half counts, which have the more digits.
func (s *Set) Units() (u Units) {
	type difference struct{ work, energy float64 }
	var list []difference
	for k := 1; k < s.Len(); k++ {
		a, b := s.start[k-1], s.start[k]
		n := b - a
		if s.composed[k] != s.composed[k-1] || !slices.Equal(s.numbers[a:b], s.numbers[b:b+n]) || s.cells[k] != s.cells[k-1] {
			continue
		}
		work, largest := 0.0, 0.0
		for i := range n {
			var move [3]float64
			for c := range 3 {
				move[c] = float64(s.positions[b+i][c]) - float64(s.positions[a+i][c])
				work -= 0.5 * (float64(s.forces[a+i][c]) + float64(s.forces[b+i][c])) * move[c]
			}
			largest = max(largest, vec.Norm(move))
		}
		energy := s.energies[k] - s.energies[k-1]
		if largest <= smallMove && math.Abs(work) > 0 && !math.IsNaN(work+energy) {
			list = append(list, difference{work, energy})
		}
	}
	slices.SortFunc(list, func(a, b difference) int { return cmp.Compare(math.Abs(b.work), math.Abs(a.work)) })
	var ratios []float64
	for _, d := range list[:(len(list)+1)/2] {
		ratios = append(ratios, d.energy/d.work)
	}
	if u.Differences = len(ratios); u.Differences == 0 {
		return u
	}
	slices.Sort(ratios)
	u.Ratio = ratios[len(ratios)/2]
	for _, r := range ratios {
		if math.Abs(r-u.Ratio) <= 0.2*math.Abs(u.Ratio) {
			u.Agree += 1 / float64(len(ratios))
		}
	}
	return u
}

// mistakes is what ratios mean that are not 1.
var mistakes = []struct {
	ratio float64
	means string
}{
	{-1, "forces of the wrong sign: gradients, perhaps"},
	{1 / 27.211386, "energies in Hartree beside forces in eV/Å"},
	{27.211386, "energies in eV beside forces in Hartree/Å"},
	{1 / 0.52917721, "energies in Hartree and forces in Hartree/Bohr"},
	{27.211386 / 0.52917721, "energies in eV beside forces in Hartree/Bohr"},
	{23.060548, "energies in kcal/mol beside forces in eV/Å"},
	{1 / 23.060548, "energies in eV beside forces in kcal/mol/Å"},
	{96.485332, "energies in kJ/mol beside forces in eV/Å"},
	{1 / 96.485332, "energies in eV beside forces in kJ/mol/Å"},
	{0.52917721, "positions in Bohr"},
}

// Contradiction says how energies and forces contradict one another; nil where they
// do not, or where too few structures follow one another to tell.
func (u Units) Contradiction() error {
	if u.Differences < fewDifferences || u.Agree < mostAgree || math.Abs(u.Ratio-1) < 0.15 {
		return nil
	}
	for _, m := range mistakes {
		if math.Abs(u.Ratio/m.ratio-1) < 0.1 {
			return fmt.Errorf("energies and forces contradict one another: between structures that follow one another energies change by %.4g times what the forces say: %s", u.Ratio, m.means)
		}
	}
	return fmt.Errorf("energies and forces contradict one another: between structures that follow one another energies change by %.4g times what the forces say", u.Ratio)
}

// HydrogenHint says in which unit other than eV a fitted energy of hydrogen would
// be a usual one; "" where it may be one in eV.
func HydrogenHint(energy float64) string {
	switch size := -energy; {
	case size > 0.3 && size < 0.7:
		return "Hartree"
	case size > 200 && size < 450:
		return "kcal/mol"
	case size > 850 && size < 1900:
		return "kJ/mol"
	}
	return ""
}
