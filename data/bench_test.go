package data

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"testing"

	"painless/atoms"
)

func BenchmarkReader(b *testing.B) {
	for _, atoms := range []int{9, 3000} {
		b.Run(fmt.Sprintf("atoms=%d", atoms), func(b *testing.B) {
			text := []byte(written(b, trajectory(atoms)...))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, bytes.NewReader(text))
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	for _, atoms := range []int{9, 3000} {
		b.Run(fmt.Sprintf("atoms=%d", atoms), func(b *testing.B) {
			frames := trajectory(atoms)
			b.SetBytes(int64(len(written(b, frames...))))
			b.ReportAllocs()
			w := NewWriter(io.Discard)
			for b.Loop() {
				for _, f := range frames {
					if err := w.Write(f); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// trajectory is 30,000 atoms in frames of n, with energies, forces and cells.
func trajectory(n int) (frames []*Frame) {
	for first := 0; first < 30_000; first += n {
		f := &Frame{Structure: atoms.Structure{Cell: [3][3]float64{{9.5, 0, 0}, {0, 9.5, 0}, {0, 0, 9.5}}, PBC: [3]bool{true, true, true}}}
		forces := make([][3]float64, n)
		for i := range forces {
			x := float64(first+i) / 7
			f.Numbers = append(f.Numbers, 1+i%17)
			f.Positions = append(f.Positions, [3]float64{x, math.Sin(x), math.Cos(x)})
			forces[i] = [3]float64{math.Sin(2 * x), math.Cos(3 * x), -x / 100}
		}
		f.Set("energy", -float64(n)/3)
		f.SetText("name", "benchmark trajectory")
		f.SetVectors("forces", forces)
		frames = append(frames, f)
	}
	return frames
}
