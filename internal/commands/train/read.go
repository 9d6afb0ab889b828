package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
	"painless/internal/scores"
	"painless/train"
)

// counted is a set, and what became of the frames of its files.
type counted struct {
	set       *train.Set
	files     string
	frames    int
	leftOut   map[string]int  // by the reason
	lacking   map[string]int  // of the structures that were taken, by the label
	largest   []float64       // forces of the structures that have any, eV/Å
	stiffness train.Stiffness // of the structures with a Hessian along a direction
}

// Reasons to leave a structure out that are only counted.
const (
	outlier = "with a force beyond -max-force"
	twice   = "there already"
	heldOut = "held out for validation"
)

// Labels that are counted where their columns are there and cannot be used.
const (
	atomEnergies = "atoms' energies that can be used"
	hessian      = "a Hessian along a direction that can be used"
)

// outliers is the share of structures with a force beyond -max-force.
func (t *counted) outliers() float64 {
	return float64(t.leftOut[outlier]) / float64(max(1, len(t.largest)))
}

// read puts the structures of files into a set, but those that are in held.
func (s *settings) read(ctx context.Context, std cli.Std, paths []string, held *train.Set, cutoff float64) (*counted, error) {
	set := &train.Set{Limit: s.memory << 20}
	t := &counted{set: set, files: strings.Join(paths, ", "), leftOut: map[string]int{}, lacking: map[string]int{}}
	bar := progress.New(std.Err, paths)
	defer bar.Close()
	s.skips.Stderr, s.skips.Bar = std.Err, bar
	source := datasets.Source{Stdin: std.In, Stderr: std.Err, Bar: bar}
	for _, path := range paths {
		err := source.Each(ctx, path, func(f *data.Frame, at datasets.Place, unreadable error) error {
			t.frames++
			bar.Done(1)
			if unreadable != nil {
				t.leftOut["unreadable"]++
				return s.skips.Skip(at, unreadable)
			}
			labels, lacks := s.labels(f)
			err := labels.CheckLabels(len(f.Numbers), s.largest)
			if _, size := labels.LargestForce(); size > 0 {
				t.largest = append(t.largest, size)
			}
			leave := func(reason, because string, args ...any) error {
				t.leftOut[reason]++
				return s.skips.Note(reason, at, fmt.Errorf(because, args...))
			}
			var far *train.Outlier
			switch {
			case len(f.Numbers) == 0:
				err = errors.New("no atoms")
			case errors.As(err, &far):
				return leave(outlier, "%w", far)
			case err != nil:
				err = errors.Join(append([]error{err}, lacks...)...)
			default:
				if k, found := held.Find(&f.Structure); found {
					return leave(heldOut, "is structure %d of those held out for validation", k)
				}
				if k, found := set.Find(&f.Structure); found {
					return leave(twice, "is structure %d of those that are there already", k)
				}
				err = set.Add(&f.Structure, &labels, cutoff)
				if c := labels.Curvature; c != nil && err == nil {
					t.stiffness.Add(&f.Structure, c)
				}
			}
			switch {
			case train.ErrMemory(err):
				return fmt.Errorf("%v: %w: -memory", at, err)
			case err != nil:
				t.leftOut["listed"]++
				return s.skips.Skip(at, datasets.OneLine{Err: err})
			}
			for _, lack := range lacks {
				var of *data.Lack
				if errors.As(lack, &of) {
					t.lacking[of.Label]++
					err = errors.Join(err, s.skips.Note(fmt.Sprintf("of %s without %s", path, of.Label), at, of))
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if set.Len() == 0 {
		return nil, fmt.Errorf("%s: no structure that can be used: %s", t.files, t.reasons())
	}
	return t, s.complete(t)
}

// complete refuses a set that has none of a label that was asked for.
func (s *settings) complete(t *counted) error {
	for _, c := range []struct{ label, flag, key, others string }{
		{data.EnergyKey, "-energy-key", s.keys.Energy, "forces"}, {data.ForcesKey, "-forces-key", s.keys.Forces, "energies"},
	} {
		if t.lacking[c.label] == t.set.Len() {
			return fmt.Errorf("%s: no structure has %s under the name %s: expected it in some, or %s '' to train on %s alone", t.files, c.label, c.key, c.flag, c.others)
		}
	}
	return nil
}

// weighed refuses a weight of the loss that nothing in the training set has a label for,
// and says of which nothing to validate with has one.
func (s *settings) weighed(training, valid *counted) error {
	set := training.set
	bad := func(label string) string {
		if n := training.lacking[label]; n > 0 {
			return fmt.Sprintf("; of %s the columns are there, without %s", cli.Counted(n, "structure"), label)
		}
		return ""
	}
	switch {
	case s.run.Loss.AtomEnergy > 0 && set.AtomEnergies() == 0:
		return fmt.Errorf("-atom-energies %g: no structure to train on has atoms' energies, the column %s:R:1, which label writes%s", s.run.Loss.AtomEnergy, data.EnergiesKey, bad(atomEnergies))
	case s.run.Loss.Hessian > 0 && set.Curvatures() == 0:
		return fmt.Errorf("-hessian-weight %g: no structure to train on has the columns %s:R:3 and %s:R:3, which label -hessian writes%s", s.run.Loss.Hessian, data.HessianDirectionKey, data.HessianProductKey, bad(hessian))
	case s.set["stress-weight"] && s.run.Loss.Stress > 0 && set.Stresses() == 0:
		return fmt.Errorf("-stress-weight %g: no structure to train on has a stress", s.run.Loss.Stress)
	}
	for _, c := range []*counted{training, valid} {
		if !c.set.Weighed(s.run.Loss) {
			return fmt.Errorf("%s: no structure has a label that the loss weighs: expected one whose weight is above 0: %s", c.files, allWeights)
		}
	}
	for _, c := range []struct {
		weight float64
		labels int
		what   string
	}{{s.run.Loss.AtomEnergy, valid.set.AtomEnergies(), "atoms' energies"}, {s.run.Loss.Hessian, valid.set.Curvatures(), "a Hessian along a direction"}} {
		if c.weight > 0 && c.labels == 0 {
			fmt.Fprintf(s.skips.Stderr, "painless: %s: no structure has %s: the loss of validations, which says which one is best, is without that term\n", valid.files, c.what)
		}
	}
	return nil
}

// labels is what a frame is to be trained on, and why it lacks some.
func (s *settings) labels(f *data.Frame) (l train.Labels, lacks []error) {
	found, lacks := f.Labels(s.keys)
	f.Warnings = append(f.Warnings, found.Notes...)
	l = train.Labels{Energy: math.NaN(), Forces: found.Forces, Stress: found.Stress}
	if found.Energy != nil {
		l.Energy = *found.Energy
	}
	var err error
	if s.run.Loss.AtomEnergy > 0 {
		if l.AtomEnergies, err = f.AtomEnergies(); err != nil {
			lacks = append(lacks, &data.Lack{Label: atomEnergies, Err: err})
		}
	}
	if s.run.Loss.Hessian > 0 {
		if l.Curvature, err = datasets.Curvature(f); err != nil {
			lacks = append(lacks, &data.Lack{Label: hessian, Err: err})
		}
	}
	return l, lacks
}

func (t *counted) reasons() string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(t.leftOut)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.leftOut[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// print says what there is, and what was left out.
func (t *counted) print(w io.Writer, name string) {
	set := t.set
	fmt.Fprintf(w, "%-8s  %d of %s: %s, %d pairs, %s, %d MiB", name, set.Len(), cli.Counted(t.frames, "structure"),
		cli.Counted(set.NumAtoms(), "atom"), set.Pairs(), atoms.Symbols(set.Elements()), 1+set.Bytes()>>20)
	if len(t.leftOut) > 0 {
		fmt.Fprintf(w, "; left out: %s", t.reasons())
	}
	for _, label := range slices.Sorted(maps.Keys(t.lacking)) {
		fmt.Fprintf(w, "; %d without %s", t.lacking[label], label)
	}
	if n := set.Stresses(); n > 0 {
		fmt.Fprintf(w, "; %d with stress", n)
	}
	if n := set.AtomEnergies(); n > 0 {
		fmt.Fprintf(w, "; %d with atoms' energies", n)
	}
	if n := set.Curvatures(); n > 0 {
		fmt.Fprintf(w, "; %d with a Hessian along a direction, taken as eV/Å²", n)
	}
	fmt.Fprintln(w)
}

// fit says the energies of the elements, eV, that fit labels best, by atomic number.
func (s *settings) fit(w, stderr io.Writer, offsets *scores.Offsets) map[int]float64 {
	if offsets == nil {
		fmt.Fprintln(stderr, "painless: too few energies to fit those of the elements: they are left as they are")
		return nil
	}
	energies := map[int]float64{}
	var parts []string
	for i, z := range offsets.Elements {
		energies[z] = offsets.Energies[i]
		parts = append(parts, fmt.Sprintf("%s %.3f", atoms.Symbol(z), math.Round(1000*offsets.Energies[i])/1000+0)) // and not −0
	}
	what := ""
	if s.from != "" {
		what = "corrected by "
	}
	fmt.Fprintf(w, "elements  %s%s eV", what, strings.Join(parts, ", "))
	if offsets.Rank < len(offsets.Elements) {
		fmt.Fprintf(w, ": the least of all that fit as well, as the compositions tell %d of %d apart", offsets.Rank, len(offsets.Elements))
	}
	fmt.Fprintln(w)
	return energies
}
