package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"time"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/atomicfile"
	"painless/internal/systems"
)

// serve is painless as a peer: it answers the jobs that it reads until they end.
func serve(in io.Reader, out io.Writer, options painless.Options) error {
	answers := json.NewEncoder(out)
	if err := answers.Encode(hello{Version: runtime.Version()}); err != nil {
		return err
	}
	w := worker{options: options}
	for jobs := json.NewDecoder(in); ; {
		var j job
		if err := jobs.Decode(&j); err != nil {
			if err == io.EOF {
				err = nil
			}
			return errors.Join(err, w.close())
		}
		a, err := w.answer(j)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := answers.Encode(a); err != nil {
			return errors.Join(err, w.close())
		}
	}
}

// worker keeps what it was asked for last.
type worker struct {
	options painless.Options
	job     job
	model   *painless.Model // nil: none yet
	batch   *painless.Batch
	result  painless.Result
	first   answer // before the atoms moved
	step    int
}

func (w *worker) close() error {
	if w.model == nil {
		return nil
	}
	model := w.model
	w.model = nil
	return model.Close()
}

func (w *worker) answer(j job) (a answer, err error) {
	if j.Structure == "" {
		if err := w.close(); err != nil {
			return a, err
		}
		a.Seconds, err = turn(j.Seconds, func() error {
			m, err := painless.Open(j.Checkpoint, w.options)
			if err != nil {
				return err
			}
			return m.Close()
		})
		return a, err
	}
	if w.model == nil || w.job != j {
		if err := w.open(j); err != nil {
			return a, err
		}
	}
	a = w.first
	a.Seconds, err = turn(j.Seconds, func() error {
		systems.Shake(w.batch.Positions, w.step)
		w.step++
		return w.compute()
	})
	return a, err
}

func (w *worker) compute() error {
	return w.model.Compute(context.Background(), w.batch, &w.result)
}

// open computes a job's structures for the first time.
func (w *worker) open(j job) error {
	if err := w.close(); err != nil {
		return err
	}
	structure, err := readXYZ(j.Structure)
	if err != nil {
		return err
	}
	model, err := painless.Open(j.Checkpoint, w.options)
	if err != nil {
		return err
	}
	structures := make([]atoms.Structure, max(1, j.Batch))
	for i := range structures {
		structures[i] = structure
	}
	w.model, w.job, w.batch, w.step = model, j, painless.NewBatch(structures...), 0
	if err := w.compute(); err != nil {
		return err
	}
	w.first = answer{Energy: w.result.Energy[0]}
	if j.Forces {
		w.first.Forces = append(w.first.Forces, w.result.Forces[:len(structure.Numbers)]...)
	}
	var list atoms.NeighborList[float32]
	if err := list.Build(w.batch, model.Network.Cutoff); err != nil {
		return err
	}
	w.first.Edges = 2 * len(list.D)
	return nil
}

func readXYZ(path string) (s atoms.Structure, err error) {
	file, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer file.Close()
	frame, err := data.NewReader(file, path).Read()
	if err != nil {
		return s, err
	}
	return frame.Structure, nil
}

func writeXYZ(path string, s atoms.Structure) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		frames := data.NewWriter(w)
		return errors.Join(frames.Write(&data.Frame{Structure: s}), frames.Flush())
	})
}

// turn is the seconds of the calls of a turn: three at least.
func turn(seconds float64, call func() error) (all []float64, err error) {
	for begin := time.Now(); len(all) < 3 || time.Since(begin).Seconds() < seconds; {
		start := time.Now()
		if err := call(); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start).Seconds())
	}
	return all, nil
}
