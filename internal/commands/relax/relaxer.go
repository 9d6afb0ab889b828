package relax

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"painless"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/commands/health"
	"painless/internal/progress"
	"painless/md"
	"painless/nn"
)

// relaxer relaxes frames some at a time and writes them in the order of the input.
type relaxer struct {
	*md.Relaxation
	network  *nn.Network
	settings *settings
	writer   writer
	table    table
	line     *progress.Line
	stderr   io.Writer
	start    time.Time

	queue []*frame // in order, from the first that is not written yet
	first int      // its id
	most  int      // structures that were under way
	err   error    // of writing, after which there is no more

	written, unconverged int
	steps                int64
	least                float64 // of the largest forces of those that are not converged, eV/Å
}

// frame is one of the input, and what becomes of it.
type frame struct {
	*data.Frame
	at   datasets.Place
	done bool
	err  error // why it is left out
	outcome
}

// outcome is what a relaxation has found: eV, eV/Å, eV/Å³, Å³, bar.
type outcome struct {
	converged           bool
	steps               int64
	first, energy       float64
	forces              [][3]float64
	stress              *[6]float64 // nil where there is no volume
	firstVolume, volume float64
	maxForce, maxStress float64
}

// ahead is how many batches of frames may wait for one that takes long.
const ahead = 32

func (s *settings) newRelaxer(model *painless.Model, std cli.Std, out *cli.Records) (*relaxer, error) {
	relaxation, err := md.NewRelaxation(model, s.relax)
	if err != nil {
		return nil, err
	}
	s.skips.Stderr = std.Err
	return &relaxer{Relaxation: relaxation, network: model.Network, settings: s, writer: s.writer(out), table: table{out: std.Err, cell: s.relax.Cell != md.FixedCell},
		line: progress.NewLine(std.Err), stderr: std.Err, start: time.Now()}, nil
}

// relax reads all inputs and writes what it finds. What stands before an error is relaxed too.
func (r *relaxer) relax(ctx context.Context, std cli.Std) error {
	defer r.line.Clear()
	source := datasets.Source{Stdin: std.In, Stderr: std.Err, Dry: func() error { return r.drain(ctx) }}
	var err error
	for _, path := range r.settings.inputs {
		err = source.Each(ctx, path, func(f *data.Frame, at datasets.Place, unreadable error) error {
			defer r.line.Clear() // who reads may have something to say
			return r.take(ctx, &frame{Frame: f, at: at, err: unreadable})
		})
		if err != nil {
			break
		}
	}
	if earlier := r.drain(ctx); earlier != nil {
		return earlier
	}
	if err != nil {
		return err
	}
	if err := r.hint(ctx); err != nil {
		return err
	}
	r.summary()
	return r.missing()
}

// take takes a frame in, once there is room.
func (r *relaxer) take(ctx context.Context, f *frame) error {
	full := func() bool { return r.settings.pass.Full(r.settings.model.Device, r.Len(), r.NumAtoms()) }
	for full() || len(r.queue) >= ahead*max(1, r.most) {
		if err := r.advance(ctx); err != nil {
			return err
		}
	}
	if f.err == nil {
		var fixed [][3]bool
		if fixed, f.err = r.settings.fix.Of(f.Frame); f.err == nil {
			f.err = r.Add(r.first+len(r.queue), &f.Structure, fixed)
			r.most = max(r.most, r.Len())
		}
	}
	f.done = f.err != nil
	r.queue = append(r.queue, f)
	return r.write()
}

// drain relaxes those that have been taken.
func (r *relaxer) drain(ctx context.Context) error {
	for r.Len() > 0 && r.err == nil {
		if err := r.advance(ctx); err != nil {
			return err
		}
	}
	if err := r.write(); err != nil {
		return err
	}
	return r.writer.Flush()
}

// advance makes a step, and writes what has come to be next.
func (r *relaxer) advance(ctx context.Context) error {
	if err := r.Advance(ctx, func(done *md.Relaxed) { r.queue[done.ID-r.first].finish(done) }); err != nil {
		return err
	}
	r.line.Show(func() string {
		return fmt.Sprintf("%s done, %d under way, %v", cli.Counted(r.written, "structure"), r.Len(), time.Since(r.start).Round(time.Second))
	})
	return r.write()
}

// finish keeps what became of a frame.
func (f *frame) finish(done *md.Relaxed) {
	f.done, f.err = true, done.Err
	copy(f.Positions, done.Structure.Positions)
	f.Cell = done.Structure.Cell
	f.outcome = outcome{converged: done.Converged, steps: done.Steps, first: done.First, energy: done.Energy, forces: append([][3]float64{}, done.Forces...),
		firstVolume: done.FirstVolume, volume: done.Volume, maxForce: done.MaxForce, maxStress: done.MaxStress}
	if done.Volume > 0 {
		stress := done.Stress
		f.stress = &stress
	}
}

// write writes the frames that are done, up to the first that is not.
func (r *relaxer) write() error {
	for r.err == nil && len(r.queue) > 0 && r.queue[0].done {
		f := r.queue[0]
		r.queue, r.first = r.queue[1:], r.first+1
		r.err = r.emit(f)
	}
	return r.err
}

// emit writes a frame, or lists it.
func (r *relaxer) emit(f *frame) error {
	r.line.Clear()
	if f.err != nil {
		if f.steps > 0 {
			f.err = fmt.Errorf("after %s: %w", cli.Counted(int(f.steps), "step"), f.err)
		}
		return r.settings.skips.Skip(f.at, f.err)
	}
	if !f.converged {
		if err := r.settings.skips.List("not converged", f.at, f.short(r.settings)); err != nil {
			return err
		}
	}
	if err := r.writer.Write(f); err != nil {
		return r.settings.skips.Skip(f.at, err)
	}
	r.written, r.steps = r.written+1, r.steps+f.steps
	if !f.converged {
		if r.unconverged++; r.unconverged == 1 || f.maxForce < r.least {
			r.least = f.maxForce
		}
	}
	r.table.row(f)
	return r.writer.End()
}

// short says what a structure lacks that has not converged.
func (f *frame) short(s *settings) error {
	text := fmt.Sprintf("not converged after %s: the largest force is %.3g eV/Å", cli.Counted(int(f.steps), "step"), f.maxForce)
	if s.relax.Cell != md.FixedCell {
		text += fmt.Sprintf(", the stress is %.3g GPa from the pressure", gigapascal(f.maxStress))
	}
	return errors.New(text)
}

// missing says that not all is done, where it is not.
func (r *relaxer) missing() error {
	left := r.settings.skips.N
	if r.unconverged == 0 {
		return r.settings.skips.Err(r.written)
	}
	text := fmt.Sprintf("%d of %d frames are not converged", r.unconverged, r.written+left)
	if left > 0 {
		text += fmt.Sprintf(", and %d left out", left)
	}
	return &cli.Partial{Err: errors.New(text + ", " + r.settings.skips.How())}
}

// summary says what was done, and how fast.
func (r *relaxer) summary() {
	took := time.Since(r.start)
	r.line.Clear()
	fmt.Fprintf(r.stderr, "painless: relax: %s, %d converged, %s, in %v: %.3g structures/s\n", cli.Counted(r.written, "structure"), r.written-r.unconverged,
		cli.Counted(int(r.steps), "step"), took.Round(time.Millisecond), float64(r.written)/took.Seconds())
}

// nearKink is up to how many times the jump of a force a force is that may be left by one.
const nearKink = 3

// hint says what the health card says of symmetric molecules, where forces are left that a
// kink may leave.
func (r *relaxer) hint(ctx context.Context) error {
	if r.unconverged == 0 {
		return nil
	}
	r.line.Clear()
	jump, v, err := health.Kinks(ctx, r.network)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case err != nil:
		fmt.Fprintf(r.stderr, "painless: relax: no health card: %v\n", err)
	case jump > r.settings.relax.Force && r.least <= nearKink*jump && v.Grade != health.Good:
		fmt.Fprintf(r.stderr, "painless: relax: %s, %s: %s; -fmax %.1g may be within reach\n", v.Topic, v.Grade, v.Text, 2*jump)
	}
	return nil
}

// interrupted writes what is done, after a signal, where that takes nothing away.
func (r *relaxer) interrupted(out *cli.Records) error {
	for _, f := range r.queue {
		if f.done && r.err == nil {
			r.err = r.emit(f)
		}
	}
	if r.err != nil || r.written == 0 {
		return r.err
	}
	err := out.Commit(false)
	if errors.Is(err, fs.ErrExist) {
		fmt.Fprintf(r.stderr, "painless: relax: stopped; %s is as it was before\n", r.settings.output)
		return nil
	}
	if err == nil {
		fmt.Fprintf(r.stderr, "painless: relax: stopped; the %s that were done are written\n", cli.Counted(r.written, "structure"))
	}
	return err
}
