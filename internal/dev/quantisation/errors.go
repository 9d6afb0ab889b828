package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/md"
	"painless/internal/commands/relax"
	"painless/internal/scores"
	"painless/internal/systems"
	"painless/nn"
)

// deviation is mean absolute differences from float32.
type deviation struct {
	Structures int     `json:"structures"`
	Energy     float64 `json:"energy_meV_per_atom"`
	Force      float64 `json:"force_meV_per_A"` // of components
	Size       float64 `json:"mean_force_meV_per_A"`
}

// drift is of the conserved energy of ethanol over 10 ps, from its minimum with velocities of 300 K.
type drift struct {
	PerAtomPs float64 `json:"meV_per_atom_ps"`
	Error     float64 `json:"standard_error"`
	Stopped   string  `json:"stopped,omitempty"`
}

// most is how many structures of a test file are looked at.
const most = 1000

// molecules is the name of those of internal/systems in the place of a test file.
const molecules = "molecules"

func structures(path string) (list []atoms.Structure, err error) {
	if path == molecules {
		for _, m := range systems.Molecules() {
			list = append(list, m.Structure)
		}
		return list, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for frames := data.NewReader(file, path); len(list) < most; {
		frame, err := frames.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		list = append(list, frame.Structure)
	}
	return list, nil
}

// answers computes structures with a student's file.
func answers(ctx context.Context, path string, list []atoms.Structure) (all []nn.Result, err error) {
	model, err := painless.Open(path, painless.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	all = make([]nn.Result, len(list))
	for i, s := range list {
		if err := model.Compute(ctx, painless.NewBatch(s), &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func compare(list []atoms.Structure, want []nn.Result, energy func(i int) float64, forces func(i int) [][3]float64) deviation {
	var e, f, size scores.Deviation
	for i := range list {
		e.Add((energy(i) - want[i].Energy[0]) / float64(len(list[i].Numbers)))
		have := forces(i)
		for k, v := range want[i].Forces {
			for c := range v {
				f.Add(have[k][c] - v[c])
				size.Add(v[c])
			}
		}
	}
	return deviation{len(list), 1e3 * e.MAE(), 1e3 * f.MAE(), 1e3 * size.MAE()}
}

// errors is those of energies and forces of the test files, and of the stress of a box of water.
func (s *subject) errors(ctx context.Context, folder string, v variant, r *row) error {
	for _, test := range s.tests {
		list, err := structures(test)
		if err != nil {
			return err
		}
		want, err := answers(ctx, s.student, list)
		if err != nil {
			return err
		}
		have, err := answers(ctx, s.path(folder, v, ".safetensors"), list)
		if err != nil {
			return err
		}
		r.Errors[name(test)] = compare(list, want, func(i int) float64 { return have[i].Energy[0] }, func(i int) [][3]float64 { return have[i].Forces })
	}
	box := []atoms.Structure{systems.WaterBox(4, 4, 4)}
	want, err := answers(ctx, s.student, box)
	if err != nil {
		return err
	}
	have, err := answers(ctx, s.path(folder, v, ".safetensors"), box)
	if err != nil {
		return err
	}
	volume, _ := atoms.NewBatch(box...).Volume(0)
	const megapascal = 160217.6634 // of an eV/Å³
	for a := range 3 {
		for b := range 3 {
			difference := symmetric(&have[0], a, b) - symmetric(&want[0], a, b)
			r.Stress += megapascal * math.Abs(difference) / volume / 9
		}
	}
	return nil
}

func symmetric(r *nn.Result, a, b int) float64 { return (r.Virial[0][a][b] + r.Virial[0][b][a]) / 2 }

// drift is of 20,000 steps of ethanol, from the student's own minimum.
func (s *subject) drift(ctx context.Context, folder string, v variant) (*drift, error) {
	start, dir := filepath.Join(folder, s.name+"-ethanol.xyz"), s.path(folder, v, "-md")
	std := cli.Std{In: os.Stdin, Out: io.Discard, Err: os.Stderr}
	if _, err := os.Stat(start); err != nil {
		if err := relax.Verb.Execute(ctx, std, []string{"-model", s.student, "-o", start, "testdata/ethanol.xyz"}); err != nil {
			return nil, err
		}
	}
	err := md.Verb.Execute(ctx, std, []string{
		"-model", s.path(folder, v, ".safetensors"), "-temperature", "300", "-steps", "20000", "-every", "10", "-report", dir, "-force", start})
	if ctx.Err() != nil {
		return nil, err
	}
	text, readErr := os.ReadFile(filepath.Join(dir, "report.json"))
	if readErr != nil {
		return nil, errors.Join(err, readErr)
	}
	var report struct {
		Stopped string `json:"stopped"`
		Overall struct {
			Drift *float64 `json:"drift_meV_per_atom_ps"`
			Error *float64 `json:"drift_standard_error_meV_per_atom_ps"`
		} `json:"overall"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, err
	}
	d := &drift{Stopped: report.Stopped}
	if err != nil {
		d.Stopped = err.Error()
	}
	if o := report.Overall; o.Drift != nil && o.Error != nil {
		d.PerAtomPs, d.Error = *o.Drift, *o.Error
	}
	return d, nil
}
