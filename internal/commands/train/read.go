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

	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
	"painless/internal/scores"
	"painless/nn"
	"painless/train"
)

// tally is what became of the frames of some files.
type tally struct {
	frames  int
	leftOut map[string]int // by the reason
	lacking map[string]int // of the structures that were taken, by the label
}

// Reasons to leave a structure out that are only counted.
const (
	outlier = "with a force beyond -max-force"
	twice   = "there already"
	heldOut = "held out for validation"
)

// read puts the structures of files into a set, but those that are in held.
func (s *settings) read(ctx context.Context, std cli.Std, paths []string, set *train.Set, held train.Seen, cutoff float64) (t *tally, seen train.Seen, err error) {
	t, seen = &tally{leftOut: map[string]int{}, lacking: map[string]int{}}, train.Seen{}
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
			var far *train.Outlier
			err := labels.CheckLabels(len(f.Numbers), s.largest)
			switch {
			case len(f.Numbers) == 0:
				err = errors.New("no atoms")
			case errors.As(err, &far):
				t.leftOut[outlier]++
				return nil
			case err != nil:
				err = errors.Join(append([]error{err}, lacks...)...)
			case held.Has(&f.Structure):
				t.leftOut[heldOut]++
				return nil
			case seen.Twice(&f.Structure):
				t.leftOut[twice]++
				return nil
			default:
				err = set.Add(&f.Structure, &labels, cutoff)
			}
			switch {
			case train.ErrMemory(err):
				return fmt.Errorf("%v: %w: -memory", at, err)
			case err != nil:
				t.leftOut["listed"]++
				return s.skips.Skip(at, oneLine{err})
			}
			for _, lack := range lacks { // each said once
				f.Warnings = append(f.Warnings, lack.Error())
			}
			if math.IsNaN(labels.Energy) && s.keys.Energy != "" {
				t.lacking["energy"]++
			}
			if labels.Forces == nil && s.keys.Forces != "" {
				t.lacking["forces"]++
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if set.Len() == 0 {
		return nil, nil, fmt.Errorf("%s: no structure that can be used: %s", strings.Join(paths, ", "), t.reasons())
	}
	return t, seen, nil
}

// oneLine is an error of several in one line.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }

func (e oneLine) Unwrap() error { return e.error }

// labels is what a frame is to be trained on, and why it lacks some.
func (s *settings) labels(f *data.Frame) (l train.Labels, lacks []error) {
	found, lacks := f.Labels(s.keys)
	f.Warnings = append(f.Warnings, found.Notes...)
	l = train.Labels{Energy: math.NaN(), Forces: found.Forces, Stress: found.Stress}
	if found.Energy != nil {
		l.Energy = *found.Energy
	}
	if c := f.Column(data.EnergiesKey); c != nil && c.Kind == data.Real && c.Width == 1 && s.run.Loss.AtomEnergy > 0 {
		l.AtomEnergies = c.Reals
	}
	return l, lacks
}

func (t *tally) reasons() string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(t.leftOut)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.leftOut[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// print says what there is, and what was left out.
func (t *tally) print(w io.Writer, name string, set *train.Set) {
	fmt.Fprintf(w, "%-8s  %d of %s: %s, %d pairs, %s, %d MiB", name, set.Len(), cli.Counted(t.frames, "structure"),
		cli.Counted(set.NumAtoms(), "atom"), set.Pairs(), nn.Symbols(set.Elements()), 1+set.Bytes()>>20)
	if len(t.leftOut) > 0 {
		fmt.Fprintf(w, "; left out: %s", t.reasons())
	}
	for _, label := range slices.Sorted(maps.Keys(t.lacking)) {
		fmt.Fprintf(w, "; %d without %s", t.lacking[label], label)
	}
	fmt.Fprintln(w)
}

// fit looks at the units of the labels, and says the energies of the elements, eV, that
// fit them best, by atomic number.
func (s *settings) fit(w, stderr io.Writer, training *train.Set, offsets *scores.Offsets) (map[int]float64, error) {
	if err := training.Units().Contradiction(); err != nil {
		if !s.mixed {
			return nil, fmt.Errorf("%w; -mixed-units trains all the same", err)
		}
		fmt.Fprintf(stderr, "painless: %v\n", err)
	}
	if offsets == nil {
		fmt.Fprintln(stderr, "painless: too few energies to fit those of the elements: they are left as they are")
		return nil, nil
	}
	energies := map[int]float64{}
	var parts []string
	for i, z := range offsets.Elements {
		energies[z] = offsets.Energies[i]
		parts = append(parts, fmt.Sprintf("%s %.3f", nn.Symbols([]int{z}), math.Round(1000*offsets.Energies[i])/1000+0)) // and not −0
		if hint := train.HydrogenHint(offsets.Energies[i]); z == 1 && hint != "" && s.from == "" {
			fmt.Fprintf(stderr, "painless: the fitted energy of hydrogen is %.4g: are energies in %s? They are taken as eV\n", offsets.Energies[i], hint)
		}
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
	return energies, nil
}
