package jsonfile

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	require.NoError(t, Write(path, map[string]int{"a": 1}))
	assert.ErrorContains(t, Write(path, math.NaN()), "cannot write "+path+": ")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "{\n \"a\": 1\n}\n", string(text), "what was there stays")
}
