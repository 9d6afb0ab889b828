//go:build cuda

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// module is a PTX file that the driver has compiled for the device.
type module struct {
	dev    *device
	name   string
	module cu.Module
}

// kernel is an entry of a module.
type kernel struct {
	dev      *device
	name     string
	function cu.Function
}

// logSize is enough for what the driver's compiler has to say.
const logSize = 8 << 10

func (d *device) Load(name, ptx string) (gpu.Module, error) {
	m := &module{dev: d, name: name}
	log := &cu.JITErrorLogBuffer{Buffer: make([]byte, logSize)}
	err := d.do(func() (err error) {
		m.module, err = cu.LoadDataEx(ptx, log)
		return err
	})
	if err != nil {
		text, _, _ := bytes.Cut(log.Buffer, []byte{0})
		return nil, fmt.Errorf("%s: cuModuleLoadDataEx: %w: %s", name, err, bytes.TrimSpace(text))
	}
	return m, nil
}

func (m *module) Kernel(name string, shared int) (gpu.Kernel, error) {
	k := &kernel{dev: m.dev, name: name}
	err := m.dev.do(func() (err error) {
		if k.function, err = m.module.Function(name); err != nil {
			return err
		}
		return allowShared(k.function, shared)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: kernel %s: %w", m.name, name, err)
	}
	return k, nil
}

func (m *module) Close() error {
	return m.dev.call("cuModuleUnload", func() error { return m.module.Unload() })
}

func (k *kernel) Name() string { return k.name }

func (d *device) Launch(l *gpu.Launch) error {
	k, ok := l.Kernel.(*kernel)
	if !ok || k.dev != d {
		return errors.New("the kernel belongs to another device")
	}
	d.params = d.params[:0]
	for i := range l.Args {
		d.params = append(d.params, unsafe.Pointer(&l.Args[i]))
	}
	one := func(n int) int { return max(n, 1) }
	return d.call("cuLaunchKernel", func() error {
		return k.function.Launch(one(l.Grid.X), one(l.Grid.Y), one(l.Grid.Z), one(l.Block.X), one(l.Block.Y), one(l.Block.Z), l.Shared, d.stream, d.params)
	})
}
