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

// gas is n atoms in a periodic cell in which an atom has a few neighbours, the same cell whatever n, and so the same boxes.
func gas(n int) atoms.Structure {
	return systems.Random(rand.New(rand.NewPCG(23, 23)), n, 60, 0, everywhere, false)
}

// Structures whose sums several blocks have give what the CPU gives, and the same bits alone and in any batch of the same shape, whatever was recorded before.
func TestGPULargeStructures(t *testing.T) {
	net := randomNetwork(gpuConfig, 23)
	d := &timeline{Device: openGPU(t)}
	p, energies := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine), newGPUTestPotential(t, net, openGPU(t), Options{EnergyOnly: true})
	alone := map[int]*Result{}
	for _, n := range []int{1100, 700, 900} {
		d.asked = nil
		alone[n] = compute(t, p, gas(n))
		assert.Equal(t, pieces(net, true, n == 1100), d.asked)
	}
	several, one := []atoms.Structure{gas(1100), gas(700)}, []atoms.Structure{gas(900), gas(900)}
	for k, members := range [][]atoms.Structure{several, one, one, one, several} { // launch by launch, recorded, and replayed
		d.asked = nil
		batch, b := compute(t, p, members...), atoms.NewBatch(members...)
		if k != 3 {
			assert.Equal(t, pieces(net, true, k%4 == 0), d.asked)
		}
		for k, s := range members {
			want := alone[len(s.Numbers)]
			assert.Equal(t, want.Energy[0], batch.Energy[k])
			assert.Equal(t, want.Virial[0], batch.Virial[k])
			assert.Equal(t, want.Forces, batch.Forces[b.Start[k]:b.Start[k+1]])
		}
	}
	shape := p.recorded.shape
	compute(t, p, one...)
	shape.chunks = 0
	assert.Equal(t, shape, p.recorded.shape, "nothing else differs")

	got, want := alone[1100], compute(t, newTestPotential(t, net, Options{Precision: Float64, Filters: Exact}), several[0])
	checkAccuracy(t, got, want, 0)
	for a := range 3 {
		tolerance.Check(t, "virial", got.Virial[0][a][:], want.Virial[0][a][:], 2e-5, 1e-5)
	}
	assert.Equal(t, got.Energy, compute(t, energies, several[0]).Energy)

	domain, err := openGPUDomain(t)(net) // of the whole, without ghosts
	require.NoError(t, err)
	defer func() { require.NoError(t, domain.Close()) }()
	require.NoError(t, domain.Begin(context.Background(), atoms.NewBatch(several[0]), len(several[0].Numbers), nil))
	for next := States; next != Done; {
		next, err = domain.Next(context.Background())
		require.NoError(t, err)
	}
	var whole DomainResult
	require.NoError(t, domain.Finish(&whole))
	checkAccuracy(t, &Result{Energy: []float64{whole.Energy}, Forces: whole.Forces}, want, 0)
	for a := range 3 {
		tolerance.Check(t, "virial of a domain", whole.Virial[a][:], want.Virial[0][a][:], 2e-5, 1e-5)
	}
}
