package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"painless/internal/units"
	"painless/internal/vec"
)

// Units is what the labels of a set say of their units.
type Units struct {
	// Ratio is the energies' differences over what the forces say of them, −Σ F·Δr,
	// between structures of one molecule that are near one another: 1 in eV and eV/Å.
	// It is the median of so many, and Agree the share of them that lie within three
	// tenths of it.
	Ratio, Agree float64
	Differences  int
	// Hessian is products beside how forces change between the same structures.
	Hessian Likeness
}

// Limits of finite differences that say something: what an atom moves between structures
// that follow one another and between others, Å, how many they are, how many of them
// agree, and how far from 1 they may be. Moves of 0.5 Å give medians within 5 % of 1.
const (
	smallMove      = 0.2
	nearMove       = 0.5
	fewDifferences = 5
	mostAgree      = 0.6
	agreeWithin    = 0.3
)

// Limits of the search for structures that are near one another: how many of a molecule
// are compared with one another, and how many comparisons there are at most.
const (
	mostCompared = 256
	comparisons  = 2_000_000
)

type difference struct{ work, energy float64 }

// Units compares energies with forces by finite differences: ΔE = −½ Σ (F + F′)·Δr, to
// third order, between structures that follow one another with the same atoms or, where
// few do, between each structure and the nearest one of the same atoms. Of the differences
// the larger half counts, which have the more digits.
func (s *Set) Units() (u Units) {
	var list []difference
	for _, p := range s.near() {
		list = s.difference(list, p[0], p[1])
		s.likenChange(&u.Hessian, p[0], p[1])
	}
	slices.SortFunc(list, func(a, b difference) int { return cmp.Compare(math.Abs(b.work), math.Abs(a.work)) })
	var ratios []float64
	for _, d := range list[:(len(list)+1)/2] {
		ratios = append(ratios, d.energy/d.work)
	}
	if u.Differences = len(ratios); u.Differences == 0 {
		return u
	}
	u.Ratio = median(ratios)
	for _, r := range ratios {
		if math.Abs(r-u.Ratio) <= agreeWithin*math.Abs(u.Ratio) {
			u.Agree += 1 / float64(len(ratios))
		}
	}
	return u
}

// near is pairs of structures that are near one another.
func (s *Set) near() (pairs [][2]int) {
	for k := 1; k < s.Len(); k++ {
		if s.alike(k-1, k) && s.farthestMove(k-1, k, smallMove) <= smallMove {
			pairs = append(pairs, [2]int{k - 1, k})
		}
	}
	if len(pairs) < 4*fewDifferences {
		return s.nearest()
	}
	return pairs
}

// alike reports whether two structures have the same atoms in the same cell, and labels.
func (s *Set) alike(j, k int) bool {
	a, b := s.start[j], s.start[k]
	return s.composed[j] == s.composed[k] && slices.Equal(s.numbers[a:s.start[j+1]], s.numbers[b:s.start[k+1]]) && s.cells[j] == s.cells[k] &&
		s.labelled(j) && s.labelled(k)
}

// labelled reports whether a structure has energy and forces.
func (s *Set) labelled(k int) bool {
	return !math.IsNaN(s.energies[k]) && !math.IsNaN(float64(s.forces[s.start[k]][0]))
}

// farthestMove is how far the atom that moves most is from where it was, Å, but for what
// all atoms move; something above limit where it is above it.
func (s *Set) farthestMove(j, k int, limit float64) (farthest float64) {
	a, b, n := s.start[j], s.start[k], s.start[k+1]-s.start[k]
	var mean [3]float64
	for i := range n {
		for c := range 3 {
			mean[c] += (float64(s.positions[b+i][c]) - float64(s.positions[a+i][c])) / float64(n)
		}
	}
	for i := range n {
		if farthest = max(farthest, vec.Distance(vec.Sub(widened(s.positions[b+i]), mean), widened(s.positions[a+i]))); farthest > limit {
			break
		}
	}
	return farthest
}

// difference adds what energies and forces say of the way from structure j to k.
func (s *Set) difference(list []difference, j, k int) []difference {
	a, b, n := s.start[j], s.start[k], s.start[k+1]-s.start[k]
	work := 0.0
	for i := range n {
		for c := range 3 {
			work -= 0.5 * (float64(s.forces[a+i][c]) + float64(s.forces[b+i][c])) * (float64(s.positions[b+i][c]) - float64(s.positions[a+i][c]))
		}
	}
	if energy := s.energies[k] - s.energies[j]; work != 0 && !math.IsNaN(work) {
		list = append(list, difference{work, energy})
	}
	return list
}

// nearest is structures with the nearest ones of the same atoms before them, which come
// first.
func (s *Set) nearest() (pairs [][2]int) {
	molecules, order := map[uint64][]int{}, []uint64{}
	for k := range s.Len() {
		if s.labelled(k) {
			key := uint64(fnvOffset)
			for _, z := range s.numbers[s.start[k]:s.start[k+1]] {
				key = mix(key, uint64(z))
			}
			if molecules[key] == nil {
				order = append(order, key)
			}
			if len(molecules[key]) < mostCompared {
				molecules[key] = append(molecules[key], k)
			}
		}
	}
	left := comparisons
	for _, key := range order {
		for i, k := range molecules[key] {
			best, least := -1, nearMove
			for _, j := range molecules[key][:i] {
				if left--; left < 0 {
					return pairs
				}
				if s.alike(j, k) {
					if move := s.farthestMove(j, k, least); move < least {
						best, least = j, move
					}
				}
			}
			if best >= 0 {
				pairs = append(pairs, [2]int{best, k})
			}
		}
	}
	return pairs
}

// mistake is what a factor means that should be 1.
type mistake struct {
	factor float64
	means  string
}

// meaning is that of the mistakes whose factors are near; "" where none is.
func meaning(factor float64, mistakes []mistake) string {
	var means []string
	for _, m := range mistakes {
		if math.Abs(math.Log(factor/m.factor)) < math.Log(1.15) {
			means = append(means, m.means)
		}
	}
	return strings.Join(means, ", or ")
}

// contradictions is what ratios of Units mean that are not 1.
var contradictions = []mistake{
	{1 / units.Hartree, "energies in Hartree beside forces in eV/Å"},
	{units.Hartree, "energies in eV beside forces in Hartree/Å"},
	{1 / units.Bohr, "energies in Hartree and forces in Hartree/Bohr"},
	{units.Hartree / units.Bohr, "energies in eV beside forces in Hartree/Bohr"},
	{1 / units.KcalPerMol, "energies in kcal/mol beside forces in eV/Å"},
	{units.KcalPerMol, "energies in eV beside forces in kcal/mol/Å"},
	{1 / units.KJPerMol, "energies in kJ/mol beside forces in eV/Å"},
	{units.KJPerMol, "energies in eV beside forces in kJ/mol/Å"},
	{units.Bohr, "positions in Bohr"},
}

// Contradiction says how energies and forces, or else these and Hessians, contradict one another;
// nil where they do not, or where too few structures are near one another to tell.
func (u Units) Contradiction() error {
	if u.Differences < fewDifferences || u.Agree < mostAgree || math.Abs(u.Ratio-1) < agreeWithin {
		return u.Hessian.Contradiction("how forces change between structures that are near one another")
	}
	return fmt.Errorf("energies and forces contradict one another: between structures that are near one another energies change by %.4g times what the forces say%s",
		u.Ratio, explained(u.Ratio, contradictions, wrongSign))
}

// wrongSign is what a negative factor of forces means.
const wrongSign = "forces of the wrong sign: gradients, perhaps"

// explained is what a factor means, after a colon, and where that is negative what the sign does.
func explained(factor float64, mistakes []mistake, sign string) string {
	means := meaning(math.Abs(factor), mistakes)
	switch {
	case factor < 0 && means != "":
		means = sign + ", and " + means
	case factor < 0:
		means = sign
	}
	return because(means)
}

// because is a meaning, if there is one, after a colon.
func because(means string) string {
	if means == "" {
		return ""
	}
	return ": " + means
}
