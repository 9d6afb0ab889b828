package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"painless/atoms"
	"painless/internal/commands/cli"
	"painless/nn"
	"painless/train"
)

// smallShift is the root mean square of what fitted energies of elements change, eV per
// atom, up to which a student without a channel for them is trained on total energies.
const smallShift = 0.05

// model is the weights to begin with, and the energies of the elements, eV.
func (x *session) model(ctx context.Context, config nn.Config, network *nn.Network, training, valid *train.Set, threads int) (*train.Model, map[int]float64, error) {
	if network == nil {
		m, err := train.NewModel(config, x.settings.run.Seed, x.free)
		if err != nil {
			return nil, nil, err
		}
		return m, x.fit(x.std.Out, x.std.Err, training.FitElements()), nil
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
	shifts := x.fit(x.std.Out, x.std.Err, offsets)
	if !m.Reserved {
		if shift := training.Shift(shifts); shift <= smallShift {
			fmt.Fprintf(x.std.Out, "          %s has no channel for them: they are %.3g meV/atom in all, and left to training\n", x.settings.from, 1000*shift)
			return m, nil, nil
		}
		elements = map[int]float64{}
		if m, err = m.Widen(x.settings.run.Seed); err != nil {
			return nil, nil, fmt.Errorf("%s: no channel for the energies of the elements: %w", x.settings.from, err)
		}
		fmt.Fprintf(x.std.Out, "          %s has no channel for them, and gets one: %d features in place of %d, the same energies and forces otherwise\n",
			x.settings.from, m.Config.HiddenDim, network.HiddenDim)
	}
	for z, e := range shifts {
		elements[z] += e
	}
	return m, elements, nil
}

// compareElements says which elements are new to the student that the run begins with,
// and which it knows that it is not trained on.
func (x *session) compareElements(known []int, training *train.Set) {
	if known == nil {
		fmt.Fprintf(x.std.Out, "from      %s does not say on which elements it was trained: the student will say %s\n", x.settings.from, atoms.Symbols(training.Elements()))
		return
	}
	for _, z := range training.Elements() {
		if !slices.Contains(known, z) {
			structures, of := training.Occurs(z)
			fmt.Fprintf(x.std.Out, "new       %s: %s with %s; %s was not trained on it\n",
				atoms.Symbol(z), cli.Counted(structures, "structure"), cli.Counted(of, "atom"), x.settings.from)
		}
	}
	var kept []int
	for _, z := range known {
		if n, _ := training.Occurs(z); n == 0 {
			kept = append(kept, z)
		}
	}
	if kept != nil {
		fmt.Fprintf(x.std.Out, "kept      %s: %s knows them and no structure has them; the student says that it knows them still, and nothing tells how its errors on them change\n",
			atoms.Symbols(kept), x.settings.from)
	}
}

// peak is the rate where the command line has none.
func (s *settings) peak(features int) float64 {
	peak := 2e-3
	if s.from != "" {
		peak = 6e-4
	}
	// 128 features at 2e-3 diverged after 32,000 steps of 16 structures.
	return peak * min(1, 64/float64(features))
}

// schedule decides how long the run is, and how often it validates.
func (x *session) schedule(ctx context.Context, m *train.Model, elements map[int]float64, known []int, training, valid *train.Set, threads int) (*train.Trainer, error) {
	r := x.settings.run
	if r.Rate.Peak == 0 {
		r.Rate.Peak = x.peak(m.Config.HiddenDim)
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
	r.Every = max(1, int64(math.Round(every*n)))
	t, err := train.New(m, elements, known, training, valid, r, threads)
	if err != nil {
		return nil, err
	}
	var speed train.Speed
	if x.set["time"] || duration > 0 {
		long := min(10*time.Second, max(200*time.Millisecond, x.time/20))
		if speed, err = t.Measure(ctx, long); err != nil {
			t.Close()
			return nil, err
		}
	}
	if duration > 0 {
		t.Every = max(1, int64(duration.Seconds()/speed.Visit))
	}
	if x.set["time"] {
		left := max(x.time-time.Since(x.called), x.time/2)
		t.Total, t.Every = fitting(left.Seconds(), speed, t.Every, x.every == "")
		fmt.Fprintf(x.std.Out, "schedule  %.0f visits a second and %.2g s a validation: -time %v is %d visits, %.3g epochs; -visits %d -every %s repeats the run\n",
			1/speed.Visit, speed.Validation, x.time, t.Total, float64(t.Total)/n, t.Total, strconv.FormatFloat(float64(t.Every)/n, 'g', -1, 64))
	} else if x.every == "" {
		t.Every = max(1, (t.Total+19)/20)
	}
	return t, nil
}

// usual is how many validations there are after the first step where nothing is said.
const usual = 20

// fitting is how many visits there are in s seconds, with the validations between them:
// one each so many visits or, where that is free, as many as usual, or fewer where they
// would take more than half of the time.
func fitting(s float64, speed train.Speed, every int64, free bool) (total, between int64) {
	s -= speed.Validation // before the first step
	if free {
		n := max(1, min(usual, int64(s/2/speed.Validation)))
		total = max(1, int64((s-float64(n)*speed.Validation)/speed.Visit))
		return total, (total + n - 1) / n
	}
	s -= speed.Validation // in the end
	return max(1, int64(s/(speed.Visit+speed.Validation/float64(every)))), every
}
