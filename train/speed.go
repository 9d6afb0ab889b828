package train

import (
	"context"
	"slices"
	"time"
)

// Speed is what a run takes, s.
type Speed struct {
	Visit      float64 // of a structure, with all that a step does
	Validation float64
}

// stretches is how many times are measured, each of structures that have not just been
// computed, as most of a run's have not: the median counts, whatever else the machine does
// for a moment.
const stretches = 5

// Measure measures whole steps from the first on, for about so long, and validations, for
// at most so long or one, and leaves the run as it is.
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
	var took []float64
	for range stretches {
		begin, visits := time.Now(), t.Visits
		for t.Visits == visits || time.Since(begin) < long/stretches {
			if err := t.step(ctx); err != nil {
				return Speed{}, err
			}
		}
		took = append(took, time.Since(begin).Seconds()/float64(t.Visits-visits))
	}
	s.Visit = median(took)

	took = nil
	for first := time.Now(); len(took) == 0 || len(took) < stretches && time.Since(first) < long; {
		begin := time.Now()
		network, err := t.network(t.average)
		if err != nil {
			return Speed{}, err
		}
		if _, err := t.valid.Validate(ctx, network, t.Loss, t.threads); err != nil {
			return Speed{}, t.diverged(err)
		}
		took = append(took, time.Since(begin).Seconds())
	}
	s.Validation = median(took)
	return s, nil
}
