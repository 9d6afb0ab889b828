package train

import (
	"errors"
	"fmt"
	"math"

	"painless/internal/vec"
)

// Loss is what training makes small, a sum over a batch. Its parts are means, each
// times its weight, over those structures or atoms that have such labels:
//
//	Energy      mean over structures  w′·N·ρ(ΔE/N)
//	Force       mean over components  ρ(|ΔF|)·w, of atoms: Σ over atoms by three times their number
//	Stress      mean over structures  N·Σ ρ(V·Δσ/N)/9 over the nine components
//	AtomEnergy  mean over atoms       ρ(ΔE_i)
//	Hessian     mean over components  |Δ(Hv)|²·w, of atoms as of forces; v's components are 1 Å, root mean square
//
// with ρ(x) = x², so that the first is w′·ΔE²/N, or Huber's 2δ|x| − δ² beyond δ. w is
// 1/(1 + |F|²/Scale²) of the label's F, w′ its mean over a structure's atoms.
type Loss struct {
	Energy     float64 `json:"energy"`
	Force      float64 `json:"force"`
	Stress     float64 `json:"stress"`
	AtomEnergy float64 `json:"atom_energy"`
	Hessian    float64 `json:"hessian"`

	Scale float64 `json:"scale"` // eV/Å; 0: all weigh the same

	// Huber's δ of errors of energies per atom (and of atoms, and of virials per
	// atom), eV, and of forces, eV/Å; 0: squares throughout.
	EnergyHuber float64 `json:"energy_huber"`
	ForceHuber  float64 `json:"force_huber"`
}

// DefaultLoss is what worked.
var DefaultLoss = Loss{Energy: 2, Force: 1, Stress: 0.1, AtomEnergy: 0.1, Scale: 10}

// Names of a loss's numbers in errors.
const (
	EnergyWeight     = "weight of energies"
	ForceWeight      = "weight of forces"
	StressWeight     = "weight of stress"
	AtomEnergyWeight = "weight of atoms' energies"
	HessianWeight    = "weight of the Hessian"
	ForceScale       = "force that weighs half"
	EnergyHuber      = "Huber's error of energies"
	ForceHuber       = "Huber's error of forces"
)

// LossError is a number that a loss cannot have.
type LossError struct {
	Name     string // of those above
	Value    float64
	Expected string
}

func (e *LossError) Error() string {
	return fmt.Sprintf("loss: %s %v: expected %s", e.Name, e.Value, e.Expected)
}

// ErrNoWeight is that all weights of a loss are 0.
var ErrNoWeight = errors.New("loss: all weights are 0: expected a weight above 0")

// largestNumber is what the numbers of a loss may be: beyond it a weight leaves nothing of a
// part with another of 1, in float32, and farther on sums overflow.
const largestNumber = 1e12

// Check says what is no loss: a *LossError for what is no number from 0 to 1e12, and
// ErrNoWeight.
func (l Loss) Check() error {
	for _, c := range []struct {
		name string
		x    float64
	}{
		{EnergyWeight, l.Energy}, {ForceWeight, l.Force}, {StressWeight, l.Stress}, {AtomEnergyWeight, l.AtomEnergy},
		{HessianWeight, l.Hessian}, {ForceScale, l.Scale}, {EnergyHuber, l.EnergyHuber}, {ForceHuber, l.ForceHuber},
	} {
		switch {
		case !(c.x >= 0) || math.IsInf(c.x, 0):
			return &LossError{c.name, c.x, "0 or more"}
		case c.x > largestNumber:
			return &LossError{c.name, c.x, fmt.Sprintf("at most %g", largestNumber)}
		}
	}
	if l.Energy+l.Force+l.Stress+l.AtomEnergy+l.Hessian == 0 {
		return ErrNoWeight
	}
	return nil
}

// Terms is the loss of a batch, its parts, and sums of errors.
type Terms struct {
	Loss                                       float64
	Energy, Force, Stress, AtomEnergy, Hessian float64 // that Loss is the sum of

	AbsEnergies float64 // Σ|ΔE|/N, eV
	AbsForces   float64 // of components, eV/Å
	AbsStresses float64 // of six components, eV/Å³
	AbsProducts float64 // of components of Hv, eV/Å

	SquaredProducts float64 // of the same, (eV/Å)²

	Energies, Components, Stresses, AtomEnergies, Products int // how many there are in the sums
}

func (t *Terms) add(x *Terms) {
	for _, sum := range [...]struct {
		to   *float64
		from float64
	}{
		{&t.Energy, x.Energy}, {&t.Force, x.Force}, {&t.Stress, x.Stress}, {&t.AtomEnergy, x.AtomEnergy}, {&t.Hessian, x.Hessian},
		{&t.AbsEnergies, x.AbsEnergies}, {&t.AbsForces, x.AbsForces}, {&t.AbsStresses, x.AbsStresses}, {&t.AbsProducts, x.AbsProducts},
		{&t.SquaredProducts, x.SquaredProducts},
	} {
		*sum.to += sum.from
	}
	t.Energies += x.Energies
	t.Components += x.Components
	t.Stresses += x.Stresses
	t.AtomEnergies += x.AtomEnergies
	t.Products += x.Products
	t.total()
}

// largest says which part of the loss is the largest, and how large that is.
func (t *Terms) largest() string {
	largest, name := math.Inf(-1), ""
	for _, part := range []struct {
		name string
		x    float64
	}{{"energies", t.Energy}, {"forces", t.Force}, {"stress", t.Stress}, {"atoms' energies", t.AtomEnergy}, {"the Hessian", t.Hessian}} {
		if part.x > largest || math.IsNaN(part.x) {
			largest, name = part.x, part.name
		}
	}
	return fmt.Sprintf("that of %s is %.4g of it", name, largest)
}

func (t *Terms) total() { t.Loss = t.Energy + t.Force + t.Stress + t.AtomEnergy + t.Hessian }

// huber is ρ(x) and its slope, for x of either sign; δ = 0 is squares.
func huber(x, delta float64) (value, slope float64) {
	if size := math.Abs(x); delta > 0 && size > delta {
		return delta * (2*size - delta), math.Copysign(2*delta, x)
	}
	return x * x, 2 * x
}

// weight is w of a label.
func (l *Loss) weight(f [3]float64) float64 {
	if l.Scale == 0 {
		return 1
	}
	return 1 / (1 + (f[0]*f[0]+f[1]*f[1]+f[2]*f[2])/(l.Scale*l.Scale))
}

// counts is how many labels there are.
type counts struct{ energies, stresses, forces, atomEnergies, products int }

func (c *counts) add(l *Labels) {
	if !math.IsNaN(l.Energy) {
		c.energies++
	}
	if l.Stress != nil {
		c.stresses++
	}
	c.forces += len(l.Forces)
	c.atomEnergies += len(l.AtomEnergies)
	if l.Curvature != nil {
		c.products += len(l.Curvature.Product)
	}
}

// weighs reports whether the loss weighs one of these labels.
func (l *Loss) weighs(c counts) bool {
	return l.Energy*float64(c.energies)+l.Force*float64(c.forces)+l.Stress*float64(c.stresses)+l.AtomEnergy*float64(c.atomEnergies)+l.Hessian*float64(c.products) > 0
}

// shares is a loss, and by what its parts are multiplied: its weights over how many
// labels there are.
type shares struct {
	loss                                       *Loss
	energy, force, stress, atomEnergy, hessian float64
}

func (l *Loss) shares(c counts) shares {
	per := func(weight float64, n int) float64 { return weight / float64(max(1, n)) }
	return shares{l, per(l.Energy, c.energies), per(l.Force, 3*c.forces), per(l.Stress, 9*c.stresses), per(l.AtomEnergy, c.atomEnergies), per(l.Hessian, 3*c.products)}
}

// compareEnergy adds a structure of n atoms to the terms, and returns ∂L/∂E.
func (s *shares) compareEnergy(l *Labels, n int, energy float64, terms *Terms) float64 {
	if math.IsNaN(l.Energy) {
		return 0
	}
	atoms, e, weight := float64(n), energy-l.Energy, 1.0
	if l.Forces != nil {
		weight = 0
		for _, f := range l.Forces {
			weight += s.loss.weight(f) / atoms
		}
	}
	weight *= s.energy
	value, slope := huber(e/atoms, s.loss.EnergyHuber)
	terms.Energies++
	terms.Energy += weight * atoms * value
	terms.AbsEnergies += math.Abs(e) / atoms
	return weight * slope
}

// compareAtomEnergy adds an atom's share of the energy, and returns ∂L/∂E_i.
func (s *shares) compareAtomEnergy(label, energy float64, terms *Terms) float64 {
	e := energy - label
	value, slope := huber(e, s.loss.EnergyHuber)
	terms.AtomEnergies++
	terms.AtomEnergy += s.atomEnergy * value
	return s.atomEnergy * slope
}

// compareForce adds an atom's force, and returns −∂L/∂F.
func (s *shares) compareForce(label, force [3]float64, terms *Terms) (motion [3]float64) {
	weight := s.force * s.loss.weight(label)
	var error [3]float64
	for a := range error {
		error[a] = force[a] - label[a]
		terms.AbsForces += math.Abs(error[a])
	}
	terms.Components += 3
	size := vec.Norm(error)
	value, slope := huber(size, s.loss.ForceHuber)
	terms.Force += weight * value
	if size > 0 {
		motion = vec.Scale(error, -weight*slope/size)
	}
	return motion
}

// components is the rows and columns of a stress's six numbers.
var components = [6][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}

// compareStress adds ∂E/∂ε of a structure of n atoms, and returns the gradient by it,
// which is symmetric.
func (s *shares) compareStress(label *[6]float64, n int, volume float64, virial *[9]float64, terms *Terms) (strain [3][3]float64) {
	if label == nil {
		return strain
	}
	atoms := float64(n)
	terms.Stresses++
	for v, ab := range components {
		a, b := ab[0], ab[1]
		e := (virial[3*a+b]+virial[3*b+a])/2 - label[v]*volume
		terms.AbsStresses += math.Abs(e / volume)
		value, slope := huber(e/atoms, s.loss.EnergyHuber)
		times := 1.0 // off the diagonal it is there twice
		if a != b {
			times = 2
		}
		terms.Stress += times * s.stress * atoms * value
		strain[a][b] = s.stress * slope
		strain[b][a] = strain[a][b]
	}
	return strain
}
