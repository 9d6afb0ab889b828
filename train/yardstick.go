package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"painless/internal/scores"
	"painless/internal/units"
	"painless/internal/vec"
	"painless/nn"
)

// Yardstick is how the labels of a set compare with what a student says of it. Labels of
// another level of theory are about as large, and those in other units are not.
type Yardstick struct {
	// Force is the labels' sizes over the student's, the median over the half of the atoms
	// on which the student's forces are largest, and Cosine the mean of the angle between.
	Force, Cosine float64
	Atoms         int
	// Energy is the size of the labels' energies over the student's, both without those of
	// the elements that fit them best, and Correlation that of both. A twentieth of each,
	// the largest, does not count.
	Energy, Correlation float64
	Energies            int
	// Hessian is products beside the student's.
	Hessian Likeness
}

// Limits of comparisons that say something: structures that are computed, atoms and
// energies that are too few, cosines and correlations that are too low, and factors that
// another level of theory may make.
const (
	mostMeasured    = 1000
	fewAtoms        = 20
	fewEnergies     = 10
	lowCosine       = 0.7
	lowCorrelation  = 0.8
	theoriesWithin  = 1.6
	absurdlyFarFrom = 3
)

// forceUnits is what forces are in that are so many times as large as in eV/Å.
var forceUnits = []mistake{
	{1 / units.KcalPerMol, "forces in kcal/mol/Å"},
	{units.KcalPerMol, "forces in eV/Å beside a start in kcal/mol/Å"},
	{1 / units.KJPerMol, "forces in kJ/mol/Å"},
	{10 / units.KJPerMol, "forces in kJ/mol/nm"},
	{1 / units.Hartree, "forces in Hartree/Å"},
	{units.Hartree, "forces in eV/Å beside a start in Hartree/Å"},
	{units.Bohr / units.Hartree, "forces in Hartree/Bohr"},
	{units.Hartree / units.Bohr, "forces in eV/Å beside a start in Hartree/Bohr"},
	{units.Bohr, "forces in eV/Bohr"},
}

// energyUnits is what energies are in that are so many times as large as others.
var energyUnits = []mistake{
	{1 / units.KcalPerMol, "kcal/mol beside eV"},
	{units.KcalPerMol, "eV beside kcal/mol"},
	{1 / units.KJPerMol, "kJ/mol beside eV"},
	{units.KJPerMol, "eV beside kJ/mol"},
	{1 / units.Hartree, "Hartree beside eV"},
	{units.Hartree, "eV beside Hartree"},
	{1 / units.Rydberg, "Rydberg beside eV"},
	{units.Hartree / units.KcalPerMol, "kcal/mol beside Hartree"},
	{units.KcalPerMol / units.Hartree, "Hartree beside kcal/mol"},
}

// Measure compares the labels with a network's energies, forces and Hessians, on a thousand
// structures at most.
func (s *Set) Measure(ctx context.Context, network *nn.Network, threads int) (y Yardstick, err error) {
	potential, err := nn.NewPotential(network, nn.Options{Threads: threads, AnyElement: true})
	if err != nil {
		return y, err
	}
	defer func() { err = errors.Join(err, potential.Close()) }()
	some := &Set{}
	for k := 0; k < s.Len(); k += 1 + (s.Len()-1)/mostMeasured {
		x, l := s.Structure(k), s.Labels(k)
		if err := some.Add(&x, &l, network.Config.Cutoff); err != nil {
			return y, err
		}
	}
	type force struct{ label, student, cosine float64 }
	var forces []force
	energies := make([]float64, some.Len())
	if err := some.compute(ctx, potential, func(k int, p *prediction) {
		energies[k] = p.energy
		for i, f := range some.Labels(k).Forces {
			if label, student := vec.Norm(f), vec.Norm(p.forces[i]); label > 0 && student > 0 {
				forces = append(forces, force{label, student, vec.Dot(f, p.forces[i]) / (label * student)})
			}
		}
	}); err != nil {
		return y, err
	}
	if err := some.computeDisplaced(ctx, potential, func(k int, forwards, backwards [][3]float64) {
		label := some.curvature(k)
		measured := Curvature{Direction: label.Direction}
		measured.Measure(forwards, backwards)
		y.Hessian.Compare(label, &measured)
	}); err != nil {
		return y, err
	}
	slices.SortFunc(forces, func(a, b force) int { return cmp.Compare(b.student, a.student) })
	forces = forces[:(len(forces)+1)/2]
	var sizes []float64
	for _, f := range forces {
		sizes = append(sizes, f.label/f.student)
		y.Cosine += f.cosine / float64(len(forces))
	}
	y.Atoms, y.Force = len(forces), median(sizes)
	y.correlate(some.withoutElements(some.energies), some.withoutElements(energies))
	return y, nil
}

// median is that of numbers, which it sorts; 0 of none.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[len(x)/2]
}

// withoutElements is energies without those of the elements that fit them best; nil
// where they are too few.
func (s *Set) withoutElements(energies []float64) []float64 {
	o := scores.FitOffsets(s.composed, s.compositions.List, energies)
	if o == nil {
		return nil
	}
	return o.Residuals(s.composed, s.compositions.List, energies)
}

func (y *Yardstick) correlate(labels, student []float64) {
	if labels == nil || student == nil {
		return
	}
	bound := func(x []float64) float64 {
		var sizes []float64
		for _, v := range x {
			if !math.IsNaN(v) {
				sizes = append(sizes, math.Abs(v))
			}
		}
		slices.Sort(sizes)
		return sizes[len(sizes)*19/20]
	}
	mostLabel, mostStudent := bound(labels), bound(student)
	var ll, ls, ss float64
	for k, l := range labels {
		if e := student[k]; math.Abs(l) <= mostLabel && math.Abs(e) <= mostStudent {
			ll, ls, ss = ll+l*l, ls+l*e, ss+e*e
			y.Energies++
		}
	}
	if ll > 0 && ss > 0 {
		// Not the slope, which errors of the student make smaller.
		y.Energy, y.Correlation = math.Copysign(math.Sqrt(ll/ss), ls), ls/math.Sqrt(ll*ss)
	}
}

// Contradiction says in which units the labels seem to be; nil where they are as the
// student's, or too unlike them to tell.
func (y Yardstick) Contradiction() error {
	if y.Atoms >= fewAtoms && math.Abs(y.Cosine) >= lowCosine {
		if factor := math.Copysign(y.Force, y.Cosine); absurd(factor, forceUnits) {
			return fmt.Errorf("forces contradict those of the start: they are %.4g times as large, with a mean cosine of %.2f%s", factor, y.Cosine, explained(factor, forceUnits, wrongSign))
		}
	}
	if y.Energies >= fewEnergies && y.Correlation >= lowCorrelation && absurd(y.Energy, energyUnits) {
		return fmt.Errorf("energies contradict those of the start: their differences are %.4g times as large, with a correlation of %.2f%s", y.Energy, y.Correlation, explained(y.Energy, energyUnits, wrongSign))
	}
	return y.Hessian.Contradiction("those of the start")
}

// absurd reports whether a factor is none that another level of theory makes.
func absurd(factor float64, mistakes []mistake) bool {
	off := math.Abs(math.Log(factor))
	return factor < 0 || off > math.Log(theoriesWithin) && (meaning(factor, mistakes) != "" || off > math.Log(absurdlyFarFrom))
}

// Limits of energies that the elements' energies of another set say: eV per atom that
// they may be off, times what that set's own are off, and the factor between.
const (
	farOff     = 1
	oftenOff   = 20
	alikeRatio = 1.5
)

// ContradictsEnergies says how the energies of another set contradict those of this one:
// the energies of the elements, fitted here, say others. Compositions for which
// they say nothing do not count. It is nil where they agree, or are too few.
func (s *Set) ContradictsEnergies(other *Set) error {
	o := s.FitElements()
	if o == nil {
		return nil
	}
	here := map[string]bool{}
	for _, c := range s.compositions.List {
		here[c.Formula] = true
	}
	perAtom := func(x *Set, k int, off float64) float64 {
		return math.Abs(off) / float64(x.compositions.List[x.composed[k]].Atoms)
	}
	var own, off, ratios []float64
	for k, e := range o.Residuals(s.composed, s.compositions.List, s.energies) {
		if !math.IsNaN(e) {
			own = append(own, perAtom(s, k, e))
		}
	}
	for k, e := range o.Residuals(other.composed, other.compositions.List, other.energies) {
		c := &other.compositions.List[other.composed[k]]
		unknown := slices.ContainsFunc(c.Numbers, func(z int) bool { return !slices.Contains(o.Elements, z) })
		if math.IsNaN(e) || unknown || o.Rank < len(o.Elements) && !here[c.Formula] {
			continue
		}
		off = append(off, perAtom(other, k, e))
		ratios = append(ratios, other.energies[k]/(other.energies[k]-e))
	}
	if len(off) < fewDifferences {
		return nil
	}
	ratio, far := median(ratios), median(off)
	if far < max(farOff, oftenOff*median(own)) || ratio > 1/alikeRatio && ratio < alikeRatio {
		return nil
	}
	return fmt.Errorf("energies to validate with contradict those to train on: they are %.4g times what the energies of the elements say, which are off by %.4g eV per atom%s",
		ratio, far, because(meaning(ratio, energyUnits)))
}
