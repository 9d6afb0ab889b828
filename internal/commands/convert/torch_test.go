package convert

import (
	"path/filepath"
	"testing"

	"painless/internal/exporttest"
	"painless/internal/peertest"
)

// torch.load(weights_only=True) opens what is written, and training code's
// network takes it, of safetensors too, and of traces, whose last mixing matrix is missing.
func TestTorchRuns(t *testing.T) {
	for _, in := range []string{"original.pt", "tiny.pt", "tiny_traced.pt", "ultra_tiny.pt"} {
		_, n := network(t, testdata+in)
		golden := testdata + map[string]string{"original.pt": "original", "tiny.pt": "tiny", "tiny_traced.pt": "tiny", "ultra_tiny.pt": "ultra_tiny"}[in] + ".extxyz"
		for _, out := range []string{"a.pt", "a.safetensors"} {
			out = filepath.Join(t.TempDir(), out)
			convert(t, testdata+in, out)
			exporttest.Check(t, peertest.Torch(t, "testdata/run.py"), out, n, golden, true)
		}
	}
}
