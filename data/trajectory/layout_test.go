package trajectory

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/units"
	"painless/internal/vec"
)

// near32 compares with what went through float32.
func near32(t *testing.T, what string, want, got [][3]float64, scale float64) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		require.InDeltaSlice(t, want[i][:], got[i][:], 2e-7*scale, "%s of %d", what, i)
	}
}

// products is all that stays of vectors when they are turned, but not when they
// are mirrored: their scalar products and their triple products.
func products(vectors ...[3]float64) (found [][3]float64) {
	for _, a := range vectors {
		for _, b := range vectors {
			for _, c := range vectors {
				found = append(found, [3]float64{vec.Dot(a, a), vec.Dot(a, b), vec.Dot(a, vec.Cross(b, c))})
			}
		}
	}
	return found
}

// Whatever the cell, a reader that draws it from lengths and angles finds the same
// crystal: the lattice, and the atoms, velocities and forces in it, turned
// together and not mirrored.
func TestCells(t *testing.T) {
	for name, cell := range cells {
		frames := simulation(cell, 3, 10)
		for _, kind := range []string{".dcd", ".nc"} {
			t.Run(name+kind, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "a"+kind)
				write(t, path, frames...)
				got := readSeen(t, path)
				require.Len(t, got, len(frames))
				for k, f := range frames {
					require.Equal(t, f.Step, got[k].step)
					require.InDelta(t, f.Time, got[k].time, 1e-6*f.Time)
					if kind == ".dcd" {
						got[k].velocities, got[k].forces = nil, nil
						f.Velocities, f.Forces = nil, nil
					}
					require.Len(t, got[k].velocities, len(f.Velocities))
					require.Len(t, got[k].forces, len(f.Forces))
					if name == "isolated" {
						require.Zero(t, got[k].lengths)
						near32(t, "position", f.Positions, got[k].positions, 30)
						near32(t, "velocity", f.Velocities, got[k].velocities, 0.03)
						near32(t, "force", f.Forces, got[k].forces, 6)
						continue
					}
					drawn := got[k].cell()
					sign := math.Copysign(1, vec.Determinant(&f.Cell)) // of all vectors: the same lattice
					size := vec.Norm(f.Cell[0]) + vec.Norm(f.Cell[1]) + vec.Norm(f.Cell[2]) + 30
					var want, found [][3]float64
					for c := range 3 {
						want, found = append(want, vec.Scale(f.Cell[c], sign)), append(found, drawn[c])
					}
					want, found = append(want, f.Positions...), append(found, got[k].positions...)
					for i := range f.Velocities { // to the size of positions
						want, found = append(want, vec.Scale(f.Velocities[i], 1000)), append(found, vec.Scale(got[k].velocities[i], 1000))
						want, found = append(want, vec.Scale(f.Forces[i], 10)), append(found, vec.Scale(got[k].forces[i], 10))
					}
					a, b := products(want...), products(found...)
					for i := range a {
						for c, power := range []float64{2, 2, 3} {
							require.InDelta(t, a[i][c], b[i][c], 2e-6*math.Pow(size, power), "product %d", i)
						}
					}
				}
			})
		}
	}
}

func TestTurned(t *testing.T) {
	for name, want := range map[string]bool{
		"isolated": false, "orthorhombic": false, "triclinic": false, "flat": false, "large": false, "reversed": false,
		"turned": true, "tilted": true, "left-handed": true, "left, tilted": true, "upside down": true, "transposed": true,
	} {
		f := simulation(cells[name], 1, 1)[0]
		assert.Equal(t, want, Turned(&f.Structure), name)
		if !want { // then nothing is multiplied, and nothing rounded
			b, _, err := newBox(&f.Structure)
			require.NoError(t, err)
			assert.Equal(t, untouched.axes, b.axes, name)
		}
	}
	slab := simulation(cells["orthorhombic"], 1, 1)[0]
	slab.PBC[2] = false
	assert.False(t, Turned(&slab.Structure), "which they refuse")
}

// Without turning, what is read is what was written to float32, in float32.
func TestUnits(t *testing.T) {
	frames := simulation(cells["triclinic"], 3, 10)
	path := filepath.Join(t.TempDir(), "a.nc")
	write(t, path, frames...)
	got, once := readNetCDF(t, path)
	assert.Equal(t, "xyz", once["spatial"])
	assert.Equal(t, "abc", once["cell_spatial"])
	assert.Equal(t, "alphabeta gamma", once["cell_angular"])
	assert.Equal(t, "\x00\x00\x00\x06\x00\x00\x00\x11\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x23", once["Z"])
	for k, f := range frames {
		near32(t, "position", f.Positions, got[k].positions, 30)
		near32(t, "velocity", f.Velocities, got[k].velocities, 0.03)
		near32(t, "force", f.Forces, got[k].forces, 6)
	}
	path = filepath.Join(t.TempDir(), "a.dcd")
	write(t, path, frames...)
	for k, s := range readDCD(t, path) {
		for i, r := range frames[k].Positions {
			for c := range r {
				assert.Equal(t, float64(float32(r[c])), s.positions[i][c])
			}
		}
	}
}

// Extended XYZ holds every bit.
func TestXYZ(t *testing.T) {
	for name, cell := range cells {
		frames := simulation(cell, 3, 10)
		frames[1].Velocities, frames[1].Energy, frames[1].Stress = nil, nil, nil
		frames[2].Masses = []float64{13.003, 35.45, 2.014, 15.999, 79.904}
		path := filepath.Join(t.TempDir(), "a.xyz")
		write(t, path, frames...)
		file, err := os.Open(path)
		require.NoError(t, err)
		defer file.Close()
		reader := data.NewReader(file, path)
		for k, f := range frames {
			got, err := reader.Read()
			require.NoError(t, err)
			assert.Equal(t, f.Structure, got.Structure, name)
			step, err := got.Floats("step", 1)
			require.NoError(t, err)
			time, err := got.Floats("time", 1)
			require.NoError(t, err)
			assert.Equal(t, []float64{float64(f.Step), f.Time}, []float64{step[0], time[0]})
			labels, err := got.OwnLabels()
			require.NoError(t, err)
			assert.Equal(t, data.Labels{Energy: f.Energy, Forces: f.Forces, Stress: f.Stress}, labels)
			momenta, err := got.Vectors("momenta")
			if k == 1 {
				assert.ErrorContains(t, err, "no column")
				continue
			}
			require.NoError(t, err)
			kinetic, want := 0., 0.
			for i, p := range momenta { // E = p²/2m, in eV where p is in √(u·eV)
				kinetic += vec.Dot(p, p) / (2 * f.mass(i))
				want += 0.5 * f.mass(i) * vec.Dot(f.Velocities[i], f.Velocities[i]) * units.MassVelocity2
			}
			assert.InEpsilon(t, want, kinetic, 1e-12)
			if k == 0 {
				assert.Nil(t, got.Column("masses"))
			} else {
				assert.Equal(t, f.Masses, got.Column("masses").Reals)
			}
		}
	}
}
