package predict

import (
	"context"
	"errors"
	"fmt"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
)

// named is a frame and where it stood.
type named struct {
	*data.Frame
	file  string
	index int // in the file, from 0
}

// predictor computes frames some at a time and writes them in order.
type predictor struct {
	potential painless.Potential
	size      int // structures in a pass
	writer    writer
	progress  *progress.Bar

	waiting []named
	batch   atoms.Batch
	result  painless.Result
}

// predict reads all inputs and writes what it finds to std.Out.
func (s *settings) predict(ctx context.Context, potential painless.Potential, std cli.Std) error {
	p := &predictor{potential: potential, size: s.batch, writer: s.writer(std.Out), progress: progress.New(std.Err, s.inputs)}
	defer p.progress.Close()
	for _, path := range s.inputs {
		if err := p.input(ctx, path, std); err != nil {
			return err
		}
	}
	if err := p.compute(ctx); err != nil {
		return err
	}
	return p.writer.Flush()
}

func (p *predictor) input(ctx context.Context, path string, std cli.Std) error {
	return datasets.Each(ctx, path, std.In, std.Err, p.progress, func(f *data.Frame, index int, unreadable error) error {
		if unreadable != nil {
			return unreadable
		}
		p.waiting = append(p.waiting, named{f, path, index})
		if len(p.waiting) < p.size {
			return nil
		}
		return p.compute(ctx)
	})
}

// compute computes and writes the frames that wait.
func (p *predictor) compute(ctx context.Context) error {
	p.batch.Reset()
	for _, f := range p.waiting {
		p.batch.Append(&f.Structure)
	}
	err := p.potential.Compute(ctx, &p.batch, &p.result)
	var which *atoms.StructureError
	if errors.As(err, &which) {
		f := p.waiting[which.Index]
		return fmt.Errorf("%s: frame %d: %w", f.file, f.index, which.Err)
	}
	if err != nil {
		return err
	}
	for k, f := range p.waiting {
		prediction := prediction{
			named:  f,
			energy: p.result.Energy[k],
			forces: p.result.Forces[p.batch.Start[k]:p.batch.Start[k+1]],
		}
		if _, ok := p.batch.Volume(k); ok {
			prediction.stress = &p.result.Stress[k]
		}
		if err := p.writer.Write(&prediction); err != nil {
			return fmt.Errorf("%s: frame %d: %w", f.file, f.index, err)
		}
	}
	p.progress.Done(len(p.waiting))
	p.waiting = p.waiting[:0]
	return nil
}
