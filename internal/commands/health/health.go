// Package health measures what a network does that it should not, on built-in
// molecules and pairs of atoms, and says what that means for molecular dynamics.
package health

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
	"painless/nn"
)

// Card is what was measured, in float64 with the exact filter networks where
// nothing else is said, and what that means.
type Card struct {
	Molecules []Molecule `json:"molecules"`
	Pairs     []Pair     `json:"pairs"`
	Kinks     []Kink     `json:"kinks,omitempty"`
	Contacts  []Contact  `json:"contacts,omitempty"` // as users compute them, in float32; so are torsions
	Torsions  []Torsion  `json:"torsions,omitempty"`
	Float32   string     `json:"float32_error,omitempty"` // why float32 gives no numbers
	Verdicts  []Verdict  `json:"verdicts"`
}

// Molecule is the largest changes of a molecule's energy, eV, and forces,
// eV/Å (the length of an atom's), that should not be.
type Molecule struct {
	Name            string  `json:"name"`
	Atoms           int     `json:"atoms"`
	TurnedEnergy    float64 `json:"turned_energy_ev"` // over random rotations, from the energy of the molecule as it is
	TurnedForce     float64 `json:"turned_force_ev_per_angstrom"`
	MovedEnergy     float64 `json:"moved_energy_ev"` // as a whole
	ReorderedEnergy float64 `json:"reordered_energy_ev"`
	Float32Energy   float64 `json:"float32_energy_ev_per_atom"` // with tables, as users run it
	Float32Force    float64 `json:"float32_force"`              // largest component over max(1 eV/Å, largest force)
}

// Pair is two atoms on the x axis and nothing else.
type Pair struct {
	Elements [2]string `json:"elements"`
	Jump     float64   `json:"jump_ev"`          // the energy just inside the cutoff minus that just outside
	Best     float64   `json:"best_angstrom"`    // the distance of lowest energy from bonded on
	Wall     float64   `json:"wall_ev"`          // the highest energy at shorter distances, from the lowest
	WallAt   float64   `json:"wall_at_angstrom"` // where
}

const (
	rotations   = 64
	pairStep    = 0.05 // Å
	pairLeast   = 0.05 // Å, closer than in any simulation that still runs
	pairBonded  = 0.6  // Å, shorter than any bond
	cutoffShift = 1e-9 // of the cutoff, to its two sides
)

// probed is the pairs: the elements of organic molecules, by atomic number.
var probed = [][2]int{{1, 1}, {1, 6}, {1, 7}, {1, 8}, {6, 6}, {6, 7}, {6, 8}, {7, 7}, {7, 8}, {8, 8}, {9, 9}, {16, 16}, {17, 17}}

// reference is how what is measured is computed where nothing else is said.
var reference = nn.Options{Precision: nn.Float64, Filters: nn.Exact}

// examiner computes structures as reference and as users do.
type examiner struct{ double, single nn.Potential }

// Examine measures a network on molecules and pairs of the elements that it knows.
func Examine(ctx context.Context, network *nn.Network) (h *Card, err error) {
	if err := checkCutoff(network); err != nil {
		return nil, err
	}
	var e examiner
	if e.double, err = nn.NewPotential(network, reference); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.double.Close()) }()
	if e.single, err = nn.NewPotential(network, nn.Options{}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.single.Close()) }()

	h = &Card{}
	for i, m := range systems.Molecules() {
		if !network.KnowsAll(m.Numbers) {
			continue
		}
		check, err := e.molecule(ctx, h, m, uint64(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		h.Molecules = append(h.Molecules, check)
	}
	for _, elements := range probed {
		if !network.KnowsAll(elements[:]) {
			continue
		}
		check, err := e.pair(ctx, h, elements, network.Cutoff)
		if err != nil {
			return nil, fmt.Errorf("%s–%s: %w", atoms.Symbol(elements[0]), atoms.Symbol(elements[1]), err)
		}
		h.Pairs = append(h.Pairs, check)
	}
	if len(h.Molecules) == 0 || len(h.Pairs) == 0 {
		known := "up to " + atoms.Symbol(network.MaxZ)
		if len(network.Elements) > 0 {
			known = atoms.Symbols(network.Elements)
		}
		return nil, fmt.Errorf("the network knows elements %s only: expected those of organic molecules", known)
	}
	if h.Kinks, err = kinks(ctx, e.double, network); err != nil {
		return nil, err
	}
	if err := e.contacts(ctx, h, network); err != nil {
		return nil, err
	}
	if err := e.torsions(ctx, h, network); err != nil {
		return nil, err
	}
	h.Verdicts = verdicts(h)
	return h, nil
}

func checkCutoff(network *nn.Network) error {
	if least := pairBonded + pairStep; network.Cutoff < least {
		return fmt.Errorf("the cutoff is %v Å: expected one of at least %v Å, beyond a bond", network.Cutoff, least)
	}
	return nil
}

// molecule compares a molecule with itself turned, moved, with its atoms in
// another order, and in float32.
func (e *examiner) molecule(ctx context.Context, h *Card, m systems.Molecule, seed uint64) (Molecule, error) {
	check := Molecule{Name: m.Name, Atoms: len(m.Numbers)}
	rng := rand.New(rand.NewPCG(64, seed))
	n, as := len(m.Numbers), m.Structure
	moved, reordered := as, atoms.Structure{}
	moved.Positions = slices.Clone(as.Positions)
	for i := range moved.Positions {
		for c, by := range [3]float64{17.3, -5.55, 123.4} {
			moved.Positions[i][c] += by
		}
	}
	for _, i := range rng.Perm(n) {
		reordered.Numbers, reordered.Positions = append(reordered.Numbers, as.Numbers[i]), append(reordered.Positions, as.Positions[i])
	}
	turned, turns := turnedBy(rng, as, rotations)
	var want, got nn.Result
	if err := e.double.Compute(ctx, atoms.NewBatch(append([]atoms.Structure{as, moved, reordered}, turned...)...), &want); err != nil {
		return check, err
	}
	energy, forces := want.Energy[0], want.Forces[:n]
	check.MovedEnergy, check.ReorderedEnergy = math.Abs(want.Energy[1]-energy), math.Abs(want.Energy[2]-energy)
	check.turned(&want, 3, turns)
	if !e.float32(ctx, h, &got, as) {
		return check, ctx.Err()
	}
	check.Float32Energy = math.Abs(got.Energy[0]-energy) / float64(n)
	largest, farthest := 1.0, 0.0
	for i, f := range forces {
		for c := range f {
			largest, farthest = math.Max(largest, math.Abs(f[c])), math.Max(farthest, math.Abs(got.Forces[i][c]-f[c]))
		}
	}
	check.Float32Force = farthest / largest
	return check, nil
}

// turnedBy is copies of a structure, turned at random.
func turnedBy(rng *rand.Rand, s atoms.Structure, copies int) (turned []atoms.Structure, turns []vec.Matrix) {
	for range copies {
		r, one := rotation(rng), s
		one.Positions = make([][3]float64, len(s.Positions))
		for i, x := range s.Positions {
			one.Positions[i] = vec.Times(&r, x)
		}
		turned, turns = append(turned, one), append(turns, r)
	}
	return turned, turns
}

// turned compares a result's structures from the first on, which are turned, with
// its structure 0, of which they are copies.
func (m *Molecule) turned(r *nn.Result, first int, turns []vec.Matrix) {
	n := m.Atoms
	for k, turn := range turns {
		m.TurnedEnergy = math.Max(m.TurnedEnergy, math.Abs(r.Energy[first+k]-r.Energy[0]))
		for i, f := range r.Forces[(first+k)*n : (first+k+1)*n] {
			m.TurnedForce = math.Max(m.TurnedForce, vec.Distance(f, vec.Times(&turn, r.Forces[i])))
		}
	}
}

// pair goes along the distance of two atoms, and to both sides of the cutoff.
func (e *examiner) pair(ctx context.Context, h *Card, elements [2]int, cutoff float64) (Pair, error) {
	s := newScan(elements, cutoff, cutoffShift)
	var r nn.Result
	if err := e.double.Compute(ctx, atoms.NewBatch(s.structures...), &r); err != nil {
		return Pair{}, err
	}
	check := s.pair(r.Energy)
	if !e.float32(ctx, h, &nn.Result{}, s.structures...) {
		return check, ctx.Err()
	}
	return check, nil
}

// float32 computes as users do; what goes wrong is part of the picture.
func (e *examiner) float32(ctx context.Context, h *Card, r *nn.Result, structures ...atoms.Structure) bool {
	err := e.single.Compute(ctx, atoms.NewBatch(structures...), r)
	if err != nil && h.Float32 == "" {
		h.Float32 = err.Error()
	}
	return err == nil
}

// rotation is a random one, each as likely as any other (a random unit quaternion).
func rotation(rng *rand.Rand) vec.Matrix {
	w, x, y, z := rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
	norm := math.Sqrt(w*w + x*x + y*y + z*z)
	w, x, y, z = w/norm, x/norm, y/norm, z/norm
	return vec.Matrix{
		{1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w)},
		{2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w)},
		{2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y)},
	}
}
