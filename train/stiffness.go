package train

import (
	"fmt"
	"math"
	"strings"

	"painless/atoms"
	"painless/internal/vec"
)

// Stiffness is how stiffly hydrogens are bound, by labels of the Hessian: v·Hv over v·v of
// their own components. Bonds of hydrogen have 5 to 10 mdyn/Å in every molecule, along the
// bond alone: over three directions 10 to 20 eV/Å², and 14 in organic molecules. It counts
// too where a structure is not stable along the direction.
type Stiffness struct {
	structures    int
	negative      int // of them, where v·Hv is below 0
	hydrogens     int
	vhv, vv       float64    // Σ v·Hv and Σ v·v, for directions of 1 Å, root mean square
	squares       [3]float64 // Σ of (v·Hv)², of v·Hv times v·v, and of (v·v)²
	list          atoms.NeighborList[float64]
	bonded, fused []bool
}

// Limits of bonds of hydrogen, Å, and of what they say, eV/Å²: hydrogens that are too few,
// what is usual, and what no bonds have on average, three standard errors beyond it.
const (
	shortestBond   = 0.6
	longestBond    = 1.25
	fewHydrogens   = 20
	usualStiffness = 14
	leastStiffness = 2.5
	mostStiffness  = 120
	standardErrors = 3
)

// bondPartners is the elements whose bonds with hydrogen are so stiff.
var bondPartners = map[int]bool{1: true, 6: true, 7: true, 8: true, 9: true}

// Add adds a structure, and of its hydrogens those that have one bond or more.
func (s *Stiffness) Add(x *atoms.Structure, c *Curvature) {
	if s.structures++; c.Along() < 0 {
		s.negative++
	}
	if s.list.Build(atoms.NewBatch(*x), longestBond) != nil { // who computes the structure says why
		return
	}
	n := len(x.Numbers)
	s.bonded, s.fused = append(s.bonded[:0], make([]bool, n)...), append(s.fused[:0], make([]bool, n)...)
	for k, d := range s.list.D {
		i, j := s.list.I[k], s.list.J[k]
		for _, p := range [2][2]int32{{i, j}, {j, i}} {
			s.bonded[p[0]] = s.bonded[p[0]] || bondPartners[x.Numbers[p[1]]]
			s.fused[p[0]] = s.fused[p[0]] || d < shortestBond
		}
	}
	size := c.size() * c.size()
	for i, z := range x.Numbers {
		vhv, vv := vec.Dot(c.Direction[i], c.Product[i])/size, vec.Dot(c.Direction[i], c.Direction[i])/size
		if z != 1 || !s.bonded[i] || s.fused[i] || vv == 0 {
			continue
		}
		s.hydrogens, s.vhv, s.vv = s.hydrogens+1, s.vhv+vhv, s.vv+vv
		for k, x := range [3]float64{vhv * vhv, vhv * vv, vv * vv} {
			s.squares[k] += x
		}
	}
}

// Negative returns in how many structures, and of how many, v·Hv is below 0, as it is in most where
// labels have the wrong sign.
func (s *Stiffness) Negative() (negative, structures int) { return s.negative, s.structures }

// Hint says in which unit the labels seem to be; "" where they may be in eV/Å², or are too few.
func (s *Stiffness) Hint() string {
	if s.hydrogens < fewHydrogens {
		return ""
	}
	mean := s.vhv / s.vv
	off := standardErrors * math.Sqrt(max(0, s.squares[0]-2*mean*s.squares[1]+mean*mean*s.squares[2])) / s.vv
	if !(mean > 0) || mean+off > leastStiffness && mean-off < mostStiffness {
		return ""
	}
	var in []string
	for _, unit := range hessianUnits {
		if math.Abs(math.Log(mean/(usualStiffness*unit.factor))) < math.Log(2) {
			in = append(in, unit.means)
		}
	}
	unit := "another unit"
	if in != nil {
		unit = strings.Join(in, ", or ")
	}
	return fmt.Sprintf("the Hessian binds %d hydrogens by %.3g on average, where 10 to 20 eV/Å² are usual: are products in %s? They are taken as eV/Å² times the direction", s.hydrogens, mean, unit)
}
