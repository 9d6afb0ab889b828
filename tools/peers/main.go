// Command peers times painless beside PyTorch (energy and forces of the
// TorchScript export) and ONNX Runtime (energy alone of an exported graph): the
// same structures, the same number of threads, in turns. It prints a table and
// writes every time that it took.
//
//	peers [-threads N] [-rounds N] [-o FILE]
//
// It runs in the repository's root; make bench-peers installs the peers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"painless/data"
	"painless/internal/atomicfile"
	"painless/internal/systems"
)

var (
	models  = []string{"original", "tiny", "ultra_tiny"}
	against = []struct {
		name string
		make func() data.Structure
	}{
		{"benzene", systems.Benzene},
		{"water", func() data.Structure { return systems.WaterDrop(4, 4, 2) }},
		{"water", func() data.Structure { return systems.WaterDrop(8, 4, 4) }},
	}
	alone = []struct {
		name string
		make func() data.Structure
	}{
		{"water molecule", func() data.Structure { return systems.WaterDrop(1, 1, 1) }},
		{"water box", func() data.Structure { return systems.WaterBox(8, 4, 4) }},
		{"water box", func() data.Structure { return systems.WaterBox(10, 10, 10) }},
		{"water box", func() data.Structure { return systems.WaterBox(25, 20, 20) }},
	}
)

// report is what is written.
type report struct {
	Date    string            `json:"date"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Threads int               `json:"threads"`
	Peers   map[string]string `json:"peers"` // versions
	Load    []loadTime        `json:"load"`
	Against []comparison      `json:"against"`
	Alone   []scaling         `json:"alone"`
}

func main() {
	threads := flag.Int("threads", 2, "threads of each system")
	rounds := flag.Int("rounds", 5, "turns of each system")
	output := flag.String("o", "docs/benchmarks/cpu-"+time.Now().Format(time.DateOnly)+".json", "`file` to write")
	flag.Parse()
	if err := run(context.Background(), *threads, *rounds, *output); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, threads, rounds int, output string) error {
	folder, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r := report{Date: time.Now().Format(time.DateOnly), CPU: cpuModel(), Cores: runtime.NumCPU(), Threads: threads, Peers: map[string]string{"go": runtime.Version()}}

	torch, err := start(ctx, "/usr/bin/python3", "tools/peers/torch_peer.py", fmt.Sprint(threads))
	if err != nil {
		return err
	}
	onnx, err := start(ctx, "node", "tools/peers/onnx_peer.mjs", fmt.Sprint(threads))
	if err != nil {
		return errors.Join(err, torch.stop())
	}
	r.Peers["PyTorch"], r.Peers["ONNX Runtime"] = torch.version, onnx.version

	for _, model := range models {
		graph := filepath.Join(folder, model+".onnx")
		export := exec.CommandContext(ctx, "/usr/bin/python3", "tools/peers/export.py", "testdata/"+model+".pt", graph)
		if text, err := export.CombinedOutput(); err != nil {
			return fmt.Errorf("exporting %s: %w\n%s", model, err, text)
		}
		load, network, err := timeLoad(model, rounds)
		if err != nil {
			return err
		}
		r.Load = append(r.Load, load)
		for _, system := range against {
			c := &contest{model: model, network: network, name: system.name, structure: system.make(), threads: threads, graph: graph, folder: folder}
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
	if err := errors.Join(torch.stop(), onnx.stop()); err != nil {
		return err
	}
	fmt.Print(r.table())
	return r.write(output)
}

func (r *report) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	encoder := json.NewEncoder(file)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(r); err != nil {
		return err
	}
	return file.Commit()
}

// cpuModel is the machine's own word for its processor.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}
