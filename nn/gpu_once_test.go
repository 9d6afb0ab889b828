//go:build !cuda

package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// wide is a GPU that can run so many blocks at the same time as one launch of 64 atoms has, with tensor cores, volta one without, and ada one whose blocks have little shared memory; narrow cannot.
var (
	wide   = emulator.Options{Properties: gpu.Properties{Multiprocessors: 64, Capability: 80}}
	volta  = emulator.Options{Properties: gpu.Properties{Multiprocessors: 64, Capability: 70}}
	ada    = emulator.Options{Properties: gpu.Properties{Multiprocessors: 64, Capability: 89, SharedPerBlock: 99 << 10}}
	narrow = emulator.Options{Properties: gpu.Properties{Multiprocessors: 1, Capability: 80}}
)

// One launch gives the bits of the launches for few atoms, or many, in networks of any depth and width, one structure or several, and again.
func TestGPUOneLaunch(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 31))
	for _, c := range []struct {
		hidden, blocks int
		atoms          []int
		direct         bool // reads the structures where the host has them
	}{{16, 1, []int{1}, true}, {16, 3, []int{2, 1, 3}, true}, {48, 2, []int{20}, true}, {32, 2, []int{4, 1}, true}, {32, 2, []int{gpu.FewAtoms + 6}, false}} {
		t.Run(fmt.Sprintf("h=%d/blocks=%d/atoms=%v", c.hidden, c.blocks, c.atoms), func(t *testing.T) {
			net := randomNetwork(Config{HiddenDim: c.hidden, NumInteractions: c.blocks, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31)
			few := newGPUTestPotential(t, net, openGPU(t), Options{}).(*gpuEngine)
			few.apart = true
			var members, others []atoms.Structure
			for _, n := range c.atoms {
				members = append(members, systems.Random(rng, n, 6, 0.3, [3]bool{}, true))
				others = append(others, systems.Random(rng, n, 6, 0.3, [3]bool{}, true))
			}
			want := compute(t, few, members...)
			require.False(t, few.inOne())
			dev := emulator.New(wide)
			one := newGPUTestPotential(t, net, dev, Options{}).(*gpuEngine)
			for range 2 {
				assert.Equal(t, want, compute(t, one, members...))
				require.True(t, one.inOne())
				assert.Equal(t, c.direct, one.direct())
				assert.Equal(t, few.host.status, one.host.status)
				one.ofOne.Launches = 0 // letters of other numbers, whose stamp the next launch would have
				compute(t, one, others...)
				one.ofOne.Launches = math.MaxUint32 // but for the stamps' beginning anew
			}
			assert.Equal(t, 4, dev.Counts()["once"].Launches)
			assert.Len(t, dev.Counts(), 1, "one launch, and nothing else")

			alone := emulator.New(wide)
			energies := newGPUTestPotential(t, net, alone, Options{EnergyOnly: true})
			for range 2 {
				got := compute(t, energies, members...)
				assert.Equal(t, want.Energy, got.Energy)
				assert.Empty(t, got.Forces)
			}
			assert.Equal(t, 2, alone.Counts()["once"].Launches)
			assert.Len(t, alone.Counts(), 1, "of energies alone too")
		})
	}
}

// A GPU that can run few blocks at the same time has larger shares, as far as a block has threads for them.
func TestGPUOneLaunchOfFewBlocks(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 32, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 33)
	for atoms, one := range map[int]bool{50: true, 70: false} {
		p := newGPUTestPotential(t, net, emulator.New(emulator.Options{Properties: gpu.Properties{Multiprocessors: 4, Capability: 80}}), Options{}).(*gpuEngine)
		s := systems.Random(rand.New(rand.NewPCG(33, 33)), atoms, 8, 0.3, [3]bool{}, true)
		assert.Equal(t, compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{}), s), compute(t, p, s))
		assert.Equal(t, one, p.inOne(), "%d atoms", atoms)
	}
}

// In one launch too the GPU is as near to PyTorch as the CPU is. A few molecules at a time go through it, on all students, with and without tensor cores.
func TestGPUOneLaunchGolden(t *testing.T) {
	for _, student := range students {
		for name, opts := range map[string]emulator.Options{"tensor": wide, "volta": volta, "ada": ada} {
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

// A part of few atoms is several launches where the whole batch would be one.
func TestGPUPartsOfFew(t *testing.T) {
	s := systems.Random(rand.New(rand.NewPCG(32, 32)), 4, 6, 0.3, [3]bool{}, true)
	d := emulator.New(wide)
	e := newGPUTestPotential(t, randomNetwork(gpuConfig, 32), d, Options{}).(*gpuEngine)
	want := compute(t, e, s, s, s)
	assert.Equal(t, 1, d.Counts()["once"].Launches)
	e.parts.atoms = 1
	for range 3 {
		assert.Equal(t, want, compute(t, e, s, s, s))
	}
	assert.Len(t, e.parts.ends, 3)
	assert.Equal(t, 1, d.Counts()["once"].Launches)
}

// One launch has room for the edges of all pairs, however many they are.
func TestGPUOneLaunchOfDense(t *testing.T) {
	dev := emulator.New(wide)
	e := newGPUTestPotential(t, randomNetwork(gpuConfig, 20), dev, Options{}).(*gpuEngine)
	var s atoms.Structure
	for i := range 100 { // at 0.7 Å
		s.Numbers = append(s.Numbers, 1)
		s.Positions = append(s.Positions, [3]float64{0.7 * float64(i%5), 0.7 * float64(i/5%5), 0.7 * float64(i/25)})
	}
	compute(t, e, s)
	assert.Greater(t, int(e.host.status[0]), guessedNeighbors*len(s.Numbers))
	assert.Equal(t, 1, dev.Counts()["once"].Launches)
}
