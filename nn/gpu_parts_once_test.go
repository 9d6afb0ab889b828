//go:build !cuda

package nn

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// Parts that are one launch each, whose blocks come late, are launches for few atoms from then on, those too that were recorded, or asked for
// behind the one that was late.
func TestGPUPartsApart(t *testing.T) {
	s := systems.Random(rand.New(rand.NewPCG(32, 32)), 4, 6, 0.3, [3]bool{}, true)
	net := randomNetwork(gpuConfig, 32)
	want := compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{}), s, s, s)
	for calls := range 4 { // before that
		d := newLate(emulator.New(wide))
		e := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine)
		e.parts.atoms = 1
		for range calls {
			assert.Equal(t, want, compute(t, e, s, s, s))
		}
		d.then = func() func() error {
			status := e.host.status
			return func() error {
				status[1] = gpu.Late
				return nil
			}
		}
		for range 6 {
			assert.Equal(t, want, compute(t, e, s, s, s), "%d calls", calls)
		}
		require.True(t, e.apart)
		for k := range e.parts.ends {
			require.NotNil(t, e.parts.recordings[k].graph)
		}
		before := d.ran["once"]
		assert.Equal(t, want, compute(t, e, s, s, s))
		assert.Equal(t, before, d.ran["once"])
	}
}
