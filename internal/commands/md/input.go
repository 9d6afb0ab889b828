package md

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"painless/atoms"
	"painless/data"
	"painless/internal/commands/datasets"
	"painless/internal/units"
	"painless/internal/vec"
	"painless/md"
)

// read makes a system of the frames of the input: each is a replica. drawn says
// that there are no velocities.
func (s *settings) read(ctx context.Context, stdin io.Reader, stderr io.Writer) (system *md.System, drawn bool, err error) {
	var frames []*data.Frame
	err = (datasets.Source{Stdin: stdin, Stderr: stderr}).Each(ctx, s.input, func(f *data.Frame, at datasets.Place, unreadable error) error {
		if unreadable != nil {
			return fmt.Errorf("%v: %w", at, unreadable)
		}
		frames = append(frames, f)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	structures := make([]atoms.Structure, len(frames))
	for k, f := range frames {
		structures[k] = f.Structure
	}
	if system, err = md.NewSystem(structures...); err != nil {
		return nil, false, fmt.Errorf("%s: %w", s.input, err)
	}
	moving := 0
	for k, f := range frames {
		lo, hi := system.Start[k], system.Start[k+1]
		err := masses(f, system.Masses[lo:hi])
		var found bool
		if err == nil {
			found, err = velocities(f, system.Masses[lo:hi], system.Velocities[lo:hi])
		}
		if err == nil {
			err = s.fixAtoms(system, k, f)
		}
		if err != nil {
			return nil, false, fmt.Errorf("%s: frame %d: %w", s.input, k, err)
		}
		if found {
			moving++
		}
	}
	if moving > 0 && moving < len(frames) {
		return nil, false, fmt.Errorf("%s: expected velocities in all frames or in none, found them in %d of %d", s.input, moving, len(frames))
	}
	return system, moving == 0, nil
}

// isotopes is the masses of hydrogen's, u (Wang et al., Chinese Phys. C 45, 030003 (2021)).
var isotopes = map[string]float64{"D": 2.014101777844, "T": 3.01604928132}

// masses reads those that a frame states, u: the column masses, as ASE writes it, or
// else isotopes. Others stay those of the elements.
func masses(f *data.Frame, to []float64) error {
	if stated := f.Column("masses"); stated != nil {
		if stated.Kind != data.Real || stated.Width != 1 {
			return fmt.Errorf("column masses: expected R:1, found %c:%d", stated.Kind, stated.Width)
		}
		for i, m := range stated.Reals {
			if !(m > 0 && !math.IsInf(m, 0)) {
				return fmt.Errorf("column masses: atom %d has %v u: expected more than 0", i, m)
			}
		}
		copy(to, stated.Reals)
		return nil
	}
	if symbols := f.Column(data.Isotopes); symbols != nil {
		for i, symbol := range symbols.Strings {
			if m, ok := isotopes[strings.ToUpper(symbol)]; ok {
				to[i] = m
			}
		}
	}
	return nil
}

// velocities reads those of a frame, Å/fs; found is false where it has none.
func velocities(f *data.Frame, masses []float64, to [][3]float64) (found bool, err error) {
	if f.Column("momenta") != nil {
		momenta, err := f.Vectors("momenta") // √(u·eV)
		if err != nil {
			return false, err
		}
		for i, p := range momenta {
			to[i] = vec.Scale(p, 1/(masses[i]*units.ASETime))
		}
		return true, nil
	}
	if f.Column("velocities") == nil {
		return false, nil
	}
	read, err := f.Vectors("velocities") // Å/fs
	copy(to, read)
	return err == nil, err
}

// fixAtoms marks what the flag -fix and the frame's column move_mask hold.
func (s *settings) fixAtoms(system *md.System, k int, f *data.Frame) error {
	fixed, err := s.fix.Of(f)
	if err != nil || fixed == nil {
		return err
	}
	if system.Fixed == nil {
		system.Fixed = make([][3]bool, system.NumAtoms())
	}
	copy(system.Fixed[system.Start[k]:], fixed)
	return nil
}
