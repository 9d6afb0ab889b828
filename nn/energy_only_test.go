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

// checkEnergyOnly holds a potential of energies alone against one of
// everything: the same bits, nothing else, also in a Result that held more.
func checkEnergyOnly(t *testing.T, only, everything Potential) {
	t.Helper()
	rng := rand.New(rand.NewPCG(21, 21))
	b := atoms.NewBatch(systems.Random(rng, 40, 9, 0.2, everywhere, true), atoms.Structure{}, systems.Random(rng, 12, 6, 0.2, isolated, false), systems.Benzene())
	var want, got Result
	require.NoError(t, everything.Compute(context.Background(), b, &want))
	require.NoError(t, everything.Compute(context.Background(), b, &got))
	for range 3 {
		require.NoError(t, only.Compute(context.Background(), b, &got))
		assert.Equal(t, want.Energy, got.Energy)
		assert.Empty(t, got.Forces)
		assert.Empty(t, got.Virial)
		assert.Empty(t, got.Stress)
	}
}

func TestEnergyOnly(t *testing.T) {
	net := randomNetwork(smallConfig, 21)
	for _, opts := range []Options{{}, {Filters: Exact}, {Precision: Float64, Filters: Table}, {Precision: Float64}, {Threads: 1}} {
		everything := newTestPotential(t, net, opts)
		opts.EnergyOnly = true
		only := newTestPotential(t, net, opts)
		checkEnergyOnly(t, only, everything)

		b, r := atoms.NewBatch(systems.WaterBox(4, 4, 2)), &Result{}
		require.NoError(t, only.Compute(context.Background(), b, r))
		assert.Zero(t, testing.AllocsPerRun(5, func() { _ = only.Compute(context.Background(), b, r) }))

		var which *atoms.StructureError
		overflow := atoms.Structure{Numbers: []int{1}, Positions: [][3]float64{{1e30, 0, 0}}}
		require.ErrorAs(t, only.Compute(context.Background(), atoms.NewBatch(systems.Benzene(), overflow), r), &which)
		assert.Equal(t, 1, which.Index)
	}
}

func TestGPUEnergyOnly(t *testing.T) {
	net := randomNetwork(gpuConfig, 21)
	for _, filters := range []Filters{Table, Exact} {
		everything := newGPUTestPotential(t, net, openGPU(t), Options{Filters: filters})
		only := newGPUTestPotential(t, net, openGPU(t), Options{Filters: filters, EnergyOnly: true})
		checkEnergyOnly(t, only, everything)
	}
}
