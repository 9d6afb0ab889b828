package nn

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
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
	_, err := NewGPUPotential(net, openGPU(t), Options{AtomVirials: true})
	assert.ErrorContains(t, err, "atoms' shares of energies and virials: the CPU gives them, a GPU does not")
}
