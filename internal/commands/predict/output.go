package predict

import (
	"encoding/json"
	"errors"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/train"
)

// prediction is what was computed for a frame: eV, eV/Å and eV/Å³.
type prediction struct {
	named
	energy float64
	forces [][3]float64
	stress *[6]float64 // xx, yy, zz, yz, xz, xy; nil where there is no volume
	shares []float64   // of the atoms in the energy; nil where nobody asked for them

	curvature *train.Curvature // nil where nobody asked for it
}

// writer writes predictions in one of the formats. Of one that cannot be written
// it writes nothing.
type writer interface {
	Write(p *prediction) error
	End() error
	Flush() error
}

func (s *settings) writer(out *cli.Records) writer {
	if s.json {
		return jsonWriter{out, json.NewEncoder(out)}
	}
	return extxyzWriter{out, data.NewWriter(out), s.label}
}

// extxyzWriter writes the frame that was read with energy, forces and stress as ASE names them.
type extxyzWriter struct {
	*cli.Records
	frames *data.Writer
	label  *labels // may be nil
}

func (w extxyzWriter) Write(p *prediction) error {
	f := p.Frame
	f.Drop(data.Calculated...)
	f.Set("energy", p.energy)
	if p.stress != nil {
		f.SetStress(*p.stress)
	}
	f.SetVectors("forces", p.forces)
	w.label.add(f, p)
	return errors.Join(w.frames.Write(f), w.frames.Flush())
}

// jsonWriter writes a line for each structure.
type jsonWriter struct {
	*cli.Records
	encoder *json.Encoder
}

func (w jsonWriter) Write(p *prediction) error {
	return w.encoder.Encode(struct {
		File   string       `json:"file"`
		Frame  int          `json:"frame"`
		Atoms  int          `json:"natoms"`
		Energy float64      `json:"energy"`
		Forces [][3]float64 `json:"forces"`
		Stress *[6]float64  `json:"stress,omitempty"`
	}{p.at.File, p.at.Frame, len(p.forces), p.energy, p.forces, p.stress})
}
