package md

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allocations is the objects and bytes that were ever asked for, and those in use.
func allocations() (objects, bytes, inUse uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.Mallocs, m.TotalAlloc, m.HeapAlloc
}

// many is steps, with a look of a guard every hundred.
func many(t *testing.T, d *Dynamics, steps int, g *Guard) {
	t.Helper()
	for range steps {
		if err := d.Advance(context.Background()); err != nil {
			require.NoError(t, err)
		}
		if g != nil && d.Step%100 == 0 && len(g.Check(d)) > 0 {
			require.Fail(t, "the guard is not content")
		}
	}
}

// Thousands of steps of replicas allocate nothing at all, in every ensemble, with
// bonds, fixed atoms and without rotation: an average would hide one in many steps.
func TestStepsAllocateNothing(t *testing.T) {
	list := append(append(thermostats(), barostats()...), Settings{})
	bonds := []Bond{{I: 0, J: 1, Length: 2.5}, {I: 9, J: 8, Length: 2.5}}
	for _, settings := range append(thermostats(), Settings{}) {
		settings.Bonds = bonds
		list = append(list, settings)
		settings.Bonds, settings.NoRotation = nil, true
		list = append(list, settings)
	}
	for _, settings := range list {
		name := fmt.Sprintf("%v %v, %d bonds", settings.Ensemble, settings.Coupling, len(settings.Bonds))
		settings.TimeStep = 1
		p := Potential(scaledSprings(1, 1, true))
		if settings.NoRotation {
			p = springs(1, false)
		}
		s := argons(4, 2.5, !settings.NoRotation)
		d := simulation(t, p, 100, settings, copies(s, 3)...)
		advance(t, d, 10)
		least := uint64(math.MaxUint64)
		for range 3 { // as the runtime allocates too, now and then
			before, _, _ := allocations()
			many(t, d, 700, nil)
			after, _, _ := allocations()
			least = min(least, after-before)
		}
		assert.LessOrEqual(t, least, uint64(1), name) // of looking
	}
}

// Ten million steps leave memory as it was.
func TestMemoryIsFlat(t *testing.T) {
	steps := 20_000
	if long() {
		steps = 10_000_000
	}
	for _, settings := range []Settings{{Ensemble: Langevin}, {Ensemble: NPTSCR, Coupling: Triclinic}, {Ensemble: NPTMTK}} {
		settings.TimeStep, settings.Temperature, settings.Pressure = 2, Constant(temperature), Constant(1000)
		d := simulation(t, scaledSprings(20, 0.2, false), temperature, settings, argons(2, 2.5, true))
		advance(t, d, 100)
		g, err := NewGuard(d, Limits{Distance: 1e-6, Temperature: math.Inf(1), Force: math.Inf(1), Drift: math.Inf(1)})
		require.NoError(t, err)
		many(t, d, 100, g)
		objects, bytes, inUse := allocations()
		many(t, d, steps, g)
		o, b, u := allocations()
		t.Logf("%v: %d steps: %d objects and %d bytes allocated, in use %d bytes before and %d after", settings.Ensemble, steps, o-objects, b-bytes, inUse, u)
		assert.Less(t, float64(u), float64(inUse)+1<<16)
		assert.Less(t, o-objects, uint64(steps/1000), "%v", settings.Ensemble)
	}
}
