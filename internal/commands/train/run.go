package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"painless"
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
	trainer *train.Trainer
	notes   train.Notes
	line    *progress.Line
	saved   time.Time
	from    int64 // visits of earlier runs
	begun   time.Time
	heading bool
}

func (s *settings) train(ctx context.Context, std cli.Std) (err error) {
	if err := s.check(std); err != nil {
		return err
	}
	threads := runtime.GOMAXPROCS(0)
	if s.threads > 0 {
		threads = min(threads, s.threads)
	}
	x := &session{settings: s, std: std}
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
func (x *session) sets(ctx context.Context, cutoff float64) (training, valid *train.Set, err error) {
	training, valid = &train.Set{Limit: x.memory << 20}, &train.Set{Limit: x.memory << 20}
	held, seen, err := x.read(ctx, x.std, strings.Split(x.valid, ","), valid, nil, cutoff)
	if err != nil {
		return nil, nil, err
	}
	used, _, err := x.read(ctx, x.std, x.inputs, training, seen, cutoff)
	if err != nil {
		return nil, nil, err
	}
	used.print(x.std.Out, "training", training)
	held.print(x.std.Out, "valid", valid)
	return training, valid, nil
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
	training, valid, err := x.sets(ctx, config.Cutoff)
	if err != nil {
		return nil, err
	}
	m, elements, err := x.model(ctx, config, network, training, valid, threads)
	if err != nil {
		return nil, err
	}
	x.notes = train.Notes{"command": x.commandLine, "version": build.Version(),
		"train_sha256": training.Hash(), "valid_sha256": valid.Hash()}
	return x.schedule(ctx, m, elements, training, valid, threads)
}

// model is the weights to begin with, and the energies of the elements, eV.
func (x *session) model(ctx context.Context, config nn.Config, network *nn.Network, training, valid *train.Set, threads int) (*train.Model, map[int]float64, error) {
	if network == nil {
		m, err := train.NewModel(config, x.settings.run.Seed, x.free)
		if err != nil {
			return nil, nil, err
		}
		elements, err := x.fit(x.std.Out, x.std.Err, training, training.FitElements())
		return m, elements, err
	}
	m, elements, err := train.FromNetwork(network, x.free)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", x.settings.from, err)
	}
	tied, err := m.Network(m.Weights, elements)
	if err != nil {
		return nil, nil, err
	}
	change, err := valid.Compare(ctx, network, tied, threads)
	if err != nil {
		return nil, nil, err
	}
	if change.Energy > 1e-6 || change.Force > 1e-5 { // more than rounding
		fmt.Fprintf(x.std.Out, "from      %s, tied first: on the structures held out its energies change by %.3g meV/atom and its forces by %.3g meV/Å, on average\n",
			x.settings.from, 1000*change.Energy, 1000*change.Force)
	}
	offsets, err := training.FitErrors(ctx, tied, threads)
	if err != nil {
		return nil, nil, err
	}
	if !m.Reserved {
		fmt.Fprintf(x.std.Out, "elements  %s has no channel for their energies: it is trained on total energies\n", x.settings.from)
		return m, nil, nil
	}
	shifts, err := x.fit(x.std.Out, x.std.Err, training, offsets)
	for z, e := range shifts {
		elements[z] += e
	}
	return m, elements, err
}

// schedule decides how long the run is, and how often it validates.
func (x *session) schedule(ctx context.Context, m *train.Model, elements map[int]float64, training, valid *train.Set, threads int) (*train.Trainer, error) {
	r := x.settings.run
	if r.Rate.Peak == 0 {
		if r.Rate.Peak = 2e-3; x.settings.from != "" {
			r.Rate.Peak = 1.2e-3
		}
		// 128 features at 2e-3 diverged after 32,000 steps of 16 structures.
		r.Rate.Peak *= min(1, 64/float64(m.Config.HiddenDim))
	}
	n := float64(training.Len())
	if r.Pairs == 0 {
		r.Pairs = max(1, int(math.Ceil(2*float64(r.Batch)*float64(training.Pairs())/n)))
	}
	epochs := x.epochs
	if !x.set["epochs"] {
		epochs = 100
	}
	switch r.Total = int64(math.Ceil(epochs * n)); {
	case x.set["visits"]:
		r.Total = x.visits
	case epochs*n > 1<<60:
		return nil, fmt.Errorf("-epochs %v: more visits than can be counted", epochs)
	}
	every, duration, err := x.interval()
	if err != nil {
		return nil, err
	}
	r.Every = r.Total // to measure the speed
	t, err := train.New(m, elements, training, valid, r, threads)
	if err != nil {
		return nil, err
	}
	speed := 0.0
	if x.set["time"] || duration > 0 {
		long := min(10*time.Second, max(time.Second, x.time/50))
		if speed, err = t.Speed(ctx, long); err != nil {
			t.Close()
			return nil, err
		}
	}
	if x.set["time"] {
		t.Total = max(1, int64(speed*x.time.Seconds()))
		fmt.Fprintf(x.std.Out, "schedule  %.0f visits a second: -time %v is about %d visits, %.3g epochs; -visits %d repeats the run\n", speed, x.time, t.Total, float64(t.Total)/n, t.Total)
	}
	switch {
	case every > 0:
		t.Every = max(1, int64(every*n))
	case duration > 0:
		t.Every = max(1, int64(speed*duration.Seconds()))
	default:
		t.Every = max(1, (t.Total+19)/20)
	}
	return t, nil
}

// resumed reads the run of a state.
func (x *session) resumed(ctx context.Context, threads int) (_ *train.Trainer, err error) {
	state, err := train.OpenState(x.state)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	x.settings.run.Loss = state.Settings.Loss
	training, valid, err := x.sets(ctx, state.Model.Config.Cutoff)
	if err != nil {
		return nil, err
	}
	t, err := state.Restore(training, valid, threads)
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
	early, err := t.Run(ctx, train.Hooks{Stepped: x.stepped, Validated: x.validated})
	x.line.Clear()
	switch {
	case errors.Is(err, train.ErrDiverged):
		return fmt.Errorf("%w; %s has the weights of the best validation, %s the state of the last; a lower -rate may help", err, x.output, x.state)
	case ctx.Err() != nil:
		if saved := x.save(); saved != nil {
			return errors.Join(err, saved)
		}
		return fmt.Errorf("stopped at visit %d of %d; -resume goes on: %w", t.Visits, t.Total, err)
	case err != nil:
		return err
	case early:
		fmt.Fprintf(x.std.Out, "ended after %s without a better one\n", cli.Counted(t.Since, "validation"))
	}
	fmt.Fprintf(x.std.Out, "wrote     %s: the best validation\n", x.output)
	return x.skips.Err(t.Train().Len())
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
	return whole(x.state, func(w io.Writer) error { return x.trainer.Save(w, x.notes) })
}

// validated writes all there is: the student first, so that the state is never ahead of it.
func (x *session) validated(row train.Row, better bool) error {
	x.line.Clear()
	x.print(&row)
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

// print is a validation for people, below a heading.
func (x *session) print(r *train.Row) {
	if !x.heading {
		fmt.Fprintln(x.std.Out)
		for _, line := range [][]any{{"", "", "", "", "forces", "forces", "forces", "forces", "energies"}, {"", "", "", "", "as visited", "MAE", "RMSE", "R²", "MAE"},
			{"visits", "time", "rate", "loss", "meV/Å", "meV/Å", "meV/Å", "", "meV/atom"}} {
			fmt.Fprintf(x.std.Out, strings.Repeat("%10s ", len(line)-1)+"%10s\n", line...)
		}
		x.heading = true
	}
	fmt.Fprintf(x.std.Out, "%10d %10v %10.2g %10.4g %10.4g %10.4g %10.4g %10.4f %10.4g\n", r.Visits, time.Duration(r.Seconds*float64(time.Second)).Round(time.Second), r.Rate, r.Loss,
		1000*r.ForceMAE, 1000*r.Valid.ForceMAE, 1000*r.Valid.ForceRMSE, r.Valid.ForceR2, 1000*r.Valid.EnergyMAE)
}
