package checkpoint

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

func BenchmarkOpen(b *testing.B) {
	info, err := os.Stat("../testdata/original.pt")
	require.NoError(b, err)
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		c, err := Open("../testdata/original.pt")
		require.NoError(b, err)
		require.NoError(b, c.Close())
	}
}

// writeLarge writes a float32 tensor of a number of elements, and a small one beside it.
func writeLarge(t testing.TB, path string, elements int) {
	t.Helper()
	c := New(nil, Named{"large", contiguous([]int{elements}, &Storage{DType: Float32, Data: make([]byte, 4*elements)})},
		Named{"small", contiguous([]int{4}, &Storage{DType: Float32, Data: make([]byte, 16)})})
	write := c.WritePyTorch
	if filepath.Ext(path) == ".safetensors" {
		write = func(w io.Writer) error { return c.WriteSafetensors(w, map[string]string{}) }
	}
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, write(file))
	require.NoError(t, file.Close())
}

// BenchmarkLoad opens files of 1 GiB and reads a small tensor of them, here
// and in PyTorch or, for safetensors, in NumPy as its library does it: the file
// mapped, the header parsed, the tensor a slice.
func BenchmarkLoad(b *testing.B) {
	for format, peer := range map[string]string{"pt": "torch", "safetensors": "numpy"} {
		path := filepath.Join(b.TempDir(), "large."+format)
		writeLarge(b, path, 1<<28)
		b.Run("format="+format+"/reader=painless", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := Open(path)
				require.NoError(b, err)
				small, _ := c.Tensor("small")
				_, err = small.Float64s()
				require.NoError(b, err)
				require.NoError(b, c.Close())
			}
		})
		b.Run("format="+format+"/reader="+peer, func(b *testing.B) {
			output, err := peertest.Torch(b, "testdata/load.py", path).Output()
			require.NoError(b, err)
			seconds, err := strconv.ParseFloat(strings.TrimSpace(string(output)), 64)
			require.NoError(b, err)
			b.ReportMetric(seconds*1e9, "ns/op")
		})
	}
}
