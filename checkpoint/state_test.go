package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkpointOf reads a hand-built archive of the pickle and of storage 0.
func checkpointOf(t testing.TB, pickle string) (*Checkpoint, error) {
	t.Helper()
	return readBytes(zipOf(t, item{"a/data.pkl", pickle + ".", zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store}))
}

func TestWhereTheStateDictStands(t *testing.T) {
	under := func(key, dict string) string { return "V" + key + "\n" + dict + "s" }
	for name, c := range map[string]struct {
		pickle, key string
		names       []string
		metadata    []string
	}{
		"top level":           {stateOf("w"), "", []string{"w"}, nil},
		"beside metadata":     {stateOf("w") + under("epoch", "K\x01"), "", []string{"w"}, []string{"epoch"}},
		"likeliest key":       {"}" + under("model", stateOf("m")) + under("model_state_dict", stateOf("d")), "model_state_dict", []string{"d"}, []string{"model"}},
		"second key":          {"}" + under("model", stateOf("m")) + under("state_dict", stateOf("s")), "state_dict", []string{"s"}, []string{"model"}},
		"key without tensors": {"}" + under("state_dict", "}") + under("model", stateOf("m")), "model", []string{"m"}, []string{"state_dict"}},
		"order of the file":   {stateOf("b", "a", "c"), "", []string{"b", "a", "c"}, nil},
		"a name set twice":    {stateOf("b", "a", "b"), "", []string{"b", "a"}, nil},
	} {
		got, err := checkpointOf(t, c.pickle)
		require.NoError(t, err, name)
		assert.Equal(t, c.key, got.Key, name)
		assert.Equal(t, c.names, got.Names(), name)
		assert.Len(t, got.Metadata, len(c.metadata), name)
		for _, key := range c.metadata {
			assert.Contains(t, got.Metadata, key, name)
		}
	}
}

func TestStateDictsRefused(t *testing.T) {
	in := func(dict string) string { return "}Vstate_dict\n" + dict + "s" }
	for says, pickle := range map[string]string{
		"tensors module.w and model.w are both w without their prefixes":    stateOf("module.w", "model.w"),
		"tensors w and _orig_mod.w are both w without their prefixes":       in(stateOf("w", "_orig_mod.w")),
		"state dict entry steps: expected a tensor, found 5":                in(stateOf("w") + "Vsteps\nK\x05s"),
		"entry w2: expected a tensor, found an object of os.system":         in(stateOf("w") + "Vw2\ncos\nsystem\n(Vls\ntRs"),
		"expected names of tensors, found 7":                                in(stateOf("w") + "K\x07Ns"),
		"expected a dict, found an object of net.Model":                     "cnet\nModel\n)R",
		`found the keys ["model" (an object of net.Model without tensors)]`: "}Vmodel\ncnet\nModel\n)Rs",
		`found the keys ["epoch" "state_dict" (a dict without tensors)]`:    "}Vepoch\nK\x01sVstate_dict\n}s",
		"expected tensors at the top level or under one of":                 "}",
	} {
		_, err := checkpointOf(t, pickle)
		assert.ErrorContains(t, err, says)
	}
}

func TestNew(t *testing.T) {
	c := New(map[string]any{"epoch": int64(1)}, Named{"w", FromFloat64s([]int{2, 3}, []float64{0, 1, 2, 3, 4, 5})}, Named{"b", FromFloat64s(nil, []float64{7})})
	assert.Equal(t, []string{"w", "b"}, c.Names())
	assert.Equal(t, int64(1), c.Metadata["epoch"])
	w, _ := c.Tensor("w")
	assert.Equal(t, []int{3, 1}, w.Strides)
	assert.Equal(t, Float64, w.DType())
	assert.Equal(t, []float64{0, 1, 2, 3, 4, 5}, values(t, c, "w"))
	assert.Equal(t, []float64{7}, values(t, c, "b"))
	_, ok := c.Tensor("missing")
	assert.False(t, ok)
}
