//go:build !cuda

package nn

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
	"painless/kernels/gpu/emulator/roofline"
)

// What hardware would charge for the launches of a call, and how long four GPUs would take for them: molecules
// alone, and molecules and water among so many others that the GPU is full. No message and no update has bank conflicts worth the name, and neither they
// nor one launch ask for sectors that they do not need.
func TestGPUPrediction(t *testing.T) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := "system\tkernel\tblocks\tconflicts\tsectors\t"
	for _, g := range roofline.GPUs {
		head += g.Name + "\t\t"
	}
	fmt.Fprintln(w, head)
	for _, system := range []struct {
		name string
		many bool // among so many others that the GPU is full
		one  bool // launch
		only bool // energies
		dev  emulator.Options
		atoms.Batch
	}{
		{"benzene in one launch, µs", false, true, false, wide, *atoms.NewBatch(systems.Benzene())},
		{"benzene, µs", false, false, false, narrow, *atoms.NewBatch(systems.Benzene())},
		{"energy of benzene in one launch, µs", false, true, true, wide, *atoms.NewBatch(systems.Benzene())},
		{"energy of benzene, µs", false, false, true, narrow, *atoms.NewBatch(systems.Benzene())},
		{"waters of 63 atoms in one launch, µs", false, true, false, wide, *atoms.NewBatch(systems.WaterDrop(7, 3, 1))},
		{"waters of 63 atoms, µs", false, false, false, narrow, *atoms.NewBatch(systems.WaterDrop(7, 3, 1))},
		{"molecules of 16 atoms, ns/atom", true, false, false, narrow, *atoms.NewBatch(systems.Cluster(16, 1), systems.Cluster(16, 2), systems.Cluster(16, 3), systems.Cluster(16, 4), systems.Cluster(16, 5),
			systems.Cluster(16, 6), systems.Cluster(16, 7), systems.Cluster(16, 8))},
		{"water, ns/atom", true, false, false, narrow, *atoms.NewBatch(systems.WaterBox(3, 3, 3))},
	} {
		system.dev.Charged = true
		count := func(dev gpu.Device, taken *emulator.Device) []emulator.Charges {
			e := newGPUTestPotential(t, loadNetwork(t, "../testdata/original.pt"), dev, Options{EnergyOnly: system.only}).(*gpuEngine)
			require.NoError(t, e.Compute(t.Context(), &system.Batch, &Result{}))
			return taken.TakeCharges()
		}
		dev := emulator.New(system.dev)
		charges := count(dev, dev) // with tensor cores
		ada := emulator.New(system.dev)
		of := map[int][]emulator.Charges{80: charges, 90: charges, 89: count(turing{ada, ada.Properties().SharedPerBlock}, ada)}
		if system.one { // which is another on each, by its shared memory and multiprocessors
			for k := range roofline.GPUs {
				g := &roofline.GPUs[k]
				opts := system.dev
				opts.Properties = gpu.Properties{Capability: g.Capability, Multiprocessors: g.Multiprocessors, SharedPerBlock: g.Shared - 1<<10}
				own := emulator.New(opts)
				of[g.Capability] = count(own, own)
			}
			charges = of[90]
		}
		predict := func(g *roofline.GPU, c []emulator.Charges) string {
			of, scale := g.Predict, 1e6
			if system.many {
				of, scale = g.Saturated, 1e9/float64(system.NumAtoms())
			}
			p, err := g.Call(c, of)
			require.NoError(t, err)
			assert.Positive(t, p.Seconds)
			return fmt.Sprintf("%.2f\t%s\t", p.Seconds*scale, p.Bound)
		}
		one := func(g *roofline.GPU, i int) string { // launch
			c := of[g.Capability]
			if len(c) != len(charges) { // so many atoms are no one launch there
				require.True(t, system.one)
				return "–\t\t"
			}
			if i < 0 {
				return predict(g, c)
			}
			return predict(g, c[i:i+1])
		}
		for i := range charges {
			c := &charges[i]
			sectors := float64(c.Sectors) / float64(c.LeastSectors)
			cells := fmt.Sprintf("%s\t%s\t%d\t%.3f\t%.3f\t", system.name, c.Kernel, c.Blocks, c.Shared.Conflicts(), sectors)
			for k := range roofline.GPUs {
				cells += one(&roofline.GPUs[k], i)
			}
			fmt.Fprintln(w, cells)
			layer := strings.HasPrefix(c.Kernel, "few_") || strings.HasPrefix(c.Kernel, "message_") || strings.HasPrefix(c.Kernel, "update_") || c.Kernel == "turn"
			if layer {
				assert.Less(t, c.Shared.Conflicts(), 1.1, "%s: %s", system.name, c.Kernel)
			}
			if layer || c.Kernel == "once" {
				assert.Less(t, sectors, 1.2, "%s: %s", system.name, c.Kernel)
			}
		}
		sum := system.name + "\tall\t\t\t\t"
		for k := range roofline.GPUs {
			sum += one(&roofline.GPUs[k], -1)
		}
		fmt.Fprintln(w, sum)
	}
	require.NoError(t, w.Flush())
	t.Log("predicted, without what passes between launches; never measured on a GPU\n" + table.String())
}
