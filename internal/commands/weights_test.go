package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/nn"
)

// execute runs the program; it must not fail.
func execute(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	require.NoError(t, All.Execute(context.Background(), cli.Std{In: strings.NewReader(water), Out: &out, Err: &errors}, args), args)
	return out.String(), errors.String()
}

const water = "3\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1\nO 0 0 0 0 0 0\nH 0.96 0.02 0.01 0 0 0\nH -0.24 0.93 0 0 0 0\n"

// written is a file in a new folder.
func written(t *testing.T, c *checkpoint.Checkpoint) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "model.pt")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, c.WritePyTorch(file))
	require.NoError(t, file.Close())
	return path
}

// student is the tensors of a student by their plain names; change changes them.
func student(t *testing.T, prefix string, change func(name string, values []float64)) (list []checkpoint.Named) {
	t.Helper()
	c, err := checkpoint.Open("../../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	found, err := nn.Find(c, 0)
	require.NoError(t, err)
	for _, n := range found.Tensors {
		values, err := n.Tensor.Float64s()
		require.NoError(t, err)
		change(n.Name, values)
		tensor, err := checkpoint.FromFloat64s(n.Tensor.Shape, values).Convert(checkpoint.Float32)
		require.NoError(t, err)
		list = append(list, checkpoint.Named{Name: prefix + n.Name, Tensor: tensor})
	}
	return list
}

func shifted(by float64) func(string, []float64) {
	return func(name string, values []float64) {
		if name == "energy_head.4.bias" {
			values[0] += by
		}
	}
}

func energy(t *testing.T, stdout string) float64 {
	t.Helper()
	var frame struct{ Energy float64 }
	require.NoError(t, json.Unmarshal([]byte(stdout), &frame), stdout)
	return frame.Energy
}

// Every verb takes the same of two sets of weights, says so, and takes the other
// one with -key.
func TestWhichWeights(t *testing.T) {
	both := written(t, checkpoint.New(nil, append(student(t, "model.", shifted(0)), student(t, "ema_model.module.", shifted(1))...)...))
	data := filepath.Join(t.TempDir(), "water.xyz")
	require.NoError(t, os.WriteFile(data, []byte(water), 0o600))
	raw, _ := execute(t, "predict", "-json", "-model", both, "-")
	average, _ := execute(t, "predict", "-json", "-key", "ema_model", "-model", both, "-")
	assert.InDelta(t, energy(t, raw)+3, energy(t, average), 1e-4)
	for _, c := range []struct{ key, took, other string }{{"", "model", "ema_model.module"}, {"ema_model", "ema_model.module", "model"}, {"model.", "model", "ema_model.module"}} {
		says := "painless: " + both + ": took the weights under \"" + c.took + "\"; there are others: -key " + c.other + " takes them\n"
		for _, verb := range [][]string{
			{"predict", "-model", both, data}, {"predict", "-json", "-model", both, data},
			{"validate", "-model", both, data}, {"validate", "-json", "-model", both, data},
			{"bench", "-model", both, "-rounds", "1", "-calls", "1", "-warmup", "1", "-batch", "1"},
			{"convert", both, filepath.Join(t.TempDir(), "out.pt")},
		} {
			_, stderr := execute(t, append([]string{verb[0], "-key", c.key}, verb[1:]...)...)
			assert.Equal(t, says, stderr, verb)
		}
		stdout, _ := execute(t, "inspect", "-key", c.key, both)
		assert.Contains(t, stdout, `27 under "model_state_dict", 21479 elements, names without `+c.took+".\n")
		assert.Contains(t, stdout, "others under \""+c.other+"\": -key "+c.other+" takes them\n")
		assert.Contains(t, stdout, "left out: "+c.other+".embedding.weight, "+c.other+".rbf.centers, ")
	}
	var stderr bytes.Buffer
	twins := written(t, checkpoint.New(nil, append(student(t, "student.", shifted(0)), student(t, "teacher.", shifted(1))...)...))
	for _, verb := range [][]string{{"predict", "-model", twins, data}, {"validate", "-model", twins, data}, {"bench", "-model", twins}, {"convert", twins, filepath.Join(t.TempDir(), "out.pt")}} {
		err := All.Execute(context.Background(), cli.Std{Out: &stderr, Err: &stderr}, verb)
		assert.ErrorContains(t, err, "expected one network, found 2: -key student or -key teacher takes one of them")
	}
}

// Where the file does not say the cutoff, the user does, to any verb; what is
// written says it.
func TestWhichCutoff(t *testing.T) {
	learn := func(name string, values []float64) {
		if name == "rbf.centers" {
			values[len(values)-1] -= 0.013
		}
	}
	silent, said := written(t, checkpoint.New(nil, student(t, "", learn)...)), written(t, checkpoint.New(map[string]any{"args": map[string]any{"cutoff": 5}}, student(t, "", learn)...))
	data := filepath.Join(t.TempDir(), "water.xyz")
	require.NoError(t, os.WriteFile(data, []byte(water), 0o600))
	want, _ := execute(t, "predict", "-json", "-model", said, "-")
	for _, verb := range [][]string{
		{"predict", "-json", "-model", silent, "-"}, {"validate", "-model", silent, data}, {"bench", "-model", silent, "-rounds", "1", "-calls", "1", "-warmup", "1", "-batch", "1"},
		{"convert", silent, filepath.Join(t.TempDir(), "out.pt")},
	} {
		var out bytes.Buffer
		err := All.Execute(context.Background(), cli.Std{In: strings.NewReader(water), Out: &out, Err: &out}, verb)
		assert.ErrorContains(t, err, "model.pt: the file does not state the cutoff, and rbf.centers do not tell it: they are not evenly spaced", verb)
		assert.ErrorContains(t, err, "-cutoff says it, in Å")
		assert.Empty(t, out.String())
		got, _ := execute(t, append([]string{verb[0], "-cutoff", "5"}, verb[1:]...)...)
		if verb[0] == "predict" {
			assert.Equal(t, energy(t, want), energy(t, got))
		}
	}
	for path, says := range map[string]string{silent: "student +none: the file does not state the cutoff", said: "cutoff +5 +stated by args\n"} {
		stdout, _ := execute(t, "inspect", path)
		assert.Regexp(t, says, stdout)
		stdout, _ = execute(t, "inspect", "-cutoff", "4.5", path)
		assert.Regexp(t, `cutoff +4.5 +given by -cutoff`, stdout)
	}
	for path, says := range map[string]string{silent: "", said: "cutoff 4.5 Å, given by -cutoff (args says 5): a student is good at the cutoff alone that it was trained with\n"} {
		var out, errs bytes.Buffer
		require.NoError(t, All.Execute(t.Context(), cli.Std{In: strings.NewReader(water), Out: &out, Err: &errs}, []string{"predict", "-cutoff", "4.5", "-model", path, "-"}))
		assert.Equal(t, says != "", strings.Contains(errs.String(), "given by -cutoff"), errs.String())
		assert.Contains(t, errs.String(), says)
	}
	for _, ending := range []string{"pt", "safetensors", "onnx", "ts"} {
		out := filepath.Join(t.TempDir(), "out."+ending)
		stdout, _ := execute(t, "convert", said, out)
		assert.Contains(t, stdout, "cutoff   5 Å, stated by args\n")
		got, _ := execute(t, "predict", "-json", "-model", out, "-")
		assert.Equal(t, energy(t, want), energy(t, got), ending)
	}
	err := All.Execute(context.Background(), cli.Std{}, []string{"inspect", "-cutoff", "-1", said})
	assert.EqualError(t, err, "inspect: -cutoff: cutoff is -1 Å, expected more than 0 and at most 100")
}
