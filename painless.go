// Package painless runs distilled PaiNN-style student force fields: energies,
// analytic forces and stress, straight from the PyTorch checkpoint, without
// Python.
//
// Open loads a checkpoint and puts its network on a device; Close gives
// everything back:
//
//	model, err := painless.Open("model.pt", painless.Options{})
//	if err != nil {
//		return err
//	}
//	defer model.Close()
//
// Structures are computed in batches, of one or of thousands, isolated or
// periodic:
//
//	batch, result := painless.NewBatch(water, benzene), &painless.Result{}
//	err = model.Compute(ctx, batch, result) // result.Energy, .Forces, .Virial, .Stress
//
// In a simulation batch and result are kept: move batch.Positions and call
// Compute again, which then allocates nothing.
//
// A periodic structure has lattice vectors as the rows of its Cell, and says in
// PBC along which of them it is periodic. Options{Device: "cuda"} computes on a
// GPU, in programs built with -tags cuda. The fields of structures, batches and
// results are in the package atoms (go doc painless/atoms.Structure); examples of
// all of this are in example_test.go.
//
// Units are Å, eV, eV/Å for forces and eV/Å³ for stress, whose sign is ASE's:
// tension is positive. Atoms and structures are counted from 0.
//
// The packages below do the parts: checkpoint reads files into named tensors,
// nn is the network, atoms is structures in memory and their neighbours, data
// and data/hdf5 are structures on disk, export writes networks for other programs.
package painless

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"painless/atoms"
	"painless/checkpoint"
	"painless/kernels/gpu"
	"painless/kernels/gpu/cuda"
	"painless/kernels/gpu/emulator"
	"painless/nn"
	"painless/student"
)

// The types that Compute takes and fills, under one roof.
type (
	// Structure is one atomic configuration: elements, positions, cell.
	Structure = atoms.Structure
	// Batch is structures one after another, which are computed in one call.
	Batch = atoms.Batch
	// StructureError says which structure of a batch could not be computed.
	StructureError = atoms.StructureError
	// Result is energies, forces, virials and stresses of a batch.
	Result = nn.Result
	// Network is an architecture and its weights, on no device yet.
	Network = nn.Network
	// Potential computes batches, whatever the device.
	Potential = nn.Potential
	// Precision is the arithmetic: Float32, which users run, or Float64.
	Precision = nn.Precision
	// Filters is how the filter networks are evaluated: Auto, Table or Exact.
	Filters = nn.Filters
)

// The values of Precision and of Filters.
const (
	Float32 = nn.Float32
	Float64 = nn.Float64

	Auto  = nn.Auto
	Table = nn.Table
	Exact = nn.Exact
)

// NewBatch copies structures into a batch.
func NewBatch(structures ...Structure) *Batch { return atoms.NewBatch(structures...) }

// Options says where and how to compute; the zero value is float32 on all cores of the CPU.
type Options struct {
	// Device is cpu (as is ""), cuda or cuda:N for a GPU, in binaries built with
	// -tags cuda, or emulator, which runs a GPU's kernels slowly on the CPU.
	Device string
	// Key is where in the file the weights stand, such as ema, or what their names
	// begin with, such as student; "" finds the one network.
	Key string
	// Cutoff, Å, is for a file that does not state its own; 0 is what the file says.
	Cutoff float64

	Precision Precision
	Filters   Filters
	Threads   int // on the CPU; 0: as many as GOMAXPROCS. The results do not depend on it.

	// EnergyOnly leaves forces, virial and stress away, and their time.
	EnergyOnly bool

	// AnyElement computes elements too that the student was not trained on, where its
	// file says on which it was: without it they are an error.
	AnyElement bool

	// AtomEnergies fills Result.AtomEnergy, and AtomVirials Result.AtomVirial.
	AtomEnergies, AtomVirials bool
}

// Model is a network on a device, whose Compute and Close are its Potential's,
// and where its weights were found.
type Model struct {
	Potential
	Network    *Network
	Key        string   // where in the file the weights stood, as Options.Key takes them; "" is the top level
	Others     []string // the same of other weights in the file
	Unapplied  []string // what energies may have been scaled or shifted by in training, such as energy_mean: it is not applied
	CutoffFrom string   // in words: stated by config, inferred from rbf.centers, given by -cutoff
	Overridden float64  // Å, the cutoff that the file states, where Options have another; or 0
}

// Default is the path of the student that is part of the program: of molecules of
// H, C, N, O, F, S and Cl. docs/student.md says what it is for, and how far off.
const Default = student.Name

// Open reads the checkpoint file at path, or Default, and puts its network on a device.
// Close gives back memory, threads and device. Errors name the file and, within
// it, the tensor, what was expected and what was found.
func Open(path string, opts Options) (*Model, error) {
	if _, err := parseDevice(opts.Device); err != nil {
		return nil, err // before the work
	}
	m, err := load(path, opts)
	if err != nil {
		return nil, err
	}
	if m.Potential, err = NewPotential(m.Network, opts); err != nil {
		return nil, err
	}
	return m, nil
}

// Load reads the network of the checkpoint file at path, or of Default. Of the options, Key and
// Cutoff are looked at.
func Load(path string, opts Options) (*Network, error) {
	m, err := load(path, opts)
	if err != nil {
		return nil, err
	}
	return m.Network, nil
}

func load(path string, opts Options) (m *Model, err error) {
	c, err := student.Open(path, checkpoint.Options{Key: opts.Key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	f, err := nn.Find(c, opts.Cutoff)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Model{Network: f.Network, Key: f.Place, Others: f.Others, Unapplied: f.Unapplied, CutoffFrom: f.CutoffFrom, Overridden: f.Overridden}, nil
}

// NewPotential puts a network on a device. Of the options, Key and Cutoff are not looked at.
func NewPotential(network *Network, opts Options) (Potential, error) {
	device, err := openDevice(opts.Device)
	if err != nil {
		return nil, err
	}
	if device == nil {
		return nn.NewPotential(network, opts.network())
	}
	return nn.NewGPUPotential(network, device, opts.network())
}

// openDevice returns a GPU, or nil for the CPU.
func openDevice(name string) (gpu.Device, error) {
	open, err := parseDevice(name)
	if err != nil || open == nil {
		return nil, err
	}
	device, err := open()
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", name, err)
	}
	return device, nil
}

// network is the options that are not the device's.
func (o Options) network() nn.Options {
	return nn.Options{Precision: o.Precision, Filters: o.Filters, Threads: o.Threads, EnergyOnly: o.EnergyOnly,
		AnyElement: o.AnyElement, AtomEnergies: o.AtomEnergies, AtomVirials: o.AtomVirials}
}

// CheckDevice says what is wrong with a name of a device; it does not look for the device.
func CheckDevice(name string) error {
	_, err := parseDevice(name)
	return err
}

// parseDevice returns what opens a GPU, or nil for the CPU.
func parseDevice(name string) (open func() (gpu.Device, error), err error) {
	switch name {
	case "", "cpu":
		return nil, nil
	case "emulator":
		return func() (gpu.Device, error) { return emulator.New(emulator.Options{}), nil }, nil
	case "cuda":
		name = "cuda:0"
	}
	number, ok := strings.CutPrefix(name, "cuda:")
	index, err := strconv.Atoi(number)
	if !ok || err != nil || index < 0 {
		return nil, fmt.Errorf("device %q: expected cpu, cuda, cuda:N or emulator", name)
	}
	return func() (gpu.Device, error) { return cuda.Open(index) }, nil
}
