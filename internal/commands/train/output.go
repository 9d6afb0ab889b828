package train

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"painless/checkpoint"
	"painless/export"
	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/internal/plots"
	"painless/nn"
	"painless/train"
)

// checkOutputs says which output cannot be written, and completes the state's name.
func (s *settings) checkOutputs(std cli.Std) error {
	if format, ok := export.FormatOf(s.output); !ok || format.Computes() {
		return fmt.Errorf("-o %s: expected a name that ends in .pt, .pth or .safetensors; painless convert makes ONNX and TorchScript of it", s.output)
	}
	if s.state == "" {
		s.state = s.output + ".state"
	}
	var outputs []string
	for _, output := range []string{s.output, s.state, s.log, s.plot} {
		if output == "" {
			continue
		}
		if info, err := os.Stat(output); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s: expected a file, which is written again and again, found %v", output, info.Mode())
		}
		if err := std.CheckOutput(output, append(append(slices.Clone(s.inputs), strings.Split(s.valid, ",")...), s.from)...); err != nil {
			return err
		}
		outputs = append(outputs, output)
	}
	if err := cli.CheckDistinct(outputs...); err != nil {
		return err
	}
	if s.resume {
		if _, err := os.Stat(s.state); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("-resume: there is no state %s", s.state)
		}
		return nil
	}
	return cli.CheckNew(s.force, outputs...)
}

// own is the flags of outputs that a state notes as its run's, and the files.
func (s *settings) own() map[string]string {
	return map[string]string{"-o": s.output, "-log": s.log, "-plot": s.plot}
}

// note notes which outputs are the run's, from the state's folder on: all may move together.
func (s *settings) note(notes train.Notes) error {
	for flag, path := range s.own() {
		delete(notes, flag)
		if path == "" {
			continue
		}
		from, err := fromState(s.state, path)
		if err != nil {
			return err
		}
		notes[flag] = from
	}
	return nil
}

// goOn refuses outputs that are there and are not the run's to replace, and says which of
// the run's own were left out. It takes none of these from the state, which may be a
// stranger's and name any file.
func (s *settings) goOn(std cli.Std, notes train.Notes) error {
	for flag, path := range s.own() {
		had := notes[flag]
		if path == "" {
			if had != "" {
				fmt.Fprintf(std.Err, "painless: train: the run has written %.200q, which ends where it stopped: %s goes on with it\n", had, flag)
			}
			continue
		}
		from, err := fromState(s.state, path)
		if err == nil && from != had {
			err = cli.CheckNew(s.force, path)
		}
		if err != nil {
			return fmt.Errorf("-resume: %w", err)
		}
	}
	return s.note(notes)
}

// fromState is a path as it is from the state's folder.
func fromState(state, path string) (string, error) {
	folder, err := filepath.Abs(filepath.Dir(state))
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	return filepath.Rel(folder, path)
}

// writeStudent writes the network with its architecture, its elements, and where it
// is from.
func (s *settings) writeStudent(network *nn.Network, from map[string]any) error {
	tensors, err := network.Tensors(checkpoint.Float32)
	if err != nil {
		return err
	}
	metadata := export.Metadata(network, network.Parameters)
	metadata["training"] = from
	format, _ := export.FormatOf(s.output)
	return atomicfile.Write(s.output, func(w io.Writer) error {
		return export.WriteWeights(w, checkpoint.New(metadata, tensors...), format, nil)
	})
}

// origin is what a student says of its training: text and whole numbers, which every
// reader of checkpoints takes.
func (s *settings) origin(notes train.Notes, t *train.Trainer) map[string]any {
	from := map[string]any{}
	for key, value := range notes {
		if _, own := s.own()[key]; !own { // which is nobody's business whom a student is given to
			from[key] = value
		}
	}
	best := t.BestRow()
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	maps.Copy(from, map[string]any{
		"seed": strconv.FormatUint(t.Seed, 10), "steps": best.Steps, "visits": best.Visits, "visits_of_the_run": t.Total,
	})
	if best.Valid.Components > 0 {
		from["valid_force_mae_ev_per_angstrom"] = number(best.Valid.ForceMAE)
	}
	if best.Valid.Energies > 0 {
		from["valid_energy_mae_ev_per_atom"] = number(best.Valid.EnergyMAE)
	}
	return from
}

// writeLog writes all rows so far.
func (s *settings) writeLog(rows []train.Row) error {
	return atomicfile.Write(s.log, func(w io.Writer) error {
		out := csv.NewWriter(w)
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = c.name
		}
		_ = out.Write(line) // kept for Error
		for i := range rows {
			for k, c := range columns {
				line[k] = ""
				if c.known == nil || c.known(&rows[i]) {
					line[k] = strconv.FormatFloat(c.of(&rows[i]), 'g', 8, 64)
				}
			}
			_ = out.Write(line)
		}
		out.Flush()
		return out.Error()
	})
}

// hessianTitle is that of the panel that only runs have that weigh the Hessian.
const hessianTitle = "Hessian"

// writePlot draws the errors over the visits, once there are two validations.
func (s *settings) writePlot(rows []train.Row) error {
	if len(rows) < 3 { // the first is of no training
		return nil
	}
	panel := func(title, y string, scale float64, training, valid func(r *train.Row) float64) (*plot.Plot, error) {
		p := plots.New(title, "visits of structures (thousands)", y)
		p.X.Min = 0
		plots.Log(&p.Y)
		for i, series := range []struct {
			name string
			of   func(r *train.Row) float64
		}{{"validation, average", valid}, {"training, as visited", training}} {
			var points plotter.XYs
			for k := range rows[1:] {
				if y := series.of(&rows[k+1]); y > 0 {
					points = append(points, plotter.XY{X: float64(rows[k+1].Visits) / 1000, Y: scale * y})
				}
			}
			if len(points) > 1 {
				if err := plots.Curve(p, i, series.name, points); err != nil {
					return nil, err
				}
			}
		}
		plots.RoomForLegend(p, 2)
		return p, nil
	}
	var panels []*plot.Plot
	for _, x := range []struct {
		title, y        string
		scale           float64
		training, valid func(r *train.Row) float64
	}{
		{"forces", "MAE of components (meV/Å)", 1000, func(r *train.Row) float64 { return r.ForceMAE }, func(r *train.Row) float64 { return r.Valid.ForceMAE }},
		{"energies", "MAE (meV/atom)", 1000, func(r *train.Row) float64 { return r.EnergyMAE }, func(r *train.Row) float64 { return r.Valid.EnergyMAE }},
		{hessianTitle, "MAE along directions of 1 Å (meV/Å)", 1000, func(r *train.Row) float64 { return r.HessianMAE }, func(r *train.Row) float64 { return r.Valid.HessianMAE }},
	} {
		if last := &rows[len(rows)-1]; x.title == hessianTitle && !hasHessian(last) {
			continue
		}
		p, err := panel(x.title, x.y, x.scale, x.training, x.valid)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	return atomicfile.Write(s.plot, func(w io.Writer) error {
		return plots.Write(w, vg.Length(len(panels))*3.7*vg.Inch, 3.2*vg.Inch, panels)
	})
}
