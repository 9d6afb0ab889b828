package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"painless/atoms"
	"painless/internal/vec"
)

// Curvature is a Hessian-vector product: by how much the energy's gradient, the opposite
// of the forces, changes along a direction. It may be a row of the Hessian, or a random
// mixture of all rows.
type Curvature struct {
	Direction [][3]float64 // v, [N], of any length but 0
	Product   [][3]float64 // Hv, eV/Å² times v, [N]
}

// hessianStep is how far the atom that moves most is displaced along a direction, Å, for
// central differences of forces: the next term is half a per cent of the product in
// ethanol, and rounding of float32 far less.
const hessianStep = 0.015

// Limits of products that are labels: a component for a direction of 1 Å, root mean
// square, eV/Å², that no chemistry has, and the share of its size that the sum over atoms
// may be, which is 0, as a structure that is moved as a whole has the same energy.
const (
	largestProduct = 1e4
	largestSum     = 0.05
)

// Check says what is no product of n atoms, or cannot be one of a Hessian.
func (c *Curvature) Check(n int) error {
	if len(c.Direction) != n || len(c.Product) != n {
		return fmt.Errorf("a Hessian's direction of %d atoms and product of %d: expected those of %d", len(c.Direction), len(c.Product), n)
	}
	for i := range n {
		if !vec.Finite(c.Direction[i][:]...) || !vec.Finite(c.Product[i][:]...) {
			return fmt.Errorf("atom %d has the Hessian's direction %v and product %v: expected finite numbers", i, c.Direction[i], c.Product[i])
		}
	}
	size := c.size()
	if !(size > 0) || math.IsInf(size, 0) {
		return errors.New("the Hessian's direction has no length: expected a displacement of some atoms")
	}
	var sum [3]float64
	sizes := 0.0
	for i, p := range c.Product {
		if vec.Norm(p) > largestProduct*size {
			return fmt.Errorf("the Hessian's product of atom %d is %.6g eV/Å² of its direction: expected at most %g", i, vec.Norm(p)/size, largestProduct)
		}
		sum, sizes = vec.Add(sum, p), sizes+vec.Norm(p)
	}
	if vec.Norm(sum) > largestSum*sizes {
		return fmt.Errorf("the Hessian's product adds up to %.3g eV/Å² of its direction over the atoms, whose own are %.3g in all: expected 0, as moving all atoms changes no force", vec.Norm(sum), sizes)
	}
	return nil
}

// Along is v·Hv, which is positive for most directions: vibrations are stable.
func (c *Curvature) Along() (sum float64) {
	for i, v := range c.Direction {
		sum += vec.Dot(v, c.Product[i])
	}
	return sum
}

// size is the root mean square of the direction's components.
func (c *Curvature) size() float64 {
	sum := 0.0
	for _, v := range c.Direction {
		sum += vec.Dot(v, v)
	}
	return math.Sqrt(sum / float64(3*len(c.Direction)))
}

// step is by how many times the direction atoms are displaced.
func (c *Curvature) step() float64 {
	longest := 0.0
	for _, v := range c.Direction {
		longest = max(longest, vec.Norm(v))
	}
	return hessianStep / longest
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

// Errors calls do with what each component of the product is in a measured one less what
// it is here, for a direction whose components are 1 Å, root mean square: eV/Å.
func (c *Curvature) Errors(measured [][3]float64, do func(e float64)) {
	size := c.size()
	for i, label := range c.Product {
		for a := range label {
			do((measured[i][a] - label[a]) / size)
		}
	}
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
	step := c.step()
	c.Product = make([][3]float64, len(forwards))
	for i := range forwards {
		c.Product[i] = vec.Scale(vec.Sub(backwards[i], forwards[i]), 1/(2*step))
	}
}

// displaced returns positions, Å, moved along the direction by so many steps, into the
// memory of to.
func (c *Curvature) displaced(to, positions [][3]float64, steps float64) [][3]float64 {
	by := steps * c.step()
	to = to[:0]
	for i, r := range positions {
		to = append(to, vec.Add(r, vec.Scale(c.Direction[i], by)))
	}
	return to
}

// setDisplaced makes the sample's displaced ones, where it has a curvature.
func (x *Sample) setDisplaced() error {
	c := x.Curvature
	if x.displace = c != nil; !x.displace {
		return nil
	}
	if err := c.Check(len(x.Numbers)); err != nil {
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

// compareCurvature adds Hv of a structure to the terms, made of its forces forwards and
// backwards, and writes −∂L/∂F of these into motion [2][N], unless that is nil.
func (s *shares) compareCurvature(l *Labels, forwards, backwards [][3]float64, motion *[2][][3]float64, terms *Terms) {
	c := l.Curvature
	size, step := c.size(), c.step()
	for i, label := range c.Product {
		weight := s.hessian
		if l.Forces != nil {
			weight *= s.loss.weight(l.Forces[i])
		}
		for a := range label {
			e := ((backwards[i][a]-forwards[i][a])/(2*step) - label[a]) / size
			terms.Hessian += weight * e * e
			terms.AbsProducts += math.Abs(e)
			terms.SquaredProducts += e * e
			if motion != nil {
				motion[0][i][a] = weight * e / (step * size)
				motion[1][i][a] = -motion[0][i][a]
			}
		}
		terms.Products += 3
	}
}
