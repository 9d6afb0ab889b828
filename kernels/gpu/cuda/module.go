//go:build cuda

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// module is a PTX file that the driver has compiled.
type module struct {
	device     *device
	name       string
	module     cu.Module
	prototypes map[string][]gpu.Kind
}

// kernel is an entry of a module that is launched with blocks of up to so many
// threads and shared bytes.
type kernel struct {
	module     *module
	name       string
	function   cu.Function
	parameters int
	threads    int
	shared     int
	resident   int // blocks at the same time; 0 before anyone asked
}

// Load compiles PTX for the device. An error has the compiler's words.
func (d *device) Load(name, ptx string) (gpu.Module, error) {
	prototypes, err := gpu.Prototypes(ptx)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	m := &module{device: d, name: name, prototypes: prototypes}
	log := make([]byte, 16<<10)
	var keep runtime.Pinner // cu hands the log's address to C as a number
	keep.Pin(&log[0])
	defer keep.Unpin()
	err = d.call("cuModuleLoadDataEx", func() (err error) {
		m.module, err = cu.LoadDataEx(ptx, &cu.JITErrorLogBuffer{Buffer: log})
		return
	})
	if err != nil {
		words, _, _ := bytes.Cut(log, []byte{0})
		return nil, fmt.Errorf("module %s: %w\n%s", name, err, bytes.TrimSpace(words))
	}
	d.modules[m] = true
	return m, nil
}

// Kernel is an entry of the module.
func (m *module) Kernel(name string, threads, shared int) (gpu.Kernel, error) {
	k, err := m.kernel(name, threads, shared)
	if err != nil {
		return nil, fmt.Errorf("module %s: kernel %s: %w", m.name, name, err)
	}
	return k, nil
}

func (m *module) kernel(name string, threads, shared int) (*kernel, error) {
	k := &kernel{module: m, name: name, parameters: len(m.prototypes[name]), threads: threads, shared: shared}
	d := m.device
	err := d.call("cuModuleGetFunction", func() (err error) { k.function, err = m.module.Function(name); return })
	if err != nil {
		return nil, err
	}
	var most, registers, limit, fixed int
	for attribute, value := range map[cu.FunctionAttribute]*int{cu.FnMaxThreadsPerBlock: &most, cu.NumRegs: &registers, dynamicShared: &limit, cu.SharedSizeBytes: &fixed} {
		if err := d.call("cuFuncGetAttribute", func() (err error) { *value, err = k.function.Attribute(attribute); return }); err != nil {
			return nil, err
		}
	}
	if threads > most {
		return nil, fmt.Errorf("%d threads in a block, expected at most %d; a thread has %d registers", threads, most, registers)
	}
	if shared > limit {
		if err := d.call("cuFuncSetAttribute", func() error { return setAttribute(k.function, dynamicShared, shared) }); err != nil {
			return nil, fmt.Errorf("%d bytes of shared memory, where a block has %d: %w", shared, d.properties.SharedPerBlock, err)
		}
	}
	if shared == 0 {
		return k, nil
	}
	// Left to itself, the driver may carve out of the first-level cache less than lets as many blocks run side by side as could. More than they need
	// would be lost to the cache.
	carve := func(percent int) error {
		return d.call("cuFuncSetAttribute", func() error { return setAttribute(k.function, carveout, percent) })
	}
	if err := carve(100); err != nil {
		return nil, err
	}
	if _, err := k.Resident(); err != nil {
		return nil, err
	}
	all := d.sharedPerMultiprocessor
	need := k.resident / d.properties.Multiprocessors * (fixed + shared + sharedReserved)
	if percent := (100*need + all - 1) / all; percent < 100 {
		return k, carve(max(1, percent))
	}
	return k, nil
}

// sharedReserved is bytes of shared memory of a block that CUDA keeps.
const sharedReserved = 1 << 10

// Close unloads the module.
func (m *module) Close() error {
	d := m.device
	if d.closed || !d.modules[m] {
		return nil
	}
	delete(d.modules, m)
	if err := d.free("cuModuleUnload", m.module.Unload); err != nil {
		return fmt.Errorf("module %s: %w", m.name, err)
	}
	return nil
}

// Name is the entry's name.
func (k *kernel) Name() string { return k.name }

// Resident is as many blocks as fit on all multiprocessors.
func (k *kernel) Resident() (int, error) {
	if k.resident > 0 {
		return k.resident, nil
	}
	d := k.module.device
	err := d.call("cuOccupancyMaxActiveBlocksPerMultiprocessor", func() error {
		n, err := k.function.MaxActiveBlocksPerMultiProcessor(k.threads, int64(k.shared))
		k.resident = n * d.properties.Multiprocessors
		return err
	})
	return k.resident, err
}

// Launch runs a kernel. It allocates nothing.
func (d *device) Launch(l *gpu.Launch) error {
	k, ok := l.Kernel.(*kernel)
	if !ok || k.module.device != d {
		return fmt.Errorf("Launch of a kernel that is not the device's")
	}
	if len(l.Args) != k.parameters {
		return fmt.Errorf("kernel %s: %d arguments for %d parameters", k.name, len(l.Args), k.parameters)
	}
	if l.Shared < 0 || l.Shared > k.shared {
		return fmt.Errorf("kernel %s: %d bytes of shared memory, more than the %d it was made for", k.name, l.Shared, k.shared)
	}
	grid, block := full(l.Grid), full(l.Block)
	if n := block.X * block.Y * block.Z; n > k.threads {
		return fmt.Errorf("kernel %s: %d threads in a block, more than the %d it was made for", k.name, n, k.threads)
	}
	for _, n := range []int{grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z} {
		if n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("kernel %s: grid %v of blocks %v", k.name, grid, block)
		}
	}
	if l.Together {
		if n, err := k.Resident(); err != nil || grid.X*grid.Y*grid.Z > n {
			return errors.Join(fmt.Errorf("kernel %s: %d blocks that wait for each other, the GPU can run %d at the same time", k.name, grid.X*grid.Y*grid.Z, n), err)
		}
	}
	d.arguments = pack(d.arguments, l.Args)
	err := d.call("cuLaunchKernel", func() error {
		return k.function.Launch(grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, l.Shared, d.stream, d.arguments)
	})
	if err != nil {
		return fmt.Errorf("kernel %s, grid %v of blocks %v with %d bytes of shared memory: %w", k.name, grid, block, l.Shared, err)
	}
	d.last = k.name
	return nil
}

// full is d with its 0s as the 1s that they count as.
func full(d gpu.Dim) gpu.Dim {
	for _, n := range []*int{&d.X, &d.Y, &d.Z} {
		if *n == 0 {
			*n = 1
		}
	}
	return d
}

// pack is the addresses of args, in memory of pointers if it is enough. All are
// of 8 bytes: cu reads so many of each, of which the driver takes the
// parameter's first.
func pack(pointers []unsafe.Pointer, args []uint64) []unsafe.Pointer {
	pointers = pointers[:0]
	for i := range args {
		pointers = append(pointers, unsafe.Pointer(&args[i]))
	}
	return pointers
}
