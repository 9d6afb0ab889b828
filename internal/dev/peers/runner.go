package main

import (
	"context"
	"errors"
	"time"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
)

// scaling is the median seconds of a call on one thread and on several.
type scaling struct {
	Model     string    `json:"model"`
	Structure string    `json:"structure"`
	Atoms     int       `json:"atoms"`
	Edges     int       `json:"edges"`
	One       []float64 `json:"one_thread"`
	All       []float64 `json:"all_threads"`
}

// scale times one thread and several in turns.
func scale(ctx context.Context, model string, network *painless.Network, name string, s atoms.Structure, threads, rounds int) (result scaling, err error) {
	result = scaling{Model: model, Structure: name, Atoms: len(s.Numbers)}
	one, err := newRunner(network, "cpu", 1, s)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, one.close()) }()
	all, err := newRunner(network, "cpu", threads, s)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	result.Edges = one.edges()
	for range rounds {
		seconds, err := one.time(ctx)
		if err != nil {
			return result, err
		}
		result.One = append(result.One, seconds)
		if seconds, err = all.time(ctx); err != nil {
			return result, err
		}
		result.All = append(result.All, seconds)
	}
	return result, nil
}

// runner is painless on one structure.
type runner struct {
	potential painless.Potential
	batch     *painless.Batch
	result    painless.Result
	step      int
}

func newRunner(network *painless.Network, on string, threads int, structures ...atoms.Structure) (*runner, error) {
	p, err := painless.NewPotential(network, painless.Options{Device: on, Threads: threads})
	return &runner{potential: p, batch: painless.NewBatch(structures...)}, err
}

func (r *runner) close() error { return r.potential.Close() }

func (r *runner) compute(ctx context.Context) error {
	return r.potential.Compute(ctx, r.batch, &r.result)
}

// edges is the number of directed edges.
func (r *runner) edges() int {
	var list atoms.NeighborList[float32]
	if err := list.Build(r.batch, 5); err != nil {
		return 0 // Compute says what is wrong
	}
	return 2 * len(list.D)
}

// time is the median of a turn of calls, between which the atoms move.
func (r *runner) time(ctx context.Context) (float64, error) {
	var seconds []float64
	for begin := time.Now(); len(seconds) < 3 || time.Since(begin).Seconds() < turnSeconds; {
		systems.Shake(r.batch.Positions, r.step)
		r.step++
		start := time.Now()
		if err := r.compute(ctx); err != nil {
			return 0, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	return median(seconds), nil
}
