package main

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"painless/atoms"
	"painless/data"
	"painless/internal/progress"
	"painless/nn"
)

// model is a student and how it fares.
type model struct {
	name, path string
	network    *nn.Network
	potential  nn.Potential
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

	index int // in validator.structures
}

// lack is a structure that was not validated, or not wholly, and why.
type lack struct {
	place
	Reason string `json:"reason"`
}

// labelled is a structure that waits to be computed.
type labelled struct {
	atoms.Structure
	labels
	place
}

// validator computes structures some at a time with every model. Of each
// structure it keeps 16 bytes, and 8 for each model.
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
	result  nn.Result
}

// load opens the models.
func (v *validator) load() error {
	for i, path := range v.checkpoints {
		network, potential, err := v.device.Load(path)
		if err != nil {
			return err
		}
		v.models = append(v.models, &model{name: name(i, v.checkpoints), path: path, network: network, potential: potential})
	}
	return nil
}

// name is a file's name without its extension, or the whole path if another file has that name too.
func name(i int, paths []string) string {
	base := func(path string) string {
		return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	for j := range paths {
		if j != i && base(paths[i]) == base(paths[j]) {
			return paths[i]
		}
	}
	return base(paths[i])
}

func (v *validator) close() (err error) {
	for _, m := range v.models {
		err = errors.Join(err, m.potential.Close())
	}
	return err
}

// validate goes through the data sets once, or twice if it has to count first.
func (v *validator) validate(ctx context.Context, stderr io.Writer) error {
	v.read, v.selected = make([]int, len(v.datasets)), make([]int, len(v.datasets))
	chosen, err := v.selection(ctx)
	if err != nil {
		return err
	}
	v.bar = progress.New(stderr, v.datasets)
	defer v.bar.Close()
	for i, path := range v.datasets {
		err := each(path, v.bar, func(f *data.Frame, index int, unreadable error) error {
			v.read[i]++
			if !chosen.take() {
				return ctx.Err()
			}
			v.selected[i]++
			v.atoms += len(f.Numbers)
			v.add(f, i, index, unreadable)
			if len(v.waiting) == v.batchSize {
				return v.compute(ctx)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return v.compute(ctx)
}

// selection counts the structures if some are to be drawn.
func (v *validator) selection(ctx context.Context) (*selection, error) {
	if v.max == 0 {
		return &selection{}, nil
	}
	total := 0
	for _, path := range v.datasets {
		n, err := count(ctx, path)
		if err != nil {
			return nil, err
		}
		total += n
	}
	return newSelection(v.seed, v.max, total), nil
}

// add puts a frame with those that wait, unless there is nothing to compare.
func (v *validator) add(f *data.Frame, file, index int, unreadable error) {
	s := structure{v.compositions.add(f.Numbers), math.NaN()}
	l := labelled{Structure: f.Structure}
	l.place = place{v.datasets[file], index, v.compositions.list[s.composition].formula, len(f.Numbers), len(v.structures)}
	var lacks []string
	if unreadable != nil {
		lacks = []string{unreadable.Error()}
	} else {
		l.labels, lacks = v.keys.of(f)
	}
	for _, reason := range lacks {
		v.unlabelled = append(v.unlabelled, lack{l.place, reason})
	}
	if l.energy != nil {
		s.energy = *l.energy
	}
	v.structures = append(v.structures, s)
	if l.energy != nil || l.forces != nil || l.stress != nil {
		v.waiting = append(v.waiting, l)
	}
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
		err := m.potential.Compute(ctx, &v.batch, &v.result)
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
