package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
)

// What is timed, in ms.
const (
	load         = "load"
	energyOnly   = "energy"
	withForces   = "energy+forces"
	onnxEnergy   = "onnx energy"
	onnxForces   = "onnx energy+forces"
	rounds       = 5
	perTurnLeast = 3
)

// timed is the system of all times but those of loading: 96 atoms of water.
func timed() atoms.Structure { return systems.WaterDrop(4, 4, 2) }

// time times all variants in turns, so that what disturbs the machine disturbs all.
func (s *subject) time(ctx context.Context, folder string, seconds float64, rows []*row) error {
	all := make([]map[string][]float64, len(variants))
	turn := time.Duration(seconds / rounds * float64(time.Second))
	for range rounds {
		for i, v := range variants {
			if all[i] == nil {
				all[i] = map[string][]float64{}
			}
			if err := s.turn(ctx, folder, v, turn, all[i]); err != nil {
				return err
			}
		}
	}
	for i, r := range rows {
		r.Times = map[string]float64{}
		for what, times := range all[i] {
			slices.Sort(times)
			r.Times[what] = times[len(times)/2]
		}
	}
	return nil
}

func (s *subject) turn(ctx context.Context, folder string, v variant, turn time.Duration, times map[string][]float64) error {
	if !v.dynamic {
		path := s.path(folder, v, ".safetensors")
		if err := repeat(turn/4, times, load, func() error {
			m, err := painless.Open(path, painless.Options{Threads: 1})
			if err != nil {
				return err
			}
			return m.Close()
		}); err != nil {
			return err
		}
		for _, what := range []string{energyOnly, withForces} {
			if err := ours(ctx, path, what, turn, times); err != nil {
				return err
			}
		}
	}
	for what, ending := range map[string]string{onnxEnergy: "-energy.onnx", onnxForces: ".onnx"} {
		out, err := runtime(ctx, graphJob{Graph: s.path(folder, v, ending), Structures: []graphStructure{{timed().Numbers, timed().Positions}}, Seconds: turn.Seconds()})
		if err != nil {
			return err
		}
		times[what] = append(times[what], out.Milliseconds...)
	}
	return nil
}

func ours(ctx context.Context, path, what string, turn time.Duration, times map[string][]float64) (err error) {
	m, err := painless.Open(path, painless.Options{Threads: 1, EnergyOnly: what == energyOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	batch, result, step := painless.NewBatch(timed()), &painless.Result{}, 0
	return repeat(turn, times, what, func() error {
		systems.Shake(batch.Positions, step)
		step++
		return m.Compute(ctx, batch, result)
	})
}

// repeat times calls for so long, after one that is not counted.
func repeat(long time.Duration, times map[string][]float64, what string, call func() error) error {
	if err := call(); err != nil {
		return err
	}
	for begin, n := time.Now(), 0; n < perTurnLeast || time.Since(begin) < long; n++ {
		start := time.Now()
		if err := call(); err != nil {
			return err
		}
		times[what] = append(times[what], 1e3*time.Since(start).Seconds())
	}
	return nil
}

type graphStructure struct {
	Numbers   []int        `json:"numbers"`
	Positions [][3]float64 `json:"positions"`
}

// graphJob asks ONNX Runtime for structures, and for the time of the first one.
type graphJob struct {
	Graph      string           `json:"graph"`
	Structures []graphStructure `json:"structures"`
	Seconds    float64          `json:"seconds"`
}

type graphAnswer struct {
	Energies     []float64   `json:"energies"`
	Forces       [][]float64 `json:"forces"`
	Milliseconds []float64   `json:"ms"`
}

// runtime runs a graph in ONNX Runtime, on one thread.
func runtime(ctx context.Context, job graphJob) (a graphAnswer, err error) {
	text, err := json.Marshal(job)
	if err != nil {
		return a, err
	}
	command := exec.CommandContext(ctx, "node", "internal/dev/quantisation/onnx.mjs")
	command.Env = append(os.Environ(), "NODE_PATH=internal/dev/peers/node_modules")
	command.Stdin, command.Stderr = bytes.NewReader(text), os.Stderr
	out, err := command.Output()
	if err != nil {
		return a, fmt.Errorf("ONNX Runtime, %s: %w", job.Graph, err)
	}
	return a, json.Unmarshal(out, &a)
}

// dynamicErrors is those of the graph that multiplies integers, which nothing but ONNX
// Runtime runs; it knows isolated structures alone.
func (s *subject) dynamicErrors(ctx context.Context, folder string, r *row) error {
	v := variants[len(variants)-1]
	for _, test := range s.tests {
		list, err := structures(test)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(s atoms.Structure) bool { return s.PBC != [3]bool{} || len(s.Numbers) < 2 })
		want, err := answers(ctx, s.student, list)
		if err != nil {
			return err
		}
		job := graphJob{Graph: s.path(folder, v, ".onnx")}
		for _, x := range list {
			job.Structures = append(job.Structures, graphStructure{x.Numbers, x.Positions})
		}
		out, err := runtime(ctx, job)
		if err != nil {
			return err
		}
		r.Errors[name(test)] = compare(list, want, func(i int) float64 { return out.Energies[i] }, func(i int) (f [][3]float64) {
			for k := 0; k < len(out.Forces[i]); k += 3 {
				f = append(f, [3]float64(out.Forces[i][k:k+3]))
			}
			return f
		})
	}
	return nil
}
