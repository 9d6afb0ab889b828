package md

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// leaking has no forces, and an energy of 1 eV/Å along x: what moves there gains it.
var leaking potential = func(b *atoms.Batch, k int, _ [][3]float64) (energy float64, virial [3][3]float64) {
	return b.Positions[b.Start[k]][0], virial
}

// stops is the step at which a guard has an alarm of the last replica, and which.
func stops(t *testing.T, d *Dynamics, limits Limits) (step int64, why string) {
	t.Helper()
	require.NoError(t, d.Compute(context.Background()))
	g, err := NewGuard(d, limits)
	require.NoError(t, err)
	for range 50 {
		if alarms := g.Check(d); len(alarms) > 0 {
			require.Len(t, alarms, 1)
			require.Equal(t, d.System.Len()-1, alarms[0].Structure)
			return d.Step, alarms[0].Err.Error()
		}
		advance(t, d, 1)
	}
	return -1, ""
}

// A run that goes on stops where it would have stopped: the conserved energy is
// measured from the start of the run, and limits stay what they were; those that are
// given hold.
func TestRestartKeepsTheLimits(t *testing.T) {
	begin := func() *Dynamics {
		s, err := NewSystem(copies(argons(1, 1, false), 3)...)
		require.NoError(t, err)
		for k, v := range []float64{0, 0.5e-2, 1e-2} { // Å/fs
			s.Velocities[k][0] = v
		}
		d, err := New(leaking, s, Settings{TimeStep: 1, KeepDrift: true})
		require.NoError(t, err)
		return d
	}
	limits := Limits{Drift: 0.0650001, Temperature: math.Inf(1)}
	want, why := stops(t, begin(), limits)
	require.EqualValues(t, 7, want)
	for _, test := range []struct {
		limits Limits
		want   int64
		why    string
	}{
		{Limits{}, want, why},
		{Limits{Drift: 0.0850001}, 9, "the conserved energy has changed by 0.09 eV an atom: expected at most 0.085"},
		{Limits{Temperature: 100}, 4, "the temperature is 1602 K: expected at most 100"},
	} {
		d := begin()
		require.NoError(t, d.Compute(context.Background()))
		_, err := NewGuard(d, limits)
		require.NoError(t, err)
		advance(t, d, 4)
		d.Fail(0, assert.AnError)
		var file bytes.Buffer
		require.NoError(t, d.Save(&file, Identity{Hash: "leaking"}))
		if test.limits.Temperature > 0 {
			d.Fail(0, assert.AnError)
			file.Reset()
			require.NoError(t, d.Save(&file, Identity{Hash: "leaking"}))
		}
		d, err = Restore(&file, leaking, Identity{Hash: "leaking"})
		require.NoError(t, err)
		step, why := stops(t, d, test.limits)
		assert.Equal(t, test.want, step)
		assert.Equal(t, test.why, why)
	}
}

// Limits that nothing can be held to are said where a guard begins, and what cannot be
// looked at where it looks: neither was, and the guard was content.
func TestGuardErrors(t *testing.T) {
	d := simulation(t, argon(8), 60, Settings{TimeStep: 5}, argons(3, 3.8, false), argons(4, 3.8, false))
	_, err := NewGuard(d, Limits{})
	assert.EqualError(t, err, "expected forces that were computed, found none")
	require.NoError(t, d.Compute(context.Background()))
	for want, limits := range map[string]Limits{
		"limit 5.01 of the closest pair, Å: expected at most 5":                         {Distance: 5.01},
		"limit NaN of the closest pair, Å: expected more than 0":                        {Distance: math.NaN()},
		"limit -1 of the temperature, K: expected more than 0":                          {Temperature: -1},
		"limit -0.1 of the conserved energy's change, eV an atom: expected more than 0": {Drift: -0.1},
		"limit -Inf of the forces, eV/Å: expected more than 0":                          {Force: math.Inf(-1)},
		"cutoff NaN Å of the potential: expected 0 or more":                             {Cutoff: math.NaN()},
	} {
		_, err := NewGuard(d, limits)
		assert.EqualError(t, err, want)
	}
	g, err := NewGuard(d, Limits{Cutoff: 5})
	require.NoError(t, err)
	d.System.Positions[4] = d.System.Positions[3]
	d.System.Result.Energy[1]++
	alarms := g.Check(d)
	require.Len(t, alarms, 1)
	assert.Equal(t, 1, alarms[0].Structure)
	assert.ErrorContains(t, alarms[0].Err, "are on the same point")
	d.System.PBC = d.System.PBC[:1]
	assert.Len(t, g.Check(d), 2, "arrays that do not belong together")
}
