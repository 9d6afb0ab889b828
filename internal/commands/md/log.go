package md

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"painless/internal/vec"
	"painless/md"
)

// columns is those of the log, with their units. Logs of older versions have the first olderColumns.
var columns = []string{"step", "time_fs", "replica", "temperature_K", "potential_eV", "kinetic_eV", "total_eV", "conserved_eV", "pressure_bar", "volume_A3",
	"atoms", "degrees_of_freedom", "target_K", "ensemble"}

const olderColumns = 10

// sample is a line of the log: how a replica stands at a step.
type sample struct {
	step                                                         int64
	time                                                         float64 // fs
	replica                                                      int
	temperature, potential, kinetic, conserved, pressure, volume float64 // K, eV, bar, Å³
	atoms                                                        int     // 0 where the log does not say it
	dof                                                          float64
	target                                                       float64 // K, of the thermostat; NaN where there is none
	ensemble                                                     string  // "" where the log does not say it
}

// samples appends how all replicas stand.
func samples(list []sample, d *md.Dynamics) []sample {
	s := d.System
	target := math.NaN()
	if d.Settings.Ensemble != md.NVE {
		target = d.Target()
	}
	for k, id := range s.Replicas {
		volume, _ := s.Volume(k)
		list = append(list, sample{
			step: d.Step, time: float64(d.Step) * d.Settings.TimeStep, replica: id,
			temperature: d.Temperature(k), potential: s.Result.Energy[k], kinetic: s.KineticEnergy(k), conserved: d.Conserved(k),
			pressure: s.Pressure(k), volume: volume,
			atoms: s.Start[k+1] - s.Start[k], dof: d.DOF(k), target: target, ensemble: d.Settings.Ensemble.String(),
		})
	}
	return list
}

// append appends the line with the first of the columns.
func (s *sample) append(line []byte, columns int) []byte {
	number := func(x float64) { line = strconv.AppendFloat(append(line, ','), x, 'g', 12, 64) }
	line = strconv.AppendInt(line, s.step, 10)
	number(s.time)
	line = strconv.AppendInt(append(line, ','), int64(s.replica), 10)
	for _, x := range []float64{s.temperature, s.potential, s.kinetic, s.potential + s.kinetic, s.conserved, s.pressure, s.volume} {
		number(x)
	}
	if columns > olderColumns {
		line = strconv.AppendInt(append(line, ','), int64(s.atoms), 10)
		number(s.dof)
		if math.IsNaN(s.target) {
			line = append(line, ',')
		} else {
			number(s.target)
		}
		line = append(append(line, ','), s.ensemble...)
	}
	return append(line, '\n')
}

// logReader reads a log line by line.
type logReader struct {
	in       *bufio.Reader
	columns  int
	line     int    // number of the last line, from 1
	end      int64  // of the last whole line, in bytes
	last     int64  // step
	ensemble string // of the first line
	fields   [][]byte
}

// longestLine is far beyond what this program writes.
const longestLine = 1 << 12

// newLogReader reads the first line, which must be one of painless md's.
func newLogReader(in io.Reader) (*logReader, error) {
	r := &logReader{in: bufio.NewReaderSize(in, longestLine), last: -1}
	line, err := r.next()
	if err != nil && err != io.EOF {
		return nil, err
	}
	for _, n := range []int{len(columns), olderColumns} {
		if string(line) == strings.Join(columns[:n], ",") {
			r.columns = n
			return r, nil
		}
	}
	return nil, fmt.Errorf("expected a log of painless md, found %.60q", line)
}

// next is the next whole line, without its end; io.EOF where there is none.
func (r *logReader) next() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	r.line++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("line %d: expected less than %d bytes, found a longer one", r.line, longestLine)
	case err != nil:
		return line, err // a line that was not finished is none
	}
	r.end += int64(len(line))
	return bytes.TrimSuffix(line, []byte("\n")), nil
}

// read reads the next line; io.EOF after the last whole one. Steps never fall.
func (r *logReader) read(s *sample) error {
	line, err := r.next()
	if err != nil {
		return err
	}
	if err := r.parse(line, s); err != nil {
		return fmt.Errorf("line %d: %w", r.line, err)
	}
	if s.step < r.last {
		return fmt.Errorf("line %d: expected a step of %d or later, found %d", r.line, r.last, s.step)
	}
	if r.last < 0 {
		r.ensemble = s.ensemble
	}
	if s.ensemble != r.ensemble {
		return fmt.Errorf("line %d: expected the ensemble %s as before, found %s", r.line, r.ensemble, s.ensemble)
	}
	r.last = s.step
	return nil
}

func (r *logReader) parse(line []byte, s *sample) error {
	r.fields = r.fields[:0]
	for field := range bytes.SplitSeq(line, []byte(",")) {
		if len(r.fields) == r.columns {
			return fmt.Errorf("expected %d columns, found more", r.columns)
		}
		r.fields = append(r.fields, field)
	}
	if len(r.fields) != r.columns {
		return fmt.Errorf("expected %d columns, found %d", r.columns, len(r.fields))
	}
	var err error
	failed := func(i int, what string) {
		if err == nil {
			err = fmt.Errorf("%s: expected %s, found %.40q", columns[i], what, r.fields[i])
		}
	}
	count := func(i int) int64 {
		n, e := strconv.ParseInt(string(r.fields[i]), 10, 64)
		if e != nil || n < 0 {
			failed(i, "a whole number, 0 or more")
		}
		return n
	}
	number := func(i int) float64 {
		x, e := strconv.ParseFloat(string(r.fields[i]), 64)
		if e != nil || !vec.Finite(x) || math.Abs(x) > 1e100 {
			failed(i, "a number")
		}
		return x
	}
	total := 0.0
	*s = sample{step: count(0), time: number(1), replica: int(count(2)), temperature: number(3), potential: number(4), kinetic: number(5), target: math.NaN()}
	total, s.conserved, s.pressure, s.volume = number(6), number(7), number(8), number(9)
	if s.kinetic < 0 || s.temperature < 0 {
		failed(5, "no less than 0, as of the temperature")
	}
	if sum := s.potential + s.kinetic; math.Abs(total-sum) > 1e-6+1e-9*(math.Abs(s.potential)+s.kinetic) {
		failed(6, fmt.Sprintf("the sum of potential and kinetic energy, %.12g", sum))
	}
	if r.columns > olderColumns {
		s.atoms, s.dof, s.ensemble = int(count(10)), number(11), string(r.fields[13])
		if len(r.fields[12]) > 0 {
			s.target = number(12)
		}
		switch e, unknown := md.ParseEnsemble(s.ensemble); {
		case unknown != nil:
			failed(13, "an ensemble")
		case (e == md.NVE) != math.IsNaN(s.target), s.target <= 0, s.target > 1e30:
			failed(12, "a temperature where there is a thermostat")
		case s.dof < 0 || s.dof > 1e12:
			failed(11, "no less than 0")
		}
	} else if s.temperature > 0 { // the degrees of freedom are in the two
		s.dof = dofOf(s.kinetic, s.temperature)
	}
	return err
}
