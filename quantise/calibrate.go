package quantise

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"painless/nn"
	"painless/train"
)

// What of a calibration was tried and found good (docs/quantisation.md).
const (
	steps = 1000
	batch = 16   // structures in a step
	rate  = 3e-5 // of Adam at first; it falls to 0 as a cosine does
)

// loss is that of the differences from the network that is not rounded.
var loss = train.Loss{Energy: 2, Force: 1, Scale: 10}

// calibrate moves the weights so that the rounded ones, and the biases and all else
// that is not rounded, give the network's energies and forces. The gradient is that of
// the rounded weights, taken for that of those before rounding (straight-through: Bengio,
// Léonard and Courville, arXiv:1308.3432); scales stay.
func (r *rounded) calibrate(ctx context.Context, n *nn.Network, o *Options) (*Calibration, error) {
	samples, err := r.samples(ctx, n, o)
	if err != nil {
		return nil, err
	}
	c := &Calibration{Structures: len(samples)}
	if c.Before, err = r.compare(ctx, samples, o.Threads); err != nil {
		return nil, err
	}
	if err := r.descend(ctx, slices.Clone(samples), o); err != nil {
		return nil, err
	}
	c.After, err = r.compare(ctx, samples, o.Threads)
	return c, err
}

func (r *rounded) descend(ctx context.Context, samples []*train.Sample, o *Options) error {
	engine, err := train.NewEngine[float32](r.model, train.EngineOptions{Threads: o.Threads, Loss: loss})
	if err != nil {
		return err
	}
	defer engine.Close()
	adam := train.NewAdamW(0, make([]bool, len(r.weights)))
	gradient := make([]float32, len(r.weights))
	rng := rand.New(rand.NewPCG(1, 2))
	at := len(samples)
	for step := range steps {
		if o.Progress != nil {
			o.Progress(step, steps)
		}
		if at+batch > len(samples) {
			rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
			at = 0
		}
		next := min(at+batch, len(samples))
		terms, err := engine.Gradient(ctx, samples[at:next], gradient)
		if err != nil {
			return err
		}
		if math.IsNaN(terms.Loss) || math.IsInf(terms.Loss, 0) {
			return fmt.Errorf("step %d: the loss is %v", step, terms.Loss)
		}
		adam.Update(r.weights, gradient, rate*0.5*(1+math.Cos(math.Pi*float64(step)/steps)))
		r.round()
		at = next
	}
	return nil
}

// samples is the structures, labelled by the network; the energies of the elements are
// no part of them.
func (r *rounded) samples(ctx context.Context, n *nn.Network, o *Options) (samples []*train.Sample, err error) {
	p, err := nn.NewPotential(n, nn.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var result nn.Result
	for i := range o.Structures {
		s := o.Structures[i]
		if err := compute(ctx, p, &s, i, &result); err != nil {
			return nil, err
		}
		energy := result.Energy[0]
		for _, z := range s.Numbers {
			energy -= r.elements[z]
		}
		x, err := train.NewSample(s, train.Labels{Energy: energy, Forces: slices.Clone(result.Forces)}, n.Cutoff)
		if err != nil {
			return nil, fmt.Errorf("structure %d: %w", i, err)
		}
		samples = append(samples, x)
	}
	return samples, nil
}
