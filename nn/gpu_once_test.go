//go:build !cuda

package nn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// hopper and ampere are GPUs that can run so many blocks at the same time as one launch of 64 atoms has, and of which one has clusters; narrow cannot.
var (
	hopper = emulator.Options{Properties: gpu.Properties{Multiprocessors: 64, Capability: 90}}
	ampere = emulator.Options{Properties: gpu.Properties{Multiprocessors: 64, Capability: 80}}
	narrow = emulator.Options{Properties: gpu.Properties{Multiprocessors: 1, Capability: 80}}
)

// One launch gives the bits of the launches for few atoms, or many, in networks of any depth and width, one structure or several, and again.
func TestGPUOneLaunch(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 31))
	for _, c := range []struct {
		hidden, blocks int
		atoms          []int
		direct         bool // reads the structures where the host has them
	}{{16, 1, []int{1}, true}, {16, 3, []int{2, 1, 3}, true}, {48, 2, []int{20}, true}, {32, 2, []int{gpu.FewAtoms + 6}, false}} {
		t.Run(fmt.Sprintf("h=%d/blocks=%d/atoms=%v", c.hidden, c.blocks, c.atoms), func(t *testing.T) {
			net := randomNetwork(Config{HiddenDim: c.hidden, NumInteractions: c.blocks, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31)
			few := newGPUTestPotential(t, net, openGPU(t), Options{}).(*gpuEngine)
			few.apart = true
			var members []atoms.Structure
			for _, n := range c.atoms {
				members = append(members, systems.Random(rng, n, 6, 0.3, [3]bool{}, true))
			}
			want := compute(t, few, members...)
			require.False(t, few.inOne())
			for on, opts := range map[string]emulator.Options{"once": ampere, "once_cluster": hopper} {
				dev := emulator.New(opts)
				one := newGPUTestPotential(t, net, dev, Options{}).(*gpuEngine)
				for range 2 {
					assert.Equal(t, want, compute(t, one, members...))
					require.True(t, one.inOne())
					assert.Equal(t, c.direct, one.direct())
				}
				assert.Equal(t, few.host.status, one.host.status)
				if len(want.Forces) > 16 { // in more shares than one
					on = "once"
				}
				assert.Equal(t, 2, dev.Counts()[on].Launches)
				assert.Len(t, dev.Counts(), 1, "one launch, and nothing else")

				alone := emulator.New(opts)
				energies := newGPUTestPotential(t, net, alone, Options{EnergyOnly: true})
				for range 2 {
					got := compute(t, energies, members...)
					assert.Equal(t, want.Energy, got.Energy)
					assert.Empty(t, got.Forces)
				}
				assert.Equal(t, 2, alone.Counts()[on].Launches)
				assert.Len(t, alone.Counts(), 1, "of energies alone too")
			}
		})
	}
}

// In one launch too the GPU is as near to PyTorch as the CPU is. A few molecules at a time go through it, on all students, with and without clusters.
func TestGPUOneLaunchGolden(t *testing.T) {
	for _, student := range students {
		for name, opts := range map[string]emulator.Options{"grid": ampere, "cluster": hopper} {
			t.Run(student.name+"/"+name, func(t *testing.T) {
				if testing.Short() && student.name == "original" {
					t.Skip("-short: the compact students are tested")
				}
				p := newGPUTestPotential(t, loadNetwork(t, "../testdata/"+student.name+".pt"), emulator.New(opts), Options{}).(*gpuEngine)
				tested := 0
				for _, frame := range readFrames(t, "../testdata/"+student.name+".extxyz") {
					if n := len(frame.Numbers); n < 3 || n > 16 || frame.PBC != [3]bool{} {
						continue
					}
					checkAccuracy(t, compute(t, p, frame.Structure), reference(t, frame), 0)
					assert.True(t, p.inOne())
					if tested++; tested == 2 {
						break
					}
				}
				assert.Positive(t, tested)
			})
		}
	}
}

// apart is a device on which blocks that wait for each other do not meet: what the first one adds for the others is taken out.
type apart struct{ gpu.Device }

func (d apart) Load(name, ptx string) (gpu.Module, error) {
	const step = "-2147483647"
	if strings.HasPrefix(name, "once") {
		if !strings.Contains(ptx, step) {
			return nil, errors.New("the first block's step is not in the PTX")
		}
		ptx = strings.ReplaceAll(ptx, step, "0")
	}
	return d.Device.Load(name, ptx)
}

// Where the blocks of one launch do not meet they give up, and the call and all that follow go through the launches for few atoms.
func TestGPUBlocksApart(t *testing.T) {
	dev := emulator.New(ampere)
	p := newGPUTestPotential(t, randomNetwork(gpuConfig, 32), apart{dev}, Options{}).(*gpuEngine)
	p.ofOne.Patience = 3
	s := systems.Random(rand.New(rand.NewPCG(32, 32)), 4, 6, 0.3, [3]bool{}, true)
	want := compute(t, newGPUTestPotential(t, p.net, emulator.New(narrow), Options{}), s)
	for range 3 {
		assert.Equal(t, want, compute(t, p, s))
		assert.True(t, p.apart)
	}
	assert.Equal(t, 1, dev.Counts()["once"].Launches)
}
