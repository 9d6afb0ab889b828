package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"painless"
	"painless/atoms"
	"painless/data"
)

// comparison is the median seconds of a call, and of each turn's calls.
type comparison struct {
	Model     string    `json:"model"`
	Structure string    `json:"structure"`
	Atoms     int       `json:"atoms"`
	Edges     int       `json:"edges"` // directed
	Painless  []float64 `json:"painless"`
	PyTorch   []float64 `json:"pytorch"`
	ONNX      []float64 `json:"onnx_runtime_energy_only,omitempty"` // on the CPU

	Variants map[string][]float64 `json:"pytorch_variants,omitempty"` // on a GPU: without TorchScript, as a CUDA graph
}

// contest is a structure and a network that all systems compute in turns.
type contest struct {
	model, name   string
	device        string
	network       *painless.Network
	structure     atoms.Structure
	threads       int
	graph, folder string
}

// turnSeconds is how long a turn should last at least.
const turnSeconds = 0.3

// run lets all compute in turns; onnx may be nil.
func (c *contest) run(ctx context.Context, torch, onnx *peer, rounds int) (result comparison, err error) {
	result = comparison{Model: c.model, Structure: c.name, Atoms: len(c.structure.Numbers)}
	path := filepath.Join(c.folder, fmt.Sprintf("%s-%d.xyz", c.name, result.Atoms))
	if err := writeXYZ(path, c.structure); err != nil {
		return result, err
	}
	torchJob := job{Model: "testdata/" + c.model + "_traced.pt", Structure: path, Iterations: 1}
	if c.device != "cpu" {
		torchJob.Checkpoint, result.Variants = pathOf(c.model), map[string][]float64{}
	}
	onnxJob := job{Model: c.graph, Structure: path, Iterations: 1}
	ours, err := newRunner(c.network, c.device, c.threads, c.structure)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	result.Edges = ours.edges()
	if err := c.agree(ctx, ours, torch, onnx, torchJob, onnxJob); err != nil {
		return result, err
	}
	for range rounds {
		seconds, err := ours.time(ctx)
		if err != nil {
			return result, err
		}
		result.Painless = append(result.Painless, seconds)
		for _, peer := range []struct {
			*peer
			job   *job
			times *[]float64
		}{{torch, &torchJob, &result.PyTorch}, {onnx, &onnxJob, &result.ONNX}} {
			if peer.peer == nil {
				continue
			}
			a, err := peer.ask(*peer.job)
			if err != nil {
				return result, err
			}
			*peer.times = append(*peer.times, median(a.Seconds))
			for name, seconds := range a.Variants {
				result.Variants[name] = append(result.Variants[name], median(seconds))
			}
			peer.job.Iterations = max(3, int(turnSeconds/median(a.Seconds)))
		}
	}
	return result, nil
}

// agree checks that all systems compute the same thing.
func (c *contest) agree(ctx context.Context, ours *runner, torch, onnx *peer, torchJob, onnxJob job) error {
	if err := ours.compute(ctx); err != nil {
		return err
	}
	a, err := torch.ask(torchJob)
	if err != nil {
		return err
	}
	b := answer{Energy: a.Energy}
	if onnx != nil {
		if b, err = onnx.ask(onnxJob); err != nil {
			return err
		}
	}
	energy := ours.result.Energy[0]
	if tolerance := 1e-4 * math.Max(1, math.Abs(energy)); !(math.Abs(a.Energy-energy) < tolerance && math.Abs(b.Energy-energy) < tolerance) {
		return fmt.Errorf("energies differ: %v, PyTorch %v, ONNX Runtime %v", energy, a.Energy, b.Energy)
	}
	for i, f := range ours.result.Forces {
		for axis := range f {
			if !(math.Abs(f[axis]-a.Forces[i][axis]) < 1e-3) {
				return fmt.Errorf("forces on atom %d differ: %v, PyTorch %v", i, f, a.Forces[i])
			}
		}
	}
	return nil
}

func writeXYZ(path string, s atoms.Structure) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := data.NewWriter(file)
	if err := w.Write(&data.Frame{Structure: s}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// median of at least one number.
func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}

// loadTime is seconds from a checkpoint on disk to a potential with its tables.
type loadTime struct {
	Model   string    `json:"model"`
	Seconds []float64 `json:"seconds"`
}

func timeLoad(model string, rounds int) (loadTime, *painless.Network, error) {
	times, network := loadTime{Model: model}, (*painless.Network)(nil)
	for range rounds {
		begin := time.Now()
		m, err := painless.Open(pathOf(model), painless.Options{})
		if err != nil {
			return times, nil, err
		}
		times.Seconds, network = append(times.Seconds, time.Since(begin).Seconds()), m.Network
		if err := m.Close(); err != nil {
			return times, nil, err
		}
	}
	return times, network, nil
}
