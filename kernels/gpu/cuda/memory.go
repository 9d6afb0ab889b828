//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// Alloc is size bytes of device memory. The error wraps gpu.ErrOutOfMemory
// if there are not as many.
func (d *device) Alloc(size int) (gpu.Pointer, error) {
	if size <= 0 {
		return 0, fmt.Errorf("Alloc of %d bytes", size)
	}
	var p cu.DevicePtr
	err := d.call("cuMemAlloc", func() (err error) { p, err = cu.MemAlloc(int64(size)); return })
	if errors.Is(err, result(cu.OutOfMemory)) {
		var free int64
		if err := d.call("cuMemGetInfo", func() (err error) { free, _, err = cu.MemInfo(); return }); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %d bytes asked for, %d of %d free: %w", gpu.ErrOutOfMemory, size, free, d.properties.Memory, err)
	}
	if err != nil {
		return 0, fmt.Errorf("Alloc of %d bytes: %w", size, err)
	}
	d.memory[gpu.Pointer(p)] = size
	return gpu.Pointer(p), nil
}

// Free frees what Alloc gave; of 0 it does nothing.
func (d *device) Free(p gpu.Pointer) error {
	if p == 0 {
		return nil
	}
	size, ok := d.memory[p]
	if !ok {
		return fmt.Errorf("Free of %#x, which Alloc did not give or which is free", p)
	}
	if err := d.free("cuMemFree", func() error { return cu.MemFree(cu.DevicePtr(p)) }); err != nil {
		return fmt.Errorf("Free of %d bytes: %w", size, err)
	}
	delete(d.memory, p)
	return nil
}

// AllocHost is page-locked memory. The error wraps gpu.ErrOutOfMemory if there is not as much.
func (d *device) AllocHost(size int) ([]byte, error) {
	if size <= 0 {
		return nil, fmt.Errorf("AllocHost of %d bytes", size)
	}
	var b []byte
	err := d.call("cuMemHostAlloc", func() (err error) { b, err = allocHost(size); return })
	if errors.Is(err, result(cu.OutOfMemory)) {
		err = fmt.Errorf("%w: %w", gpu.ErrOutOfMemory, err)
	}
	if err != nil {
		return nil, fmt.Errorf("AllocHost of %d bytes: %w", size, err)
	}
	d.host[unsafe.SliceData(b)] = size
	return b, nil
}

// FreeHost frees what AllocHost gave; of nil it does nothing.
func (d *device) FreeHost(b []byte) error {
	p := unsafe.SliceData(b)
	if p == nil {
		return nil
	}
	size, ok := d.host[p]
	if !ok {
		return fmt.Errorf("FreeHost of %d bytes that AllocHost did not give or that are free", len(b))
	}
	if err := d.free("cuMemFreeHost", func() error { return cu.MemFreeHost(unsafe.Pointer(p)) }); err != nil {
		return fmt.Errorf("FreeHost of %d bytes: %w", size, err)
	}
	delete(d.host, p)
	return nil
}

// Mapped is where the device has what AllocHost gave.
func (d *device) Mapped(b []byte) (gpu.Pointer, error) {
	start := unsafe.SliceData(b)
	if _, ok := d.host[start]; !ok {
		return 0, fmt.Errorf("Mapped of %d bytes that AllocHost did not give or that are free", len(b))
	}
	var p gpu.Pointer
	err := d.call("cuMemHostGetDevicePointer", func() (err error) { p, err = mapped(start); return })
	return p, err
}

// freeAll frees all memory; it is an error if there was any.
func (d *device) freeAll() error {
	buffers, bytes := len(d.memory)+len(d.host), 0
	if buffers == 0 {
		return nil
	}
	var failed []error
	for p, size := range d.memory {
		bytes += size
		failed = append(failed, d.Free(p))
	}
	for p, size := range d.host {
		bytes += size
		failed = append(failed, d.FreeHost(unsafe.Slice(p, size)))
	}
	return errors.Join(fmt.Errorf("%d bytes in %d buffers were not freed before Close", bytes, buffers), errors.Join(failed...))
}

// Upload copies src to the device.
func (d *device) Upload(dst gpu.Pointer, src []byte) error {
	return d.copy("cuMemcpyHtoDAsync", src, func(p unsafe.Pointer) error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), p, int64(len(src)), d.stream)
	})
}

// Download copies from the device.
func (d *device) Download(dst []byte, src gpu.Pointer) error {
	return d.copy("cuMemcpyDtoHAsync", dst, func(p unsafe.Pointer) error {
		return cu.MemcpyDtoHAsync(p, cu.DevicePtr(src), int64(len(dst)), d.stream)
	})
}

// copy is f on host, which stays where it is until the copy is done. That is
// known of no copy in a graph, so those must be of memory of AllocHost.
func (d *device) copy(call string, host []byte, f func(unsafe.Pointer) error) error {
	if len(host) == 0 {
		return nil
	}
	p := unsafe.SliceData(host)
	if !d.locked(p) {
		if d.capturing {
			return fmt.Errorf("%s of %d bytes in a graph: not memory of AllocHost", call, len(host))
		}
		d.copied.Pin(p)
	}
	if err := d.call(call, func() error { return f(unsafe.Pointer(p)) }); err != nil {
		return fmt.Errorf("copy of %d bytes: %w", len(host), err)
	}
	return nil
}

// locked is whether p points into memory of AllocHost.
func (d *device) locked(p *byte) bool {
	for start, size := range d.host {
		if uintptr(unsafe.Pointer(p))-uintptr(unsafe.Pointer(start)) < uintptr(size) {
			return true
		}
	}
	return false
}

// Zero sets size bytes to 0.
func (d *device) Zero(dst gpu.Pointer, size int) error {
	if size == 0 {
		return nil
	}
	if size < 0 {
		return fmt.Errorf("Zero of %d bytes", size)
	}
	err := d.call("cuMemsetD8Async", func() error { return cu.MemsetD8Async(cu.DevicePtr(dst), 0, int64(size), d.stream) })
	if err != nil {
		return fmt.Errorf("Zero of %d bytes: %w", size, err)
	}
	return nil
}
