// Command peers times painless beside PyTorch (energy and forces of the
// TorchScript export) and ONNX Runtime (energy alone of an exported graph): the
// same structures, the same number of threads, in turns. It prints a table and
// writes every time that it took.
//
//	peers [-device cpu|cuda[:N]] [-threads N] [-rounds N] [-python FILE] [-o FILE]
//
// It runs in the repository's root; make bench-peers installs the peers. On a
// GPU, in binaries built with -tags cuda, it times PyTorch on the same GPU, and
// then painless on batches and on large systems.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"painless/atoms"
	"painless/internal/jsonfile"
	"painless/internal/machine"
	"painless/internal/systems"
)

var (
	models  = []string{"original", "tiny", "ultra_tiny"}
	against = []struct {
		name string
		make func() atoms.Structure
	}{
		{"benzene", systems.Benzene},
		{"water", func() atoms.Structure { return systems.WaterDrop(4, 4, 2) }},
		{"water", func() atoms.Structure { return systems.WaterDrop(8, 4, 4) }},
	}
	alone = []struct {
		name string
		make func() atoms.Structure
	}{
		{"water molecule", func() atoms.Structure { return systems.WaterDrop(1, 1, 1) }},
		{"water box", func() atoms.Structure { return systems.WaterBox(8, 4, 4) }},
		{"water box", func() atoms.Structure { return systems.WaterBox(10, 10, 10) }},
		{"water box", func() atoms.Structure { return systems.WaterBox(25, 20, 20) }},
	}
)

// report is what is written.
type report struct {
	Date    string            `json:"date"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Threads int               `json:"threads"`
	Peers   map[string]string `json:"peers"` // versions
	Load    []loadTime        `json:"load,omitempty"`
	Against []comparison      `json:"against"`
	Alone   []scaling         `json:"alone,omitempty"`

	GPU        string       `json:"gpu,omitempty"`
	Throughput []throughput `json:"throughput,omitempty"`
}

// settings is the command line.
type settings struct {
	device, python  string
	threads, rounds int
	output          string
}

func main() {
	var s settings
	flag.StringVar(&s.device, "device", "cpu", "what to compute on: cpu, or cuda or cuda:N for a GPU (in binaries built with -tags cuda)")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "`file` of the Python that has PyTorch; on a GPU it may be empty, and painless is timed alone")
	flag.IntVar(&s.threads, "threads", 2, "threads of each system")
	flag.IntVar(&s.rounds, "rounds", 5, "turns of each system")
	flag.StringVar(&s.output, "o", "", "`file` to write; docs/benchmarks/DEVICE-DATE.json if empty")
	flag.Parse()
	if s.output == "" {
		name, _, _ := strings.Cut(s.device, ":")
		s.output = "docs/benchmarks/" + name + "-" + time.Now().Format(time.DateOnly) + ".json"
	}
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	folder, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	here := machine.Here()
	r := report{Date: time.Now().Format(time.DateOnly), CPU: here.CPU, Cores: here.Cores, Threads: s.threads, Peers: map[string]string{"go": here.Go}}
	kind, _, _ := strings.Cut(s.device, ":")
	var torch *peer
	if s.python != "" || kind == "cpu" {
		if torch, err = start(ctx, s.python, "internal/dev/peers/torch_peer.py", fmt.Sprint(s.threads), kind); err != nil {
			return err
		}
		r.Peers["PyTorch"] = torch.version
	}
	table := r.table
	if kind == "cpu" {
		err = r.cpu(ctx, s, torch, folder)
	} else {
		if r.GPU, err = machine.GPU(ctx); err == nil {
			err = r.gpu(ctx, s, torch, folder)
		}
		table = r.gpuTable
	}
	if err := errors.Join(err, torch.stop()); err != nil {
		return err
	}
	fmt.Print(table())
	return r.write(s.output)
}

// cpu times painless beside both peers, and then on one thread and on all.
func (r *report) cpu(ctx context.Context, s settings, torch *peer, folder string) (err error) {
	threads, rounds := s.threads, s.rounds
	onnx, err := start(ctx, "node", "internal/dev/peers/onnx_peer.mjs", fmt.Sprint(threads))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, onnx.stop()) }()
	r.Peers["ONNX Runtime"] = onnx.version
	for _, model := range models {
		graph := filepath.Join(folder, model+".onnx")
		export := exec.CommandContext(ctx, s.python, "internal/dev/peers/export.py", pathOf(model), graph)
		if text, err := export.CombinedOutput(); err != nil {
			return fmt.Errorf("exporting %s: %w\n%s", model, err, text)
		}
		load, network, err := timeLoad(model, rounds)
		if err != nil {
			return err
		}
		r.Load = append(r.Load, load)
		for _, system := range against {
			c := &contest{model: model, network: network, device: "cpu", name: system.name, structure: system.make(), threads: threads, graph: graph, folder: folder}
			result, err := c.run(ctx, torch, onnx, rounds)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", model, system.name, err)
			}
			r.Against = append(r.Against, result)
		}
		for _, system := range alone {
			result, err := scale(ctx, model, network, system.name, system.make(), threads, rounds)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", model, system.name, err)
			}
			r.Alone = append(r.Alone, result)
		}
	}
	return nil
}

// write writes the report to a file, in a folder that is made where it is missing.
func (r *report) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return jsonfile.Write(path, r)
}
