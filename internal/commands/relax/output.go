package relax

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"painless/data"
	"painless/internal/commands/cli"
)

// writer writes relaxed frames in one of the formats. Of one that cannot be
// written it writes nothing.
type writer interface {
	Write(f *frame) error
	End() error
	Flush() error
}

func (s *settings) writer(out *cli.Records) writer {
	if s.json {
		return jsonWriter{out, json.NewEncoder(out)}
	}
	return extxyzWriter{out, data.NewWriter(out)}
}

// extxyzWriter writes the frame that was read, as it is now.
type extxyzWriter struct {
	*cli.Records
	frames *data.Writer
}

func (w extxyzWriter) Write(f *frame) error {
	f.Drop(data.Calculated...)
	f.Drop("momenta", "velocities") // it is at rest
	f.Set("energy", f.energy)
	if f.stress != nil {
		f.SetStress(*f.stress)
	}
	f.Set("steps", float64(f.steps))
	f.Set("fmax", f.maxForce)
	converged := "F"
	if f.converged {
		converged = "T"
	}
	f.SetText("converged", converged)
	f.SetVectors("forces", f.forces)
	return errors.Join(w.frames.Write(f.Frame), w.frames.Flush())
}

// jsonWriter writes a line for each structure.
type jsonWriter struct {
	*cli.Records
	encoder *json.Encoder
}

func (w jsonWriter) Write(f *frame) error {
	line := struct {
		File        string         `json:"file"`
		Frame       int            `json:"frame"`
		Atoms       int            `json:"natoms"`
		Converged   bool           `json:"converged"`
		Steps       int64          `json:"steps"`
		FirstEnergy float64        `json:"energy_first"`
		Energy      float64        `json:"energy"`
		MaxForce    float64        `json:"fmax"`
		FirstVolume float64        `json:"volume_first,omitempty"`
		Volume      float64        `json:"volume,omitempty"`
		Cell        *[3][3]float64 `json:"cell,omitempty"`
		Positions   [][3]float64   `json:"positions"`
		Forces      [][3]float64   `json:"forces"`
		Stress      *[6]float64    `json:"stress,omitempty"`
	}{f.at.File, f.at.Frame, len(f.Numbers), f.converged, f.steps, f.first, f.energy, f.maxForce, f.firstVolume, f.volume, nil, f.Positions, f.forces, f.stress}
	if f.Cell != [3][3]float64{} {
		line.Cell = &f.Cell
	}
	return w.encoder.Encode(line)
}

// table is a line for each structure that is written.
type table struct {
	out   io.Writer
	cell  bool // which relaxes
	begun bool
}

func (t *table) row(f *frame) {
	header, row := "%7s %6s %4s %18s %18s %11s", "%7d %6d %4s %18.6f %18.6f %11.5f"
	titles, cells := []any{"frame", "steps", "done", "E first, eV", "E last, eV", "fmax, eV/Å"}, []any{f.at.Frame, f.steps, "yes", f.first, f.energy, f.maxForce}
	if !f.converged {
		cells[2] = "no"
	}
	if t.cell {
		header, row = header+" %12s %12s %12s", row+" %12.4f %12.4f %12.5f"
		titles, cells = append(titles, "V first, Å³", "V last, Å³", "ΔS, GPa"), append(cells, f.firstVolume, f.volume, gigapascal(f.maxStress))
	}
	if !t.begun {
		fmt.Fprintf(t.out, header+"  file\n", titles...)
		t.begun = true
	}
	fmt.Fprintf(t.out, row+"  %s\n", append(cells, f.at.File)...)
}
