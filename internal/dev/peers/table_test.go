package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
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

func TestTable(t *testing.T) {
	r := report{
		Date: "2026-01-02", CPU: "abacus", Threads: 2, Peers: map[string]string{"PyTorch": "1", "ONNX Runtime": "2"},
		Load: []*loadTime{{"tiny", []float64{0.02}}, {"original", nil}},
		Against: []*comparison{
			{Model: "tiny", Structure: "water", Atoms: 96, Edges: 2738, Seconds: map[string][]float64{"painless": {0.001, 0.002, 0.003}, "PyTorch eager": {0.02}}},
			{Model: "tiny", Structure: "benzene", Atoms: 12, Edges: 130, Seconds: map[string][]float64{"PyTorch cuda graph": {0.016}}},
		},
		Alone:      []*scaling{{"tiny", "water box", 384, 1000, []float64{0.004}, []float64{0.002}}, {"tiny", "water box", 3000, 9000, []float64{0.04}, nil}},
		Throughput: []*throughput{{"tiny", "benzene", 64, 768, 8320, []float64{0.001}}, {"tiny", "benzene", 8192, 98304, 0, nil}},
		Errors:     []failure{{"loading original", "it hangs"}},
	}
	assert.Equal(t, `abacus, 2 threads, 2026-01-02, ONNX Runtime 2, PyTorch 1

| model | structure | atoms | edges | painless ms | PyTorch cuda graph ms | over painless | PyTorch eager ms | over painless |
|---|---|---|---|---|---|---|---|---|
| tiny | water | 96 | 2738 | 2.0000 | – | – | 20.0000 | 10.00 |
| tiny | benzene | 12 | 130 | – | 16.0000 | – | – | – |

| model | structure | atoms | edges | 1 thread ms | 2 threads ms | ratio | µs/atom | ns/edge |
|---|---|---|---|---|---|---|---|---|
| tiny | water box | 384 | 1000 | 4.0000 | 2.0000 | 2.00 | 5.21 | 2000 |
| tiny | water box | 3000 | 9000 | 40.0000 | – | – | – | – |

| model | structures | batch | atoms | E+F ms | atoms/s |
|---|---|---|---|---|---|
| tiny | benzene | 64 | 768 | 1.0000 | 7.68e+05 |

| model | load and tabulate ms |
|---|---|
| tiny | 20.0 |

loading original failed: it hangs
`, r.table())

	r.GPU = "a GPU, 1.2"
	assert.Contains(t, r.table(), "a GPU, 1.2, 2026-01-02, ")
	assert.Equal(t, ", 0 threads, \n", (&report{}).table(), "nothing was measured")
}
