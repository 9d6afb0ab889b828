package validate

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/data"
	"painless/internal/commands/datasets"
	"painless/internal/tolerance"
)

// vectors is a column, or nil where there is none.
func vectors(f *data.Frame, name string) [][3]float64 {
	v, _ := f.Vectors(name)
	return v
}

// Metrics of stored predictions are NumPy's, as testdata/make.py computes them.
func TestMetricsAreNumPys(t *testing.T) {
	v := &validator{settings: settings{keys: data.LabelKeys{Energy: "energy", Forces: "forces", Stress: "stress"}, datasets: []string{"labels.extxyz"}}, read: []int{0}, selected: []int{0}}
	m := &model{Model: &painless.Model{Network: &painless.Network{}}}
	v.models = []*model{m}
	file, err := os.Open("testdata/labels.extxyz")
	require.NoError(t, err)
	defer file.Close()
	for r, k := data.NewReader(file, "labels.extxyz"), 0; ; k++ {
		f, err := r.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.NoError(t, v.add(t.Context(), v.labels(f, 0, datasets.Place{File: "labels.extxyz", Frame: k}, nil)))
		m.score.resize(k + 1)
		require.Len(t, v.waiting, 1)
		p := prediction{forces: vectors(f, "predicted_forces")}
		if energy, err := f.Floats("predicted_energy", 1); err == nil {
			p.energy = energy[0]
		}
		if stress, err := f.Floats("predicted_stress", 6); err == nil {
			p.stress = [6]float64(stress)
		}
		m.score.add(&v.waiting[0], p)
		v.waiting = v.waiting[:0]
	}
	assert.Len(t, v.unlabelled, 9, "five have no energy, four no forces")

	got, err := json.Marshal(v.report().Models[0])
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/metrics.json")
	require.NoError(t, err)
	var a, b map[string]any
	require.NoError(t, json.Unmarshal(got, &a))
	require.NoError(t, json.Unmarshal(want, &b))
	for _, key := range []string{"name", "file", "key", "parameters", "failed", "ms_per_structure"} {
		delete(a, key)
	}
	same(t, "", a, b)
}

// same compares what two JSON texts say: numbers within 1e-12, relative.
func same(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		require.True(t, ok, path)
		for key := range got {
			assert.Contains(t, want, key, path)
		}
		for key := range want {
			same(t, path+"."+key, got[key], want[key])
		}
	case []any:
		got, ok := got.([]any)
		require.True(t, ok, path)
		require.Len(t, got, len(want), path)
		for i := range want {
			same(t, fmt.Sprintf("%s[%d]", path, i), got[i], want[i])
		}
	case float64:
		got, ok := got.(float64)
		require.True(t, ok, path)
		tolerance.Check(t, path, []float64{got}, []float64{want}, 0, 1e-12)
	default:
		assert.Equal(t, want, got, path)
	}
}
