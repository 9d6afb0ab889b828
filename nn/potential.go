package nn

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"painless/atoms"
)

// Potential computes energies, forces and stress, whatever the device.
type Potential interface {
	// Compute fills r for the structures of b. r is reused between calls, and
	// once it and the potential have seen the largest batch, a call allocates
	// nothing. A structure that cannot be computed is a *atoms.StructureError, and
	// r is then of no use. Calls from several goroutines take turns.
	Compute(ctx context.Context, b *atoms.Batch, r *Result) error
	// Run lends the potential's threads between computations: it calls task for every
	// unit from 0 to units−1, in no fixed order and on the workers 0 to threads−1, and
	// returns when all are done.
	Run(units int, task func(worker, unit int))
	// Close gives back memory and threads. It may be called twice.
	Close() error
}

// Result is what Compute found. With Options.EnergyOnly all but Energy is empty.
// The virial is not symmetric: the network is not exactly invariant to rotation.
type Result = atoms.Result

// Precision is the arithmetic of a potential.
type Precision int

// Float32 is what users run, Float64 the yardstick for it.
const (
	Float32 Precision = iota
	Float64
)

// Filters is how φ(d) is computed.
type Filters int

// Table interpolates tables of φ(d), whose error is below float32's rounding;
// Exact evaluates the filter network for every pair, the yardstick for it.
// Forces are the exact gradient of the energy with either. Auto is Table in
// float32 and Exact in float64, whose accuracy no table has.
const (
	Auto Filters = iota
	Table
	Exact
)

// of is the filters that are meant in an arithmetic.
func (f Filters) of(p Precision) (Filters, error) {
	switch {
	case f == Auto && p == Float64:
		return Exact, nil
	case f == Auto:
		return Table, nil
	case f == Table || f == Exact:
		return f, nil
	}
	return f, fmt.Errorf("filters %d: expected Auto, Table or Exact", f)
}

// Options of a potential; the zero value is float32, with tables, on all cores.
type Options struct {
	Precision Precision
	Filters   Filters
	Threads   int // 0: as many as GOMAXPROCS. The results do not depend on it.

	// EnergyOnly stops after the readout: the same energies, to the bit, and
	// neither the time nor the memory of the way back.
	EnergyOnly bool

	// AnyElement computes elements too that the network was not trained on, where it
	// says on which it was: without it they are an error.
	AnyElement bool

	// AtomEnergies fills Result.AtomEnergy, and AtomVirials Result.AtomVirial.
	AtomEnergies, AtomVirials bool
}

// threads is how many are meant.
func (o *Options) threads() (int, error) {
	if o.Threads < 0 || o.Threads > MaxThreads {
		return 0, fmt.Errorf("%d threads: expected 0 (all cores) to %d", o.Threads, MaxThreads)
	}
	if o.Threads == 0 {
		return min(runtime.GOMAXPROCS(0), MaxThreads), nil
	}
	return o.Threads, nil
}

// MaxThreads is more than any machine has cores, and few enough to start.
const MaxThreads = 4096

// NewPotential puts the network on the CPU.
func NewPotential(net *Network, opts Options) (Potential, error) {
	if err := net.check(); err != nil {
		return nil, err
	}
	threads, err := opts.threads()
	if err != nil {
		return nil, err
	}
	if opts.Filters, err = opts.Filters.of(opts.Precision); err != nil {
		return nil, err
	}
	switch opts.Precision {
	case Float32:
		return newCPUEngine[float32](net, opts, threads), nil
	case Float64:
		return newCPUEngine[float64](net, opts, threads), nil
	}
	return nil, fmt.Errorf("precision %d: expected Float32 or Float64", opts.Precision)
}

// errClosed is what a Potential answers after Close.
var errClosed = errors.New("potential is closed")
