package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"painless/atoms"
	"painless/internal/jsonfile"
	"painless/internal/machine"
	"painless/internal/systems"
)

// report is what is written. Seconds are the median of each turn's calls.
type report struct {
	Date    string            `json:"date"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	GPU     string            `json:"gpu,omitempty"`
	Device  string            `json:"device"`
	Threads int               `json:"threads"`
	Peers   map[string]string `json:"peers"` // versions
	Models  string            `json:"models"`

	Load       []*loadTime   `json:"load,omitempty"`
	Throughput []*throughput `json:"throughput,omitempty"`
	Against    []*comparison `json:"against,omitempty"`
	Alone      []*scaling    `json:"alone,omitempty"`

	Errors []failure `json:"errors,omitempty"`
}

// loadTime is seconds from a checkpoint on disk to a potential with its tables.
type loadTime struct {
	Model   string    `json:"model"`
	Seconds []float64 `json:"seconds"`
}

// failure is a measurement that there is not.
type failure struct {
	Measurement string `json:"measurement"`
	Error       string `json:"error"`
}

// system is structures that calls compute.
type system struct {
	name string
	make func() atoms.Structure
	size int // copies in a call
}

var (
	against = []system{
		{"benzene", systems.Benzene, 1},
		{"water", func() atoms.Structure { return systems.WaterDrop(4, 4, 2) }, 1},
		{"water", func() atoms.Structure { return systems.WaterDrop(8, 4, 4) }, 1},
	}
	alone = []system{
		{"water molecule", func() atoms.Structure { return systems.WaterDrop(1, 1, 1) }, 1},
		{"water box", func() atoms.Structure { return systems.WaterBox(8, 4, 4) }, 1},
		{"water box", func() atoms.Structure { return systems.WaterBox(10, 10, 10) }, 1},
		{"water box", func() atoms.Structure { return systems.WaterBox(25, 20, 20) }, 1},
	}
	// batches are what a GPU is for: many small molecules, and one large system.
	batches = []system{
		{"benzene", systems.Benzene, 1},
		{"water", func() atoms.Structure { return systems.WaterDrop(4, 4, 2) }, 1},
		{"benzene", systems.Benzene, 64},
		{"benzene", systems.Benzene, 1024},
		{"benzene", systems.Benzene, 8192},
		{"water box", func() atoms.Structure { return systems.WaterBox(10, 10, 10) }, 1},
		{"water box", func() atoms.Structure { return systems.WaterBox(33, 32, 32) }, 1},
		{"water box", func() atoms.Structure { return systems.WaterBox(70, 69, 69) }, 1},
	}
)

// bench takes measurements and writes each as soon as it is there. One that
// fails is left out, and said to be.
type bench struct {
	settings
	report
	folder    string // of structures and graphs
	unwritten error  // of the last time that the report was written
}

func newBench(ctx context.Context, s settings, folder string) (*bench, error) {
	here := machine.Here()
	b := &bench{settings: s, folder: folder}
	b.report = report{Date: time.Now().Format(time.DateOnly), CPU: here.CPU, Cores: here.Cores, Device: s.device, Threads: s.threads, Peers: map[string]string{}, Models: s.models}
	if s.kind() == "cuda" {
		ctx, cancel := context.WithTimeout(ctx, min(s.limit, 20*time.Second))
		defer cancel()
		var err error
		if b.GPU, err = machine.GPU(ctx); err != nil {
			b.Errors = append(b.Errors, failure{"the GPU's name", err.Error()})
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.output), 0o755); err != nil {
		return nil, err
	}
	return b, jsonfile.Write(s.output, &b.report) // before the work
}

// save writes all that there is.
func (b *bench) save() {
	if b.unwritten = jsonfile.Write(b.output, &b.report); b.unwritten != nil {
		fmt.Fprintln(os.Stderr, b.unwritten)
	}
}

// failed keeps what went wrong.
func (b *bench) failed(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s failed: %v\n", what, err)
	b.Errors = append(b.Errors, failure{what, err.Error()})
	b.save()
}

// peer is a system to be asked, and its version in the report.
func (b *bench) peer(name string, command ...string) *peer {
	return &peer{name: name, command: command, limit: b.limit, started: func(version string) { b.Peers[name] = version }}
}

// ours is painless in a process of its own.
func (b *bench) ours(threads int) *peer {
	return b.peer("painless", b.self, "-serve", "-device", b.device, "-threads", fmt.Sprint(threads))
}

// stop stops peers.
func (b *bench) stop(peers ...*peer) {
	for _, p := range peers {
		if err := p.stop(); err != nil {
			b.failed("stopping "+p.name, err)
		}
	}
}

// ask asks a peer for a turn, and writes what it answered, or why that is of no use.
func (b *bench) ask(what string, p *peer, j job, keep func(answer) error) bool {
	a, err := p.ask(j)
	if err == nil {
		err = keep(a)
	}
	if err != nil {
		b.failed(what, err)
		return false
	}
	fmt.Fprintf(os.Stderr, "%s: %.4g ms\n", what, 1e3*median(a.Seconds))
	b.save()
	return true
}

// turns asks a peer for a job's turns, and no more once one failed.
func (b *bench) turns(what string, p *peer, j job, keep func(answer) error) {
	for range b.rounds {
		if !b.ask(what, p, j, keep) {
			return
		}
	}
}

// load times the loading of a model.
func (b *bench) load(ours *peer, m model) {
	t := &loadTime{Model: m.name}
	b.Load = append(b.Load, t)
	b.turns("loading "+m.name, ours, job{Checkpoint: m.path, Seconds: b.turnSeconds}, func(a answer) error {
		t.Seconds = append(t.Seconds, median(a.Seconds))
		return nil
	})
}

// structure writes a system's structure to a file, which it may have done.
func (b *bench) structure(s system) (path string, atoms int, err error) {
	structure := s.make()
	atoms = len(structure.Numbers)
	path = filepath.Join(b.folder, fmt.Sprintf("%s-%d.xyz", s.name, atoms))
	if _, err := os.Stat(path); err == nil {
		return path, atoms, nil
	}
	return path, atoms, writeXYZ(path, structure)
}

// model is a student.
type model struct{ name, path string }

// modelsIn is the three students of a folder, or whatever else it has.
func modelsIn(folder string) (models []model, err error) {
	for _, name := range []string{"original", "tiny", "ultra_tiny"} {
		path := filepath.Join(folder, name+".pt")
		if _, err := os.Stat(path); err == nil {
			models = append(models, model{name, path})
		}
	}
	if len(models) > 0 {
		return models, nil
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.pt"))
	for _, path := range paths {
		name := filepath.Base(path)
		models = append(models, model{name[:len(name)-len(".pt")], path})
	}
	if len(models) == 0 {
		err = errors.Join(err, fmt.Errorf("no checkpoint *.pt in %s", folder))
	}
	return models, err
}

// median of at least one number.
func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}
