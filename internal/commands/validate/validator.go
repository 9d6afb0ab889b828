package validate

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
)

// model is a student and how it fares.
type model struct {
	*painless.Model
	name, path string
	score      score
}

// structure is what is kept of every structure.
type structure struct {
	composition int32   // in validator.compositions
	energy      float64 // label, eV; NaN where there is none
}

// place is where a structure stood and what it is.
type place struct {
	File    string `json:"file"`
	Frame   int    `json:"frame"` // from 0
	Formula string `json:"formula"`
	Atoms   int    `json:"atoms"`

	file  int // in validator.datasets
	index int // in validator.structures
}

// lack is a structure that was not validated, or not wholly, and why.
type lack struct {
	place
	Reason string `json:"reason"`
}

// labelled is a structure with its labels, and why it lacks some.
type labelled struct {
	atoms.Structure
	data.Labels
	lacks []error
	place
}

// validator computes structures some at a time with every model. Of each
// structure it keeps 16 bytes, and 8 for each model; a drawn one it holds whole.
type validator struct {
	settings
	models []*model
	bar    *progress.Bar

	read         []int // structures in each data set
	selected     []int // of them
	atoms        int   // of the selected ones
	structures   []structure
	compositions compositions
	unlabelled   []lack

	waiting []labelled
	batch   atoms.Batch
	result  painless.Result
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
	drawn := newSample[labelled](v.seed, v.max)
	for i, path := range v.datasets {
		err := datasets.Each(ctx, path, std.In, std.Err, v.bar, func(f *data.Frame, index int, unreadable error) error {
			v.read[i]++
			next := func() labelled { return v.labels(f, i, index, unreadable) }
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
func (v *validator) labels(f *data.Frame, file, index int, unreadable error) labelled {
	l := labelled{Structure: f.Structure, place: place{File: v.datasets[file], Frame: index, Atoms: len(f.Numbers), file: file}}
	switch {
	case unreadable != nil:
		l.lacks = []error{unreadable}
	case len(f.Numbers) == 0:
		l.lacks = []error{errors.New("no atoms")}
	default:
		l.Labels, l.lacks = f.Labels(v.keys)
		f.Warnings = append(f.Warnings, l.Notes...)
	}
	return l
}

// add puts a structure with those that wait, unless there is nothing to compare,
// and computes them when they are enough.
func (v *validator) add(ctx context.Context, l labelled) error {
	v.selected[l.file]++
	v.atoms += l.Atoms
	s := structure{v.compositions.add(l.Numbers), math.NaN()}
	l.index, l.Formula = len(v.structures), v.compositions.list[s.composition].formula
	for _, reason := range l.lacks {
		v.unlabelled = append(v.unlabelled, lack{l.place, reason.Error()})
	}
	if l.Energy != nil {
		s.energy = *l.Energy
	}
	v.structures = append(v.structures, s)
	if l.Energy != nil || l.Forces != nil || l.Stress != nil {
		v.waiting = append(v.waiting, l)
	}
	if len(v.waiting) == v.size {
		return v.compute(ctx)
	}
	return nil
}

// compute computes those that wait with every model.
func (v *validator) compute(ctx context.Context) error {
	for _, m := range v.models {
		m.score.resize(len(v.structures))
		if err := v.computeWith(ctx, m); err != nil {
			return err
		}
	}
	v.bar.Done(len(v.waiting))
	v.waiting = v.waiting[:0]
	return nil
}

// computeWith leaves out the structures that the model cannot compute, one after another.
func (v *validator) computeWith(ctx context.Context, m *model) error {
	todo := make([]*labelled, len(v.waiting))
	for i := range v.waiting {
		todo[i] = &v.waiting[i]
	}
	for len(todo) > 0 {
		v.batch.Reset()
		for _, l := range todo {
			v.batch.Append(&l.Structure)
		}
		err := m.Compute(ctx, &v.batch, &v.result)
		var which *atoms.StructureError
		if errors.As(err, &which) {
			m.score.failed = append(m.score.failed, lack{todo[which.Index].place, which.Err.Error()})
			todo = slices.Delete(todo, which.Index, which.Index+1)
			continue
		}
		if err != nil {
			return err
		}
		for k, l := range todo {
			m.score.add(l, prediction{v.result.Energy[k], v.result.Forces[v.batch.Start[k]:v.batch.Start[k+1]], v.result.Stress[k]})
		}
		break
	}
	slices.SortFunc(m.score.failed, func(a, b lack) int { return a.index - b.index }) // whatever the batches
	return nil
}
