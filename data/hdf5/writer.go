//go:build hdf5 && cgo

package hdf5

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/hdf5"

	"painless/data"
	"painless/internal/atomicfile"
)

// Writer writes a data set, holding a chunk of each dataset. The file is at its
// path after Close, whole; what was there before stays until then.
type Writer struct {
	path    string
	out     *atomicfile.File
	file    *hdf5.File
	options Options
	columns []*column
	n       int // structures
	atoms   int
	rows    int // of forces
	dropped map[string]bool
	err     error // the first of the file, after which there is no writing

	splits, numbers, positions, cells, pbc              *column
	energy, forces, forcesSplits, stress, mask, indices *column // nil until a structure has them
}

var errClosed = errors.New("expected an open file, found a closed one")

// Create starts a data set.
func Create(path string, o Options) (*Writer, error) {
	out, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	defer enter()()
	w := &Writer{path: path, out: out, options: o, dropped: map[string]bool{}}
	if err := w.create(); err != nil {
		w.abort()
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return w, nil
}

// Append starts with the structures and metadata of the data set at a path,
// which it reads and writes anew, so that even a crash leaves the old file or
// the new one. The compression stays, lzf becomes gzip, forces stay float32 if
// they are. It refuses a file with objects that are not of the layout, as they
// would be lost.
func Append(path string) (*Writer, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	o, err := r.options()
	if err != nil {
		return nil, err
	}
	w, err := Create(path, o)
	if err != nil {
		return nil, err
	}
	for {
		f, err := r.Read()
		if err == io.EOF {
			return w, nil
		}
		if err == nil {
			err = w.Write(f)
		}
		if err != nil {
			w.Abort()
			return nil, fmt.Errorf("cannot append to %s: %w", path, err)
		}
	}
}

// options is how to write the like of the file, or an error where that would
// lose something.
func (r *Reader) options() (o Options, err error) {
	p, ok := r.structures.(*packed)
	if !ok {
		return o, fmt.Errorf("%s: expected the layout of the training side, found another project's", r.path)
	}
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
	if p.positions.Chunk != nil && !p.positions.Filtered() {
		o.Compression = Uncompressed
	}
	o.Float32Forces = p.forces != nil && p.forces.Type.Size == 4
	return o, nil
}

func (w *Writer) create() (err error) {
	if w.file, err = hdf5.CreateFile(w.out.Name(), hdf5.F_ACC_TRUNC); err != nil {
		return because(err)
	}
	for _, name := range []string{structures, labels, metadata} {
		group, err := w.file.CreateGroup(name)
		if err != nil {
			return because(err)
		}
		if name == metadata {
			err = writeMetadata(group, w.options.Metadata)
		}
		if err := errors.Join(err, group.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	w.splits = w.column(splitsName, hdf5.T_STD_I64LE, structureRows)
	w.numbers = w.column(numbersName, hdf5.T_STD_I64LE, atomRows)
	w.positions = w.column(positionName, hdf5.T_IEEE_F64LE, atomRows, 3)
	w.cells = w.column(cellsName, hdf5.T_IEEE_F64LE, structureRows, 3, 3)
	w.pbc = w.column(pbcName, boolType, structureRows, 3)
	w.splits.addInteger(0)
	return w.err
}

// column creates a dataset; w.err is the error where it cannot.
func (w *Writer) column(name string, t *hdf5.Datatype, chunk int, row ...int) *column {
	c, err := createColumn(w.file, name, w.options.Compression, t, chunk, row...)
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("%s: %w", name, err))
		return &column{}
	}
	w.columns = append(w.columns, c)
	return c
}

// Write adds a structure with its energy, forces, stress and structure_index,
// whichever it has. Energies must be those of all structures or of none.
// Nothing is written of a frame that cannot be: what atoms.Structure.Check
// refuses, and labels that are not numbers or not finite.
func (w *Writer) Write(f *data.Frame) error {
	if w.err != nil {
		return w.err
	}
	l, err := w.labels(f)
	if err != nil {
		return fmt.Errorf("cannot write structure %d to %s: %w", w.n, w.path, err)
	}
	defer enter()()
	w.add(f, l)
	for _, c := range w.columns {
		if w.err == nil {
			w.err = c.flush(false)
		}
	}
	if w.err != nil {
		w.err = fmt.Errorf("cannot write %s: %w", w.path, w.err)
	}
	return w.err
}

// labelled is the labels of a frame; nil where there is none.
type labelled struct {
	data.Labels
	index *int
}

// labels is what the layout holds of a frame besides the structure. Other
// fields and columns are dropped.
func (w *Writer) labels(f *data.Frame) (l labelled, err error) {
	if err := f.Structure.Check(); err != nil {
		return l, err
	}
	if l.Labels, err = f.OwnLabels(); err != nil {
		return l, err
	}
	if text, ok := f.Get(indexField); ok {
		index, err := strconv.Atoi(text)
		if err != nil {
			return l, fmt.Errorf("%s: expected an integer, found %.40q", indexField, text)
		}
		l.index = &index
	}
	if w.n > 0 && (l.Energy == nil) != (w.energy == nil) {
		return l, errors.New("expected the energy of every structure or of none, found that of some")
	}
	for i, force := range l.Forces {
		for c, x := range force {
			if w.options.Float32Forces && math.Abs(x) > math.MaxFloat32 {
				return l, fmt.Errorf("atom %d has force %c = %v: expected a number of at most %v", i, "xyz"[c], x, math.MaxFloat32)
			}
		}
	}
	for _, field := range f.Info {
		if !slices.Contains([]string{data.EnergyKey, data.StressKey, indexField}, field.Key) {
			w.dropped[field.Key] = true
		}
	}
	for _, c := range f.Columns {
		if c.Name != data.ForcesKey {
			w.dropped[c.Name] = true
		}
	}
	return l, nil
}

// add holds the structure back for its chunks. What the structures before it
// did not have is made up for: no stress, no forces, the place in the file.
func (w *Writer) add(f *data.Frame, l labelled) {
	w.atoms += len(f.Numbers)
	w.splits.addInteger(w.atoms)
	for i, z := range f.Numbers {
		w.numbers.addInteger(z)
		w.positions.addReals(f.Positions[i][:]...)
	}
	for _, a := range f.Cell {
		w.cells.addReals(a[:]...)
	}
	w.pbc.addBools(f.PBC[:]...)
	if l.Energy != nil {
		if w.energy == nil {
			w.energy = w.column(energyName, hdf5.T_IEEE_F64LE, structureRows)
		}
		w.energy.addReals(*l.Energy)
	}
	if l.Stress != nil && w.stress == nil {
		w.stress = w.column(stressName, hdf5.T_IEEE_F64LE, structureRows, 6)
		w.mask = w.column(maskName, boolType, structureRows)
		for range w.n {
			w.addStress(nil)
		}
	}
	if w.stress != nil {
		w.addStress(l.Stress)
	}
	if l.Forces != nil && w.forces == nil {
		t := hdf5.T_IEEE_F64LE
		if w.options.Float32Forces {
			t = hdf5.T_IEEE_F32LE
		}
		w.forces = w.column(forcesName, t, atomRows, 3)
		w.forcesSplits = w.column(fSplitsName, hdf5.T_STD_I64LE, structureRows)
		for range w.n + 1 {
			w.forcesSplits.addInteger(0)
		}
	}
	if w.forces != nil {
		for i := range l.Forces {
			w.forces.addReals(l.Forces[i][:]...)
		}
		w.rows += len(l.Forces)
		w.forcesSplits.addInteger(w.rows)
	}
	if l.index != nil && w.indices == nil {
		w.indices = w.column(indicesName, hdf5.T_STD_I64LE, structureRows)
		for k := range w.n {
			w.indices.addInteger(k)
		}
	}
	if w.indices != nil {
		index := w.n
		if l.index != nil {
			index = *l.index
		}
		w.indices.addInteger(index)
	}
	w.n++
}

func (w *Writer) addStress(s *[6]float64) {
	w.mask.addBools(s != nil)
	if s == nil {
		s = &[6]float64{}
	}
	w.stress.addReals(s[:]...)
}

// Len is the number of structures so far, with those that Append found.
func (w *Writer) Len() int { return w.n }

// Dropped is the names of the fields and columns of the frames that the layout
// cannot hold, in order.
func (w *Writer) Dropped() []string { return slices.Sorted(maps.Keys(w.dropped)) }

// Close writes what is held back and moves the file to its path. After an error
// of Write or its own there is no new file.
func (w *Writer) Close() error {
	defer enter()()
	if w.file == nil {
		return nil
	}
	for _, c := range w.columns {
		if w.err == nil {
			w.err = c.flush(true)
		}
	}
	err := errors.Join(w.err, w.closeFile())
	w.err = errClosed
	if err != nil {
		w.out.Abort()
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	if w.options.New {
		return w.out.CommitNew()
	}
	return w.out.Commit()
}

// Abort gives the file up, unless it is closed; it may be deferred.
func (w *Writer) Abort() {
	defer enter()()
	w.abort()
}

func (w *Writer) abort() {
	if w.file != nil {
		w.closeFile()
		w.err = errClosed
	}
	w.out.Abort()
}

func (w *Writer) closeFile() error {
	file := w.file
	w.file = nil
	return closeAll(w.columns, file)
}
