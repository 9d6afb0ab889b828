//go:build cuda

package cuda

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// recorder is a device that remembers what kernels it made ready, and of how
// much shared memory per block it tells.
type recorder struct {
	gpu.Device
	shared  int
	kernels []readied
	entries map[string]bool // of all PTX, false as long as nobody asked for them
}

type readied struct {
	stem string
	*kernel
}

func (r *recorder) Properties() gpu.Properties {
	p := r.Device.Properties()
	p.SharedPerBlock = min(p.SharedPerBlock, r.shared)
	return p
}

func (r *recorder) Load(name, ptx string) (gpu.Module, error) {
	m, err := r.Device.Load(name, ptx)
	if err != nil {
		return nil, err
	}
	prototypes, err := gpu.Prototypes(ptx)
	for entry := range prototypes {
		r.entries[name+" "+entry] = false
	}
	return recordedModule{m, name, r}, err
}

type recordedModule struct {
	gpu.Module
	name     string
	recorder *recorder
}

func (m recordedModule) Kernel(name string, threads, shared int) (gpu.Kernel, error) {
	k, err := m.Module.Kernel(name, threads, shared)
	if err != nil {
		return nil, err
	}
	m.recorder.kernels = append(m.recorder.kernels, readied{m.name, k.(*kernel)})
	m.recorder.entries[m.name+" "+name] = true
	return k, nil
}

// attribute is one of a kernel's.
func attribute(t *testing.T, k *kernel, which cu.FunctionAttribute) (value int) {
	require.NoError(t, k.module.device.call("cuFuncGetAttribute", func() (err error) { value, err = k.function.Attribute(which); return }))
	return value
}

// What each kernel takes of a multiprocessor, launched as each of the three
// students does, the original one also where blocks have as little shared
// memory as Turing's. All that are launched in the same way are one line.
func TestOccupancy(t *testing.T) {
	d := open(t)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "PTX\tkernel\thidden\tthreads\tat most\tregisters\tlocal B\tstatic B\tdynamic B\tcarve-out %\tblocks per SM\t")
	seen := map[string]bool{}
	for _, student := range []struct{ h, intervals, rbf, shared int }{
		{32, 64, 10, 1 << 20}, {64, 64, 12, 1 << 20}, {128, 128, 20, 1 << 20}, {128, 128, 20, 64 << 10},
	} {
		r := &recorder{Device: d, shared: student.shared, entries: map[string]bool{}}
		kernels, err := gpu.Load(r, student.h, student.intervals, student.rbf)
		require.NoError(t, err)
		for entry, asked := range r.entries {
			assert.True(t, asked, "%s is never launched", entry)
		}
		for _, k := range r.kernels {
			launch := fmt.Sprint(k.stem, k.name, k.threads, k.shared)
			if seen[launch] {
				continue
			}
			seen[launch] = true
			local, carved := attribute(t, k.kernel, cu.LocalSizeBytes), attribute(t, k.kernel, carveout)
			blocks := 0
			require.NoError(t, d.(*device).call("cuOccupancyMaxActiveBlocksPerMultiprocessor", func() (err error) {
				blocks, err = k.function.MaxActiveBlocksPerMultiProcessor(k.threads, int64(k.shared))
				return err
			}))
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", k.stem, k.name, student.h, k.threads, attribute(t, k.kernel, cu.FnMaxThreadsPerBlock),
				attribute(t, k.kernel, cu.NumRegs), local, attribute(t, k.kernel, cu.SharedSizeBytes), k.shared, carved, blocks)
			assert.Positive(t, blocks, "%s, %s: no block fits on a multiprocessor", k.stem, k.name)
			most := 0
			switch { // by ptxas 11.8 and 13.0
			case strings.HasPrefix(k.name, "once"): // it keeps there what it needs from stage to stage
				most = 64
			case k.stem == "update_tensor.ptx" || k.name == "turn": // what is needed once a tile
				most = 48
			case k.stem == "message.ptx": // or once an atom
				most = 8
			}
			assert.LessOrEqual(t, local, most, "%s, %s: bytes of local memory of a thread, whose registers do not suffice", k.stem, k.name)
			if k.shared > 0 {
				per := d.(*device).properties.Multiprocessors
				assert.Equal(t, k.resident/per, blocks, "%s, %s: as many as with all of shared memory", k.stem, k.name)
				assert.True(t, carved > 0 && carved <= 100, "%s, %s", k.stem, k.name)
			}
		}
		require.NoError(t, kernels.Close())
	}
	require.NoError(t, w.Flush())
	p := d.Properties()
	t.Logf("%s, compute capability %d.%d, %d multiprocessors; a carve-out of -1 is the driver's choice\n%s", p.Name, p.Capability/10, p.Capability%10, p.Multiprocessors, table.String())
	assert.NoError(t, d.Close())
}
