package trajectory

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/systems"
)

// water is a frame of 3,000 atoms; turned is whether formats turn it.
func water(turned bool) *Frame {
	energy := -1.5
	f := &Frame{Structure: systems.WaterBox(10, 10, 10), Energy: &energy, Stress: &[6]float64{1, 2, 3, 4, 5, 6}}
	if turned {
		for i := range f.Cell {
			f.Cell[i] = [3]float64{f.Cell[i][2], f.Cell[i][0], f.Cell[i][1]}
		}
	}
	f.Velocities, f.Forces = f.Positions, f.Positions
	return f
}

func next(f *Frame) {
	f.Step++
	f.Time = 0.5 * float64(f.Step)
}

// In the steady state DCD and NetCDF allocate nothing, and extended XYZ a few
// words of the comment line.
func TestWriteAllocates(t *testing.T) {
	for kind, most := range map[string]float64{".dcd": 0, ".nc": 0, ".xyz": 20} {
		for _, turned := range []bool{false, true} {
			f := water(turned)
			w, err := Create(filepath.Join(t.TempDir(), "a"+kind), f.Numbers, Options{})
			require.NoError(t, err)
			require.NoError(t, w.Write(f))
			allocations := testing.AllocsPerRun(10, func() {
				next(f)
				if err := w.Write(f); err != nil {
					t.Fatal(err)
				}
			})
			assert.LessOrEqual(t, allocations, most, kind)
			require.NoError(t, w.Close())
		}
	}
}

// Of 3,000 atoms with all that the format holds.
func BenchmarkWrite(b *testing.B) {
	for _, kind := range []string{"xyz", "dcd", "nc"} {
		for _, turned := range []bool{false, true} {
			name := kind
			if turned {
				name += "/turned"
			}
			b.Run(name, func(b *testing.B) {
				f := water(turned)
				path := filepath.Join(b.TempDir(), "a."+kind)
				w, err := Create(path, f.Numbers, Options{})
				require.NoError(b, err)
				require.NoError(b, w.Write(f))
				first := w.end
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if i%100 == 99 { // without filling the disk
						require.NoError(b, w.file.Truncate(0))
						w.place = empty
						f.Step, f.Time = -1, -0.5
					}
					next(f)
					if err := w.Write(f); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(first)
				require.NoError(b, w.Close())
			})
		}
	}
}

// How fast the place in a long file is found.
func BenchmarkAppend(b *testing.B) {
	for _, kind := range []string{"xyz", "dcd", "nc"} {
		b.Run(kind, func(b *testing.B) {
			f := water(false)
			path := filepath.Join(b.TempDir(), "a."+kind)
			w, err := Create(path, f.Numbers, Options{})
			require.NoError(b, err)
			for range 200 {
				require.NoError(b, w.Write(f))
				next(f)
			}
			require.NoError(b, w.Close())
			b.SetBytes(w.end)
			for b.Loop() {
				w, err := Append(path, f.Numbers, f.Step, Options{})
				require.NoError(b, err)
				require.Equal(b, 200, w.Frames())
				require.NoError(b, w.Close())
			}
		})
	}
}
