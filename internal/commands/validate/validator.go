package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
	"painless/internal/scores"
	"painless/train"
)

// model is a student and how it fares.
type model struct {
	*painless.Model
	name, path string
	score      score
}

// place is where a structure stood and what it is.
type place struct {
	File    string `json:"file"`
	Frame   int    `json:"frame"` // from 0
	Formula string `json:"formula"`
	Atoms   int    `json:"atoms"`

	file  int // in validator.datasets
	line  int // the first, or that with an error, from 1; 0 where there are none
	index int // of all structures
}

// lack is a structure that was not validated, or not wholly, and why.
type lack struct {
	place
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

func (p place) lacks(reason error) lack { return lack{p, p.line, reason.Error()} }

// labelled is a structure with its labels, and why it lacks some.
type labelled struct {
	atoms.Structure
	data.Labels
	curvature  *train.Curvature // nil where there is none
	unusable   error            // why the columns of a Hessian are passed over
	lacks      []error
	unreadable bool
	place
}

// validator computes structures some at a time with every model. Of each
// structure it keeps 12 bytes, and 8 for each model; a drawn one it holds whole.
type validator struct {
	settings
	models []*model
	bar    *progress.Bar

	read         []int     // structures in each data set
	selected     []int     // of them
	atoms        int       // of the selected ones
	composed     []int32   // of each structure, in compositions
	energies     []float64 // of each structure, label, eV; NaN where there is none
	compositions scores.Compositions
	unlabelled   []lack
	passedOver   []lack
	unreadable   int             // structures
	stiffness    train.Stiffness // of structures with a Hessian along a direction

	waiting      []labelled
	waitingAtoms int // of those
	computer     datasets.Computer
}

// load opens the models.
func (v *validator) load(stderr io.Writer) error {
	names := v.model.Names()
	for i, path := range v.model.Paths() {
		opened, err := v.model.Open(path, stderr)
		if err != nil {
			return err
		}
		v.models = append(v.models, &model{Model: opened, name: names[i], path: path})
	}
	return nil
}

func (v *validator) close() (err error) {
	for _, m := range v.models {
		err = errors.Join(err, m.Close())
	}
	return err
}

// validate goes through the data sets once; those that are drawn wait for the end.
func (v *validator) validate(ctx context.Context, std cli.Std) error {
	v.read, v.selected = make([]int, len(v.datasets)), make([]int, len(v.datasets))
	v.bar = progress.New(std.Err, v.datasets)
	defer v.bar.Close()
	v.skips.Stderr, v.skips.Bar = std.Err, v.bar
	source := datasets.Source{Stdin: std.In, Stderr: std.Err, Bar: v.bar}
	drawn := newSample[labelled](v.seed, v.max)
	for i, path := range v.datasets {
		err := source.Each(ctx, path, func(f *data.Frame, at datasets.Place, unreadable error) error {
			v.read[i]++
			if unreadable != nil && v.skips.Strict {
				return v.skips.Skip(at, unreadable)
			}
			next := func() labelled { return v.labels(f, i, at, unreadable) }
			if v.max == 0 {
				return v.add(ctx, next())
			}
			drawn.offer(next)
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(drawn.taken, func(a, b labelled) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.Frame, b.Frame)) })
	for _, l := range drawn.taken {
		if err := v.add(ctx, l); err != nil {
			return err
		}
	}
	return v.compute(ctx)
}

// labels is a frame of a data set and what there is to compare.
func (v *validator) labels(f *data.Frame, file int, at datasets.Place, unreadable error) labelled {
	l := labelled{Structure: f.Structure, place: place{File: at.File, Frame: at.Frame, line: at.Line, Atoms: len(f.Numbers), file: file}}
	switch {
	case unreadable != nil:
		l.unreadable, l.lacks = true, []error{unreadable}
	case len(f.Numbers) == 0:
		l.lacks = []error{errors.New("no atoms")}
	default:
		l.Labels, l.lacks = f.Labels(v.keys)
		if v.hessian {
			l.curvature, l.unusable = datasets.Curvature(f)
		}
		f.Warnings = append(f.Warnings, l.Notes...)
	}
	return l
}

// add puts a structure with those that wait, unless there is nothing to compare,
// and computes them when they are enough.
func (v *validator) add(ctx context.Context, l labelled) error {
	v.selected[l.file]++
	v.atoms += l.Atoms
	composition, energy := v.compositions.Add(l.Numbers), math.NaN()
	l.index, l.Formula = len(v.composed), v.compositions.List[composition].Formula
	for _, reason := range l.lacks {
		v.unlabelled = append(v.unlabelled, l.place.lacks(reason))
	}
	if l.unusable != nil {
		v.passedOver = append(v.passedOver, l.place.lacks(l.unusable))
	}
	if l.unreadable {
		v.unreadable++
		if err := v.compute(ctx); err != nil { // so that the places that are listed ascend
			return err
		}
		if err := v.skips.Skip(l.at(), l.lacks[0]); err != nil {
			return err
		}
	}
	if l.Energy != nil {
		energy = *l.Energy
	}
	if l.curvature != nil {
		v.stiffness.Add(&l.Structure, l.curvature)
	}
	v.composed, v.energies = append(v.composed, composition), append(v.energies, energy)
	if l.Energy != nil || l.Forces != nil || l.Stress != nil || l.curvature != nil {
		v.waiting, v.waitingAtoms = append(v.waiting, l), v.waitingAtoms+len(l.Numbers)
	}
	if v.pass.Full(v.model.Device, len(v.waiting), v.waitingAtoms) {
		return v.compute(ctx)
	}
	return nil
}

// compute computes those that wait with every model.
func (v *validator) compute(ctx context.Context) error {
	for _, m := range v.models {
		m.score.resize(len(v.composed))
		if err := v.computeWith(ctx, m); err != nil {
			return err
		}
	}
	v.bar.Done(len(v.waiting))
	v.waiting, v.waitingAtoms = v.waiting[:0], 0
	return nil
}

// computeWith leaves out the structures that the model cannot compute.
func (v *validator) computeWith(ctx context.Context, m *model) error {
	var structures []*atoms.Structure
	for i := range v.waiting {
		structures = append(structures, &v.waiting[i].Structure)
	}
	c := &v.computer
	begin := time.Now()
	computed, err := c.Compute(ctx, m.Model, structures, v.skips.Strict)
	m.score.took += time.Since(begin)
	if err != nil {
		return err
	}
	for k, i := range computed {
		m.score.add(&v.waiting[i], prediction{c.Result.Energy[k], c.Result.Forces[c.Batch.Start[k]:c.Batch.Start[k+1]], c.Result.Stress[k]})
	}
	var curved []*labelled
	for _, i := range computed {
		if l := &v.waiting[i]; l.curvature != nil {
			curved = append(curved, l)
		}
	}
	for _, f := range c.Failed {
		if err := v.fail(m, &v.waiting[f.Index], f.Err); err != nil {
			return err
		}
	}
	return v.computeCurvatures(ctx, m, curved)
}

// computeCurvatures computes the structures displaced along the directions of their
// Hessian's labels, two of each.
func (v *validator) computeCurvatures(ctx context.Context, m *model, curved []*labelled) error {
	if len(curved) == 0 {
		return nil
	}
	var structures []*atoms.Structure
	for _, l := range curved {
		forwards, backwards := l.curvature.Displaced(&l.Structure)
		structures = append(structures, &forwards, &backwards)
	}
	c := &v.computer
	computed, err := c.Compute(ctx, m.Model, structures, v.skips.Strict)
	if err != nil {
		return err
	}
	forces := make([][][3]float64, len(structures))
	for k, i := range computed {
		forces[i] = c.Result.Forces[c.Batch.Start[k]:c.Batch.Start[k+1]]
	}
	for k, l := range curved {
		if forwards, backwards := forces[2*k], forces[2*k+1]; forwards != nil && backwards != nil {
			measured := train.Curvature{Direction: l.curvature.Direction}
			measured.Measure(forwards, backwards)
			l.curvature.Errors(measured.Product, m.score.hessian.Add)
			m.score.likeness.Compare(l.curvature, &measured)
			m.score.curved++
		}
	}
	for k, f := range c.Failed {
		if k > 0 && c.Failed[k-1].Index/2 == f.Index/2 { // both of a structure
			continue
		}
		if err := v.fail(m, curved[f.Index/2], fmt.Errorf("displaced along the Hessian's direction: %w", f.Err)); err != nil {
			return err
		}
	}
	return nil
}

// checkHessians says where the labels' sign or unit seems to be another one.
func (v *validator) checkHessians(stderr io.Writer) {
	if negative, n := v.stiffness.Negative(); 2*negative > n {
		fmt.Fprintf(stderr, "painless: validate: the Hessian along a direction is negative in %d of %d structures: it may be the change of the forces, and is expected to be that of the gradient\n", negative, n)
		return
	}
	said := false
	for _, m := range v.models {
		if err := m.score.likeness.Contradiction("those of " + m.name); err != nil {
			fmt.Fprintf(stderr, "painless: validate: %v\n", err)
			said = true
		}
	}
	if hint := v.stiffness.Hint(); hint != "" && !said {
		fmt.Fprintf(stderr, "painless: validate: %s\n", hint)
	}
}

// fail lists a structure that the model could not compute.
func (v *validator) fail(m *model, l *labelled, err error) error {
	m.score.failed = append(m.score.failed, l.place.lacks(err))
	if len(v.models) > 1 {
		err = fmt.Errorf("%s: %w", m.name, err)
	}
	return v.skips.Skip(l.at(), err)
}

// nothing reports whether something is wrong with every structure.
func (v *validator) nothing() bool {
	return !slices.ContainsFunc(v.models, func(m *model) bool { return v.unreadable+len(m.score.failed) < len(v.composed) })
}

// at is the place in words.
func (p place) at() datasets.Place { return datasets.Place{File: p.File, Frame: p.Frame, Line: p.line} }
