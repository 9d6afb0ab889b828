package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{5, 1}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		x := append([]float64(nil), c.x...)
		assert.Equal(t, c.want, median(x))
		assert.Equal(t, c.x, x, "left as it was")
	}
}

func TestReport(t *testing.T) {
	r := report{
		Date: "2026-01-02", CPU: "abacus", Threads: 2, Peers: map[string]string{"PyTorch": "1", "ONNX Runtime": "2"},
		Load:    []loadTime{{"tiny", []float64{0.02}}},
		Against: []comparison{{"tiny", "water", 96, 2738, []float64{0.001, 0.002, 0.003}, []float64{0.02}, []float64{0.01}, nil}},
		Alone:   []scaling{{"tiny", "water box", 384, 1000, []float64{0.004}, []float64{0.002}}},
	}
	table := r.table()
	assert.Contains(t, table, "abacus, 2 threads, 2026-01-02; PyTorch 1, ONNX Runtime 2\n")
	assert.Contains(t, table, "| tiny | water | 96 | 2738 | 2.000 | 20.00 | 10.00 | 10.0 | 5.0 |\n")
	assert.Contains(t, table, "| tiny | water box | 384 | 1000 | 4.000 | 2.000 | 2.00 | 5.21 | 2000 |\n")
	assert.Contains(t, table, "| tiny | 20.0 |\n")

	r.GPU, r.Throughput = "a GPU, 1.2", []throughput{{"tiny", "benzene", 64, 768, []float64{0.001}}}
	r.Against[0].Variants = map[string][]float64{"eager": {0.03}, "cuda graph": {0.016}}
	table = r.gpuTable()
	assert.Contains(t, table, "a GPU, 1.2, 2026-01-02\n")
	assert.Contains(t, table, "PyTorch 1's fastest E+F ms")
	assert.Contains(t, table, "| tiny | water | 96 | 2738 | 2.0000 | 16.000 | cuda graph | 8.0 |\n")
	assert.Contains(t, table, "| tiny | benzene | 64 | 768 | 1.0000 | 7.68e+05 |\n")

	path := filepath.Join(t.TempDir(), "new", "report.json")
	require.NoError(t, r.write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var back report
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, r, back)
}
