package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"painless"
	"painless/internal/atomicfile"
	"painless/internal/build"
	"painless/internal/commands/cli"
	"painless/internal/progress"
	"painless/nn"
	"painless/train"
)

// session is a run and what it writes.
type session struct {
	*settings
	std     cli.Std
	called  time.Time
	trainer *train.Trainer
	notes   train.Notes
	line    *progress.Line
	saved   time.Time
	from    int64 // visits of earlier runs
	begun   time.Time
	heading bool
}

func (s *settings) train(ctx context.Context, std cli.Std) (err error) {
	called := time.Now()
	if err := s.check(std); err != nil {
		return err
	}
	threads := runtime.GOMAXPROCS(0)
	if s.threads > 0 {
		threads = min(threads, s.threads)
	}
	x := &session{settings: s, std: std, called: called}
	if s.resume {
		x.trainer, err = x.resumed(ctx, threads)
	} else {
		x.trainer, err = x.begin(ctx, threads)
	}
	if err != nil {
		return err
	}
	defer x.trainer.Close()
	return x.run(ctx)
}

// sets reads the structures: those that are held out first.
func (x *session) sets(ctx context.Context, cutoff float64) (training, valid *counted, err error) {
	if valid, err = x.read(ctx, x.std, strings.Split(x.valid, ","), &train.Set{}, cutoff); err != nil {
		return nil, nil, err
	}
	if training, err = x.read(ctx, x.std, x.inputs, valid.set, cutoff); err != nil {
		return nil, nil, err
	}
	training.print(x.std.Out, "training")
	valid.print(x.std.Out, "valid")
	return training, valid, x.weighed(training, valid)
}

// begin makes a run from settings.
func (x *session) begin(ctx context.Context, threads int) (*train.Trainer, error) {
	config, err := x.config()
	if err != nil {
		return nil, err
	}
	var network *nn.Network
	if x.settings.from != "" {
		if network, err = painless.Load(x.settings.from, painless.Options{Key: x.weights.Key, Cutoff: x.weights.Cutoff}); err != nil {
			return nil, err
		}
		config = network.Config
	}
	used, held, err := x.sets(ctx, config.Cutoff)
	if err != nil {
		return nil, err
	}
	if err := x.checkUnits(ctx, used, held, network, threads); err != nil {
		return nil, err
	}
	training, valid := used.set, held.set
	m, elements, err := x.model(ctx, config, network, training, valid, threads)
	if err != nil {
		return nil, err
	}
	var known []int
	if network != nil {
		known = network.Elements
		x.compareElements(known, training)
	}
	x.notes = train.Notes{"command": x.commandLine, "version": build.Version(),
		"train_sha256": training.Hash(), "valid_sha256": valid.Hash()}
	if err := x.note(x.notes); err != nil {
		return nil, err
	}
	return x.schedule(ctx, m, elements, known, training, valid, threads)
}

// resumed reads the run of a state.
func (x *session) resumed(ctx context.Context, threads int) (_ *train.Trainer, err error) {
	state, err := train.OpenState(x.state)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	if state.Notes == nil {
		state.Notes = train.Notes{}
	}
	if err := x.goOn(x.std, state.Notes); err != nil {
		return nil, err
	}
	x.settings.run.Loss = state.Settings.Loss
	used, held, err := x.sets(ctx, state.Model.Config.Cutoff)
	if err != nil {
		return nil, err
	}
	t, err := state.Restore(used.set, held.set, threads)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", x.state, err)
	}
	x.notes, x.from = state.Notes, t.Visits
	fmt.Fprintf(x.std.Out, "resumed   at visit %d of %d\n", t.Visits, t.Total)
	return t, nil
}

// run trains, and leaves student and state whole however it ends.
func (x *session) run(ctx context.Context) error {
	t := x.trainer
	x.line, x.saved, x.begun = progress.NewLine(x.std.Err), time.Now(), time.Now()
	defer x.line.Clear()
	for i := range t.Rows {
		x.print(&t.Rows[i])
	}
	if len(t.Rows) > 0 { // of a run that goes on: where they are missing, or under other names
		if err := x.write(true); err != nil {
			return err
		}
	}
	early, err := t.Run(ctx, train.Hooks{Stepped: x.stepped, Validated: x.validated})
	x.line.Clear()
	switch {
	case errors.Is(err, train.ErrDiverged):
		return fmt.Errorf("%w; %s", err, x.afterDivergence())
	case ctx.Err() != nil:
		if saved := x.save(); saved != nil {
			return errors.Join(err, saved)
		}
		fmt.Fprintf(x.std.Err, "painless: train: stopped at visit %d of %d; -resume -state %s goes on\n", t.Visits, t.Total, x.state)
		return err
	case err != nil:
		return err
	case early:
		fmt.Fprintf(x.std.Out, "ended after %s without a better one\n", cli.Counted(t.Since, "validation"))
	}
	best := t.BestRow()
	fmt.Fprintf(x.std.Out, "wrote     %s: validation at visit %d of %d: forces %s meV/Å, energies %s meV/atom\n",
		x.output, best.Visits, t.Total, figure(hasForces(best), "%.4g", 1000*best.Valid.ForceMAE), figure(hasEnergies(best), "%.4g", 1000*best.Valid.EnergyMAE))
	return errors.Join(x.learned(), x.skips.Err(t.Structures()))
}

// learned says where a run that ended well taught its student nothing: it is written all
// the same.
func (x *session) learned() error {
	t := x.trainer
	best, last := t.BestRow(), t.Rows[len(t.Rows)-1]
	switch {
	case best.Steps == 0:
		return &cli.Partial{Err: fmt.Errorf("nothing was learned: no validation had a lower loss than the one before the first step, and %s has the weights that the run began with; another -rate may help, or a longer run", x.output)}
	case best.Valid.Blind():
		return &cli.Partial{Err: fmt.Errorf("nothing was learned: R² of the forces is %.4f, no better than zeros; a lower -rate than %g may help, or a longer run", best.Valid.ForceR2, t.Rate.Peak)}
	case last.Valid.Blind():
		fmt.Fprintf(x.std.Err, "painless: in the end R² of the forces is %.4f, no better than zeros: a lower -rate than %g may help\n", last.Valid.ForceR2, t.Rate.Peak)
	}
	return nil
}

// afterDivergence says what there is, and how to go on: not with -resume, which has the
// same rate.
func (x *session) afterDivergence() string {
	t := x.trainer
	switch {
	case len(t.Rows) == 0:
		return "nothing is written"
	case t.Steps == 0:
		return fmt.Sprintf("%s has the weights that the run began with: no step was made, and -rate is not the cause: labels may be far off, or the weights of the loss too large: %s", x.output, allWeights)
	case t.BestRow().Steps == 0:
		return fmt.Sprintf("%s has the weights that the run began with: begin again with a lower -rate than %g", x.output, t.Rate.Peak)
	}
	return fmt.Sprintf("%s has the weights of the best validation, at visit %d, and %s the state of the last; -from %s with a lower -rate than %g and another -o goes on from the best; -resume has the same rate",
		x.output, t.BestRow().Visits, x.state, x.output, t.Rate.Peak)
}

func (x *session) stepped() error {
	t := x.trainer
	x.line.Show(func() string {
		rate := float64(t.Visits-x.from) / time.Since(x.begun).Seconds()
		left := time.Duration(float64(t.Total-t.Visits) / rate * float64(time.Second))
		return fmt.Sprintf("visit %d of %d, %.0f a second, %v left, loss %.4g", t.Visits, t.Total, rate, left.Round(time.Second), t.Recent)
	})
	if time.Since(x.saved) < x.saveEvery {
		return nil
	}
	return x.save()
}

func (x *session) save() error {
	x.saved = time.Now()
	return atomicfile.Write(x.state, func(w io.Writer) error { return x.trainer.Save(w, x.notes) })
}

func (x *session) validated(row train.Row, better bool) error {
	x.line.Clear()
	x.print(&row)
	return x.write(better)
}

// write writes all there is: the student first, so that the state is never ahead of it.
func (x *session) write(better bool) error {
	if better {
		network, err := x.trainer.Student()
		if err != nil {
			return err
		}
		if err := x.writeStudent(network, x.origin(x.notes, x.trainer)); err != nil {
			return err
		}
	}
	if err := x.save(); err != nil {
		return err
	}
	if x.log != "" {
		if err := x.writeLog(x.trainer.Rows); err != nil {
			return err
		}
	}
	if x.plot != "" {
		return x.writePlot(x.trainer.Rows)
	}
	return nil
}
