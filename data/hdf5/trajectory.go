//go:build hdf5 && cgo

package hdf5

// #include <stdlib.h>
// #include "library.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"unsafe"

	"gonum.org/v1/hdf5"

	"painless/atoms"
	"painless/data/hdf5/h5"
	"painless/data/trajectory"
	"painless/internal/atomicfile"
	"painless/internal/units"
)

// Trajectory appends the frames of one simulation to a file in H5MD. Writes are
// ordered for readers of the moment (HDF5's SWMR): after every Write, and if the
// process is killed at any moment, the file holds whole frames.
type Trajectory struct {
	path    string
	numbers []int
	file    *hdf5.File
	raw     *os.File // the same
	columns []*column
	has     []bool // of elements
	frames  int
	last    int64 // step; −1 where there is no frame
	every   int64 // steps from the first frame to the second; 0 where there is none
}

const swmrWrite = 0x20 // H5F_ACC_SWMR_WRITE

// Of a chunk of what is one value a frame.
const frameRows = 128

// CreateTrajectory starts a trajectory of atoms of these atomic numbers. A file
// that is at the path is an error (fs.ErrExist) unless it is to be replaced.
func CreateTrajectory(path string, numbers []int, replace bool) (*Trajectory, error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if replace {
		flags = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot write trajectory: %w", err)
	}
	return &Trajectory{path: path, numbers: slices.Clone(numbers), last: -1}, file.Close()
}

// Write appends a frame and hands it to the operating system. Its step must be
// above that of the frame before, and all frames have the fields of the first one.
func (t *Trajectory) Write(f *trajectory.Frame) error {
	if err := t.write(f); err != nil {
		return fmt.Errorf("cannot write step %d of trajectory %s: %w", f.Step, t.path, err)
	}
	return nil
}

func (t *Trajectory) write(f *trajectory.Frame) error {
	if err := f.Check(t.numbers, t.last, math.MaxFloat64); err != nil {
		return err
	}
	total := 0.0
	if f.Energy != nil && f.Kinetic != nil {
		total = *f.Energy + *f.Kinetic
	}
	periodic := f.PBC != [3]bool{}
	has := []bool{f.Energy != nil, f.Kinetic != nil, f.Energy != nil && f.Kinetic != nil, f.Temperature != nil, f.Stress != nil, periodic, f.Velocities != nil, f.Forces != nil, true}
	defer enter()()
	if t.file == nil {
		t.has = has
		if err := t.begin(f, nil); err != nil {
			return err
		}
	}
	if !slices.Equal(has, t.has) {
		return errors.New("expected the fields of the first frame, found others")
	}
	t.columns[0].addInteger(int(f.Step))
	t.columns[1].addReals(f.Time)
	next := 2
	add := func(i int, write func(c *column)) {
		if has[i] {
			write(t.columns[next])
			next++
		}
	}
	vectors := func(list [][3]float64, unit float64) func(c *column) {
		return func(c *column) {
			for _, v := range list {
				c.addReals(v[0]/unit, v[1]/unit, v[2]/unit)
			}
		}
	}
	add(0, func(c *column) { c.addReals(*f.Energy) })
	add(1, func(c *column) { c.addReals(*f.Kinetic) })
	add(2, func(c *column) { c.addReals(total) })
	add(3, func(c *column) { c.addReals(*f.Temperature) })
	add(4, func(c *column) { c.addReals(f.Stress[:]...) })
	add(5, vectors(f.Cell[:], 1))
	add(6, vectors(f.Velocities, 1e-3)) // MDAnalysis 2.4 takes Å/fs for a millionth of it
	add(7, vectors(f.Forces, units.KJPerMol))
	add(8, vectors(f.Positions, 1))
	if err := t.flush(); err != nil {
		return err
	}
	if t.frames == 1 {
		t.every = f.Step - t.last
	}
	t.frames, t.last = t.frames+1, f.Step
	return nil
}

// flush writes what was added, the positions last, and takes the marks of an open
// file away, so that others read it.
func (t *Trajectory) flush() error {
	for _, c := range t.columns {
		if err := c.flush(true); err != nil {
			return err
		}
		if err := failed(C.H5Dflush(id(c.Dataset))); err != nil {
			return err
		}
	}
	if err := failed(C.H5Fflush(id(t.file), C.H5F_SCOPE_LOCAL)); err != nil {
		return err
	}
	return h5.Unmark(t.raw)
}

// begin makes a file of the atoms of a frame with the elements that t.has, puts
// into it what fill writes, gives it its name and opens it for more.
func (t *Trajectory) begin(f *trajectory.Frame, fill func() error) error {
	out, err := atomicfile.Create(t.path)
	if err != nil {
		return err
	}
	defer out.Abort()
	name := C.CString(out.Name())
	defer C.free(unsafe.Pointer(name))
	if err := failed(C.create_latest(name)); err != nil {
		return err
	}
	if t.file, err = hdf5.OpenFile(out.Name(), hdf5.F_ACC_RDWR); err != nil {
		return because(err)
	}
	err = t.build(f)
	if err == nil && fill != nil {
		err = fill()
	}
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	if err := errors.Join(err, t.closeFile()); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return t.open(names)
}

// build makes the groups, what does not change, and the elements.
func (t *Trajectory) build(f *trajectory.Frame) error {
	boundary := make([]string, 3)
	for c := range boundary {
		if boundary[c] = "none"; f.PBC[c] {
			boundary[c] = "periodic"
		}
	}
	for _, g := range []struct {
		path       string
		attributes map[string]any
	}{
		{h5md, map[string]any{"version": []int64{1, 1}}},
		{h5md + "/author", map[string]any{"name": "N/A"}},
		{h5md + "/creator", map[string]any{"name": "painless", "version": "1"}},
		{h5md + "/modules", nil},
		{h5md + "/modules/units", map[string]any{"version": []int64{1, 0}, "system": "SI"}},
		{"/particles", nil}, {particles, nil},
		{particles + "/box", map[string]any{"dimension": int64(3), "boundary": boundary}},
		{observables, nil},
	} {
		if err := t.group(g.path, g.attributes); err != nil {
			return err
		}
	}
	species, mass := []float64{}, []float64{}
	for i, z := range t.numbers {
		m := atoms.Mass(z)
		if f.Masses != nil {
			m = f.Masses[i]
		}
		species, mass = append(species, float64(z)), append(mass, m)
	}
	if err := errors.Join(t.constant(particles+"/species", hdf5.T_STD_I64LE, species, ""), t.constant(particles+"/mass", hdf5.T_IEEE_F64LE, mass, "u")); err != nil {
		return err
	}
	if err := t.group(position, nil); err != nil {
		return err
	}
	if err := t.column(position+"/step", hdf5.T_STD_I64LE, "", frameRows); err != nil {
		return err
	}
	if err := t.column(position+"/time", hdf5.T_IEEE_F64LE, "fs", frameRows); err != nil {
		return err
	}
	for i, e := range elements {
		if !t.has[i] {
			continue
		}
		row, rows := slices.Clone(e.row), frameRows
		if len(row) > 0 && row[0] < 0 {
			row[0], rows = len(t.numbers), 1
		}
		if e.path != position {
			if err := errors.Join(t.group(e.path, nil), t.link(position+"/step", e.path+"/step"), t.link(position+"/time", e.path+"/time")); err != nil {
				return err
			}
		}
		if err := t.column(e.path+"/value", hdf5.T_IEEE_F64LE, e.unit, rows, row...); err != nil {
			return err
		}
	}
	return nil
}

// group makes a group with attributes.
func (t *Trajectory) group(path string, attributes map[string]any) error {
	g, err := t.file.CreateGroup(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, because(err))
	}
	return errors.Join(writeMetadata(g, attributes), g.Close())
}

// link gives a dataset another name.
func (t *Trajectory) link(path, other string) error {
	from, to := C.CString(path), C.CString(other)
	defer C.free(unsafe.Pointer(from))
	defer C.free(unsafe.Pointer(to))
	return failed(C.link_hard(id(t.file), from, to))
}

// column makes an element's dataset.
func (t *Trajectory) column(path string, of *hdf5.Datatype, unit string, rows int, row ...int) error {
	c, err := createColumn(t.file, path, Uncompressed, of, rows, row...)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	t.columns = append(t.columns, c)
	if unit == "" {
		return nil
	}
	return writeAttribute(c.Dataset, "unit", unit)
}

// constant writes a dataset that does not change.
func (t *Trajectory) constant(path string, of *hdf5.Datatype, values []float64, unit string) error {
	if err := t.column(path, of, unit, max(1, len(values))); err != nil {
		return err
	}
	c := t.columns[len(t.columns)-1]
	t.columns = t.columns[:len(t.columns)-1]
	for _, x := range values {
		if of == hdf5.T_STD_I64LE {
			c.addInteger(int(x))
		} else {
			c.addReals(x)
		}
	}
	return errors.Join(c.flush(true), c.Close())
}

// open opens the file for frames in order.
func (t *Trajectory) open(names []string) (err error) {
	if t.raw, err = os.OpenFile(t.path, os.O_RDWR, 0); err != nil {
		return err
	}
	if t.file, err = hdf5.OpenFile(t.path, hdf5.F_ACC_RDWR|swmrWrite); err != nil {
		return errors.Join(because(err), t.raw.Close())
	}
	columns := t.columns
	t.columns = nil
	for i, name := range names {
		d, err := t.file.OpenDataset(name)
		if err != nil {
			return because(err)
		}
		columns[i].Dataset, t.columns = d, append(t.columns, columns[i])
	}
	return h5.Unmark(t.raw)
}

// closeFile closes what libhdf5 has open; the columns stay for open.
func (t *Trajectory) closeFile() error {
	file := t.file
	t.file = nil
	return closeAll(t.columns, file)
}

// Sync waits until the disk has all frames.
func (t *Trajectory) Sync() error {
	if t.raw == nil {
		return nil
	}
	return t.raw.Sync()
}

// Close closes the file.
func (t *Trajectory) Close() error {
	if t.file == nil {
		return nil
	}
	defer enter()()
	return errors.Join(t.closeFile(), t.raw.Close())
}

// Frames returns how many frames the file has.
func (t *Trajectory) Frames() int { return t.frames }

// LastStep returns the step of the last frame, or −1 where there is none.
func (t *Trajectory) LastStep() int64 { return t.last }

// Interval returns the steps from the first frame to the second, or 0 where there is none.
func (t *Trajectory) Interval() int64 { return t.every }
