package predict

import (
	"flag"
	"fmt"
	"path/filepath"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/student"
)

// Label is painless label.
var Label = &cli.Verb{
	Name:    "label",
	Args:    "-teacher FILE -o OUT [flags] INPUT…",
	Summary: "Labels structures with what a teacher says of them, for train.",
	Help: `An INPUT is XYZ or HDF5, as its first bytes say; - is XYZ on standard input. OUT is
extended XYZ: the structures with everything that the input says of them, but the
teacher's energy (eV), forces (eV/Å) and, where the cell has a volume, stress (eV/Å³) in
place of the input's, the atoms' shares of the energy in the column energies (eV), and
the teacher's name and hash in the field teacher. The teacher is any checkpoint that
predict computes.

A frame that cannot be read, where it is known where it ends, or cannot be computed is
left out and listed on standard error, and the exit code is 2.`,
	New: newLabel,
}

// labels is what stands in a frame beside a prediction.
type labels struct{ teacher string }

func newLabel(flags *flag.FlagSet) cli.Run {
	s := &settings{label: &labels{}}
	s.model.AtomEnergies = true
	s.model.RegisterAs(flags, "teacher", "", "checkpoint `file` of what labels the structures")
	s.skips.Register(flags)
	flags.IntVar(&s.batch, "batch", 32, "structures computed in one pass")
	flags.StringVar(&s.output, "o", "", "`file` to write, whole or not at all, in place of what is there; - is standard output")
	return s.run
}

// name says whose the labels are.
func (l *labels) name(path string) error {
	if l == nil {
		return nil
	}
	hash, err := student.Hash(path)
	if err != nil {
		return err
	}
	l.teacher = fmt.Sprintf("%s sha256 %.16s", filepath.Base(path), hash)
	return nil
}

// add writes the atoms' shares of the energy, as ASE names them, and the teacher.
func (l *labels) add(f *data.Frame, shares []float64) {
	if l == nil {
		return
	}
	f.Columns = append(f.Columns, data.Column{Name: data.EnergiesKey, Kind: data.Real, Width: 1, Reals: shares})
	f.SetText("teacher", l.teacher)
}
