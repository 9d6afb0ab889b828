package hdf5

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"painless/atoms"
	"painless/data"
	"painless/data/hdf5/h5"
)

// Reader reads the structures of a data set, in order or by their number. It
// holds a block of each dataset, however large that is, and the splits.
type Reader struct {
	path         string
	in           io.Closer // nil once it is closed
	file         *h5.File
	datasets     []*dataset
	splits       []int // [S+1]
	forcesSplits []int // [S+1], or nil where there are no forces

	numbers, positions, cells, pbc        *dataset
	energy, forces, stress, mask, indices *dataset

	next int
}

// Open opens a data set and checks that its datasets agree. Errors name the
// file, the dataset, the index, what was expected and what was found.
func Open(path string) (*Reader, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, in: in}
	if err := r.openFile(in); err != nil {
		in.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *Reader) openFile(in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("expected a file")
	}
	if r.file, err = h5.Open(in, info.Size()); err != nil {
		return err
	}
	return r.open(info.Size())
}

func (r *Reader) open(size int64) error {
	var splits, forcesSplits *dataset
	for _, d := range []struct {
		dataset  **dataset
		name     string
		required bool
		values   values
		row      []int
	}{
		{&splits, splitsName, true, integers, nil},
		{&r.numbers, numbersName, true, integers, nil},
		{&r.positions, positionName, true, reals, []int{3}},
		{&r.cells, cellsName, false, reals, []int{3, 3}},
		{&r.pbc, pbcName, false, bools, []int{3}},
		{&r.energy, energyName, false, reals, nil},
		{&r.forces, forcesName, false, reals, []int{3}},
		{&forcesSplits, fSplitsName, false, integers, nil},
		{&r.stress, stressName, false, reals, []int{6}},
		{&r.mask, maskName, false, bools, nil},
		{&r.indices, indicesName, false, integers, nil},
	} {
		opened, err := openDataset(r.file, d.name, d.values, d.row...)
		if err == nil && opened == nil && d.required {
			err = errors.New("expected a dataset, found none")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		if opened != nil {
			*d.dataset = opened
			r.datasets = append(r.datasets, opened)
		}
	}
	err := r.checkSizes(size)
	if err != nil {
		return err
	}
	if r.splits, err = readSplits(splits, r.numbers.rows); err != nil {
		return err
	}
	for k := range r.Len() {
		if most := maxStructures(size); r.NumAtoms(k) > most {
			return fmt.Errorf("%s[%d]: expected structures of at most %d atoms in a file of %d bytes, found %d", splitsName, k+1, most, size, r.NumAtoms(k))
		}
	}
	for _, d := range r.datasets {
		want, as := r.Len(), "structures"
		switch d {
		case splits, r.forces, forcesSplits:
			continue
		case r.numbers, r.positions:
			want, as = r.numbers.rows, "atoms"
		}
		if d.rows != want {
			return fmt.Errorf("%s: expected %d rows, one for each of the %s, found %d", d.name, want, as, d.rows)
		}
	}
	return r.checkForces(forcesSplits)
}

// checkSizes checks what is held of datasets in a file of size bytes.
func (r *Reader) checkSizes(size int64) error {
	blocks := 0
	for _, d := range r.datasets {
		most := maxStructures(size)
		if d == r.numbers || d == r.positions || d == r.forces {
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
func (r *Reader) checkForces(splits *dataset) (err error) {
	if r.forces == nil {
		return nil
	}
	if splits == nil {
		if r.forces.rows != r.numbers.rows {
			return fmt.Errorf("%s: expected %d rows, one for each of the atoms, as there is no %s, found %d", forcesName, r.numbers.rows, fSplitsName, r.forces.rows)
		}
		r.forcesSplits = r.splits
		return nil
	}
	if splits.rows != len(r.splits) {
		return fmt.Errorf("%s: expected %d rows, found %d", fSplitsName, len(r.splits), splits.rows)
	}
	if r.forcesSplits, err = readSplits(splits, r.forces.rows); err != nil {
		return err
	}
	for k := range r.Len() {
		if n := r.forcesSplits[k+1] - r.forcesSplits[k]; n != 0 && n != r.NumAtoms(k) {
			return fmt.Errorf("%s[%d]: expected forces of the %d atoms of structure %d, or none, found %d", fSplitsName, k+1, r.NumAtoms(k), k, n)
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

// Len is the number of structures.
func (r *Reader) Len() int { return len(r.splits) - 1 }

// NumAtoms is the number of atoms of structure k, counted from 0.
func (r *Reader) NumAtoms(k int) int { return r.splits[k+1] - r.splits[k] }

// Seek makes structure k, from 0 to Len, the next. A compressed chunk is read
// as a whole, so that structures in ascending order are the fastest.
func (r *Reader) Seek(k int) error {
	if k < 0 || k > r.Len() {
		return fmt.Errorf("%s: expected a structure from 0 to %d, found %d", r.path, r.Len(), k)
	}
	r.next = k
	return nil
}

// Read is the next structure with its labels, or io.EOF after the last one. A
// label that the file lacks is not in the frame. Where there is no pbc, a cell
// is periodic along all three vectors. An error is about one structure; the
// following call reads the one after it.
func (r *Reader) Read() (*data.Frame, error) {
	if r.in == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	if r.next == r.Len() {
		return nil, io.EOF
	}
	k := r.next
	r.next++
	f := &data.Frame{}
	if err := errors.Join(r.structure(f, k), r.labels(f, k)); err != nil {
		return nil, fmt.Errorf("%s: structure %d: %w", r.path, k, err)
	}
	return f, nil
}

func (r *Reader) structure(f *data.Frame, k int) error {
	n := r.NumAtoms(k)
	f.Numbers = make([]int, 0, n)
	for i := range n {
		z, err := r.numbers.integer(r.splits[k] + i)
		if err != nil {
			return err
		}
		if atoms.Symbol(z) == "X" {
			return fmt.Errorf("%s: expected an atomic number, found %d", r.numbers.index(r.splits[k]+i, 0), z)
		}
		f.Numbers = append(f.Numbers, z)
	}
	var err error
	if f.Positions, err = points(r.positions, r.splits[k], n); err != nil {
		return err
	}
	if r.cells != nil {
		var cell [9]float64
		if err := r.cells.finite(cell[:], k); err != nil {
			return err
		}
		for i := range f.Cell {
			f.Cell[i] = [3]float64(cell[3*i:])
		}
	}
	if r.pbc != nil {
		return r.pbc.bools(f.PBC[:], k)
	}
	if f.Cell != [3][3]float64{} {
		f.PBC = [3]bool{true, true, true}
	}
	return nil
}

// points reads n rows of three finite numbers.
func points(d *dataset, row, n int) ([][3]float64, error) {
	var some [3 * 256]float64
	v := make([][3]float64, n)
	for first := 0; first < n; first += len(some) / 3 {
		part := v[first:min(n, first+len(some)/3)]
		if err := d.finite(some[:3*len(part)], row+first); err != nil {
			return nil, err
		}
		for i := range part {
			part[i] = [3]float64(some[3*i:])
		}
	}
	return v, nil
}

// labels takes numbers that are not finite as they are: they cost the label, and
// data.Frame.Labels says so, but not the structure.
func (r *Reader) labels(f *data.Frame, k int) error {
	if r.energy != nil {
		var energy [1]float64
		if err := r.energy.floats(energy[:], k); err != nil {
			return err
		}
		f.Set(data.EnergyKey, energy[0])
	}
	has := [1]bool{r.stress != nil}
	if r.stress != nil && r.mask != nil {
		if err := r.mask.bools(has[:], k); err != nil {
			return err
		}
	}
	if has[0] {
		var stress [6]float64
		if err := r.stress.floats(stress[:], k); err != nil {
			return err
		}
		f.SetStress(stress)
	}
	if r.indices != nil {
		index, err := r.indices.integer(k)
		if err != nil {
			return err
		}
		f.SetText(indexField, strconv.Itoa(index))
	}
	if r.forces == nil || r.forcesSplits[k] == r.forcesSplits[k+1] {
		return nil
	}
	forces := make([]float64, 3*r.NumAtoms(k))
	if err := r.forces.floats(forces, r.forcesSplits[k]); err != nil {
		return err
	}
	f.Columns = append(f.Columns, data.Column{Name: data.ForcesKey, Kind: data.Real, Width: 3, Reals: forces})
	return nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.in == nil {
		return nil
	}
	err := r.in.Close()
	r.in = nil
	return err
}
