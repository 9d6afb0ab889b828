// Package machine says what a benchmark ran on.
package machine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine is what a benchmark's numbers depend on.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`         // that the process may use
	GPU   string `json:"gpu,omitempty"` // and its driver's version
	Go    string `json:"go"`
}

// Here is this machine, without its GPU.
func Here() Machine {
	return Machine{CPU: cpu(), Cores: runtime.NumCPU(), Go: runtime.Version()}
}

// String is the machine in a line.
func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %s", m.CPU, m.Cores, m.Go)
	if m.GPU != "" {
		text += ", " + m.GPU
	}
	return text
}

// GPU is the driver's own words for its GPUs.
func GPU(ctx context.Context) (string, error) {
	names, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").Output()
	if err != nil {
		return "", fmt.Errorf("nvidia-smi: %w", err)
	}
	return strings.TrimSpace(string(names)), nil
}

// cpu is the machine's own word for its processor.
func cpu() string {
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
