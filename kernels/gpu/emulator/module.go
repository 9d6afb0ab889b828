package emulator

import (
	"fmt"
	"math"

	"painless/kernels/gpu"
)

// module is the kernels of a PTX file.
type module struct {
	dev     *Device
	name    string
	kernels map[string]*program
}

// kernel is a program on a device.
type kernel struct {
	dev     *Device
	program *program
	threads int // of a block, at most
	shared  int
}

// Load parses and decodes PTX; what the emulator does not know is an error
// that names it and its line.
func (d *Device) Load(name, ptx string) (gpu.Module, error) {
	if d.closed {
		return nil, errClosed
	}
	src, err := parse(ptx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if src.target > d.props.Capability {
		return nil, fmt.Errorf("%s: for GPUs of compute capability %d.%d and later, %s has %d.%d", name, src.target/10, src.target%10, d.props.Name, d.props.Capability/10, d.props.Capability%10)
	}
	m := &module{dev: d, name: name, kernels: map[string]*program{}}
	for _, e := range src.entries {
		p, err := decode(src, e, d.charged)
		if err != nil {
			return nil, fmt.Errorf("%s: kernel %s: %w", name, e.name, err)
		}
		m.kernels[e.name] = p
	}
	return m, nil
}

func (m *module) Kernel(name string, threads, shared int) (gpu.Kernel, error) {
	p, ok := m.kernels[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s has no kernel %s", m.name, name)
	case threads > m.dev.mostThreads(p):
		return nil, fmt.Errorf("kernel %s: %d threads in a block, expected at most %d", name, threads, m.dev.mostThreads(p))
	case p.static+shared > m.dev.props.SharedPerBlock:
		return nil, fmt.Errorf("kernel %s: %d bytes of shared memory, a block has at most %d", name, p.static+shared, m.dev.props.SharedPerBlock)
	}
	return &kernel{m.dev, p, threads, shared}, nil
}

func (m *module) Close() error { return nil }

func (k *kernel) Name() string { return k.program.name }

// Resident is what threads and shared memory allow, of an H100's multiprocessors.
func (k *kernel) Resident() (int, error) { return k.resident(), nil }

func (k *kernel) resident() int {
	const threads, blocks, room, own = 2048, 32, 228 << 10, 1 << 10
	return k.dev.props.Multiprocessors * min(blocks, threads/max(1, k.threads), room/(k.program.static+k.shared+own))
}

// maxThreads is the most threads of a block on any GPU.
const maxThreads = 1024

// maxGrid is the most blocks in y or z.
const maxGrid = 1<<16 - 1

// mostThreads is the most threads that a block of the kernel may have.
func (d *Device) mostThreads(p *program) int {
	most := maxThreads
	if p.maxThreads > 0 {
		most = p.maxThreads
	}
	if n, ok := d.threads[p.name]; ok {
		most = min(most, n)
	}
	return most
}

// check is what a GPU refuses to launch.
func (k *kernel) check(l *gpu.Launch) error {
	p := k.program
	switch {
	case len(l.Args) != p.params:
		return fmt.Errorf("%d arguments, expected %d", len(l.Args), p.params)
	case min(l.Grid.X, l.Grid.Y, l.Grid.Z, l.Block.X, l.Block.Y, l.Block.Z) < 0 || max(l.Grid.Y, l.Grid.Z) > maxGrid || l.Grid.X > math.MaxInt32:
		return fmt.Errorf("grid %v of blocks %v", l.Grid, l.Block)
	case volume(ones(l.Block)) > k.threads:
		return fmt.Errorf("%d threads in a block, the kernel was made for %d", volume(ones(l.Block)), k.threads)
	case l.Shared < 0 || l.Shared > k.shared:
		return fmt.Errorf("%d bytes of shared memory, the kernel was made for %d", l.Shared, k.shared)
	}
	if blocks := volume(ones(l.Grid)); l.Together && blocks > k.resident() {
		return fmt.Errorf("%d blocks that wait for each other, the device can run %d at the same time", blocks, k.resident())
	}
	return nil
}

func (k *kernel) run(l *gpu.Launch) error {
	p := k.program
	g := &grid{program: p, dim: ones(l.Grid), shape: ones(l.Block), shared: l.Shared, carved: k.shared, args: l.Args, memory: &k.dev.memory, limit: k.dev.limit}
	g.charged = k.dev.charged
	k.dev.memory.launch++
	run := g.run
	if l.Together {
		run = g.runTogether
	}
	counts, err := run()
	k.dev.count(p, counts)
	k.dev.charges = append(k.dev.charges, g.charges...)
	return err
}

// count adds a launch to the kernel's counts.
func (d *Device) count(p *program, counts []uint64) {
	c := d.counts[p.name]
	if c == nil {
		c = &Counts{}
		d.counts[p.name] = c
	}
	c.Launches++
	for i, n := range counts {
		at := &p.code[i].cost
		c.Instructions += n
		c.Flops += n * uint64(at.flops)
		c.Special += n * uint64(at.special)
		c.GlobalRead += n * uint64(at.globalRead)
		c.GlobalWritten += n * uint64(at.globalWritten)
		c.Shared += n * uint64(at.sharedBytes)
	}
}
