package nn

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
)

// Exchanges of a domain of 3,000 atoms, half of them ghosts, beside a copy.
func BenchmarkDomainExchange(b *testing.B) {
	config := smallConfig
	config.HiddenDim, config.NumInteractions = 128, 3
	d, err := NewDomain(randomNetwork(config, 1), Options{Threads: 1})
	require.NoError(b, err)
	s := systems.WaterDrop(10, 10, 10)
	n := len(s.Numbers)
	require.NoError(b, d.Begin(context.Background(), atoms.NewBatch(s), n/2, nil))
	_, err = d.Next(context.Background())
	require.NoError(b, err)
	list := make([]int32, n/2)
	for i := range list {
		list[i] = int32(i)
	}
	rows, other := make([]float32, len(list)*d.Row()), make([]float32, len(list)*d.Row())
	for name, do := range map[string]func(){
		"copy":   func() { copy(other, rows) },
		"pack":   func() { require.NoError(b, d.Pack(rows, list)) },
		"unpack": func() { require.NoError(b, d.Unpack(rows, n/2, n/2)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(rows)))
			for b.Loop() {
				do()
			}
		})
	}
}
