package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One batch with a label that is far off is no divergence, again and again; a loss that stays high is one.
func TestWatch(t *testing.T) {
	w := &Trainer{}
	look := func(loss float64) error {
		w.Steps++
		return w.watch(loss)
	}
	for step := range 10_000 {
		loss := 0.1
		if step%1000 == 999 {
			loss = 1000
		}
		require.NoError(t, look(loss), "step %d", step)
	}
	assert.ErrorIs(t, func() (err error) {
		for step := 0; err == nil && step < 200; step++ {
			err = look(1000)
		}
		return err
	}(), ErrDiverged)
}
