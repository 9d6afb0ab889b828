package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/vec"
	"painless/nn"
)

// Kink is the largest jump of a force on an atom, eV/Å, when an atom of a symmetric
// molecule crosses its place. The network takes lengths of vectors, whose slopes
// have a kink where they vanish, and symmetry makes them vanish.
type Kink struct {
	Name string  `json:"name"`
	Jump float64 `json:"jump_ev_per_angstrom"`
}

// kinkStep is how far an atom moves, Å.
const kinkStep = 1e-4

// symmetric is molecules with measured bond lengths (Å), without a distortion.
var symmetric = []struct {
	name string
	atoms.Structure
}{
	{"carbon dioxide", atoms.Structure{Numbers: []int{6, 8, 8}, Positions: [][3]float64{{}, {1.160, 0, 0}, {-1.160, 0, 0}}}},
	{"acetylene", atoms.Structure{Numbers: []int{6, 6, 1, 1}, Positions: [][3]float64{{0.6015, 0, 0}, {-0.6015, 0, 0}, {1.6645, 0, 0}, {-1.6645, 0, 0}}}},
	{"methane", atoms.Structure{Numbers: []int{6, 1, 1, 1, 1}, Positions: tetrahedron(1.087)}},
}

// tetrahedron is its centre and its corners.
func tetrahedron(radius float64) [][3]float64 {
	r := radius / math.Sqrt(3)
	return [][3]float64{{}, {r, r, r}, {r, -r, -r}, {-r, r, -r}, {-r, -r, r}}
}

// kinks measures, with a potential of the network, the symmetric molecules of elements
// that this knows.
func kinks(ctx context.Context, p nn.Potential, network *nn.Network) (list []Kink, err error) {
	for _, m := range symmetric {
		if !network.KnowsAll(m.Numbers) {
			continue
		}
		jump, err := kink(ctx, p, m.Structure)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		list = append(list, Kink{m.name, jump})
	}
	return list, nil
}

// Kinks measures what the card says of symmetric molecules, alone: the largest jump of a
// force, eV/Å, and what that means. The jump is 0 where the network knows none of them.
func Kinks(ctx context.Context, network *nn.Network) (jump float64, v Verdict, err error) {
	p, err := nn.NewPotential(network, reference)
	if err != nil {
		return 0, v, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	list, err := kinks(ctx, p, network)
	if err != nil || len(list) == 0 {
		return 0, v, err
	}
	return sharpest(list).Jump, kinkVerdict(list), nil
}

// kink moves each atom to both sides of its place along x, y and z. The difference of
// forces less half of that over twice the way is a jump: where forces are smooth
// it goes as the third power of the way.
func kink(ctx context.Context, p nn.Potential, s atoms.Structure) (largest float64, err error) {
	n := len(s.Numbers)
	var moved []atoms.Structure
	for i := range n {
		for c := range 3 {
			for _, steps := range [4]float64{1, -1, 2, -2} {
				one := atoms.Structure{Numbers: s.Numbers, Positions: append([][3]float64(nil), s.Positions...)}
				one.Positions[i][c] += steps * kinkStep
				moved = append(moved, one)
			}
		}
	}
	var r nn.Result
	if err := p.Compute(ctx, atoms.NewBatch(moved...), &r); err != nil {
		return 0, err
	}
	for k := 0; k < len(moved); k += 4 {
		forces := func(j, i int) [3]float64 { return r.Forces[(k+j)*n+i] }
		for i := range n {
			near, far := vec.Sub(forces(0, i), forces(1, i)), vec.Sub(forces(2, i), forces(3, i))
			largest = math.Max(largest, vec.Norm(vec.Sub(vec.Scale(near, 2), far)))
		}
	}
	return largest, nil
}

// Jumps of a force, eV/Å: what minimisers converge to by default, and what they get near.
const (
	smallJump = 0.01
	largeJump = 0.1
)

// sharpest is the largest of some kinks.
func sharpest(list []Kink) Kink {
	return slices.MaxFunc(list, func(a, b Kink) int { return cmp.Compare(a.Jump, b.Jump) })
}

func kinkVerdict(list []Kink) Verdict {
	worst := sharpest(list)
	v := Verdict{"symmetric molecules", Good, fmt.Sprintf("a force jumps by up to %.2g eV/Å where symmetry makes vectors vanish (%s): ", worst.Jump, worst.Name)}
	switch {
	case worst.Jump < smallJump:
		v.Text += "minimisers and vibrations will not notice"
	case worst.Jump < largeJump:
		v.Grade = Fair
		v.Text += "in linear and tetrahedral molecules and the like, minimisers may not get below it and vibrations by differences depend on the step"
	default:
		v.Grade = Poor
		v.Text += "in linear and tetrahedral molecules and the like, minimisers do not get below it, vibrations by differences depend on the step and energy is not conserved to the digit"
	}
	return v
}
