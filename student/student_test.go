package student

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

// The name stands for the file that is embedded, in each of the functions, and other
// names for files.
func TestName(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	require.NoError(t, os.WriteFile(path, file, 0o600))
	var tensors [2]int
	for i, name := range []string{Name, path} {
		c, err := Open(name, checkpoint.Options{})
		require.NoError(t, err)
		for _, x := range c.Tensors() {
			values, err := x.Tensor.Float64s()
			require.NoError(t, err)
			tensors[i] += len(values)
		}
		require.NoError(t, c.Close())
	}
	assert.Equal(t, tensors[0], tensors[1])
	assert.Greater(t, tensors[0], 10_000)

	hash, err := Hash(Name)
	require.NoError(t, err)
	of, err := Hash(path)
	require.NoError(t, err)
	assert.Equal(t, of, hash)
	size, err := Size(Name)
	require.NoError(t, err)
	assert.EqualValues(t, len(file), size)

	missing := filepath.Join(t.TempDir(), "none.pt")
	_, err = Open(missing, checkpoint.Options{})
	assert.ErrorContains(t, err, "none.pt")
	_, err = Hash(missing)
	assert.ErrorContains(t, err, "none.pt")
	_, err = Size(missing)
	assert.ErrorContains(t, err, "none.pt")
	_, err = Open(Name, checkpoint.Options{Key: "ema"})
	assert.ErrorContains(t, err, "default: key \"ema\"")
}
