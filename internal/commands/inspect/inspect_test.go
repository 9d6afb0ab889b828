package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/internal/commands/health"
)

const (
	testdata    = "../../../testdata/"
	checkpoints = "../../../checkpoint/testdata/"
)

// command runs it; it must not fail.
func command(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.NoError(t, Verb.Execute(context.Background(), cli.Std{Out: &stdout, Err: &stderr}, args))
	assert.Empty(t, stderr.String())
	return stdout.String()
}

func jsonOf(t *testing.T, args ...string) (r report) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(command(t, append([]string{"-json"}, args...)...)), &r))
	assert.Equal(t, "painless-inspect", r.Format)
	assert.Equal(t, 1, r.Version)
	return r
}

func TestStudent(t *testing.T) {
	text := command(t, testdata+"tiny.pt")
	assert.Regexp(t, `file +\.\./\.\./\.\./testdata/tiny\.pt: PyTorch zip archive, 315773 bytes\n`, text)
	assert.Regexp(t, `tensors +27 under "model_state_dict", 77227 elements, names without model\.\n`, text)
	assert.Regexp(t, `student +77203 parameters\n`, text)
	assert.Regexp(t, `hidden_dim +64 +stated by config, as columns of embedding.weight have it\n`, text)
	assert.Regexp(t, `\n +float32 +\[101×64\] .* embedding.weight\n`, text)
	assert.Regexp(t, `(good|fair|poor)  rotation +turning a molecule moves its energy by up to `, text)
	assert.Equal(t, 9, strings.Count(text, "\n  good")+strings.Count(text, "\n  fair")+strings.Count(text, "\n  poor"), "a line for each topic")
	assert.Regexp(t, `\n +\d\.\d{4} +\d\.\d{4} +12  benzene\n`, text)
	assert.Regexp(t, `\n +[+-]\d\.\d{4} .* O–O\n`, text)
	assert.Regexp(t, `\n +\d\.\d\d +\d\.\d\d +\d\.\d\d +1\.21 +-?\d\.\d{3} +-0\.178  H–O\n`, text, "GFN2-xTB's contact and hydrogen bond")
	assert.Regexp(t, `\n +\d\.\d{3} +1\.018 +\d\.\d{3}  acetamide, C–N\n`, text, "GFN2-xTB's barrier")

	r := jsonOf(t, testdata+"ultra_tiny.pt")
	assert.Equal(t, 21459, r.Parameters)
	assert.Equal(t, 21479, r.Elements)
	assert.Equal(t, []string{"module."}, r.Prefixes)
	assert.Empty(t, r.Key)
	require.Len(t, r.Config, 5)
	for _, s := range r.Config {
		assert.False(t, s.Stated, "a bare state dict states nothing")
	}
	assert.Equal(t, setting{"cutoff", 5, false, "rbf.centers", "inferred from rbf.centers"}, r.Config[3])
	require.Len(t, r.Tensors, 27)
	assert.Equal(t, []int{101, 32}, r.Tensors[0].Shape)
	require.NotNil(t, r.Health)
	assert.Len(t, r.Health.Molecules, 9)
	assert.Len(t, r.Health.Pairs, 13)
	assert.Len(t, r.Health.Contacts, 28)
	assert.Len(t, r.Health.Torsions, 5)
	assert.Empty(t, r.NoStudent+r.NoHealth)
}

// Where else there are weights is said, and -key takes them.
func TestOtherKeys(t *testing.T) {
	path := checkpoints + "lightning.pt"
	assert.Regexp(t, `tensors +2 under "state_dict", .*\n +others under "ema": -key ema takes them\n`, command(t, path))
	assert.Regexp(t, `tensors +3 under "ema", .*\n +others under "state_dict": -key state_dict takes them\n`, command(t, "-key", "ema", path))
	r := jsonOf(t, "-key", "ema", path)
	assert.Equal(t, "ema", r.Key)
	assert.Equal(t, []string{"state_dict"}, r.OtherKeys)
	text := command(t, testdata+"tiny.pt")
	assert.NotContains(t, text, "others")
	assert.Empty(t, jsonOf(t, testdata+"tiny.pt").OtherKeys)
}

// Every container that can be read, students or not.
func TestContainers(t *testing.T) {
	for _, c := range []struct{ file, container, says string }{
		{checkpoints + "views.pt", "PyTorch zip archive", "student +none: tensor embedding.weight is missing"},
		{checkpoints + "views.pt", "PyTorch zip archive", "4 elements repeat a storage of 1"},
		{checkpoints + "types.pt", "PyTorch zip archive", "complex64 .*real numbers"},
		{checkpoints + "legacy.pt", "PyTorch legacy stream", "epoch: 4\n"},
		{checkpoints + "metadata.pt", "PyTorch zip archive", `loop: a list of 1: a list of 1\n`},
		{checkpoints + "metadata.pt", "PyTorch zip archive", `dict: a dict of 2: 3 4, a a dict of 1\n`},
		{checkpoints + "metadata.pt", "PyTorch zip archive", `big: an integer of 71 bits\n`},
		{checkpoints + "metadata.pt", "PyTorch zip archive", `text: "Å"\n`},
		{checkpoints + "torchscript.pt", "TorchScript archive", "no health card: it is not a student\n"},
	} {
		text := command(t, c.file)
		assert.Contains(t, text, c.container)
		assert.Regexp(t, c.says, text)
		r := jsonOf(t, c.file)
		assert.Equal(t, c.container, r.Container)
		assert.NotEmpty(t, r.NoStudent)
		assert.Nil(t, r.Health)
	}
}

func TestStatistics(t *testing.T) {
	s, err := statisticsOf(checkpoint.FromFloat64s([]int{2, 4}, []float64{1, -2, 0, 3, math.NaN(), math.Inf(1), math.Inf(-1), 3}))
	require.NoError(t, err)
	assert.Equal(t, statistics{Min: -2, Max: 3, Mean: 1, Std: s.Std, NaN: 1, Infinite: 2, Zero: 1}, *s)
	assert.InDelta(t, math.Sqrt((0+9+1+4+4)/5.0), float64(s.Std), 1e-12)

	s, err = statisticsOf(checkpoint.FromFloat64s([]int{1}, []float64{math.NaN()}))
	require.NoError(t, err)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Equal(t, `{"min":null,"max":null,"mean":null,"std":null,"nan":1,"infinite":0,"zero":0}`, string(text))
	_, err = statisticsOf(checkpoint.FromFloat64s([]int{0, 3}, nil))
	assert.NoError(t, err)

	repeated := checkpoint.FromFloat64s([]int{1}, []float64{1})
	repeated.Shape, repeated.Strides = []int{1000}, []int{0}
	_, err = statisticsOf(repeated)
	assert.EqualError(t, err, "1000 elements repeat a storage of 1")
}

// What a hostile file calls its tensors reaches the terminal as text only.
func TestPrintable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hostile.safetensors")
	file, err := os.Create(path)
	require.NoError(t, err)
	long := strings.Repeat("x", 3000)
	c := checkpoint.New(nil, checkpoint.Named{Name: "\x1b[2Jgone", Tensor: checkpoint.FromFloat64s([]int{1}, []float64{1e308})},
		checkpoint.Named{Name: long, Tensor: checkpoint.FromFloat64s([]int{2}, []float64{1e308, -1e308})})
	require.NoError(t, c.WriteSafetensors(file, map[string]string{"note\a": "\x1b[31m" + long}))
	require.NoError(t, file.Close())
	text := command(t, path)
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\a")
	assert.Contains(t, text, `\x1b[2Jgone`)
	assert.NotContains(t, text, strings.Repeat("x", 100))
	assert.Len(t, jsonOf(t, path).Tensors, 2, "numbers that overflow are null")
}

func TestErrors(t *testing.T) {
	folder := t.TempDir()
	whole, err := os.ReadFile(testdata + "tiny.pt")
	require.NoError(t, err)
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	for says, args := range map[string][]string{
		"2 files: expected one":                                {"a", "b"},
		"none.pt: no such file":                                {"none.pt"},
		"expected a file, found a folder":                      {folder},
		"empty.pt: expected a checkpoint, found an empty file": {write("empty.pt", nil)},
		"half.pt: ": {write("half.pt", whole[:len(whole)/2])},
		"text.pt: expected a file of torch.save, torch.jit.save, safetensors or ONNX": {write("text.pt", []byte("hello, world"))},
		"no_state.pt: no state dict":           {checkpoints + "no_state.pt"},
		`key "ema": expected tensors under it`: {"-key", "ema", testdata + "tiny.pt"},
		"flag provided but not defined: -x":    {"-x"},
	} {
		var stdout bytes.Buffer
		err := Verb.Execute(context.Background(), cli.Std{Out: &stdout, Err: io.Discard}, args)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, stdout.String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, []string{testdata + "tiny.pt"}), context.Canceled)
}

// Without a file it is the student that painless brings with it, which begins with
// what it is for.
func TestDefault(t *testing.T) {
	text, r := command(t), jsonOf(t, "default")
	assert.Regexp(t, `^The default student`, text)
	assert.Contains(t, text, "elements: a list of 7: 1, 6, 7, 8, 9, 16, 17")
	assert.Regexp(t, `command "painless train [^"]{65}"…, `, text)
	assert.Contains(t, text, "-json shows what … cuts off\n")
	training := r.Metadata[slices.IndexFunc(r.Metadata, func(e entry) bool { return e.Key == "training" })].Value
	assert.Regexp(t, `command "painless train [^"…]{100,}", `, training, "the whole of it")
	assert.NotContains(t, training, "…")
	assert.Equal(t, "default", r.File)
	assert.Regexp(t, `^The default student`, r.Card)
	for _, v := range r.Health.Verdicts {
		assert.Contains(t, []health.Grade{health.Good, health.Fair}, v.Grade, v)
	}
	assert.Contains(t, r.Card, "barriers of ethane")
	for _, torsion := range r.Health.Torsions { // the card warns of those that are off by more than a fifth
		if math.Abs(torsion.Barrier/torsion.GFN2-1) > 0.2 {
			assert.Contains(t, r.Card, torsion.Molecule)
		}
	}
}
