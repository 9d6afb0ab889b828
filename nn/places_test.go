package nn

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/tolerance"
)

// Large structures are computed in an order of their own: each atom gets what is its own.
func TestPlacesAreTheEnginesAlone(t *testing.T) {
	batch := atoms.NewBatch(systems.Benzene(), systems.Shuffled(systems.WaterBox(12, 10, 6)), systems.Shuffled(systems.WaterDrop(9, 9, 9)))
	for _, energyOnly := range []bool{false, true} {
		opts := Options{Precision: Float64, Filters: Table, EnergyOnly: energyOnly, AtomEnergies: true, AtomVirials: true}
		placed, plain := newTestPotential(t, randomNetwork(smallConfig, 4), opts), newTestPotential(t, randomNetwork(smallConfig, 4), opts)
		plain.(*cpuEngine[float64]).list.Places = false
		got, want := &Result{}, &Result{}
		require.NoError(t, placed.Compute(context.Background(), batch, got))
		require.NoError(t, plain.Compute(context.Background(), batch, want))
		require.NotNil(t, placed.(*cpuEngine[float64]).list.Order)
		tolerance.Check(t, "energies", got.Energy, want.Energy, 1e-9, 1e-12)
		tolerance.Check(t, "energies of atoms", got.AtomEnergy, want.AtomEnergy, 1e-11, 1e-11)
		flat := func(vectors [][3]float64) (all []float64) {
			for i := range vectors {
				all = append(all, vectors[i][:]...)
			}
			return all
		}
		matrices := func(m [][3][3]float64) (all []float64) {
			for i := range m {
				all = append(all, flat(m[i][:])...)
			}
			return all
		}
		require.Len(t, got.Forces, len(want.Forces))
		tolerance.Check(t, "forces", flat(got.Forces), flat(want.Forces), 1e-10, 1e-10)
		tolerance.Check(t, "virials", matrices(got.Virial), matrices(want.Virial), 1e-8, 1e-10)
		tolerance.Check(t, "virials of atoms", matrices(got.AtomVirial), matrices(want.AtomVirial), 1e-10, 1e-10)
	}
}

// Bits depend on the positions alone: not on threads, nor on what was computed before.
func TestPlacesKeepBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	batch := atoms.NewBatch(systems.Shuffled(systems.WaterBox(12, 10, 6)))
	net := randomNetwork(smallConfig, 5)
	going := newTestPotential(t, net, Options{Threads: 3})
	for step := range 5 {
		for i := range batch.Positions {
			for c := range 3 {
				batch.Positions[i][c] += 0.05 * rng.NormFloat64()
			}
		}
		got, want := &Result{}, &Result{}
		require.NoError(t, going.Compute(context.Background(), batch, got))
		require.NoError(t, newTestPotential(t, net, Options{Threads: 1}).Compute(context.Background(), batch, want))
		assert.Equal(t, want.Energy, got.Energy, "step %d", step)
		require.Equal(t, want.Forces, got.Forces, "step %d", step)
	}
}
