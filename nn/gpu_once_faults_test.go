//go:build !cuda

package nn

import (
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu/emulator"
)

// One launch has weights on their way while it does something else. That nobody waits for them is seen, and not what comes out by chance.
func TestGPUOneLaunchWaitsForCopies(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 32, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31)
	b := atoms.NewBatch(systems.Benzene())
	for name, other := range map[string]string{
		"never":             "",
		"but for one group": "cp.async.commit_group;\ncp.async.wait_group 1;",
	} {
		t.Run(name, func(t *testing.T) {
			device := apart{Device: emulator.New(wide), where: regexp.MustCompile(`cp\.async\.wait_all;`), other: other}
			err := newGPUTestPotential(t, net, device, Options{}).Compute(context.Background(), b, &Result{})
			var fault *emulator.Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, "once", fault.Kernel)
			assert.Contains(t, fault.What, "reads shared memory that a copy is on its way to")
		})
	}
	device := apart{Device: emulator.New(wide), where: regexp.MustCompile(`cp\.async\.wait_all;`), other: "cp.async.commit_group;\ncp.async.wait_group 0;"}
	p := newGPUTestPotential(t, net, device, Options{})
	assert.Equal(t, compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{}), systems.Benzene()), compute(t, p, systems.Benzene()))
	assert.True(t, p.(*gpuEngine).inOne())
}
