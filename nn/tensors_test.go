package nn

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

// A network is found again, to the bit, in the tensors that it gives.
func TestTensorsAreFoundAgain(t *testing.T) {
	for _, name := range []string{"tiny", "ultra_tiny"} {
		c, err := checkpoint.Open("../testdata/" + name + ".pt")
		require.NoError(t, err)
		defer c.Close()
		want, err := FromCheckpoint(c)
		require.NoError(t, err)
		tensors, err := want.Tensors(checkpoint.Float32)
		require.NoError(t, err)
		var file bytes.Buffer
		require.NoError(t, checkpoint.New(map[string]any{"config": want.Map()}, tensors...).WritePyTorch(&file))
		read, err := checkpoint.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), name)
		require.NoError(t, err)
		got, err := FromCheckpoint(read)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)

		want.Blocks[0].Filter[1].Bias = nil
		_, err = want.Tensors(checkpoint.Float32)
		assert.ErrorContains(t, err, "network, block 0: expected a layer")
	}
}
