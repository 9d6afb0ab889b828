package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"painless/atoms"
	"painless/internal/systems"
	"painless/nn"
)

const (
	quickRotations = 8
	quickShift     = 1e-5 // of the cutoff, to its two sides: float32 tells them apart
	quickElements  = 4    // those of most atoms: ten pairs
)

// Motion measures what moves atoms wrongly: turning, the cutoff and close atoms,
// for the elements of a system, and symmetric molecules, of which it says what is poor, by the potential that is to move it, as it is. It
// is a small part of Examine's work. What cannot be computed is an error.
func Motion(ctx context.Context, p nn.Potential, network *nn.Network, numbers []int) (*Card, error) {
	if err := checkCutoff(network); err != nil {
		return nil, err
	}
	h := &Card{}
	for i, m := range systems.Molecules() {
		if !network.KnowsAll(m.Numbers) {
			continue
		}
		check := Molecule{Name: m.Name, Atoms: len(m.Numbers)}
		turned, turns := turnedBy(rand.New(rand.NewPCG(64, uint64(i))), m.Structure, quickRotations)
		var r nn.Result
		if err := p.Compute(ctx, atoms.NewBatch(append([]atoms.Structure{m.Structure}, turned...)...), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		check.turned(&r, 1, turns)
		h.Molecules = append(h.Molecules, check)
	}
	elements := frequent(numbers)
	for i, a := range elements {
		for _, b := range elements[i:] {
			s := newScan([2]int{min(a, b), max(a, b)}, network.Cutoff, quickShift)
			var r nn.Result
			if err := p.Compute(ctx, atoms.NewBatch(s.structures...), &r); err != nil {
				return nil, fmt.Errorf("%s–%s: %w", atoms.Symbol(a), atoms.Symbol(b), err)
			}
			h.Pairs = append(h.Pairs, s.pair(r.Energy))
		}
	}
	if len(h.Molecules) > 0 {
		h.Verdicts = append(h.Verdicts, rotationVerdict(h))
	}
	h.Verdicts = append(h.Verdicts, cutoffVerdict(h), wallVerdict(h))
	var err error
	if h.Kinks, err = kinks(ctx, p, network); err != nil {
		return nil, err
	}
	if len(h.Kinks) > 0 {
		if v := kinkVerdict(h.Kinks); v.Grade == Poor { // of which alone energy is not conserved
			h.Verdicts = append(h.Verdicts, v)
		}
	}
	return h, nil
}

// frequent is the elements of most atoms, at most quickElements, by atomic number.
func frequent(numbers []int) (elements []int) {
	count := map[int]int{}
	for _, z := range numbers {
		if count[z]++; count[z] == 1 {
			elements = append(elements, z)
		}
	}
	slices.SortFunc(elements, func(a, b int) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return a - b
	})
	elements = elements[:min(len(elements), quickElements)]
	slices.Sort(elements)
	return elements
}
