package predict

import (
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"

	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/student"
	"painless/train"
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

With -hessian each structure has a random direction v too, the column hessian_direction,
the same for the same positions, and the teacher's Hessian times v, the column
hessian_product, eV/Å² times v: by how much its gradient, the opposite of its forces,
changes when the atoms are moved along v. It is a central difference, in which the atom
that moves most is displaced by 0.015 Å.

A frame that cannot be read, where it is known where it ends, or cannot be computed is
left out and listed on standard error, and the exit code is 2. In the end a line there
says how many were labelled, by what, where they are and how long it took.`,
	New: newLabel,
}

// labels is what stands in a frame beside a prediction.
type labels struct {
	teacher string
	hessian bool
}

func newLabel(flags *flag.FlagSet) cli.Run {
	s := &settings{label: &labels{}}
	s.model.AtomEnergies = true
	s.model.RegisterAs(flags, "teacher", "", "checkpoint `file` of what labels the structures, or default")
	s.skips.Register(flags)
	s.pass.Register(flags)
	flags.BoolVar(&s.label.hessian, "hessian", false, "label each structure with the Hessian along a random direction too, the columns "+data.HessianDirectionKey+" and "+data.HessianProductKey+" (eV/Å²); three times the work")
	flags.StringVar(&s.output, "o", "", "`file` to write, whole or not at all, in place of what is there, compressed where it ends as .gz or .zst; - is standard output")
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

// curvature is a direction along which the Hessian of a structure is to be labelled, or
// nil where it is not. The same structure has the same one in every file.
func (l *labels) curvature(s *atoms.Structure) *train.Curvature {
	if l == nil || !l.hessian {
		return nil
	}
	hash := fnv.New64a()
	_ = binary.Write(hash, binary.LittleEndian, s.Positions) // a hash takes all
	return &train.Curvature{Direction: train.RandomDirection(rand.New(rand.NewPCG(1, hash.Sum64())), len(s.Numbers))}
}

// add writes the atoms' shares of the energy, as ASE names them, the Hessian's product,
// and the teacher.
func (l *labels) add(f *data.Frame, p *prediction) {
	if l == nil {
		return
	}
	f.Columns = append(f.Columns, data.Column{Name: data.EnergiesKey, Kind: data.Real, Width: 1, Reals: p.shares})
	if p.curvature != nil {
		f.SetVectors(data.HessianDirectionKey, p.curvature.Direction)
		f.SetVectors(data.HessianProductKey, p.curvature.Product)
	}
	f.SetText(data.TeacherKey, l.teacher)
}

// summary says what was done, where, and how long it took.
func (l *labels) summary(stderr io.Writer, done int, output string, took time.Duration) {
	if l == nil {
		return
	}
	what := "energies and forces"
	if l.hessian {
		what += " and Hessians along a direction"
	}
	if output == "-" {
		output = "standard output"
	}
	fmt.Fprintf(stderr, "painless: label: %s with %s by %s: %s, in %v\n", cli.Counted(done, "structure"), what, l.teacher, output, took.Round(time.Millisecond))
}
