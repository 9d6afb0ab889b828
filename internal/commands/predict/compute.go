package predict

import (
	"context"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
	"painless/train"
)

// named is a frame and where it stood.
type named struct {
	*data.Frame
	at datasets.Place
}

// predictor computes frames some at a time and writes them in order.
type predictor struct {
	potential painless.Potential
	full      func(structures, atoms int) bool // whether those that wait are a pass
	writer    writer
	progress  *progress.Bar
	skips     *cli.Skips
	label     *labels // may be nil
	done      int     // frames

	waiting    []named
	atoms      int                // of those
	structures []*atoms.Structure // each frame's, with its displaced ones after it
	curvatures []*train.Curvature // of the frames, nil where they are not asked for
	computer   datasets.Computer
}

// predict reads all inputs, writes what it finds, and returns how many frames that are.
// What stands before an error is computed too, however many structures a pass has.
func (s *settings) predict(ctx context.Context, potential painless.Potential, std cli.Std, out *cli.Records) (int, error) {
	p := &predictor{potential: potential, full: func(structures, atoms int) bool { return s.pass.Full(s.model.Device, structures, atoms) }, writer: s.writer(out), progress: progress.New(std.Err, s.inputs), skips: &s.skips, label: s.label}
	defer p.progress.Close()
	s.skips.Stderr, s.skips.Bar = std.Err, p.progress
	err := p.read(ctx, s.inputs, datasets.Source{Stdin: std.In, Stderr: std.Err, Bar: p.progress, Dry: func() error { return p.compute(ctx) }})
	if earlier := p.compute(ctx); earlier != nil {
		return p.done, earlier
	}
	if err != nil {
		return p.done, err
	}
	return p.done, p.skips.Err(p.done)
}

func (p *predictor) read(ctx context.Context, inputs []string, source datasets.Source) error {
	for _, path := range inputs {
		err := source.Each(ctx, path, func(f *data.Frame, at datasets.Place, unreadable error) error {
			if unreadable != nil {
				if err := p.compute(ctx); err != nil { // which stand before it
					return err
				}
				return p.skips.Skip(at, unreadable)
			}
			p.waiting, p.atoms = append(p.waiting, named{f, at}), p.atoms+len(f.Numbers)
			if !p.full(len(p.waiting), p.atoms) {
				return nil
			}
			return p.compute(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compute computes and writes the frames that wait.
func (p *predictor) compute(ctx context.Context) error {
	frames := p.waiting
	if len(frames) == 0 {
		return nil
	}
	p.waiting, p.atoms, p.structures, p.curvatures = p.waiting[:0], 0, p.structures[:0], p.curvatures[:0]
	for _, f := range frames {
		c := p.label.curvature(&f.Structure)
		p.structures, p.curvatures = append(p.structures, &f.Structure), append(p.curvatures, c)
		if c != nil {
			forwards, backwards := c.Displaced(&f.Structure)
			p.structures = append(p.structures, &forwards, &backwards)
		}
	}
	each := len(p.structures) / len(frames)
	computed, err := p.computer.Compute(ctx, p.potential, p.structures, p.skips.Strict)
	if err != nil {
		return err
	}
	failed, k := p.computer.Failed, 0
	for i, f := range frames {
		var failure error
		for ; len(failed) > 0 && failed[0].Index/each == i; failed = failed[1:] {
			if failure == nil {
				failure = failed[0].Err
			}
		}
		first := k
		for k < len(computed) && computed[k]/each == i {
			k++
		}
		if failure != nil {
			err = p.skips.Skip(f.at, failure)
		} else {
			err = p.write(f, first, p.curvatures[i])
		}
		if err != nil {
			return err
		}
	}
	p.progress.Done(len(frames))
	return p.writer.Flush()
}

// write writes a frame that is structure k of the batch, and whose displaced ones, where
// its curvature is asked for, are the next two.
func (p *predictor) write(f named, k int, curvature *train.Curvature) error {
	b, r := &p.computer.Batch, &p.computer.Result
	forces := func(k int) [][3]float64 { return r.Forces[b.Start[k]:b.Start[k+1]] }
	prediction := prediction{named: f, energy: r.Energy[k], forces: forces(k), curvature: curvature}
	if curvature != nil {
		curvature.Measure(forces(k+1), forces(k+2))
	}
	if _, ok := b.Volume(k); ok {
		prediction.stress = &r.Stress[k]
	}
	if len(r.AtomEnergy) > 0 {
		prediction.shares = r.AtomEnergy[b.Start[k]:b.Start[k+1]]
	}
	if err := p.writer.Write(&prediction); err != nil {
		return p.skips.Skip(f.at, err)
	}
	p.done++
	return p.writer.End()
}
