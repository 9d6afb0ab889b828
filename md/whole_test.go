package md

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// interrupting is a potential before whose computations something happens.
type interrupting struct {
	Potential
	before func() error
}

func (p *interrupting) Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error {
	if err := p.before(); err != nil {
		return err
	}
	return p.Potential.Compute(ctx, b, r)
}

// A ctx that ends within a step does not leave half of one: the next call made
// another, and kicked twice.
func TestStepsAreWhole(t *testing.T) {
	for _, settings := range everywhere() {
		p := &interrupting{argon(5.6), func() error { return nil }}
		d, want := simulation(t, p, 60, settings, crystal(8), crystal(27)), simulation(t, argon(5.6), 60, settings, crystal(8), crystal(27))
		advance(t, d, 2)
		ctx, cancel := context.WithCancel(t.Context())
		p.before = func() error { cancel(); return nil }
		require.NoError(t, d.Advance(ctx))
		assert.EqualValues(t, 3, d.Step)
		require.ErrorIs(t, d.Advance(ctx), context.Canceled)
		advance(t, d, 2)
		advance(t, want, 5)
		assert.Equal(t, want.System.Positions, d.System.Positions, "%v", settings.Ensemble)
		assert.Equal(t, want.System.Velocities, d.System.Velocities, "%v", settings.Ensemble)

		// An error of the potential does, and no checkpoint or step is made of it.
		lost := errors.New("the device is lost")
		p.before = func() error { return lost }
		require.ErrorIs(t, d.Advance(t.Context()), lost)
		p.before = func() error { return nil }
		err := d.Advance(t.Context())
		require.ErrorIs(t, err, lost)
		assert.ErrorContains(t, err, "the simulation stands within the step after 5, which was not finished: the device is lost")
		assert.ErrorIs(t, d.Save(&bytes.Buffer{}, Identity{Hash: "argon"}), lost)
	}
}

// Rotation goes of what is isolated alone, beside fixed atoms of periodic structures,
// and a restart goes on where all that was isolated has left.
func TestNoRotation(t *testing.T) {
	settings := Settings{TimeStep: 5, NoRotation: true}
	s, err := NewSystem(argons(4, 3.8, false), crystal(8))
	require.NoError(t, err)
	s.Fixed = make([][3]bool, 12)
	s.Fixed[4] = [3]bool{true, true, true}
	d, err := New(argon(5.6), s, settings)
	require.NoError(t, err)
	d.Thermalize(30)
	advance(t, d, 20)
	l := s.AngularMomentum(0)
	assert.InDeltaSlice(t, []float64{0, 0, 0}, l[:], 1e-8)
	d.Fail(0, assert.AnError)
	var file bytes.Buffer
	require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
	d, err = Restore(&file, argon(5.6), Identity{Hash: "argon"})
	require.NoError(t, err)
	assert.True(t, d.Settings.NoRotation)
	advance(t, d, 1)
}
