package nn

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
)

// The atoms' shares of energies and virials add up to the whole, are the same for
// atoms that see no others, and leave the rest as it is, to the bit.
func TestAtomShares(t *testing.T) {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(31, 32))
	net := randomNetwork(smallConfig, 31)
	pair := systems.Random(rng, 2, 2, 0, isolated, false)
	near, far := systems.Random(rng, 9, 5, 0, isolated, false), systems.Random(rng, 12, 6, 0, isolated, false)
	both := atoms.Structure{Numbers: append(append([]int{}, near.Numbers...), far.Numbers...), Positions: append([][3]float64{}, near.Positions...)}
	for _, x := range far.Positions {
		both.Positions = append(both.Positions, [3]float64{x[0] + 40, x[1], x[2]})
	}
	b := atoms.NewBatch(both, near, far, pair, systems.Random(rng, 1, 3, 0.4, everywhere, false), systems.Random(rng, 20, 7, 0.3, everywhere, true))
	for _, opts := range []Options{{}, {Threads: 1}, {Precision: Float64}} {
		var want, got Result
		require.NoError(t, newTestPotential(t, net, opts).Compute(ctx, b, &want))
		assert.Empty(t, want.AtomEnergy)
		assert.Empty(t, want.AtomVirial)
		opts.AtomEnergies, opts.AtomVirials = true, true
		p := newTestPotential(t, net, opts)
		require.NoError(t, p.Compute(ctx, b, &got))
		require.Len(t, got.AtomEnergy, b.NumAtoms())
		require.Len(t, got.AtomVirial, b.NumAtoms())

		tolerance := 1e-12
		if opts.Precision == Float32 {
			tolerance = 1e-5
		}
		for k := range b.Len() {
			var energy float64
			var virial [9]float64
			for i := b.Start[k]; i < b.Start[k+1]; i++ {
				energy += got.AtomEnergy[i]
				for c := range virial {
					virial[c] += got.AtomVirial[i][c/3][c%3]
				}
			}
			assert.InDelta(t, got.Energy[k], energy, 1e-12)
			for c := range virial {
				assert.InDelta(t, got.Virial[k][c/3][c%3], virial[c], 1e-11, "structure %d", k)
			}
		}
		for i := range near.Numbers { // with the others 40 Å away, or alone
			assert.InDelta(t, got.AtomEnergy[i], got.AtomEnergy[b.Start[1]+i], tolerance)
			for a := range 3 {
				assert.InDeltaSlice(t, got.AtomVirial[i][a][:], got.AtomVirial[b.Start[1]+i][a][:], tolerance)
			}
		}
		assert.Equal(t, got.AtomVirial[b.Start[3]], got.AtomVirial[b.Start[3]+1], "halves of a pair")
		assert.NotZero(t, got.AtomVirial[b.Start[3]])

		assert.Zero(t, testing.AllocsPerRun(3, func() { _ = p.Compute(ctx, b, &got) }))
		got.AtomEnergy, got.AtomVirial = nil, nil
		assert.Equal(t, want, got)
	}
}

// The GPU's are the CPU's to rounding, for a few atoms, for many in the order of boxes, and with energies alone; the rest
// is as it is without them, to the bit.
func TestGPUAtomShares(t *testing.T) {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(33, 34))
	net := randomNetwork(gpuConfig, 33)
	shares := Options{AtomEnergies: true, AtomVirials: true}
	plain, asked, cpu := newGPUTestPotential(t, net, openGPU(t), Options{}), newGPUTestPotential(t, net, openGPU(t), shares), newTestPotential(t, net, shares)
	energies := newGPUTestPotential(t, net, openGPU(t), Options{AtomEnergies: true, EnergyOnly: true})
	for _, b := range []*atoms.Batch{
		atoms.NewBatch(systems.Random(rng, 7, 5, 0, isolated, false)),
		atoms.NewBatch(systems.Random(rng, 60, 9, 0.3, everywhere, true), systems.Random(rng, 30, 8, 0, isolated, false)),
	} {
		var without, got, want, only Result
		require.NoError(t, plain.Compute(ctx, b, &without))
		require.NoError(t, asked.Compute(ctx, b, &got))
		require.NoError(t, cpu.Compute(ctx, b, &want))
		require.NoError(t, energies.Compute(ctx, b, &only))
		assert.Equal(t, got.AtomEnergy, only.AtomEnergy)
		assert.Empty(t, only.AtomVirial)
		for k := range b.Len() {
			size := 0.0
			for i := b.Start[k]; i < b.Start[k+1]; i++ {
				assert.InDelta(t, want.AtomEnergy[i], got.AtomEnergy[i], 2e-5)
				size += math.Abs(got.AtomEnergy[i])
				for a := range 3 {
					assert.InDeltaSlice(t, want.AtomVirial[i][a][:], got.AtomVirial[i][a][:], 2e-5*(1+vec.Norm(want.AtomVirial[i][a])))
				}
			}
			sum := 0.0
			for _, e := range got.AtomEnergy[b.Start[k]:b.Start[k+1]] {
				sum += e
			}
			assert.InDelta(t, got.Energy[k], sum, 1e-12*size)
		}
		assert.Empty(t, without.AtomEnergy)
		got.AtomEnergy, got.AtomVirial, without.AtomEnergy, without.AtomVirial = nil, nil, nil, nil
		assert.Equal(t, without, got)
	}
}
