//go:build hdf5 && cgo

package hdf5

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"painless/data/hdf5/h5"
	"painless/data/trajectory"
)

// AppendTrajectory opens a trajectory to go on after a step. Its frames up to that
// step are read in Go and written anew, beside the old file, which the new one then
// replaces: no file that is read reaches libhdf5, and frames that were cut off take
// no room. An empty file is a trajectory without frames.
//
// A missing file is an error (fs.ErrNotExist). So is one that this package did not
// write or that is of other atoms than these atomic numbers', and one whose last frame
// up to the step cannot be of the simulation that stands as later does (trajectory.ErrAnother;
// nil where that is not known); it stays as it is.
func AppendTrajectory(path string, numbers []int, after int64, later *trajectory.Frame) (*Trajectory, error) {
	t := &Trajectory{path: path, numbers: slices.Clone(numbers), last: -1}
	if err := t.resume(after, later); err != nil {
		return nil, fmt.Errorf("cannot append to trajectory %s: %w", path, err)
	}
	return t, nil
}

func (t *Trajectory) resume(after int64, later *trajectory.Frame) error {
	info, err := os.Stat(t.path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("expected a file, found %v", info.Mode())
	}
	if info.Size() == 0 {
		return nil
	}
	file, err := os.Open(t.path)
	if err != nil {
		return err
	}
	defer file.Close()
	old, err := openFrames(file, info.Size(), t.numbers)
	if err != nil {
		return err
	}
	steps := make([]float64, old.frames)
	if err := old.columns[0].floats(steps, 0); err != nil {
		return err
	}
	for k, s := range steps {
		if s != float64(int64(s)) || int64(s) <= t.last {
			return fmt.Errorf("frame %d: expected a step after %d, found %v", k, t.last, s)
		}
		if int64(s) > after {
			break
		}
		if t.frames == 1 {
			t.every = int64(s) - t.last
		}
		t.frames, t.last = k+1, int64(s)
	}
	if t.frames == 0 {
		return os.Truncate(t.path, 0)
	}
	if later != nil {
		last, err := old.read(t.frames - 1)
		if err != nil {
			return err
		}
		if err := trajectory.Same(last, later); err != nil {
			return err
		}
	}
	defer enter()()
	t.has = old.has
	return t.begin(&old.frame, func() error { return t.copy(old) })
}

// copy writes the frames that are kept.
func (t *Trajectory) copy(old *oldFrames) error {
	for i, from := range old.columns {
		to, values := t.columns[i], make([]float64, from.width())
		for k := range t.frames {
			if err := from.floats(values, k); err != nil {
				return err
			}
			if i == 0 {
				to.addInteger(int(values[0]))
			} else {
				to.addReals(values...)
			}
			if len(to.block) >= 1<<20 || k == t.frames-1 {
				if err := to.flush(true); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// oldFrames is the frames of a file that package h5 reads.
type oldFrames struct {
	columns []*dataset // step, time and the elements that there are
	has     []bool
	frames  int              // whole ones
	frame   trajectory.Frame // what does not change of it
}

// read is step, time and positions of a frame.
func (old *oldFrames) read(k int) (*trajectory.Frame, error) {
	positions := old.columns[len(old.columns)-1]
	values := make([]float64, 2+positions.width())
	if err := errors.Join(old.columns[0].floats(values[:1], k), old.columns[1].floats(values[1:2], k), positions.floats(values[2:], k)); err != nil {
		return nil, err
	}
	f := &trajectory.Frame{Step: int64(values[0]), Time: values[1]}
	for xyz := range slices.Chunk(values[2:], 3) {
		f.Positions = append(f.Positions, [3]float64(xyz))
	}
	return f, nil
}

// openFrames opens what this package wrote.
func openFrames(in *os.File, size int64, numbers []int) (*oldFrames, error) {
	file, err := h5.Open(in, size)
	if err != nil {
		return nil, err
	}
	root, err := file.Root()
	if err != nil {
		return nil, err
	}
	old := &oldFrames{}
	if err := old.atoms(root, numbers); err != nil {
		return nil, err
	}
	add := func(path string, v values, row ...int) (bool, error) {
		d, err := openDataset(root, path, v, row...)
		if err != nil || d == nil {
			return false, err
		}
		if old.columns = append(old.columns, d); len(old.columns) == 1 || d.rows < old.frames {
			old.frames = d.rows
		}
		return true, nil
	}
	step, err1 := add(position[1:]+"/step", integers)
	time, err2 := add(position[1:]+"/time", reals)
	if err := errors.Join(err1, err2); err != nil || !step || !time {
		return nil, errors.Join(err, foreignTrajectory("no %s/step and time", position))
	}
	for _, e := range elements {
		row := slices.Clone(e.row)
		if len(row) > 0 && row[0] < 0 {
			row[0] = len(numbers)
		}
		has, err := add(e.path[1:]+"/value", reals, row...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.path, err)
		}
		old.has = append(old.has, has)
	}
	if !old.has[len(elements)-1] {
		return nil, foreignTrajectory("no %s/value", position)
	}
	if int64(old.frames) > size/8 {
		return nil, fmt.Errorf("expected a frame's bytes for each frame, found %d frames in %d bytes", old.frames, size)
	}
	return old, old.boundary(root)
}

// boundary reads along which vectors the cell is periodic.
func (old *oldFrames) boundary(root *h5.Object) error {
	box, err := root.Lookup(particles[1:] + "/box")
	if err != nil || box == nil {
		return errors.Join(err, foreignTrajectory("no %s/box", particles))
	}
	attributes, err := box.Attributes()
	if err != nil {
		return err
	}
	for _, a := range attributes {
		if a.Name != "boundary" {
			continue
		}
		found, err := a.Value()
		if err != nil {
			return err
		}
		words, ok := found.([]string)
		if !ok || len(words) != 3 {
			return foreignTrajectory("boundary %v", found)
		}
		for c, word := range words {
			old.frame.PBC[c] = word == "periodic"
		}
		return nil
	}
	return foreignTrajectory("no boundary")
}

// atoms reads who wrote the file, and of what.
func (old *oldFrames) atoms(root *h5.Object, numbers []int) error {
	creator, err := root.Lookup(h5md[1:] + "/creator")
	if err != nil || creator == nil {
		return errors.Join(err, foreignTrajectory("no %s/creator", h5md))
	}
	attributes, err := creator.Attributes()
	if err != nil {
		return err
	}
	ours := false
	for _, a := range attributes {
		name, err := a.Value()
		ours = ours || err == nil && a.Name == "name" && name == "painless"
	}
	if !ours {
		return foreignTrajectory("another program's")
	}
	species, err1 := openDataset(root, particles[1:]+"/species", integers)
	mass, err2 := openDataset(root, particles[1:]+"/mass", reals)
	if err := errors.Join(err1, err2); err != nil || species == nil || mass == nil {
		return errors.Join(err, foreignTrajectory("no %s/species and mass", particles))
	}
	if species.rows != len(numbers) || mass.rows != len(numbers) {
		return fmt.Errorf("expected the %d atoms of the trajectory, found %d", len(numbers), species.rows)
	}
	for i, z := range numbers {
		found, err := species.integer(i)
		if err != nil {
			return err
		}
		if found != z {
			return fmt.Errorf("expected the elements of the trajectory, found others from atom %d on", i)
		}
	}
	old.frame.Masses = make([]float64, len(numbers))
	return mass.finite(old.frame.Masses, 0)
}
