package gpu

import (
	_ "embed" // the PTX
	"errors"
	"fmt"
)

// The PTX is what `make ptx` makes of the CUDA C beside it.
var (
	//go:embed neighbors.ptx
	neighborsPTX string
	//go:embed embed.ptx
	embedPTX string
	//go:embed filter.ptx
	filterPTX string
	//go:embed message.ptx
	messagePTX string
	//go:embed message_low.ptx
	messageLowPTX string
	//go:embed update.ptx
	updatePTX string
	//go:embed collect.ptx
	collectPTX string
)

// Kernels launches the kernels on one device. Calls return before the device
// is done: see Device.
type Kernels struct {
	dev     Device
	props   Properties
	modules []Module
	launch  Launch // reused, so that launching allocates nothing

	curveBytes int // of a table's curve in shared memory

	place, scan, scatter, arrange       Kernel
	findAllPairs, findEdges             Kernel
	embed                               Kernel
	filter                              Kernel
	messageForward                      [4]Kernel // by firstBlock and exactFilter
	messageBackward                     [8]Kernel // and by lastBlock
	updateForward, updateBackward, turn Kernel
	sumSlices, reduce                   Kernel
}

// Load loads all kernels on dev, for networks of h features whose tables have
// so many intervals, and whose filter networks so many radial functions. Where
// blocks have little shared memory, as on Turing, those of the message are a
// variant that needs less.
func Load(dev Device, h, intervals, rbf int) (*Kernels, error) {
	k := &Kernels{dev: dev, props: dev.Properties(), curveBytes: curveBytes}
	if h <= 0 || h%16 != 0 {
		return nil, fmt.Errorf("hidden_dim %d: the GPU's kernels expect a multiple of 16", h)
	}
	message := messagePTX
	if k.messageShared(3, intervals) > k.props.SharedPerBlock {
		k.curveBytes, message = lowBytes, messageLowPTX
	}
	if shared := max(k.messageShared(3, intervals), tileShared(3*h), filterShared(h, rbf)); shared > k.props.SharedPerBlock {
		return nil, fmt.Errorf("hidden_dim %d and tables of %d intervals need %d bytes of shared memory a block: %s has %d", h, intervals, shared, k.props.Name, k.props.SharedPerBlock)
	}
	type entry struct {
		kernel *Kernel
		name   string
		shared int
	}
	for _, m := range []struct {
		name, ptx string
		entries   []entry
	}{
		{"neighbors.ptx", neighborsPTX, []entry{
			{&k.place, "place", 0}, {&k.scan, "scan", 0}, {&k.scatter, "scatter", 0}, {&k.arrange, "arrange", 0},
			{&k.findAllPairs, "find_all_pairs", 0}, {&k.findEdges, "find_edges", 0},
		}},
		{"embed.ptx", embedPTX, []entry{{&k.embed, "embed", 0}}},
		{"filter.ptx", filterPTX, []entry{{&k.filter, "filter", filterShared(h, rbf)}}},
		{"message.ptx", message, []entry{
			{&k.messageForward[0], "message_forward", k.messageShared(3, intervals)},
			{&k.messageForward[firstBlock], "message_forward_first", k.messageShared(2, intervals)},
			{&k.messageForward[exactFilter], "message_forward_exact", 0},
			{&k.messageForward[exactFilter+firstBlock], "message_forward_first_exact", 0},
			{&k.messageBackward[0], "message_backward", k.messageShared(3, intervals)},
			{&k.messageBackward[firstBlock], "message_backward_first", k.messageShared(2, intervals)},
			{&k.messageBackward[lastBlock], "message_backward_last", k.messageShared(3, intervals)},
			{&k.messageBackward[lastBlock+firstBlock], "message_backward_only", k.messageShared(2, intervals)},
			{&k.messageBackward[exactFilter], "message_backward_exact", 0},
			{&k.messageBackward[exactFilter+firstBlock], "message_backward_first_exact", 0},
			{&k.messageBackward[exactFilter+lastBlock], "message_backward_last_exact", 0},
			{&k.messageBackward[exactFilter+lastBlock+firstBlock], "message_backward_only_exact", 0},
		}},
		{"update.ptx", updatePTX, []entry{
			{&k.updateForward, "update_forward", tileShared(3 * h)}, {&k.updateBackward, "update_backward", tileShared(3 * h)},
			{&k.turn, "turn", tileShared(3 * h)},
		}},
		{"collect.ptx", collectPTX, []entry{{&k.sumSlices, "sum_slices", 0}, {&k.reduce, "reduce", 0}}},
	} {
		module, err := dev.Load(m.name, m.ptx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("load %s: %w", m.name, err), k.Close())
		}
		k.modules = append(k.modules, module)
		for _, e := range m.entries {
			if *e.kernel, err = module.Kernel(e.name, e.shared); err != nil {
				return nil, errors.Join(fmt.Errorf("load %s: %w", m.name, err), k.Close())
			}
		}
	}
	return k, nil
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
func (k *Kernels) run(kernel Kernel, grid, block Dim, shared int, args ...uint64) error {
	k.launch = Launch{Kernel: kernel, Grid: grid, Block: block, Shared: shared, Args: append(k.launch.Args[:0], args...)}
	return k.dev.Launch(&k.launch) // whose errors name the kernel
}

// threads is a launch of blocks of 256, at least n threads in all.
func threads(n int) (grid, block Dim) { return Dim{X: ceilDiv(n, 256)}, Dim{X: 256} }

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
