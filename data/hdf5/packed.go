package hdf5

import (
	"errors"
	"fmt"
	"strconv"

	"painless/atoms"
	"painless/data"
	"painless/data/hdf5/h5"
)

// packed is the layout of the training side: the structures of a file are one
// after another in arrays. It holds a block of each dataset, and the splits.
type packed struct {
	datasets     []*dataset
	splits       []int // [S+1]
	forcesSplits []int // [S+1], or nil where there are no forces

	numbers, positions, cells, pbc        *dataset
	energy, forces, stress, mask, indices *dataset
}

// Len is the number of structures.
func (p *packed) Len() int { return len(p.splits) - 1 }

// NumAtoms is the number of atoms of structure k.
func (p *packed) NumAtoms(k int) int { return p.splits[k+1] - p.splits[k] }

func (p *packed) frame(f *data.Frame, k int) error {
	return errors.Join(p.structure(f, k), p.labels(f, k))
}

func (p *packed) open(root *h5.Object, size int64) error {
	var splits, forcesSplits *dataset
	for _, d := range []struct {
		dataset  **dataset
		name     string
		required bool
		values   values
		row      []int
	}{
		{&splits, splitsName, true, integers, nil},
		{&p.numbers, numbersName, true, integers, nil},
		{&p.positions, positionName, true, reals, []int{3}},
		{&p.cells, cellsName, false, reals, []int{3, 3}},
		{&p.pbc, pbcName, false, bools, []int{3}},
		{&p.energy, energyName, false, reals, nil},
		{&p.forces, forcesName, false, reals, []int{3}},
		{&forcesSplits, fSplitsName, false, integers, nil},
		{&p.stress, stressName, false, reals, []int{6}},
		{&p.mask, maskName, false, bools, nil},
		{&p.indices, indicesName, false, integers, nil},
	} {
		opened, err := openDataset(root, d.name, d.values, d.row...)
		if err == nil && opened == nil && d.required {
			err = errors.New("expected a dataset, found none; docs/datasets.md describes the layout")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		if opened != nil {
			*d.dataset = opened
			p.datasets = append(p.datasets, opened)
		}
	}
	err := p.checkSizes(size)
	if err != nil {
		return err
	}
	if p.splits, err = readSplits(splits, p.numbers.rows); err != nil {
		return err
	}
	for k := range p.Len() {
		if most := maxStructures(size); p.NumAtoms(k) > most {
			return fmt.Errorf("%s[%d]: expected structures of at most %d atoms in a file of %d bytes, found %d", splitsName, k+1, most, size, p.NumAtoms(k))
		}
	}
	for _, d := range p.datasets {
		want, as := p.Len(), "structures"
		switch d {
		case splits, p.forces, forcesSplits:
			continue
		case p.numbers, p.positions:
			want, as = p.numbers.rows, "atoms"
		}
		if d.rows != want {
			return fmt.Errorf("%s: expected %d rows, one for each of the %s, found %d", d.name, want, as, d.rows)
		}
	}
	return p.checkForces(forcesSplits)
}

// checkSizes checks what is held of datasets in a file of size bytes.
func (p *packed) checkSizes(size int64) error {
	blocks := 0
	for _, d := range p.datasets {
		most := maxStructures(size)
		if d == p.numbers || d == p.positions || d == p.forces {
			most = maxAtoms(size)
		}
		if d.rows > most {
			return fmt.Errorf("%s: expected at most %d rows in a file of %d bytes, found %d", d.name, most, size, d.rows)
		}
		if blocks += min(d.count, d.rows) * d.bytes; blocks > maxBlocks(size) {
			return fmt.Errorf("%s: expected chunks of at most %d MiB in all datasets, found more", d.name, maxBlocks(size)>>20)
		}
	}
	return nil
}

// checkForces checks that a structure has the forces of all its atoms or none.
func (p *packed) checkForces(splits *dataset) (err error) {
	if p.forces == nil {
		return nil
	}
	if splits == nil {
		if p.forces.rows != p.numbers.rows {
			return fmt.Errorf("%s: expected %d rows, one for each of the atoms, as there is no %s, found %d", forcesName, p.numbers.rows, fSplitsName, p.forces.rows)
		}
		p.forcesSplits = p.splits
		return nil
	}
	if splits.rows != len(p.splits) {
		return fmt.Errorf("%s: expected %d rows, found %d", fSplitsName, len(p.splits), splits.rows)
	}
	if p.forcesSplits, err = readSplits(splits, p.forces.rows); err != nil {
		return err
	}
	for k := range p.Len() {
		if n := p.forcesSplits[k+1] - p.forcesSplits[k]; n != 0 && n != p.NumAtoms(k) {
			return fmt.Errorf("%s[%d]: expected forces of the %d atoms of structure %d, or none, found %d", fSplitsName, k+1, p.NumAtoms(k), k, n)
		}
	}
	return nil
}

// readSplits checks that they begin at 0, end at the end and never go back.
func readSplits(d *dataset, end int) ([]int, error) {
	splits := make([]int, 0, d.rows)
	last := 0
	for k := range d.rows {
		split, err := d.integer(k)
		if err != nil {
			return nil, err
		}
		if split < last || split > end || k == 0 && split != 0 {
			return nil, fmt.Errorf("%s[%d]: expected %s, found %d", d.name, k, between(k, last, end), split)
		}
		splits = append(splits, split)
		last = split
	}
	if last != end {
		return nil, fmt.Errorf("%s[%d]: expected %d, the number of rows, found %d", d.name, d.rows-1, end, last)
	}
	if len(splits) == 0 {
		splits = []int{0}
	}
	return splits, nil
}

func between(k, last, end int) string {
	if k == 0 {
		return "0"
	}
	return fmt.Sprintf("%d to %d", last, end)
}

func (p *packed) structure(f *data.Frame, k int) error {
	n := p.NumAtoms(k)
	f.Numbers = make([]int, 0, n)
	for i := range n {
		z, err := p.numbers.integer(p.splits[k] + i)
		if err != nil {
			return err
		}
		if atoms.Symbol(z) == "X" {
			return fmt.Errorf("%s: expected an atomic number, found %d", p.numbers.index(p.splits[k]+i, 0), z)
		}
		f.Numbers = append(f.Numbers, z)
	}
	var err error
	if f.Positions, err = points(p.positions, p.splits[k], n); err != nil {
		return err
	}
	if p.cells != nil {
		var cell [9]float64
		if err := p.cells.finite(cell[:], k); err != nil {
			return err
		}
		for i := range f.Cell {
			f.Cell[i] = [3]float64(cell[3*i:])
		}
	}
	if p.pbc != nil {
		return p.pbc.bools(f.PBC[:], k)
	}
	if f.Cell != [3][3]float64{} {
		f.PBC = [3]bool{true, true, true}
	}
	return nil
}

// labels takes numbers that are not finite as they are: they cost the label, and
// data.Frame.Labels says so, but not the structure.
func (p *packed) labels(f *data.Frame, k int) error {
	if p.energy != nil {
		var energy [1]float64
		if err := p.energy.floats(energy[:], k); err != nil {
			return err
		}
		f.Set(data.EnergyKey, energy[0])
	}
	has := [1]bool{p.stress != nil}
	if p.stress != nil && p.mask != nil {
		if err := p.mask.bools(has[:], k); err != nil {
			return err
		}
	}
	if has[0] {
		var stress [6]float64
		if err := p.stress.floats(stress[:], k); err != nil {
			return err
		}
		f.SetStress(stress)
	}
	if p.indices != nil {
		index, err := p.indices.integer(k)
		if err != nil {
			return err
		}
		f.SetText(indexField, strconv.Itoa(index))
	}
	if p.forces == nil || p.forcesSplits[k] == p.forcesSplits[k+1] {
		return nil
	}
	forces := make([]float64, 3*p.NumAtoms(k))
	if err := p.forces.floats(forces, p.forcesSplits[k]); err != nil {
		return err
	}
	f.Columns = append(f.Columns, data.Column{Name: data.ForcesKey, Kind: data.Real, Width: 3, Reals: forces})
	return nil
}
