package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"painless/atoms"
	"painless/internal/vec"
)

// Curvature is a Hessian-vector product: by how much the energy's gradient changes
// along a direction, from one that is a row of the Hessian to one that is a random
// mixture of all rows.
type Curvature struct {
	Direction [][3]float64 // v, [N], of any length but 0
	Product   [][3]float64 // Hv, eV/Å² times v, [N]
}

// hessianStep is how far atoms are displaced along a direction, root mean square of
// components, Å, for central differences of forces: the next term is half a per cent
// in ethanol, and rounding of float32 far less.
const hessianStep = 0.005

// check says what is no product of n atoms.
func (c *Curvature) check(n int) error {
	if len(c.Direction) != n || len(c.Product) != n {
		return fmt.Errorf("a Hessian's direction of %d atoms and product of %d: expected those of %d", len(c.Direction), len(c.Product), n)
	}
	for i := range n {
		if !vec.Finite(c.Direction[i][:]...) || !vec.Finite(c.Product[i][:]...) {
			return fmt.Errorf("atom %d has the Hessian's direction %v and product %v: expected finite numbers", i, c.Direction[i], c.Product[i])
		}
	}
	if size := c.size(); !(size > 0) || math.IsInf(size, 0) {
		return errors.New("the Hessian's direction has no length: expected a displacement of some atoms")
	}
	return nil
}

// size is the root mean square of the direction's components.
func (c *Curvature) size() float64 {
	sum := 0.0
	for _, v := range c.Direction {
		sum += vec.Dot(v, v)
	}
	return math.Sqrt(sum / float64(3*len(c.Direction)))
}

// RandomDirection returns a direction for the atoms of a structure, of which each
// component is a random number of the normal distribution.
func RandomDirection(rng *rand.Rand, atoms int) [][3]float64 {
	v := make([][3]float64, atoms)
	for i := range v {
		v[i] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	}
	return v
}

// Displaced returns the two structures, forwards and backwards along the direction,
// whose forces Measure makes the product of.
func (c *Curvature) Displaced(x *atoms.Structure) (forwards, backwards atoms.Structure) {
	forwards, backwards = *x, *x
	forwards.Positions, backwards.Positions = c.displaced(nil, x.Positions, 1), c.displaced(nil, x.Positions, -1)
	return forwards, backwards
}

// Measure makes the product the central difference of forces, eV/Å, of the structures
// that Displaced returns.
func (c *Curvature) Measure(forwards, backwards [][3]float64) {
	size := c.size()
	c.Product = make([][3]float64, len(forwards))
	for i := range forwards {
		c.Product[i] = vec.Scale(vec.Sub(backwards[i], forwards[i]), size/(2*hessianStep))
	}
}

// displaced returns positions, Å, moved along the direction by so many steps of
// hessianStep, into the memory of to.
func (c *Curvature) displaced(to, positions [][3]float64, steps float64) [][3]float64 {
	back := -steps * hessianStep / c.size()
	to = to[:0]
	for i, r := range positions {
		to = append(to, vec.Sub(r, vec.Scale(c.Direction[i], back)))
	}
	return to
}

// setDisplaced makes the sample's displaced ones, where it has a curvature.
func (x *Sample) setDisplaced() error {
	c := x.Curvature
	if x.displace = c != nil; !x.displace {
		return nil
	}
	if err := c.check(len(x.Numbers)); err != nil {
		return err
	}
	if x.displaced == nil {
		x.displaced = []*Sample{{}, {}}
	}
	for k, steps := range [2]float64{1, -1} {
		to := x.displaced[k]
		s := x.Structure
		s.Positions = c.displaced(to.Positions, x.Positions, steps)
		if err := to.Set(s, Labels{Energy: math.NaN()}, x.cutoff); err != nil {
			return fmt.Errorf("displaced along the Hessian's direction: %w", err)
		}
	}
	return nil
}

// computed is how many structures are computed of a sample.
func (x *Sample) computed() int {
	if x.displace {
		return 1 + len(x.displaced)
	}
	return 1
}

// index is where in the batch sample k of the shard, or what it is displaced from, stands.
func (s *shard[T]) index(k int) int {
	index := s.first
	for next := s.samples[0].computed(); next <= k; index++ {
		next += s.samples[next].computed()
	}
	return index
}

// withDisplaced appends a batch's samples to list, each with its displaced ones after it.
func withDisplaced(list, batch []*Sample) []*Sample {
	for _, x := range batch {
		list = append(list, x)
		if x.displace {
			list = append(list, x.displaced...)
		}
	}
	return list
}

// compareProduct adds an atom's part of Hv to the terms, made of its forces forwards
// and backwards, and returns −∂L/∂F of the force forwards; backwards it is the opposite.
// weight is w of the atom, and size the root mean square of the direction's components.
func (s *shares) compareProduct(label, forwards, backwards [3]float64, weight, size float64, terms *Terms) (motion [3]float64) {
	weight *= s.hessian
	for a := range motion {
		e := (backwards[a]-forwards[a])/(2*hessianStep) - label[a]/size
		terms.Hessian += weight * e * e
		terms.AbsProducts += math.Abs(e)
		motion[a] = weight * e / hessianStep
	}
	terms.Products += 3
	return motion
}
