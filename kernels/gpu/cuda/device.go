//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// device is one GPU through its primary context, and one stream of work on it.
type device struct {
	index      int
	dev        cu.Device
	context    cu.CUContext
	stream     cu.Stream
	begin, end cu.Event
	props      gpu.Properties
	held       map[gpu.Pointer]int // bytes
	params     []unsafe.Pointer    // of a launch
	closed     bool
}

// Open is GPU number index, from 0.
func Open(index int) (gpu.Device, error) {
	if err := initialised(); err != nil {
		return nil, fmt.Errorf("no NVIDIA GPU or no driver was found: %w; use -device cpu", err)
	}
	n, err := cu.NumDevices()
	switch {
	case err != nil:
		return nil, fmt.Errorf("cuDeviceGetCount: %w", err)
	case n == 0:
		return nil, errors.New("no NVIDIA GPU was found; use -device cpu")
	case index < 0 || index >= n:
		return nil, fmt.Errorf("GPU %d: there are %d, from 0", index, n)
	}
	d := &device{index: index, held: map[gpu.Pointer]int{}}
	if d.dev, err = cu.GetDevice(index); err != nil {
		return nil, fmt.Errorf("GPU %d: cuDeviceGet: %w", index, err)
	}
	if err := d.properties(); err != nil {
		return nil, fmt.Errorf("GPU %d: %w", index, err)
	}
	if d.context, err = d.dev.RetainPrimaryCtx(); err != nil {
		return nil, fmt.Errorf("GPU %d: cuDevicePrimaryCtxRetain: %w", index, err)
	}
	err = d.do(func() (err error) {
		if d.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
			return fmt.Errorf("cuStreamCreate: %w", err)
		}
		for _, e := range []*cu.Event{&d.begin, &d.end} {
			if *e, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
				return fmt.Errorf("cuEventCreate: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, d.dev.ReleasePrimaryCtx())
	}
	return d, nil
}

func (d *device) properties() error {
	name, err := d.dev.Name()
	if err != nil {
		return fmt.Errorf("cuDeviceGetName: %w", err)
	}
	if d.props.Memory, err = d.dev.TotalMem(); err != nil {
		return fmt.Errorf("cuDeviceTotalMem: %w", err)
	}
	d.props.Name = strings.TrimRight(name, "\x00 ")
	var major, minor int
	for _, a := range []struct {
		attribute cu.DeviceAttribute
		value     *int
	}{
		{cu.ComputeCapabilityMajor, &major}, {cu.ComputeCapabilityMinor, &minor},
		{cu.MultiprocessorCount, &d.props.Multiprocessors}, {sharedOptIn, &d.props.SharedPerBlock},
	} {
		if *a.value, err = d.dev.Attribute(a.attribute); err != nil {
			return fmt.Errorf("cuDeviceGetAttribute: %w", err)
		}
	}
	d.props.Capability = 10*major + minor
	if d.props.Capability < 70 {
		return fmt.Errorf("%s has compute capability %d.%d: expected 7.0 (Volta) or more", d.props.Name, major, minor)
	}
	return nil
}

// do runs calls of the driver on a thread that has the device's context.
func (d *device) do(calls func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(d.context); err != nil {
		return fmt.Errorf("GPU %d: cuCtxSetCurrent: %w", d.index, err)
	}
	if err := calls(); err != nil {
		return fmt.Errorf("GPU %d: %w", d.index, err)
	}
	return nil
}

// call is do for one call.
func (d *device) call(name string, call func() error) error {
	return d.do(func() error {
		if err := call(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

func (d *device) Properties() gpu.Properties { return d.props }

func (d *device) Alloc(size int) (p gpu.Pointer, err error) {
	err = d.call("cuMemAlloc", func() error {
		ptr, err := cu.MemAlloc(int64(size))
		if errors.Is(err, cu.OutOfMemory) {
			return fmt.Errorf("%w: %d bytes asked for", gpu.ErrOutOfMemory, size)
		}
		p = gpu.Pointer(ptr)
		return err
	})
	if err == nil {
		d.held[p] = size
	}
	return p, err
}

func (d *device) Free(p gpu.Pointer) error {
	delete(d.held, p)
	return d.call("cuMemFree", func() error { return cu.MemFree(cu.DevicePtr(p)) })
}

func (d *device) AllocHost(size int) (b []byte, err error) {
	err = d.do(func() error {
		b, err = pinned(size)
		return err
	})
	return b, err
}

func (d *device) FreeHost(b []byte) error { return d.do(func() error { return unpin(b) }) }

func (d *device) Upload(dst gpu.Pointer, src []byte) error {
	return d.call("cuMemcpyHtoDAsync", func() error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(unsafe.SliceData(src)), int64(len(src)), d.stream)
	})
}

func (d *device) Download(dst []byte, src gpu.Pointer) error {
	return d.call("cuMemcpyDtoHAsync", func() error {
		return cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(dst)), cu.DevicePtr(src), int64(len(dst)), d.stream)
	})
}

func (d *device) Zero(dst gpu.Pointer, size int) error {
	return d.call("cuMemsetD8Async", func() error { return cu.MemsetD8Async(cu.DevicePtr(dst), 0, int64(size), d.stream) })
}

func (d *device) Synchronize() error {
	return d.call("cuStreamSynchronize", func() error { return d.stream.Synchronize() })
}

func (d *device) Time(work func() error) (elapsed time.Duration, err error) {
	if err := d.call("cuEventRecord", func() error { return d.begin.Record(d.stream) }); err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	err = d.call("cuEventElapsedTime", func() error {
		if err := errors.Join(d.end.Record(d.stream), d.end.Synchronize()); err != nil {
			return err
		}
		ms, err := d.begin.Elapsed(d.end)
		elapsed = time.Duration(ms * 1e6)
		return err
	})
	return elapsed, err
}

func (d *device) Capture(work func() error) (gpu.Graph, error) {
	// The capture belongs to the thread that began it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := d.do(func() error { return beginCapture(d.stream) }); err != nil {
		return nil, err
	}
	workErr := work()
	g := &graph{dev: d}
	err := d.do(func() (err error) {
		g.exec, err = endCapture(d.stream)
		return err
	})
	if err := errors.Join(workErr, err); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Close is an error if memory was not given back, and frees that too.
func (d *device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	var errs []error
	for p, size := range d.held {
		errs = append(errs, fmt.Errorf("GPU %d: %d bytes of device memory were not freed", d.index, size), d.Free(p))
	}
	errs = append(errs, d.do(func() error {
		return errors.Join(cu.DestroyEvent(&d.begin), cu.DestroyEvent(&d.end), d.stream.Destroy())
	}), d.dev.ReleasePrimaryCtx())
	return errors.Join(errs...)
}
