// Package emulator is a GPU without one: a gpu.Device that interprets PTX. A
// grid's blocks run side by side on the cores, the 32 lanes of a warp together.
//
// It looks for what goes wrong unseen on a GPU, and makes it an error that
// names the kernel, the line of the PTX, the block and the thread: access out
// of bounds or misaligned, reading what nothing wrote, races for shared memory
// between barriers or with copies that nobody has waited for, divergent barriers, a block that writes or reads where
// another one writes in the same launch, unless they send each other letters
// (see letters.go), memory that is not given back.
package emulator

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"painless/kernels/gpu"
)

// Options of a device; the zero value is a large GPU with all checks on.
type Options struct {
	Properties gpu.Properties
	Unchecked  bool  // leaves out the checks of who wrote what
	Limit      int64 // instructions of a warp; 0 is 2³²
	Charged    bool  // counts what hardware would charge: see TakeCharges
	// Threads is how many a kernel's blocks may have at most, as a GPU's registers allow; 1024 where it says nothing.
	Threads map[string]int
}

// Device is the emulated GPU.
type Device struct {
	props   gpu.Properties
	memory  memory
	host    map[*byte]uint64 // addresses of what AllocHost gave
	limit   int64
	threads map[string]int
	marked  gpu.Marked
	capture *graph // that records
	counts  map[string]*Counts
	charged bool
	charges []Charges
	closed  bool
}

var errClosed = errors.New("the device is closed")

// Counts is what the launches of a kernel did.
type Counts struct {
	Launches                  int
	Instructions              uint64 // of lanes
	Flops, Special            uint64 // float32 operations, and how many of them special functions
	GlobalRead, GlobalWritten uint64 // bytes
	Shared                    uint64 // bytes
}

// New is a device.
func New(opts Options) *Device {
	p := opts.Properties
	if p.Name == "" {
		p.Name = "emulated GPU"
	}
	if p.Capability == 0 {
		p.Capability = 90
	}
	if p.Multiprocessors == 0 {
		p.Multiprocessors = 4
	}
	if p.SharedPerBlock == 0 {
		p.SharedPerBlock = 227 << 10
	}
	if p.Memory == 0 {
		p.Memory = 4 << 30
	}
	if opts.Limit == 0 {
		opts.Limit = 1 << 32
	}
	return &Device{props: p, limit: opts.Limit, threads: opts.Threads, charged: opts.Charged, host: map[*byte]uint64{}, memory: memory{limit: p.Memory, checked: !opts.Unchecked, charged: opts.Charged}, counts: map[string]*Counts{}}
}

// Properties is those of the options.
func (d *Device) Properties() gpu.Properties { return d.props }

// Counts is what each kernel did so far.
func (d *Device) Counts() map[string]*Counts { return d.counts }

// Total is what all kernels did so far.
func (d *Device) Total() (sum Counts) {
	for _, c := range d.counts {
		sum.Launches += c.Launches
		sum.Instructions += c.Instructions
		sum.Flops += c.Flops
		sum.Special += c.Special
		sum.GlobalRead += c.GlobalRead
		sum.GlobalWritten += c.GlobalWritten
		sum.Shared += c.Shared
	}
	return sum
}

// Alloc is size bytes that nothing wrote.
func (d *Device) Alloc(size int) (gpu.Pointer, error) {
	if size <= 0 {
		return 0, fmt.Errorf("allocation of %d bytes", size)
	}
	if d.closed {
		return 0, errClosed
	}
	p, err := d.memory.alloc(size)
	return gpu.Pointer(p), err
}

// Free gives back what Alloc gave; of 0 it does nothing.
func (d *Device) Free(p gpu.Pointer) error {
	if p == 0 {
		return nil
	}
	return d.memory.free(uint64(p), false)
}

// AllocHost is ordinary memory, which kernels find too.
func (d *Device) AllocHost(size int) ([]byte, error) {
	if size <= 0 {
		return nil, fmt.Errorf("allocation of %d bytes of the host", size)
	}
	if d.closed {
		return nil, errClosed
	}
	b := make([]byte, size)
	d.host[&b[0]] = d.memory.share(b)
	return b, nil
}

// FreeHost leaves what AllocHost gave to the garbage collector; of nil it does nothing.
func (d *Device) FreeHost(b []byte) error {
	p := unsafe.SliceData(b)
	if p == nil {
		return nil
	}
	address, ok := d.host[p]
	if !ok {
		return fmt.Errorf("free of %d bytes of the host, which were not allocated or are free already", len(b))
	}
	delete(d.host, p)
	return d.memory.free(address, true)
}

// Mapped is an address of its own.
func (d *Device) Mapped(b []byte) (gpu.Pointer, error) {
	address, ok := d.host[unsafe.SliceData(b)]
	if !ok {
		return 0, fmt.Errorf("address of %d bytes of the host, which were not allocated or are free", len(b))
	}
	return gpu.Pointer(address), nil
}

// Upload copies at once.
func (d *Device) Upload(dst gpu.Pointer, src []byte) error {
	return d.do(func() error {
		b, err := d.memory.fromHost(uint64(dst), len(src), true)
		copy(b, src)
		return err
	})
}

// Download copies at once.
func (d *Device) Download(dst []byte, src gpu.Pointer) error {
	return d.do(func() error {
		b, err := d.memory.fromHost(uint64(src), len(dst), false)
		copy(dst, b)
		return err
	})
}

// Zero sets bytes to 0.
func (d *Device) Zero(dst gpu.Pointer, size int) error {
	return d.do(func() error {
		b, err := d.memory.fromHost(uint64(dst), size, true)
		clear(b)
		return err
	})
}

// do runs work, or records it.
func (d *Device) do(work func() error) error {
	if d.closed {
		return errClosed
	}
	if d.capture != nil {
		d.capture.work = append(d.capture.work, work)
		return nil
	}
	return work()
}

// Launch runs a kernel to its end.
func (d *Device) Launch(l *gpu.Launch) error {
	k, ok := l.Kernel.(*kernel)
	if !ok || k.dev != d {
		return errors.New("the kernel belongs to another device")
	}
	own := *l
	own.Args = append([]uint64(nil), l.Args...)
	if err := k.check(&own); err != nil {
		return fmt.Errorf("kernel %s: %w", k.program.name, err)
	}
	return d.do(func() error { return k.run(&own) })
}

type graph struct {
	work   []func() error
	dev    *Device
	closed bool
}

// Capture records work.
func (d *Device) Capture(work func() error) (gpu.Graph, error) {
	if d.capture != nil {
		return nil, errors.New("capture within a capture")
	}
	g := &graph{dev: d}
	d.capture = g
	err := work()
	d.capture = nil
	return g, err
}

func (g *graph) Launch() error {
	if g.closed || g.dev.closed {
		return errors.New("the graph is closed")
	}
	for _, work := range g.work {
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) Close() error {
	g.closed = true
	return nil
}

// Synchronize has nothing to wait for.
func (d *Device) Synchronize() error { return d.do(func() error { return nil }) }

// Mark makes a mark: what was asked for before it is done.
func (d *Device) Mark(mark int) error {
	if err := d.marks(d.marked.Check(mark)); err != nil {
		return err
	}
	d.marked[mark] = true
	return nil
}

// Await has nothing to wait for.
func (d *Device) Await(mark int) error { return d.marks(d.marked.CheckMade(mark)) }

// marks is what keeps a mark from being made or awaited: wrong is of the mark itself.
func (d *Device) marks(wrong error) error {
	if d.closed {
		return errClosed
	}
	if d.capture != nil {
		return gpu.ErrMarkInGraph
	}
	return wrong
}

// Time is the time that the emulation took.
func (d *Device) Time(work func() error) (time.Duration, error) {
	start := time.Now()
	err := work()
	return time.Since(start), err
}

// Close is an error if memory was not given back.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	left := 0
	for _, a := range d.memory.allocs {
		left += len(a.data)
	}
	if left > 0 {
		return fmt.Errorf("%d bytes were not freed before Close", left)
	}
	return nil
}
