package md

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// n + m steps are n steps, a checkpoint, and m more, to the bit.
func TestRestart(t *testing.T) {
	for _, settings := range append(append(thermostats(), barostats()...), Settings{}) {
		settings.TimeStep, settings.Seed, settings.Steps = 5, 11, 60
		settings.Temperature = Ramp{60, 90}
		if !settings.Ensemble.barostatted() {
			settings.Bonds = []Bond{{I: 8, J: 9, Length: 3.8}}
		}
		start := func() *Dynamics {
			return simulation(t, argon(5.6), 60, settings, crystal(8), crystal(27))
		}
		whole := start()
		advance(t, whole, 60)

		d := start()
		advance(t, d, 25)
		var file bytes.Buffer
		require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
		restored, err := Restore(bytes.NewReader(file.Bytes()), argon(5.6), Identity{Hash: "argon"})
		require.NoError(t, err)
		assert.Equal(t, int64(25), restored.Step)
		advance(t, restored, 35)
		assert.Equal(t, whole.System.Positions, restored.System.Positions, "%v %v", settings.Ensemble, settings.Coupling)
		assert.Equal(t, whole.System.Velocities, restored.System.Velocities)
		assert.Equal(t, whole.System.Cells, restored.System.Cells)
		for k := range 2 {
			assert.Equal(t, whole.Conserved(k), restored.Conserved(k))
		}
	}
}

// Replicas that left stay away, and the others keep their random numbers.
func TestRestartAfterFailure(t *testing.T) {
	settings := Settings{Ensemble: Langevin, TimeStep: 5, Temperature: Constant(60)}
	d := simulation(t, argon(100), 60, settings, argons(3, 3.8, false), argons(4, 3.8, false))
	advance(t, d, 3)
	d.Fail(0, assert.AnError)
	var file bytes.Buffer
	require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
	restored, err := Restore(&file, argon(100), Identity{Hash: "argon"})
	require.NoError(t, err)
	advance(t, d, 5)
	advance(t, restored, 5)
	assert.Equal(t, d.System.Positions, restored.System.Positions)
	assert.Equal(t, []int{1}, restored.System.Replicas)
	require.Len(t, restored.Failed, 1)
	assert.EqualError(t, restored.Failed[0].Err, assert.AnError.Error())
}

func TestRestoreErrors(t *testing.T) {
	d := simulation(t, argon(100), 60, Settings{TimeStep: 5}, argons(3, 3.8, false))
	require.NoError(t, d.Compute(context.Background()))
	var file strings.Builder
	require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
	good := file.String()
	for _, test := range []struct{ text, model, want string }{
		{good, "neon", "one with the model argon: expected that one, found neon"},
		{good[:len(good)/2], "argon", "expected a checkpoint of a simulation: unexpected EOF"},
		{"", "argon", "expected a checkpoint of a simulation: EOF"},
		{strings.Replace(good, "simulation 2", "simulation 7", 1), "argon", `expected "painless simulation 2", found "painless simulation 7"`},
		{strings.Replace(good, "simulation 2", "simulation 1", 1), "argon", `expected "painless simulation 2", found "painless simulation 1", of an older version, without the limits and what they are measured from: begin a new run with the last frame`},
		{strings.Replace(good, `"start":`, `"limits":"AAAAAAAA8D8=","start":`, 1), "argon", "expected 4 limits, found 1"},
		{strings.Replace(good, `"start":[0,3]`, `"start":[0,4]`, 1), "argon", "damaged checkpoint"},
		{strings.Replace(good, `"numbers":[18,18,18]`, `"numbers":[18,18]`, 1), "argon", "damaged checkpoint"},
		{strings.Replace(good, `"positions":"`, `"positions":"x`, 1), "argon", "in base64"},
		{strings.Replace(good, `"TimeStep":5`, `"TimeStep":-5`, 1), "argon", "time step -5 fs"},
		{strings.Replace(good, `"states":[`, `"states":[{},`, 1), "argon", "2 states of 1 replicas"},
	} {
		_, err := Restore(strings.NewReader(test.text), argon(100), Identity{Hash: test.model})
		assert.ErrorContains(t, err, test.want)
	}
}

// Where files have names, those say which model is meant.
func TestRestoreNamesModels(t *testing.T) {
	d := simulation(t, argon(100), 60, Settings{TimeStep: 5}, argons(3, 3.8, false))
	var file bytes.Buffer
	require.NoError(t, d.Save(&file, Identity{Hash: "0123456789abcdef0123", Name: "argon.pt"}))
	_, err := Restore(&file, argon(100), Identity{Hash: "fedcba98765432100123", Name: "neon.pt"})
	assert.EqualError(t, err, "the simulation is one with the model argon.pt (0123456789abcdef…): expected that one, found neon.pt (fedcba9876543210…)")
}

func FuzzRestore(f *testing.F) {
	d := simulation(f, argon(100), 60, Settings{Ensemble: NPTMTK, TimeStep: 5, Temperature: Constant(60)}, crystal(4))
	var file bytes.Buffer
	require.NoError(f, d.Save(&file, Identity{Hash: "argon"}))
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := Restore(bytes.NewReader(text), argon(100), Identity{Hash: "argon"}); err == nil && d.System.NumAtoms() < 100 {
			_ = d.Advance(t.Context())
		}
	})
}
