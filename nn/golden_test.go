package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/data"
	"painless/internal/tolerance"
)

// goldenSets are checkpoints and what PyTorch computes with them: the
// project's own and, where it is there, the development set of trained ones.
// The latter's positions are written to 8 decimals: moving atoms by that much
// moves forces by up to 5e-7 max(1, max abs F), by which PyTorch in float64 misses its own numbers too.
var goldenSets = []struct {
	name, models, golden string
	rtol                 float64 // of the float64 path
}{
	{"own", "../testdata", "../testdata", 1e-9},
	{"development", "../../shared/models", "../../shared/golden", 1e-6},
}

func loadNetwork(t testing.TB, path string) *Network {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	net, err := FromCheckpoint(c)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	return net
}

func readFrames(t testing.TB, path string) (frames []*data.Frame) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, path); ; {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

// reference is PyTorch's float64 result for a frame of a golden file.
func reference(t testing.TB, f *data.Frame) *Result {
	t.Helper()
	energy, err := f.Floats("energy", 1)
	require.NoError(t, err)
	forces, err := f.Vectors("forces")
	require.NoError(t, err)
	r := &Result{Energy: energy, Forces: forces}
	if _, ok := f.Get("stress"); ok {
		stress, err := f.Stress()
		require.NoError(t, err)
		r.Stress = [][6]float64{stress}
	}
	return r
}

func TestGolden(t *testing.T) {
	for _, set := range goldenSets {
		for _, student := range students {
			t.Run(set.name+"/"+student.name, func(t *testing.T) {
				if _, err := os.Stat(set.golden); errors.Is(err, os.ErrNotExist) && set.name == "development" {
					t.Skip("no development data beside the project; its own testdata is tested")
				}
				if testing.Short() && (set.name == "development" || student.name == "original") {
					t.Skip("-short: the compact students of the project's own set are tested")
				}
				net := loadNetwork(t, filepath.Join(set.models, student.name+".pt"))
				assert.Equal(t, student.config, net.Config)
				frames := readFrames(t, filepath.Join(set.golden, student.name+".extxyz"))
				assert.Greater(t, len(frames), 40)
				single, exact := newTestPotential(t, net, Options{}), newTestPotential(t, net, Options{Filters: Exact})
				double := newTestPotential(t, net, Options{Precision: Float64, Filters: Exact})
				var table, network errorsOf
				for _, f := range frames {
					name, _ := f.Get("name")
					t.Run(name, func(t *testing.T) {
						want := reference(t, f)
						got64, got32 := compute(t, double, f.Structure), compute(t, single, f.Structure)
						checkAccuracy(t, got64, want, set.rtol)
						checkAccuracy(t, got32, want, 0)
						gotExact := compute(t, exact, f.Structure)
						checkAccuracy(t, gotExact, want, 0)
						table.add(got32, want)
						network.add(gotExact, want)
						if want.Stress != nil {
							tolerance.Check(t, "stress", got64.Stress[0][:], want.Stress[0][:], 1e-11, 1e-9)
							tolerance.Check(t, "float32 stress", got32.Stress[0][:], want.Stress[0][:], 1e-5, 1e-5)
						}
					})
				}
				t.Logf("float32 forces, error over max(1, max|F|): tables %v, filter networks %v", table, network)
			})
		}
	}
}

// errorsOf is the structures' largest errors of forces, over max(1, max|F|).
type errorsOf []float64

func (e *errorsOf) add(got, want *Result) {
	worst, force := 0.0, 1.0
	reference := flatten(want.Forces)
	for i, f := range flatten(got.Forces) {
		worst, force = math.Max(worst, math.Abs(f-reference[i])), math.Max(force, math.Abs(reference[i]))
	}
	*e = append(*e, worst/force)
}

func (e errorsOf) String() string {
	sorted := slices.Sorted(slices.Values(e))
	return fmt.Sprintf("%.1e median %.1e largest", sorted[len(sorted)/2], sorted[len(sorted)-1])
}

// The flavours of one network: as trained, with a config and without, before
// PyTorch 1.6, and TorchScript.
func TestGoldenFlavours(t *testing.T) {
	const models = "../../shared/models"
	if _, err := os.Stat(models); errors.Is(err, os.ErrNotExist) {
		t.Skip("no development data beside the project; its own testdata is tested")
	}
	plain, training := loadNetwork(t, models+"/original.pt"), loadNetwork(t, models+"/original_training.pt")
	assert.Equal(t, plain, training)
	assert.Equal(t, 427_292, plain.Parameters)
	ultraTiny := loadNetwork(t, models+"/ultra_tiny.pt")
	assert.Equal(t, ultraTiny, loadNetwork(t, models+"/ultra_tiny_legacy.pt"))
	traced := loadNetwork(t, models+"/ultra_tiny_traced.pt") // without the last mixing matrix, which is not used
	traced.Blocks[1].Mixing, traced.Parameters = ultraTiny.Blocks[1].Mixing, ultraTiny.Parameters
	assert.Equal(t, ultraTiny, traced)
	assert.Equal(t, 77_203, loadNetwork(t, models+"/tiny.pt").Parameters)
	assert.Equal(t, 21_459, loadNetwork(t, models+"/ultra_tiny.pt").Parameters)
}

// Every stage leaves what PyTorch's does.
func TestStages(t *testing.T) {
	text, err := os.ReadFile("../testdata/ultra_tiny_stages.json")
	require.NoError(t, err)
	var golden struct {
		Numbers   []int
		Positions [][3]float64
		Energy    float64
		Stages    []struct {
			Name string
			S    [][]float64
			V    [][][]float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	require.Len(t, golden.Stages, 4)

	p := newTestPotential(t, loadNetwork(t, "../testdata/ultra_tiny.pt"), Options{Precision: Float64, Filters: Exact})
	r := compute(t, p, atoms.Structure{Numbers: golden.Numbers, Positions: golden.Positions})
	assert.InDelta(t, golden.Energy, r.Energy[0], 1e-11)

	flat := func(rows ...[]float64) (out []float64) {
		for _, row := range rows {
			out = append(out, row...)
		}
		return out
	}
	vectors := func(v [][][]float64) (out []float64) {
		for _, atom := range v {
			out = append(out, flat(atom...)...)
		}
		return out
	}
	e := p.(*cpuEngine[float64])
	whole := func(slices []float64, rows int) (out []float64) { // [N, rows, H] of [slices][N, rows, h]
		n := len(golden.Numbers)
		for i := range n * rows {
			for slice := range e.pairGrads {
				lo, hi := e.features(slice)
				out = append(out, slices[n*rows*lo+i*(hi-lo):][:hi-lo]...)
			}
		}
		return out
	}
	stages := golden.Stages
	tolerance.Check(t, "v after message 0", whole(e.mid[0], 3), vectors(stages[0].V), 1e-13, 1e-12)
	tolerance.Check(t, "s after update 0", whole(e.s[1], 1), flat(stages[1].S...), 1e-13, 1e-12)
	tolerance.Check(t, "v after update 0", whole(e.v[1], 3), vectors(stages[1].V), 1e-13, 1e-12)
	tolerance.Check(t, "v after message 1", whole(e.mid[1], 3), vectors(stages[2].V), 1e-13, 1e-12)
	tolerance.Check(t, "s after update 1", whole(e.s[2], 1), flat(stages[3].S...), 1e-13, 1e-12)
}
