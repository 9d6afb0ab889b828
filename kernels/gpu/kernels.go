package gpu

import (
	"errors"
	"fmt"
)

// Kernels launches the kernels on one device. Calls return before the device
// is done: see Device.
type Kernels struct {
	dev     Device
	props   Properties
	size    size
	modules []Module
	launch  Launch // reused, so that launching allocates nothing

	neighbors neighborKernels
	filters   filterKernels
	messages  messageKernels
	updates   updateKernels
	fews      fewKernels
	onces     onceKernels
	sums      collectKernels
	exchanges exchangeKernels // see LoadExchange
}

// size is what kernels are loaded for.
type size struct {
	h         int  // features
	intervals int  // of tables
	rbf       int  // radial functions of filter networks
	tensor    bool // whether tensor cores do the products of updates
}

// file is the PTX of a stem that has products of updates.
func (n size) file(stem string) string {
	if n.tensor {
		stem += "_tensor"
	}
	return stem + ".ptx"
}

// stem is the kernels of one PTX file, which `make ptx` makes of the CUDA C
// beside it.
type stem struct {
	name    string
	entries []*entry
}

// entry is a kernel, launched with blocks of so many threads and bytes of
// dynamic shared memory.
type entry struct {
	name            string
	threads, shared int
	together        bool // its blocks wait for each other
	kernel          Kernel
	parameters      []Kind
}

// Load loads the kernels of whole systems on dev, for networks of h features whose tables have
// so many intervals, and whose filter networks so many radial functions.
func Load(dev Device, h, intervals, rbf int) (*Kernels, error) {
	if h <= 0 || h%16 != 0 {
		return nil, fmt.Errorf("hidden_dim %d: the GPU's kernels expect a multiple of 16", h)
	}
	k := &Kernels{dev: dev, props: dev.Properties(), size: size{h, intervals, rbf, multiplies(dev.Properties(), h)}}
	for _, s := range k.stems() {
		if err := k.load(s); err != nil {
			return nil, errors.Join(fmt.Errorf("load %s: %w", s.name, err), k.Close())
		}
	}
	if err := k.onces.ready(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// stems is all stems, in the order of the network.
func (k *Kernels) stems() []stem {
	return []stem{
		k.neighbors.stem(), k.filters.stem(k.size), k.messages.stem(k.size, k.props.SharedPerBlock),
		k.updates.stem(k.size), k.fews.stem(k.size), k.onces.stem(k.size, k.props.SharedPerBlock), k.sums.stem(),
	}
}

func (k *Kernels) load(s stem) error {
	ptx, err := unpack(s.name)
	if err != nil {
		return err
	}
	prototypes, err := Prototypes(ptx)
	if err != nil {
		return err
	}
	for _, e := range s.entries {
		if e.shared > k.props.SharedPerBlock {
			return fmt.Errorf("hidden_dim %d and tables of %d intervals: kernel %s needs %d bytes of shared memory a block, %s has %d",
				k.size.h, k.size.intervals, e.name, e.shared, k.props.Name, k.props.SharedPerBlock)
		}
	}
	module, err := k.dev.Load(s.name, ptx)
	if err != nil {
		return err
	}
	k.modules = append(k.modules, module)
	for _, e := range s.entries {
		if e.kernel, err = module.Kernel(e.name, e.threads, e.shared); err != nil {
			return fmt.Errorf("hidden_dim %d: %w", k.size.h, err)
		}
		e.parameters = prototypes[e.name]
	}
	return nil
}

// Close gives back the modules. It may be called twice.
func (k *Kernels) Close() error {
	var errs []error
	for _, m := range k.modules {
		errs = append(errs, m.Close())
	}
	k.modules = nil
	return errors.Join(errs...)
}

// run launches a kernel; args are in the order of its parameters.
func (k *Kernels) run(e *entry, grid Dim, args ...argument) error {
	if err := e.check(args); err != nil {
		return err
	}
	k.launch = Launch{Kernel: e.kernel, Grid: grid, Block: Dim{X: e.threads}, Shared: e.shared, Args: k.launch.Args[:0], Together: e.together}
	for _, a := range args {
		k.launch.Args = append(k.launch.Args, a.bits)
	}
	return k.dev.Launch(&k.launch) // whose errors name the kernel
}

// blockThreads is the threads of most kernels' blocks.
const blockThreads = 256

// blocks is a grid of such blocks, at least n threads in all.
func blocks(n int) Dim { return Dim{X: ceilDiv(n, blockThreads)} }

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// sized says which of an operation's arrays is not as long as it has to be.
func sized(operation string, lengths ...length) error {
	for _, l := range lengths {
		if l.got != l.want {
			return fmt.Errorf("%s: %s has %d elements, expected %d", operation, l.what, l.got, l.want)
		}
	}
	return nil
}

type length struct {
	what      string
	got, want int
}

// features says that an operation is not asked for with the kernels' h.
func (k *Kernels) features(operation string, h int) error {
	if h != k.size.h {
		return fmt.Errorf("%s: %d features, the kernels were loaded for %d", operation, h, k.size.h)
	}
	return nil
}
