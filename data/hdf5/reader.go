//go:build hdf5 && cgo

package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/hdf5"

	"painless/atoms"
	"painless/data"
)

// maxStructures is a hundred times more than any data set has, and few enough
// to hold their splits.
const maxStructures = 10_000_000

// Reader reads the structures of a data set, in order or by their number. It
// holds a block of each dataset, however large that is, and the splits.
type Reader struct {
	path         string
	file         *hdf5.File
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
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("%s: expected a file", path)
	}
	defer enter()()
	if err := survives(path, objects); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &Reader{path: path}
	if r.file, err = hdf5.OpenFile(path, hdf5.F_ACC_RDONLY); err != nil {
		return nil, fmt.Errorf("%s: expected an HDF5 file: %w", path, because(err))
	}
	if err := r.open(int(info.Size())); err != nil {
		r.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *Reader) open(size int) error {
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
		opened, err := openDataset(r.file, size, d.name, d.values, d.row...)
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
	var err error
	if r.splits, err = readSplits(splits, r.numbers.rows); err != nil {
		return err
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
	if d.rows > maxStructures+1 {
		return nil, fmt.Errorf("%s: expected at most %d structures, found %d", d.name, maxStructures, d.rows-1)
	}
	splits := []int{}
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
	if r.file == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	if r.next == r.Len() {
		return nil, io.EOF
	}
	k := r.next
	r.next++
	defer enter()()
	f := &data.Frame{}
	if err := errors.Join(r.structure(f, k), r.labels(f, k)); err != nil {
		return nil, fmt.Errorf("%s: structure %d: %w", r.path, k, err)
	}
	return f, nil
}

func (r *Reader) structure(f *data.Frame, k int) error {
	n := r.NumAtoms(k)
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
	if f.Positions, err = vectors(r.positions, r.splits[k], n); err != nil {
		return err
	}
	if r.cells != nil {
		var cell [9]float64
		if err := r.cells.floats(cell[:], k); err != nil {
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

// vectors reads n rows of three.
func vectors(d *dataset, row, n int) (v [][3]float64, err error) {
	for i := range n {
		var x [3]float64
		if err := d.floats(x[:], row+i); err != nil {
			return nil, err
		}
		v = append(v, x)
	}
	return v, nil
}

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
	forces, err := vectors(r.forces, r.forcesSplits[k], r.NumAtoms(k))
	if err != nil {
		return err
	}
	f.SetVectors(data.ForcesKey, forces)
	return nil
}

// options is how to write the like of the file, or an error where that would
// lose something.
func (r *Reader) options() (o Options, err error) {
	if o.Metadata, err = r.Metadata(); err != nil {
		return o, err
	}
	others, err := r.Others()
	if err != nil {
		return o, err
	}
	if len(others) > 0 {
		return o, fmt.Errorf("%s: expected the objects of the layout alone, found %s, which would be lost", r.path, strings.Join(others, ", "))
	}
	if r.positions.chunk != nil && r.positions.filters == nil {
		o.Compression = Uncompressed
	}
	o.Float32Forces = r.forces != nil && r.forces.number.size == 4
	return o, nil
}

// Others is what the file has beside the layout, and a Reader passes over: the
// paths of objects, and the groups whose attributes are not the metadata's.
func (r *Reader) Others() (others []string, err error) {
	if r.file == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	defer enter()()
	for _, group := range []string{"", structures, labels, metadata} {
		found, err := othersOf(r.file, group)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", r.path, group+"/", err)
		}
		others = append(others, found...)
	}
	return others, nil
}

func othersOf(file *hdf5.File, path string) (others []string, err error) {
	at := cmp.Or(path, "/")
	if path != "" {
		if found, err := lookUp(file, path); err != nil || found == nothing {
			return nil, err
		}
	}
	g, err := file.OpenGroup(at)
	if err != nil {
		return nil, because(err)
	}
	defer g.Close()
	if n := countAttributes(g); n != 0 && path != metadata {
		others = append(others, "attributes of "+at)
	}
	n, err := g.NumObjects()
	if err != nil {
		return nil, because(err)
	}
	for i := range n {
		name, err := g.ObjectNameByIndex(i)
		if err != nil {
			return nil, because(err)
		}
		if !slices.Contains(objects, path+"/"+name) {
			others = append(others, path+"/"+name)
		}
	}
	return others, nil
}

// Close closes the file.
func (r *Reader) Close() error {
	defer enter()()
	return r.close()
}

func (r *Reader) close() error {
	if r.file == nil {
		return nil
	}
	var errs []error
	for _, d := range r.datasets {
		errs = append(errs, d.Close())
	}
	errs = append(errs, r.file.Close())
	r.file = nil
	return errors.Join(errs...)
}
