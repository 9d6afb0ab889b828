package nn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

func TestUnapplied(t *testing.T) {
	c, err := checkpoint.Open("../testdata/tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	f, err := Find(c, 0)
	require.NoError(t, err)
	assert.Empty(t, f.Unapplied)
	for name, value := range map[string]any{"energy_mean": -154.2, "energy_std": 3.2, "atomref": []any{1.0}, "e0": nil, "scale": true, "scaler": 1.0, "meaning": 1.0} {
		c.Metadata[name] = value
	}
	c.Metadata["hyper_parameters"] = map[string]any{"shift": 2.0, "lr": 1e-3}
	f, err = Find(c, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"atomref", "energy_mean", "energy_std", "hyper_parameters.shift"}, f.Unapplied)
	assert.Equal(t, []string{"model.atomref.weight", "net.mean"}, unapplied(c, []string{"model.atomref.weight", "net.mean", "net.meaning.x"})[len(f.Unapplied):])
}
