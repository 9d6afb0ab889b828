package health

import "painless/atoms"

// scan is two atoms at many distances: just inside and just outside the cutoff,
// and then one after another.
type scan struct {
	elements   [2]int
	distances  []float64 // Å, of the structures from the third on
	structures []atoms.Structure
}

// newScan makes the structures; shift is how far from the cutoff its two sides are, of the cutoff.
func newScan(elements [2]int, cutoff, shift float64) (s scan) {
	s.elements = elements
	add := func(d float64) {
		s.structures = append(s.structures, atoms.Structure{Numbers: elements[:], Positions: [][3]float64{{}, {d, 0, 0}}})
	}
	add(cutoff * (1 - shift))
	add(cutoff * (1 + shift))
	for d := pairLeast; d < cutoff; d += pairStep {
		s.distances = append(s.distances, d)
		add(d)
	}
	return s
}

// pair is what the energies of the structures say.
func (s *scan) pair(all []float64) Pair {
	p := Pair{Elements: [2]string{atoms.Symbol(s.elements[0]), atoms.Symbol(s.elements[1])}, Jump: all[0] - all[1]}
	best, wall := 0, 0
	energies := all[2:]
	for i, d := range s.distances {
		if d >= pairBonded && (s.distances[best] < pairBonded || energies[i] < energies[best]) {
			best = i
		}
	}
	for i := range best {
		if energies[i] > energies[wall] {
			wall = i
		}
	}
	p.Best, p.Wall, p.WallAt = s.distances[best], energies[wall]-energies[best], s.distances[wall]
	return p
}
