package md

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// watched is a simulation of three argon atoms and one of four, and its guard.
func watched(t *testing.T, limits Limits) (*Dynamics, *Guard) {
	d := simulation(t, argon(8), 60, Settings{TimeStep: 5}, argons(3, 3.8, false), argons(4, 3.8, false))
	require.NoError(t, d.Compute(context.Background()))
	g, err := NewGuard(d, limits)
	require.NoError(t, err)
	return d, g
}

func TestGuard(t *testing.T) {
	for want, spoil := range map[string]func(d *Dynamics){
		"": func(*Dynamics) {},
		"atoms 0 (Ar) and 2 (Ar) are 0.30 Å apart: has the potential a wall there?": func(d *Dynamics) {
			d.System.Positions[5] = d.System.Positions[3]
			d.System.Positions[5][1] += 0.3
		},
		"the force on atom 1 (Ar) is 250 eV/Å: expected at most 100": func(d *Dynamics) { d.System.Result.Forces[4] = [3]float64{150, 200, 0} },
		"the force on atom 1 (Ar) is NaN eV/Å: expected at most 100": func(d *Dynamics) { d.System.Result.Forces[4][1] = math.NaN() },
		"the temperature is 6000 K: expected at most 3000":           func(d *Dynamics) { scaleVelocities(d.System, 1, 10) },
		"the temperature is 7000 K: expected at most 3000; is the time step of 5 fs too long, or has the structure come apart?": func(d *Dynamics) { // it fell downhill
			before := d.System.KineticEnergy(1)
			scaleVelocities(d.System, 1, math.Sqrt(7000.0/60))
			d.System.Result.Energy[1] -= d.System.KineticEnergy(1) - before
			d.System.Positions[4][0] += 2
		},
		"the conserved energy has changed by 0.5 eV an atom: expected at most 0.1": func(d *Dynamics) {
			d.System.Result.Energy[1] += 2
		},
		"the conserved energy has changed by 0.5 eV an atom: expected at most 0.1; likely cause: the energy may jump when a pair crosses the cutoff of 5 Å; " +
			"between the steps 0 and 0 the pairs 0–1 (Ar–Ar) did, and the conserved energy changed by 2 eV": func(d *Dynamics) {
			d.System.Result.Energy[1] += 2
			d.System.Positions[4][0] += 2
		},
	} {
		d, g := watched(t, Limits{Cutoff: 5})
		spoil(d)
		alarms := g.Check(d)
		if want == "" {
			assert.Empty(t, alarms)
			continue
		}
		require.Len(t, alarms, 1, want)
		assert.Equal(t, 1, alarms[0].Structure)
		assert.EqualError(t, alarms[0].Err, want)
	}
}

// Limits can be set, and switched off.
func TestLimits(t *testing.T) {
	d, g := watched(t, Limits{Temperature: 30, Force: math.Inf(1), Drift: math.Inf(1), Distance: 1e-9})
	d.System.Result.Forces[4], d.System.Result.Energy[1] = [3]float64{1e9}, 1e9
	alarms := g.Check(d)
	require.Len(t, alarms, 2)
	assert.Equal(t, []int{1, 0}, []int{alarms[0].Structure, alarms[1].Structure})
	assert.ErrorContains(t, alarms[1].Err, "the temperature is 60 K: expected at most 30")
	d.FailAll(alarms)
	assert.Zero(t, d.System.Len())
}

// A look allocates nothing.
func TestGuardAllocatesNothing(t *testing.T) {
	s := crystal(27)
	s.Numbers = append([]int{}, s.Numbers...)
	d := simulation(t, argon(5.6), 60, Settings{TimeStep: 1}, []atoms.Structure{s}...)
	advance(t, d, 1)
	g, err := NewGuard(d, Limits{})
	require.NoError(t, err)
	g.Check(d)
	assert.Zero(t, testing.AllocsPerRun(10, func() { g.Check(d) }))
}
