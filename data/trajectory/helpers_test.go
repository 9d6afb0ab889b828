package trajectory

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

// kinds is a file's ending for each format.
var kinds = []string{".extxyz", ".dcd", ".nc"}

// cells is a cell of each kind; none is where there is none.
var cells = map[string]vec.Matrix{
	"isolated":     {},
	"orthorhombic": {{9, 0, 0}, {0, 10, 0}, {0, 0, 11}},
	"triclinic":    {{9, 0, 0}, {-2, 10, 0}, {1.5, 3, 11}},
	"turned":       {{0, 9, 0}, {0, -2, 10}, {11, 1.5, 3}},                 // right-handed, axes permuted
	"tilted":       {{6, 5, 4}, {-5, 8, 1}, {-1, -4, 10}},                  // right-handed, in no orientation
	"left-handed":  {{9, 0, 0}, {0, 10, 0}, {0, 0, -11}},                   // mirrored
	"left, tilted": {{-5, 8, 1}, {6, 5, 4}, {-1, -4, 10}},                  // two vectors of tilted in the other order
	"upside down":  {{-9, 0, 0}, {0, -10, 0}, {0, 0, 11}},                  // right-handed, turned by 180°
	"transposed":   {{9, -2, 1.5}, {0, 10, 3}, {0, 0, 11}},                 // upper triangular
	"rhombohedral": {{0, 4.05, 4.05}, {4.05, 0, 4.05}, {4.05, 4.05, 0}},    // fcc's primitive cell
	"flat":         {{9, 0, 0}, {8.99999, 0.02, 0}, {0, 0, 11}},            // γ of 0.13°
	"large":        {{1e5, 0, 0}, {0.1, 1e5, 0}, {0, 1, 1e5}},              // wide
	"left, flat":   {{0.5, 8, 8}, {-0.5, 8, 8.1}, {3, -1, 0.25}},           // and thin
	"reversed":     {{-9, 0, 0}, {0, -10, 0}, {0, 0, -11}},                 // left-handed: all point back
	"hexagonal":    {{3, 0, 0}, {-1.5, 2.598076211353316, 0}, {0, 0, 5.1}}, // γ of 120°
}

// simulation makes frames of a cell, n of them every steps apart, with all fields.
func simulation(cell vec.Matrix, n, every int) []*Frame {
	random := rand.New(rand.NewPCG(1, 2))
	vectors := func(scale float64) [][3]float64 {
		v := make([][3]float64, 5)
		for i := range v {
			v[i] = [3]float64{scale * random.NormFloat64(), scale * random.NormFloat64(), scale * random.NormFloat64()}
		}
		return v
	}
	var frames []*Frame
	for k := range n {
		energy := -random.Float64()
		f := &Frame{
			Structure:  atoms.Structure{Numbers: []int{6, 17, 1, 8, 35}, Positions: vectors(9), Cell: cell},
			Step:       int64(k * every),
			Time:       float64(k*every) * 0.5,
			Velocities: vectors(0.01),
			Forces:     vectors(2),
			Energy:     &energy,
		}
		if cell != (vec.Matrix{}) {
			f.PBC = [3]bool{true, true, true}
			f.Stress = &[6]float64{0.1, -0.2, 0.3, 0.01, 0.02, -0.03}
			for i := range f.Cell { // it breathes
				f.Cell[i] = vec.Scale(f.Cell[i], 1+0.001*float64(k))
			}
		}
		frames = append(frames, f)
	}
	return frames
}

// write writes frames to a new file and returns how long it was after each.
func write(t testing.TB, path string, frames ...*Frame) (ends []int64) {
	t.Helper()
	w, err := Create(path, frames[0].Numbers, Options{})
	require.NoError(t, err)
	return add(t, w, frames...)
}

// add writes frames and closes.
func add(t testing.TB, w *Writer, frames ...*Frame) (ends []int64) {
	t.Helper()
	for i, f := range frames {
		require.NoError(t, w.Write(f), i)
		info, err := os.Stat(w.path)
		require.NoError(t, err)
		ends = append(ends, info.Size())
	}
	require.NoError(t, w.Close())
	return ends
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// place puts a file into a folder of the test's.
func put(t testing.TB, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
