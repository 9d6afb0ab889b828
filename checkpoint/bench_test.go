package checkpoint

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkOpen(b *testing.B) {
	file, err := os.ReadFile("../testdata/original.pt")
	require.NoError(b, err)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open("../testdata/original.pt"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenLarge opens files of 1 GiB and reads a small tensor of them.
func BenchmarkOpenLarge(b *testing.B) {
	const large = 1 << 28 // float32
	whole := contiguous([]int{large}, &Storage{DType: Float32, Data: make([]byte, 4*large)})
	c := New(nil, Named{"large", whole}, Named{"small", contiguous([]int{4}, &Storage{DType: Float32, Data: make([]byte, 16)})})
	for format, write := range map[string]func(io.Writer) error{
		"pt":          c.WritePyTorch,
		"safetensors": func(w io.Writer) error { return c.WriteSafetensors(w, nil) },
	} {
		path := b.TempDir() + "/large." + format
		file, err := os.Create(path)
		require.NoError(b, err)
		require.NoError(b, write(file))
		require.NoError(b, file.Close())
		b.Run("format="+format, func(b *testing.B) {
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
	}
}
