package cli

import (
	"flag"
	"fmt"
	"strings"
)

// Pass is how many structures are computed in one pass: a number, or 0 for what keeps a device busy.
type Pass struct{ Structures int }

// Where no number is asked for: structures on a CPU, and atoms on a GPU, which few leave idle; an H200 has 7 of its 8
// million atoms a second with 12,000.
const (
	cpuPass = 32
	gpuPass = 16384
)

// Register adds the flag.
func (p *Pass) Register(flags *flag.FlagSet) {
	flags.IntVar(&p.Structures, "batch", 0, fmt.Sprintf("structures computed in one pass; 0 is %d, and on a GPU as many as have %d atoms", cpuPass, gpuPass))
}

// Check says what is wrong with the number.
func (p Pass) Check() error {
	if p.Structures < 0 {
		return fmt.Errorf("-batch %d: expected 0 or more", p.Structures)
	}
	return nil
}

// Full is whether so many structures of so many atoms are a pass on a device.
func (p Pass) Full(device string, structures, atoms int) bool {
	switch {
	case p.Structures > 0:
		return structures >= p.Structures
	case strings.HasPrefix(device, "cuda"):
		return atoms >= gpuPass || structures >= gpuPass // of no atoms
	}
	return structures >= cpuPass
}
