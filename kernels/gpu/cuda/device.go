//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// device is one stream in the primary context of a GPU.
//
// The driver wants the context to be the calling thread's, so each call locks
// its goroutine to a thread and sets it: 40 ns. A goroutine that keeps a thread
// for the device would cost two switches of threads a call: 33 µs measured.
type device struct {
	properties gpu.Properties
	gpu        cu.Device
	loss       *loss
	context    cu.CUContext
	stream     cu.Stream
	start, end cu.Event // of Time
	marks      [gpu.Marks]cu.Event
	marked     gpu.Marked

	memory  map[gpu.Pointer]int // sizes of what Alloc gave
	host    map[*byte]int       // sizes of what AllocHost gave
	modules map[*module]bool
	graphs  map[*graph]bool

	sharedPerMultiprocessor int // bytes

	arguments []unsafe.Pointer // of a launch
	copied    runtime.Pinner   // memory of Go that copies may still use
	last      string           // what was launched last
	capturing bool
	closed    bool
}

var errClosed = errors.New("the device is closed")

// Count is the number of GPUs. Without a driver or a GPU it is an error that
// says what is missing.
func Count() (int, error) {
	if err := openDriver(); err != nil {
		return 0, err
	}
	n, err := cu.NumDevices()
	return n, named("cuDeviceGetCount", err)
}

// Open is GPU index, of 0 to Count() - 1. Its errors say what is missing.
func Open(index int) (gpu.Device, error) {
	n, err := Count()
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= n {
		return nil, fmt.Errorf("there is no GPU %d: %d found, counted from 0", index, n)
	}
	d := &device{
		memory:  map[gpu.Pointer]int{},
		host:    map[*byte]int{},
		modules: map[*module]bool{},
		graphs:  map[*graph]bool{},
	}
	if err := d.open(index); err != nil {
		return nil, fmt.Errorf("GPU %d: %w", index, err)
	}
	return d, nil
}

func (d *device) open(index int) (err error) {
	if d.gpu, err = cu.GetDevice(index); err != nil {
		return named("cuDeviceGet", err)
	}
	d.loss = lossOf(d.gpu)
	if err := d.lost(); err != nil {
		return err
	}
	if d.properties, err = properties(d.gpu); err != nil {
		return err
	}
	if d.sharedPerMultiprocessor, err = d.gpu.Attribute(sharedOfAll); err != nil {
		return named("cuDeviceGetAttribute", err)
	}
	if d.context, err = d.gpu.RetainPrimaryCtx(); err != nil {
		return named("cuDevicePrimaryCtxRetain", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.call("cuStreamCreate", func() (err error) { d.stream, err = cu.MakeStream(cu.NonBlocking); return }); err != nil {
		return err
	}
	for _, event := range d.events() {
		if err := d.call("cuEventCreate", func() (err error) { *event, err = cu.MakeEvent(cu.DefaultEvent); return }); err != nil {
			return err
		}
	}
	return nil
}

// events is all events of the device.
func (d *device) events() []*cu.Event {
	all := []*cu.Event{&d.start, &d.end}
	for i := range d.marks {
		all = append(all, &d.marks[i])
	}
	return all
}

func properties(g cu.Device) (gpu.Properties, error) {
	var p gpu.Properties
	var err error
	if p.Name, err = g.Name(); err != nil {
		return p, named("cuDeviceGetName", err)
	}
	if p.Memory, err = g.TotalMem(); err != nil {
		return p, named("cuDeviceTotalMem", err)
	}
	var major, minor int
	for attribute, value := range map[cu.DeviceAttribute]*int{
		cu.ComputeCapabilityMajor: &major,
		cu.ComputeCapabilityMinor: &minor,
		cu.MultiprocessorCount:    &p.Multiprocessors,
		sharedPerBlock:            &p.SharedPerBlock,
	} {
		if *value, err = g.Attribute(attribute); err != nil {
			return p, named("cuDeviceGetAttribute", err)
		}
	}
	p.Capability = 10*major + minor
	if p.Capability < 70 {
		return p, fmt.Errorf("%s has compute capability %d.%d: expected 7.0 (Volta) or more", p.Name, major, minor)
	}
	return p, nil
}

func (d *device) Properties() gpu.Properties { return d.properties }

// call is f, which is the driver's call of that name, with the device's context
// on its thread. On a GPU that is lost it is the error that it was lost by.
func (d *device) call(name string, f func() error) error {
	if d.closed {
		return errClosed
	}
	if err := d.lost(); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(d.context); err != nil {
		return d.kept(named("cuCtxSetCurrent", err))
	}
	return d.kept(named(name, f()))
}

// Synchronize waits until all work is done.
func (d *device) Synchronize() error {
	err := d.call("cuStreamSynchronize", d.stream.Synchronize)
	d.copied.Unpin()
	return d.after(err)
}

// Mark records a mark's event.
func (d *device) Mark(mark int) error {
	if err := d.marked.Check(mark); err != nil {
		return err
	}
	if d.capturing {
		return gpu.ErrMarkInGraph
	}
	if err := d.call("cuEventRecord", func() error { return d.marks[mark].Record(d.stream) }); err != nil {
		return d.after(err)
	}
	d.marked[mark] = true
	return nil
}

// Await waits for a mark's event. CUDA does not wait for one that was never recorded, and says nothing.
func (d *device) Await(mark int) error {
	if err := d.marked.CheckMade(mark); err != nil {
		return err
	}
	if d.capturing {
		return gpu.ErrMarkInGraph
	}
	return d.after(d.call("cuEventSynchronize", d.marks[mark].Synchronize))
}

// after is err with what may have failed before the call that has it.
func (d *device) after(err error) error {
	if err == nil {
		return nil
	}
	if d.last == "" || d.closed || d.lost() != nil { // which says it already
		return err
	}
	return fmt.Errorf("after %s was launched: %w", d.last, err)
}

// Time is how long the device took for what work asked for; it waits for it.
func (d *device) Time(work func() error) (time.Duration, error) {
	if err := d.call("cuEventRecord", func() error { return d.start.Record(d.stream) }); err != nil {
		return 0, d.after(err)
	}
	if err := work(); err != nil {
		return 0, err
	}
	if err := d.call("cuEventRecord", func() error { return d.end.Record(d.stream) }); err != nil {
		return 0, d.after(err)
	}
	if err := d.call("cuEventSynchronize", d.end.Synchronize); err != nil {
		return 0, d.after(err)
	}
	var milliseconds float64
	err := d.call("cuEventElapsedTime", func() (err error) { milliseconds, err = d.start.Elapsed(d.end); return })
	return time.Duration(milliseconds * float64(time.Millisecond)), d.after(err)
}

// Close waits for the device's work and frees what the device holds. Memory
// that was not freed is freed too, and is an error; of a GPU that is lost nothing
// can be, and that is the error.
func (d *device) Close() error {
	if d.closed {
		return nil
	}
	var failed []error
	try := func(err error) {
		if err != nil {
			failed = append(failed, err)
		}
	}
	if d.stream != (cu.Stream{}) {
		try(d.Synchronize())
	}
	if err := d.lost(); err != nil {
		d.closed = true
		return err
	}
	for g := range d.graphs {
		try(g.Close())
	}
	for m := range d.modules {
		try(m.Close())
	}
	try(d.freeAll())
	for _, event := range d.events() {
		if *event != (cu.Event{}) {
			try(d.call("cuEventDestroy", func() error { return cu.DestroyEvent(event) }))
		}
	}
	if d.stream != (cu.Stream{}) {
		try(d.call("cuStreamDestroy", d.stream.Destroy))
	}
	try(named("cuDevicePrimaryCtxRelease", d.gpu.ReleasePrimaryCtx()))
	d.closed = true
	return errors.Join(failed...)
}
