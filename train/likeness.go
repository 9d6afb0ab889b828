package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"painless/internal/units"
	"painless/internal/vec"
)

// Likeness compares products of the Hessian that are labels with what else says them:
// differences of forces, or a student. It holds so many numbers as tell, and no more.
type Likeness struct{ list []likened }

type likened struct{ label, other float64 }

// Limits of comparisons that say something: the numbers that are held, those that are too
// few, and a correlation that is too low. Structures that are shaken by 0.15 Å, of which some
// are 0.35 Å from one another, have 0.7.
const (
	mostLikened = 200_000
	fewLikened  = 20
	lowLikeness = 0.6
)

// add adds a number of a label and the same by other means.
func (l *Likeness) add(label, other float64) {
	if len(l.list) < mostLikened {
		l.list = append(l.list, likened{label, other})
	}
}

// Compare adds the components of a label, for directions of 1 Å, and of the same product
// as it is measured.
func (l *Likeness) Compare(label, measured *Curvature) {
	size := label.size()
	for i, p := range label.Product {
		for a := range p {
			l.add(p[a]/size, measured.Product[i][a]/size)
		}
	}
}

// hessianUnits is what products are in that are so many times as large as in eV/Å².
var hessianUnits = []mistake{
	{1 / units.KcalPerMol, "kcal/mol/Å²"},
	{1 / units.KJPerMol, "kJ/mol/Å²"},
	{1 / units.Hartree, "Hartree/Å²"},
	{units.Bohr * units.Bohr / units.Hartree, "Hartree/Bohr²"},
	{units.Bohr * units.Bohr, "eV/Bohr²"},
	{1 / units.NewtonPerMetre, "N/m"},
	{0.01 / units.NewtonPerMetre, "mdyn/Å"},
}

// Contradiction says by which factor labels differ from the others, which it names, and what
// that means; nil where they are as large, or too unlike them to tell. The factor is the
// median over the half of the numbers of which the others are largest.
func (l *Likeness) Contradiction(others string) error {
	if len(l.list) < fewLikened {
		return nil
	}
	slices.SortFunc(l.list, func(a, b likened) int { return cmp.Compare(math.Abs(b.other), math.Abs(a.other)) })
	var ratios []float64
	var ll, lo, oo float64
	for k, x := range l.list {
		if ll, lo, oo = ll+x.label*x.label, lo+x.label*x.other, oo+x.other*x.other; k <= len(l.list)/2 && x.other != 0 {
			ratios = append(ratios, x.label/x.other)
		}
	}
	factor, correlation := median(ratios), lo/math.Sqrt(ll*oo)
	if !(math.Abs(correlation) >= lowLikeness) || !absurd(factor, hessianUnits) {
		return nil
	}
	return fmt.Errorf("products of the Hessian contradict %s: they are %.4g times as large, with a correlation of %.2f%s; expected eV/Å² times the direction",
		others, factor, correlation, explained(factor, hessianUnits, "changes of the forces in place of the gradient, perhaps"))
}

// likenChange adds what the Hessians of two structures that are near one another say of the
// way between them, and what their forces say: (Hv)·Δr is −v·ΔF, as H is symmetric.
func (s *Set) likenChange(l *Likeness, j, k int) {
	for _, of := range [2]int{j, k} {
		c := s.curvature(of)
		if c == nil {
			continue
		}
		a, b, size := s.start[j], s.start[k], c.size()
		label, other := 0.0, 0.0
		for i, v := range c.Direction {
			label += vec.Dot(c.Product[i], vec.Sub(widened(s.positions[b+i]), widened(s.positions[a+i])))
			other -= vec.Dot(v, vec.Sub(widened(s.forces[b+i]), widened(s.forces[a+i])))
		}
		l.add(label/size, other/size)
	}
}
