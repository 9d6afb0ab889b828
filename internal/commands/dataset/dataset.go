// Package dataset is the verb dataset: labelled structures from files of either
// format into one file, extended XYZ or HDF5.
package dataset

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
)

// Verb is painless dataset.
var Verb = &cli.Verb{
	Name:    "dataset",
	Args:    "-o OUT [flags] INPUT…",
	Summary: "Writes the structures of data sets, one after another, as extended XYZ or HDF5.",
	Help: `An INPUT is extended XYZ or HDF5, as its first bytes say. OUT is HDF5 in the training
side's layout where its name ends in .h5, .hdf5 or .hdf, for which the binary must be
built, or else extended XYZ, and so is -, standard input and output. HDF5 holds the
structures, energy, forces, stress and structure_index: the names of what else there
was, and how many structures were written, go to standard error.

A frame that cannot be read, where it is known where it ends, or written is left out and
listed on standard error, and the exit code is 2; with -strict it is 1, and there is no OUT.`,
	New: New,
}

// settings is the command line.
type settings struct {
	inputs      []string
	output      string
	keys        data.LabelKeys
	compression string
	single      bool // forces in float32
	more        bool // structures for a file that is there
	force       bool
	skips       cli.Skips
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.skips.Register(flags)
	flags.StringVar(&s.output, "o", "-", "`file` to write, extended XYZ compressed where it ends as .gz or .zst; - is standard output")
	flags.BoolVar(&s.force, "force", false, "replace the file that is there")
	flags.BoolVar(&s.more, "append", false, "add to the HDF5 file that is there, which is written anew")
	flags.StringVar(&s.keys.Energy, "energy-key", data.EnergyKey, "`key` of the energies, which become energy, in place of what had that name; empty leaves energies out")
	flags.StringVar(&s.keys.Forces, "forces-key", data.ForcesKey, "`name` of the column of forces, which become forces, in place of what had that name; empty leaves forces out")
	flags.StringVar(&s.keys.Stress, "stress-key", data.StressKey, "`key` of the stresses, virials where virial is in it, which become stress, in place of what had that name; a virial becomes the stress of structures without one too; empty leaves stresses out")
	flags.StringVar(&s.compression, "compression", "", "`method` of HDF5: gzip, which it is if empty, or none")
	flags.BoolVar(&s.single, "float32-forces", false, "round forces in HDF5 to float32, as the training side does, in half the space")
	return s.run
}

var compressions = map[string]hdf5.Compression{"": hdf5.Gzip, "gzip": hdf5.Gzip, "none": hdf5.Uncompressed}

func (s *settings) check(std cli.Std) error {
	isHDF5 := datasets.IsHDF5(s.output)
	switch {
	case len(s.inputs) == 0:
		return errors.New("no input: expected XYZ or HDF5 files, or - for standard input; -h shows the usage")
	case s.output == "":
		return errors.New("-o is empty: expected a file, or - for standard output")
	case datasets.IsPackedHDF5(s.output):
		return fmt.Errorf("-o %s: HDF5 is compressed in itself: expected a file .h5, .hdf5 or .hdf", s.output)
	case !isHDF5 && (s.more || s.single || s.compression != ""):
		return fmt.Errorf("-append, -compression and -float32-forces are for HDF5: expected a file .h5, .hdf5 or .hdf, found -o %s", s.output)
	case s.more && (s.single || s.compression != ""):
		return errors.New("-append keeps the compression and the type of the forces of the file: expected neither -compression nor -float32-forces")
	case s.more && s.force:
		return errors.New("-append and -force: expected one of them")
	}
	if _, ok := compressions[s.compression]; !ok {
		return fmt.Errorf("-compression %s: expected gzip or none", s.compression)
	}
	if !isHDF5 {
		if err := datasets.CheckXYZ(s.output); err != nil {
			return err
		}
	}
	if err := std.CheckOutput(s.output, s.inputs...); err != nil {
		return err
	}
	return cli.CheckNew(s.force || s.more, s.output)
}

func (s *settings) run(ctx context.Context, std cli.Std, inputs []string) error {
	s.inputs = inputs
	if err := s.check(std); err != nil {
		return err
	}
	metadata, lost, err := s.inspect()
	if err != nil {
		return err
	}
	c := &converter{
		energy: label{flag: "-energy-key", key: s.keys.Energy, name: data.EnergyKey},
		forces: label{flag: "-forces-key", key: s.keys.Forces, name: data.ForcesKey},
		stress: label{flag: "-stress-key", key: s.keys.Stress, name: data.StressKey},
		skips:  &s.skips,
	}
	if c.output, err = s.create(std, metadata); err != nil {
		return err
	}
	defer c.Abort()
	err = c.convert(ctx, std, inputs)
	if cli.Code(err) == 1 {
		return err
	}
	if incomplete := c.Close(); incomplete != nil {
		return taken(s.output, incomplete)
	}
	for _, line := range append(lost, c.says(s.output)...) {
		fmt.Fprintf(std.Err, "painless: %s\n", line)
	}
	return err
}

// converter writes the structures of files to one.
type converter struct {
	output
	energy, forces, stress label
	skips                  *cli.Skips
	n                      int // structures
}

func (c *converter) convert(ctx context.Context, std cli.Std, inputs []string) error {
	source := datasets.Source{Stdin: std.In, Stderr: std.Err, Bar: progress.New(std.Err, inputs)}
	defer source.Bar.Close()
	c.skips.Stderr, c.skips.Bar = std.Err, source.Bar
	if x, ok := c.output.(*xyz); ok {
		source.Dry = x.Flush
	}
	for _, path := range inputs {
		err := source.Each(ctx, path, func(f *data.Frame, at datasets.Place, unreadable error) error {
			if unreadable != nil {
				return c.skips.Skip(at, unreadable)
			}
			where := fmt.Sprintf("%s: frame %d", path, at.Frame)
			if err := c.rename(f, where); err != nil {
				return c.skips.Skip(at, err)
			}
			err := c.Write(f)
			var bad *badFrame
			if errors.As(err, &bad) {
				return c.skips.Skip(at, bad.error)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			c.n++
			source.Bar.Done(1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if c.n == 0 {
		return c.skips.Err(0)
	}
	if err := errors.Join(c.energy.check(c.n), c.forces.check(c.n), c.stress.check(c.n)); err != nil {
		return err
	}
	return c.skips.Err(c.n)
}

// says is what the user should know of the output.
func (c *converter) says(path string) []string {
	lines := slices.Concat(c.energy.says(), c.forces.says(), c.stress.says())
	written := "wrote " + cli.Counted(c.n, "structure")
	if path != "-" {
		written += " to " + path
	}
	if w, ok := c.output.(*hdf5File); ok {
		if dropped := w.Dropped(); len(dropped) > 0 {
			lines = append(lines, "left out what HDF5 has no place for: "+strings.Join(dropped, ", "))
		}
		if w.Len() > c.n {
			written += fmt.Sprintf(", which has %d now", w.Len())
		}
	}
	return append(lines, written)
}
