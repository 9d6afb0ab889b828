package train

import (
	"context"
	"math"
	"slices"
	"time"
)

// Speed is what a run takes, s, where nothing else keeps its cores busy.
type Speed struct {
	Visit      float64 // of a structure, with all that a step does
	Validation float64
}

// rounds is how often a batch is measured; the fastest counts, as other programs only
// ever slow one down.
const rounds = 5

// Measure measures whole steps on batches of the first epoch, for about so long, and
// validations, for at most so long or one, and leaves the run as it is.
func (t *Trainer) Measure(ctx context.Context, long time.Duration) (s Speed, err error) {
	progress, peak, order := t.Progress, t.Rate.Peak, t.order
	average, first, second, updates := slices.Clone(t.average), slices.Clone(t.optimizer.First), slices.Clone(t.optimizer.Second), t.optimizer.Step
	defer func() {
		t.Progress, t.Rate.Peak, t.order = progress, peak, order
		copy(t.average, average)
		copy(t.optimizer.First, first)
		copy(t.optimizer.Second, second)
		t.optimizer.Step = updates
	}()
	t.Rate.Peak = 0 // so that weights stay
	timed := func(do func(ctx context.Context) error) (float64, error) {
		begin := time.Now()
		err := do(ctx)
		return time.Since(begin).Seconds(), err
	}

	var fastest []float64
	from := t.Progress
	begin := time.Now()
	for round := range rounds {
		t.Progress, t.order = from, order
		for k := 0; ; k++ {
			if round == 0 && k > 0 && (time.Since(begin) >= long/rounds || t.Epoch != from.Epoch) || round > 0 && k == len(fastest) {
				break
			}
			took, err := timed(t.step)
			if err != nil {
				return Speed{}, err
			}
			if round == 0 {
				fastest = append(fastest, math.Inf(1))
			}
			fastest[k] = min(fastest[k], took)
		}
	}
	for _, took := range fastest {
		s.Visit += took / float64(t.Visits-from.Visits)
	}
	s.Validation = math.Inf(1)
	begin = time.Now()
	for k := 0; k == 0 || k < rounds && time.Since(begin) < long; k++ {
		took, err := timed(func(ctx context.Context) error {
			network, err := t.network(t.average)
			if err != nil {
				return err
			}
			_, err = t.valid.Validate(ctx, network, t.Loss, t.threads)
			return err
		})
		if err != nil {
			return Speed{}, t.diverged(err)
		}
		s.Validation = min(s.Validation, took)
	}
	return s, nil
}
