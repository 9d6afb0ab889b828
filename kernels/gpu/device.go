// Package gpu runs the network's operations on a GPU: for each a kernel in CUDA
// C, its embedded PTX, and a launcher. A Device is a real GPU (package cuda) or
// an emulator of one (package emulator), on which the same PTX runs.
package gpu

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Pointer is an address in a device's memory; 0 is none.
type Pointer uint64

// Properties are what launchers need to know of a device.
type Properties struct {
	Name            string
	Capability      int   // compute capability: 90 is 9.0
	Multiprocessors int   // SMs
	SharedPerBlock  int   // most shared memory of a block, bytes
	Memory          int64 // bytes
}

// Device is one GPU and one queue of work on it: copies and launches run in the
// order in which they were asked for, and may run after the call has returned.
// An error of theirs then comes from a later call, Synchronize or Await at the latest.
// Calls must not run at the same time.
type Device interface {
	Properties() Properties

	// Alloc is size bytes of device memory, aligned to 256, of any content. Where
	// there is not enough, the error wraps ErrOutOfMemory.
	Alloc(size int) (Pointer, error)
	Free(p Pointer) error
	// AllocHost is memory of the host from which and to which copies are fast. Where there is not enough, the error wraps ErrOutOfMemory too.
	AllocHost(size int) ([]byte, error)
	FreeHost(b []byte) error
	// Mapped is the address at which kernels find memory of AllocHost, b being what it gave: they read and write it where it is, and what they
	// wrote is there after Synchronize, or Await.
	Mapped(b []byte) (Pointer, error)

	// Upload copies src to the device; src stays as it is until Synchronize, or Await.
	Upload(dst Pointer, src []byte) error
	// Download copies from the device; dst is filled after Synchronize, or Await.
	Download(dst []byte, src Pointer) error
	// Zero sets size bytes to 0.
	Zero(dst Pointer, size int) error

	// Load makes a module of PTX; name is what errors call it.
	Load(name, ptx string) (Module, error)
	Launch(l *Launch) error
	// Capture records what work asks for, running none of it, to be launched as
	// one. It copies to and from memory of AllocHost only.
	Capture(work func() error) (Graph, error)

	// Synchronize waits until all work is done.
	Synchronize() error
	// Mark makes a mark, 0 to Marks−1, behind what was asked for so far, in place of the one that it was; not in a Capture.
	Mark(mark int) error
	// Await waits until all work before a mark is done, as Synchronize does, and not for what is behind it. A mark that was
	// never made is an error; one that was awaited may be so again.
	Await(mark int) error
	// Time is how long the device took for what work asked for.
	Time(work func() error) (time.Duration, error)

	// Close frees what the device itself holds. It may be called twice.
	Close() error
}

// Marks is how many marks a device has.
const Marks = 2

// ErrMarkInGraph is of a mark that is made or awaited in a Capture: it would be work of the graph's, which nobody could wait for.
var ErrMarkInGraph = errors.New("a mark in a graph")

// Marked is which of its marks a device has made.
type Marked [Marks]bool

// Check is an error for what is no mark.
func (*Marked) Check(mark int) error {
	if mark < 0 || mark >= Marks {
		return fmt.Errorf("mark %d: expected 0 to %d", mark, Marks-1)
	}
	return nil
}

// CheckMade is an error for what is no mark, or was not made.
func (m *Marked) CheckMade(mark int) error {
	if err := m.Check(mark); err != nil {
		return err
	}
	if !m[mark] {
		return fmt.Errorf("mark %d was not made, and cannot be awaited", mark)
	}
	return nil
}

// Module is the kernels of one PTX file.
type Module interface {
	// Kernel is an entry of the module that is launched with blocks of up to so
	// many threads and shared bytes of dynamic shared memory. What the device
	// cannot launch is refused here.
	Kernel(name string, threads, shared int) (Kernel, error)
	Close() error
}

// Kernel is a function that can be launched.
type Kernel interface {
	Name() string
	// Resident is how many blocks of as many threads and bytes as the kernel was asked for the device
	// can run at the same time, if nothing else runs on it.
	Resident() (int, error)
}

// Graph is recorded work.
type Graph interface {
	Launch() error
	Close() error
}

// Dim is a number of blocks or of threads in x, y and z; 0 counts as 1.
type Dim struct{ X, Y, Z int }

// Launch is one run of a kernel.
type Launch struct {
	Kernel      Kernel
	Grid, Block Dim
	Shared      int      // bytes of dynamic shared memory of a block
	Args        []uint64 // parameters in order: a Pointer, Int or Float each
	// Together says that blocks wait for each other: a grid of more than Resident is refused.
	Together bool
}

// Int is an argument for a parameter int.
func Int(x int) uint64 { return uint64(uint32(int32(x))) }

// Float is an argument for a parameter float.
func Float(x float32) uint64 { return uint64(math.Float32bits(x)) }
