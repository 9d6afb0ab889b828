//go:build !cuda

package nn

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu/emulator"
)

// One launch has weights and tables on their way while it does something else. That nobody waits for them is seen, and not what comes out by chance.
func TestGPUOneLaunchWaitsForCopies(t *testing.T) {
	const all, butLast = "cp.async.wait_all;", "cp.async.wait_group 1;"
	net := randomNetwork(Config{HiddenDim: 32, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31)
	waiting := func(old, new string) edited {
		return edited{emulator.New(wide), func(ptx string) string {
			require.Contains(t, ptx, old)
			return strings.ReplaceAll(ptx, old, new)
		}}
	}
	for name, device := range map[string]edited{
		"for all": waiting(all, ""), "for all but the last": waiting(butLast, ""), "for one group too few": waiting(butLast, "cp.async.wait_group 2;"),
	} {
		t.Run(name, func(t *testing.T) {
			err := newGPUTestPotential(t, net, device, Options{}).Compute(context.Background(), atoms.NewBatch(systems.Benzene()), &Result{})
			var fault *emulator.Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, "once", fault.Kernel)
			assert.Contains(t, fault.What, "shared memory that a copy is on its way to")
		})
	}
	p := newGPUTestPotential(t, net, waiting(butLast, all), Options{})
	assert.Equal(t, compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{}), systems.Benzene()), compute(t, p, systems.Benzene()))
	assert.True(t, p.(*gpuEngine).inOne())
}
