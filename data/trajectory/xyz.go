package trajectory

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"

	"painless/atoms"
	"painless/data"
	"painless/internal/units"
)

// xyz is the layout of extended XYZ: frame after frame, as package data writes
// them, each with its step and time in the comment line.
type xyz struct {
	path    string // what errors call the file
	numbers []int

	frame                   data.Frame // its memory is kept
	masses, momenta, forces []float64  // and theirs
	text                    bytes.Buffer
	out                     *data.Writer
}

// keyStep is the key of the step in the comment line.
const keyStep = "step"

func newXYZ(path string, numbers []int) *xyz {
	x := &xyz{path: path, numbers: numbers}
	x.out = data.NewWriter(&x.text)
	return x
}

func (x *xyz) limit() float64 { return math.MaxFloat64 }

func (x *xyz) encode(buf []byte, f *Frame, _ int) ([]byte, error) {
	to := &x.frame
	to.Structure, to.Info, to.Columns = f.Structure, to.Info[:0], to.Columns[:0]
	to.SetText(keyStep, strconv.FormatInt(f.Step, 10))
	to.Set("time", f.Time)
	if f.Energy != nil {
		to.Set(data.EnergyKey, *f.Energy)
	}
	if f.Stress != nil {
		to.SetStress(*f.Stress)
	}
	if f.hasOwnMasses() { // else readers take those of the elements
		x.masses = append(x.masses[:0], f.Masses...)
		to.Columns = append(to.Columns, data.Column{Name: "masses", Kind: data.Real, Width: 1, Reals: x.masses})
	}
	if f.Velocities != nil {
		x.momenta = x.momenta[:0]
		for i, v := range f.Velocities {
			p := f.mass(i) * units.ASETime // √(u·eV)
			x.momenta = append(x.momenta, p*v[0], p*v[1], p*v[2])
		}
		to.Columns = append(to.Columns, data.Column{Name: "momenta", Kind: data.Real, Width: 3, Reals: x.momenta})
	}
	if f.Forces != nil {
		x.forces = x.forces[:0]
		for i := range f.Forces {
			x.forces = append(x.forces, f.Forces[i][:]...)
		}
		to.Columns = append(to.Columns, data.Column{Name: data.ForcesKey, Kind: data.Real, Width: 3, Reals: x.forces})
	}
	x.text.Reset()
	err := errors.Join(x.out.Write(to), x.out.Flush())
	to.Structure = atoms.Structure{}
	return append(buf, x.text.Bytes()...), err
}

// announce has nothing to say: the file is its frames.
func (x *xyz) announce(io.WriterAt, int) error { return nil }
