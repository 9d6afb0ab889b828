package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/scores"
	"painless/internal/vec"
	"painless/nn"
)

// Set is labelled structures, held in 25 bytes an atom and 60 a structure: positions
// and forces are rounded to float32, 1e-6 Å at 10 Å. Pairs are found again at every
// visit, as to keep them would take ten times as much.
type Set struct {
	// Limit is how many bytes the structures may take; 0 is no limit.
	Limit int64

	start     []int // of each structure's atoms, [S+1]
	numbers   []uint8
	positions [][3]float32
	forces    [][3]float32 // NaN where a structure has none
	energies  []float64    // NaN where a structure has none

	// What few structures have, by their index.
	cells        map[int]cell
	stresses     map[int][6]float64
	atomEnergies map[int][]float32
	curvatures   map[int]curvature

	pairs        []int32 // of each structure, within the cutoff that it was added with
	compositions scores.Compositions
	composed     []int32
	lookup       lookup
	list         atoms.NeighborList[float32]
}

type cell struct {
	vectors [3][3]float64
	pbc     [3]bool
}

// curvature is a Curvature as it is held.
type curvature struct{ direction, product [][3]float32 }

// Len is the number of structures.
func (s *Set) Len() int { return len(s.energies) }

// NumAtoms is the number of atoms of all structures.
func (s *Set) NumAtoms() int { return len(s.numbers) }

// Stresses is the number of structures with a stress.
func (s *Set) Stresses() int { return len(s.stresses) }

// AtomEnergies is the number of structures with the energies of their atoms.
func (s *Set) AtomEnergies() int { return len(s.atomEnergies) }

// Curvatures is the number of structures with a product of the Hessian.
func (s *Set) Curvatures() int { return len(s.curvatures) }

// Pairs is the number of undirected pairs of all structures within the cutoff.
func (s *Set) Pairs() (n int) {
	for _, p := range s.pairs {
		n += int(p)
	}
	return n
}

// Bytes is about what the structures take.
func (s *Set) Bytes() int64 {
	n := int64(len(s.numbers))*25 + int64(s.Len())*60 + int64(len(s.cells))*160 + int64(len(s.stresses))*90
	for _, e := range s.atomEnergies {
		n += int64(len(e))*4 + 60
	}
	for _, c := range s.curvatures {
		n += int64(len(c.product))*24 + 90
	}
	return n
}

// Add copies a structure of at least one atom, whose pairs are those within cutoff, Å. Its
// positions are held from the first atom's on: in float32 they would be coarse far from 0.
// Two atoms on one point, more atoms around one than a network takes, and a set that
// would be larger than its limit are errors.
func (s *Set) Add(x *atoms.Structure, l *Labels, cutoff float64) error {
	if err := x.Check(); err != nil {
		return err
	}
	if s.Limit > 0 && s.Bytes()+int64(len(x.Numbers))*25 > s.Limit {
		return fmt.Errorf("%w of %d MiB for %d structures of %d atoms: expected fewer, or a higher limit", errMemory, s.Limit>>20, s.Len(), s.NumAtoms())
	}
	at := len(s.positions)
	for _, r := range x.Positions {
		s.positions = append(s.positions, single(vec.Sub(r, x.Positions[0])))
	}
	held := *x
	held.Positions = double(s.positions[at:])
	if err := s.list.Build(atoms.NewBatch(held), cutoff); err != nil {
		s.positions = s.positions[:at]
		return err
	}
	if len(s.start) == 0 {
		s.start = []int{0}
		s.cells, s.stresses, s.atomEnergies, s.curvatures = map[int]cell{}, map[int][6]float64{}, map[int][]float32{}, map[int]curvature{}
	}
	k := s.Len()
	for i, z := range x.Numbers {
		s.numbers = append(s.numbers, uint8(z))
		f := [3]float32{nan32, nan32, nan32}
		if l.Forces != nil {
			f = single(l.Forces[i])
		}
		s.forces = append(s.forces, f)
	}
	s.start = append(s.start, len(s.numbers))
	s.energies = append(s.energies, l.Energy)
	if x.PBC != [3]bool{} {
		s.cells[k] = cell{x.Cell, x.PBC}
	}
	if l.Stress != nil {
		s.stresses[k] = *l.Stress
	}
	if l.AtomEnergies != nil {
		e := make([]float32, len(l.AtomEnergies))
		for i, x := range l.AtomEnergies {
			e[i] = float32(x)
		}
		s.atomEnergies[k] = e
	}
	if c := l.Curvature; c != nil {
		s.curvatures[k] = curvature{singles(c.Direction), singles(c.Product)}
	}
	s.pairs = append(s.pairs, int32(len(s.list.D)))
	s.composed = append(s.composed, s.compositions.Add(x.Numbers))
	s.lookup.add(x)
	return nil
}

var nan32 = float32(math.NaN())

func single(x [3]float64) [3]float32 { return [3]float32{float32(x[0]), float32(x[1]), float32(x[2])} }

func singles(x [][3]float64) [][3]float32 {
	y := make([][3]float32, len(x))
	for i, v := range x {
		y[i] = single(v)
	}
	return y
}

func double(x [][3]float32) [][3]float64 {
	y := make([][3]float64, len(x))
	for i, v := range x {
		y[i] = widened(v)
	}
	return y
}

func widened(v [3]float32) [3]float64 {
	return [3]float64{float64(v[0]), float64(v[1]), float64(v[2])}
}

// Structure returns structure k, positions as they are held.
func (s *Set) Structure(k int) atoms.Structure {
	lo, hi := s.start[k], s.start[k+1]
	x := atoms.Structure{Numbers: make([]int, hi-lo), Positions: double(s.positions[lo:hi]), Cell: s.cells[k].vectors, PBC: s.cells[k].pbc}
	for i, z := range s.numbers[lo:hi] {
		x.Numbers[i] = int(z)
	}
	return x
}

// Labels returns the labels of structure k, as they are held.
func (s *Set) Labels(k int) (l Labels) {
	lo, hi := s.start[k], s.start[k+1]
	l.Energy = s.energies[k]
	if lo < hi && s.forces[lo][0] == s.forces[lo][0] {
		l.Forces = double(s.forces[lo:hi])
	}
	if stress, ok := s.stresses[k]; ok {
		l.Stress = &stress
	}
	for _, e := range s.atomEnergies[k] {
		l.AtomEnergies = append(l.AtomEnergies, float64(e))
	}
	l.Curvature = s.curvature(k)
	return l
}

// curvature returns that of structure k, as it is held, or nil.
func (s *Set) curvature(k int) *Curvature {
	c, ok := s.curvatures[k]
	if !ok {
		return nil
	}
	return &Curvature{double(c.direction), double(c.product)}
}

// sample makes x structure k, without the energies of the elements.
func (s *Set) sample(x *Sample, k int, elements map[int]float64, cutoff float64) error {
	structure, labels := s.Structure(k), s.Labels(k)
	for i, z := range structure.Numbers {
		labels.Energy -= elements[z]
		if labels.AtomEnergies != nil {
			labels.AtomEnergies[i] -= elements[z]
		}
	}
	if err := x.Set(structure, labels, cutoff); err != nil {
		return fmt.Errorf("structure %d: %w", k, err)
	}
	return nil
}

// Elements returns the atomic numbers that occur, ascending.
func (s *Set) Elements() (elements []int) {
	for _, c := range s.compositions.List {
		elements = append(elements, c.Numbers...)
	}
	slices.Sort(elements)
	return slices.Compact(elements)
}

// Occurs counts the structures that have an element, and its atoms.
func (s *Set) Occurs(z int) (structures, atoms int) {
	for _, of := range s.composed {
		c := &s.compositions.List[of]
		if i := slices.Index(c.Numbers, z); i >= 0 {
			structures, atoms = structures+1, atoms+c.Counts[i]
		}
	}
	return structures, atoms
}

// FitElements returns the energies of the elements that fit the labels best, least
// Σ(E − Σ n_z E_z)², eV: of all that fit equally well, where compositions cannot tell
// elements apart, those of least sum of squares. It is nil where there are no more
// energies than unknowns.
func (s *Set) FitElements() *scores.Offsets {
	return scores.FitOffsets(s.composed, s.compositions.List, s.energies)
}

// Shift is the root mean square of what energies of elements, eV, by atomic number,
// change, eV per atom of each structure.
func (s *Set) Shift(energies map[int]float64) float64 {
	var shift scores.Deviation
	for _, of := range s.composed {
		c, sum := &s.compositions.List[of], 0.0
		for i, z := range c.Numbers {
			sum += float64(c.Counts[i]) * energies[z]
		}
		shift.Add(sum / float64(c.Atoms))
	}
	return shift.RMSE()
}

// FitErrors is FitElements of what a network's energies lack.
func (s *Set) FitErrors(ctx context.Context, network *nn.Network, threads int) (o *scores.Offsets, err error) {
	potential, err := nn.NewPotential(network, nn.Options{Threads: threads, AnyElement: true, EnergyOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, potential.Close()) }()
	lacks := slices.Clone(s.energies)
	err = s.compute(ctx, potential, func(k int, p *prediction) { lacks[k] -= p.energy })
	return scores.FitOffsets(s.composed, s.compositions.List, lacks), err
}
