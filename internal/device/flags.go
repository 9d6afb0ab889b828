package device

import (
	"errors"
	"flag"
	"fmt"

	"painless/checkpoint"
	"painless/nn"
)

// Flags is what a command line says of how to compute.
type Flags struct {
	Device    string
	Precision string
	Filters   string
	Threads   int
}

var (
	precisions = map[string]nn.Precision{"float32": nn.Float32, "float64": nn.Float64}
	filters    = map[string]nn.Filters{"table": nn.Table, "exact": nn.Exact}
)

// Register adds -device, -precision, -filters and -threads to a command's flags.
func (f *Flags) Register(flags *flag.FlagSet) {
	flags.StringVar(&f.Precision, "precision", "float32", "arithmetic: float32 or float64")
	flags.StringVar(&f.Filters, "filters", "table", "filter networks: table, interpolated to float32's accuracy, or exact")
	flags.StringVar(&f.Device, "device", "cpu", Usage)
	flags.IntVar(&f.Threads, "threads", 0, "number of threads on the CPU; 0 is one for each core")
}

// Check says which of the flags has a value that it cannot have; -device is looked at by NewPotential.
func (f *Flags) Check() error {
	if _, ok := precisions[f.Precision]; !ok {
		return fmt.Errorf("-precision %s: expected float32 or float64", f.Precision)
	}
	if _, ok := filters[f.Filters]; !ok {
		return fmt.Errorf("-filters %s: expected table or exact", f.Filters)
	}
	if f.Threads < 0 {
		return fmt.Errorf("-threads %d: expected 0 (all cores) or more", f.Threads)
	}
	return nil
}

// Options is how to compute.
func (f *Flags) Options() nn.Options {
	return nn.Options{Precision: precisions[f.Precision], Filters: filters[f.Filters], Threads: f.Threads}
}

// Load is the network of the checkpoint file at path, and its potential.
func (f *Flags) Load(path string) (*nn.Network, nn.Potential, error) {
	network, err := LoadNetwork(path)
	if err != nil {
		return nil, nil, err
	}
	potential, err := NewPotential(network, f.Device, f.Options())
	return network, potential, err
}

// LoadNetwork is the network of the checkpoint file at path.
func LoadNetwork(path string) (*nn.Network, error) {
	c, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	network, err := nn.FromCheckpoint(c)
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return network, nil
}
