package md

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"painless/data/trajectory"
	"painless/md"
)

// outputs is the trajectories and the log.
type outputs struct {
	writers map[int]*trajectory.Writer // by the replica
	log     *os.File
	logged  int64 // the last step in it, or −1
	line    []byte
}

// open begins the outputs or, after a restart, goes on with them.
func (s *settings) open(d *md.Dynamics, replicas int, stderr io.Writer) (o *outputs, err error) {
	o = &outputs{writers: map[int]*trajectory.Writer{}, logged: -1}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	if s.trajectory != "" {
		turned := false
		format, err := trajectory.FormatOf(s.trajectory)
		if err != nil {
			return o, fmt.Errorf("-o: %w", err)
		}
		for k, id := range d.System.Replicas {
			path := trajectory.ReplicaPath(s.trajectory, id, replicas)
			numbers := d.System.Numbers[d.System.Start[k]:d.System.Start[k+1]]
			if o.writers[id], err = s.openTrajectory(path, numbers, d.Step); err != nil {
				return o, err
			}
			one := d.System.Structure(k)
			turned = turned || format != trajectory.XYZ && trajectory.Turned(&one)
		}
		if turned {
			fmt.Fprintf(stderr, "painless: md: %s has cells turned so that a lies along x and b in the plane of x and y, and positions, velocities and forces with them\n", s.trajectory)
		}
	}
	if s.log != "" {
		if o.log, o.logged, err = s.openLog(d.Step); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (s *settings) openTrajectory(path string, numbers []int, step int64) (*trajectory.Writer, error) {
	if s.restart != "" {
		w, err := trajectory.Append(path, numbers, step, trajectory.Options{})
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return w, err
		}
	}
	w, err := trajectory.Create(path, numbers, trajectory.Options{Replace: s.force})
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w; -force replaces it", err)
	}
	return w, err
}

const header = "step,time_fs,replica,temperature_K,potential_eV,kinetic_eV,total_eV,conserved_eV,pressure_bar,volume_A3\n"

// openLog begins the log or cuts off what follows a step; logged is the last
// step that it has, or −1.
func (s *settings) openLog(step int64) (file *os.File, logged int64, err error) {
	if s.restart != "" {
		file, err = os.OpenFile(s.log, os.O_RDWR, 0)
		if err == nil {
			if logged, err = cutLog(file, step); err != nil {
				return nil, -1, errors.Join(fmt.Errorf("%s: %w", s.log, err), file.Close())
			}
			return file, logged, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, -1, err
		}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if s.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err = os.OpenFile(s.log, flags, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, -1, fmt.Errorf("%w; -force replaces it", err)
	}
	if err != nil {
		return nil, -1, err
	}
	if _, err = file.WriteString(header); err != nil {
		return nil, -1, errors.Join(err, file.Close())
	}
	return file, -1, nil
}

// cutLog leaves the whole lines of steps up to one, and returns the last of them.
func cutLog(file *os.File, step int64) (last int64, err error) {
	in := bufio.NewReader(file)
	line, err := in.ReadString('\n')
	if err != nil || line != header {
		return -1, fmt.Errorf("expected a log of painless md, found %.60q", line)
	}
	last = -1
	end := int64(len(line))
	for {
		line, err = in.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return -1, err
		}
		text, _, _ := strings.Cut(line, ",")
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil || at > step {
			break
		}
		last = at
		end += int64(len(line))
	}
	if err := file.Truncate(end); err != nil {
		return -1, err
	}
	_, err = file.Seek(end, io.SeekStart)
	return last, err
}

// write appends a frame and a line for each replica. A restart begins with the
// frame that its checkpoint was written after, which is there already.
func (o *outputs) write(d *md.Dynamics) error {
	s, time := d.System, float64(d.Step)*d.Settings.TimeStep
	for k, id := range s.Replicas {
		if w := o.writers[id]; w != nil && w.LastStep() < d.Step {
			lo, hi := s.Start[k], s.Start[k+1]
			f := &trajectory.Frame{
				Structure: s.Structure(k), Step: d.Step, Time: time,
				Velocities: s.Velocities[lo:hi], Masses: s.Masses[lo:hi], Forces: s.Result.Forces[lo:hi], Energy: &s.Result.Energy[k],
			}
			if _, ok := s.Volume(k); ok {
				f.Stress = &s.Result.Stress[k]
			}
			if err := w.Write(f); err != nil {
				return err
			}
		}
	}
	if o.log == nil || o.logged >= d.Step {
		return nil
	}
	o.logged = d.Step
	o.line = o.line[:0]
	for k, id := range s.Replicas {
		o.line = strconv.AppendInt(o.line, d.Step, 10)
		o.number(time)
		o.line = append(o.line, ',')
		o.line = strconv.AppendInt(o.line, int64(id), 10)
		kinetic := s.KineticEnergy(k)
		volume, _ := s.Volume(k)
		for _, x := range []float64{d.Temperature(k), s.Result.Energy[k], kinetic, s.Result.Energy[k] + kinetic, d.Conserved(k), s.Pressure(k), volume} {
			o.number(x)
		}
		o.line = append(o.line, '\n')
	}
	_, err := o.log.Write(o.line)
	return err
}

func (o *outputs) number(x float64) {
	o.line = strconv.AppendFloat(append(o.line, ','), x, 'g', 12, 64)
}

// Sync waits until the disk has what was written, as a checkpoint counts on it.
func (o *outputs) Sync() (err error) {
	for _, w := range o.writers {
		err = errors.Join(err, w.Sync())
	}
	if o.log != nil {
		err = errors.Join(err, o.log.Sync())
	}
	return err
}

// Close closes the files.
func (o *outputs) Close() (err error) {
	for _, w := range o.writers {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}
	if o.log != nil {
		err = errors.Join(err, o.log.Close())
	}
	return err
}
