package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
)

// throughput is the median seconds of a call on a GPU, host to host.
type throughput struct {
	Model      string    `json:"model"`
	Structures string    `json:"structures"`
	Batch      int       `json:"batch"` // structures in a call
	Atoms      int       `json:"atoms"` // of all of them
	Seconds    []float64 `json:"seconds"`
}

// batches are what a GPU is for: many small molecules, and one large system.
var batches = []struct {
	name string
	make func() atoms.Structure
	size int
}{
	{"benzene", systems.Benzene, 1},
	{"water", func() atoms.Structure { return systems.WaterDrop(4, 4, 2) }, 1},
	{"benzene", systems.Benzene, 64},
	{"benzene", systems.Benzene, 1024},
	{"benzene", systems.Benzene, 8192},
	{"water box", func() atoms.Structure { return systems.WaterBox(10, 10, 10) }, 1},
	{"water box", func() atoms.Structure { return systems.WaterBox(33, 32, 32) }, 1},
	{"water box", func() atoms.Structure { return systems.WaterBox(70, 69, 69) }, 1},
}

// gpu times painless beside PyTorch on one GPU, if there is a PyTorch, and then alone.
func (r *report) gpu(ctx context.Context, s settings, torch *peer, folder string) error {
	for _, model := range models {
		network, err := painless.Load(pathOf(model), painless.Options{})
		if err != nil {
			return err
		}
		for _, system := range against {
			if torch == nil {
				break
			}
			c := &contest{model: model, network: network, device: s.device, name: system.name, structure: system.make(), threads: s.threads, folder: folder}
			result, err := c.run(ctx, torch, nil, s.rounds)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", model, system.name, err)
			}
			r.Against = append(r.Against, result)
		}
		for _, b := range batches {
			t, err := timeBatch(ctx, s, network, b.name, b.make(), b.size)
			if err != nil {
				return fmt.Errorf("%s, %d times %s: %w", model, b.size, b.name, err)
			}
			t.Model = model
			r.Throughput = append(r.Throughput, t)
		}
	}
	return nil
}

func pathOf(model string) string { return filepath.Join("testdata", model+".pt") }

func timeBatch(ctx context.Context, s settings, network *painless.Network, name string, structure atoms.Structure, size int) (t throughput, err error) {
	structures := make([]atoms.Structure, size)
	for i := range structures {
		structures[i] = structure
	}
	t = throughput{Structures: name, Batch: size, Atoms: size * len(structure.Numbers)}
	r, err := newRunner(network, s.device, 0, structures...)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for range s.rounds {
		seconds, err := r.time(ctx)
		if err != nil {
			return t, err
		}
		t.Seconds = append(t.Seconds, seconds)
	}
	return t, nil
}

// gpuTable is the report of a GPU as markdown.
func (r *report) gpuTable() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s, %s\n", r.GPU, r.Date)
	if len(r.Against) > 0 {
		fmt.Fprintf(&t, "\n| model | structure | atoms | edges | painless E+F ms | PyTorch %s's fastest E+F ms | which | PyTorch / painless |\n|---|---|---|---|---|---|---|---|\n", r.Peers["PyTorch"])
	}
	for _, c := range r.Against {
		ours, torch, which := median(c.Painless), median(c.PyTorch), "TorchScript"
		for name, seconds := range c.Variants {
			if s := median(seconds); s < torch {
				torch, which = s, name
			}
		}
		fmt.Fprintf(&t, "| %s | %s | %d | %d | %.4f | %.3f | %s | %.1f |\n", c.Model, c.Structure, c.Atoms, c.Edges, 1e3*ours, 1e3*torch, which, torch/ours)
	}
	t.WriteString("\n| model | structures | batch | atoms | E+F ms | atoms/s |\n|---|---|---|---|---|---|\n")
	for _, b := range r.Throughput {
		seconds := median(b.Seconds)
		fmt.Fprintf(&t, "| %s | %s | %d | %d | %.4f | %.4g |\n", b.Model, b.Structures, b.Batch, b.Atoms, 1e3*seconds, float64(b.Atoms)/seconds)
	}
	return t.String()
}
