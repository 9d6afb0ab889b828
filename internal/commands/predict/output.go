package predict

import (
	"bufio"
	"encoding/json"
	"io"

	"painless/data"
)

// prediction is what was computed for a frame: eV, eV/Å and eV/Å³.
type prediction struct {
	named
	energy float64
	forces [][3]float64
	stress *[6]float64 // xx, yy, zz, yz, xz, xy; nil where there is no volume
}

// writer writes predictions in one of the formats.
type writer interface {
	Write(p *prediction) error
	Flush() error
}

func (s *settings) writer(out io.Writer) writer {
	if s.json {
		buffered := bufio.NewWriter(out)
		return jsonWriter{buffered, json.NewEncoder(buffered)}
	}
	return extxyzWriter{data.NewWriter(out)}
}

// extxyzWriter writes the frame that was read with energy, forces and stress as ASE names them.
type extxyzWriter struct{ *data.Writer }

func (w extxyzWriter) Write(p *prediction) error {
	f := p.Frame
	f.Drop(data.Calculated...)
	f.Set("energy", p.energy)
	if p.stress != nil {
		f.SetStress(*p.stress)
	}
	f.SetVectors("forces", p.forces)
	return w.Writer.Write(f)
}

// jsonWriter writes a line for each structure.
type jsonWriter struct {
	*bufio.Writer
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
	}{p.file, p.index, len(p.forces), p.energy, p.forces, p.stress})
}
