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

func keys(states []*State) (keys []string) {
	for _, s := range states {
		keys = append(keys, s.Key)
	}
	return keys
}

func TestWhereTheStateDictStands(t *testing.T) {
	under := func(key, dict string) string { return "V" + key + "\n" + dict + "s" }
	for name, c := range map[string]struct {
		pickle, key string
		names       []string
		others      []string
		metadata    []string
	}{
		"top level":           {stateOf("w"), "", []string{"w"}, nil, nil},
		"beside metadata":     {stateOf("w") + under("epoch", "K\x01"), "", []string{"w"}, nil, []string{"epoch"}},
		"likeliest key":       {"}" + under("model", stateOf("m")) + under("model_state_dict", stateOf("d")), "model_state_dict", []string{"d"}, []string{"model"}, nil},
		"second key":          {"}" + under("model", stateOf("m")) + under("state_dict", stateOf("s")), "state_dict", []string{"s"}, []string{"model"}, nil},
		"key without tensors": {"}" + under("state_dict", "}") + under("model", stateOf("m")), "model", []string{"m"}, nil, []string{"state_dict"}},
		"average":             {stateOf("w") + under("ema", stateOf("e")), "", []string{"w"}, []string{"ema"}, nil},
		"unusual key":         {"}" + under("generator", stateOf("g")) + under("epoch", "K\x01"), "generator", []string{"g"}, nil, []string{"generator", "epoch"}},
		"in an object":        {"}" + under("ema", "cnet\nEMA\n)R}"+under("shadow", stateOf("s"))+"b"), "ema.shadow", []string{"s"}, nil, []string{"ema"}},
		"in a tuple":          {"(" + stateOf("t") + "K\x01t", "0", []string{"t"}, nil, []string{"0", "1"}},
		"in a list in a dict": {"}" + under("nets", "](K\x01"+stateOf("n")+"e"), "nets.1", []string{"n"}, nil, []string{"nets"}},
		"twice":               {"}" + under("best", stateOf("b")+"q\x01") + under("last", "h\x01"), "best", []string{"b"}, nil, []string{"best", "last"}},
		"beside a tensor":     {"}" + under("model", stateOf("m")) + under("loss", tensorOf("I0\n", "(I2\nt", "(I1\nt")), "model", []string{"m"}, []string{""}, []string{"loss"}},
		"order of the file":   {stateOf("b", "a", "c"), "", []string{"b", "a", "c"}, nil, nil},
		"a name set twice":    {stateOf("b", "a", "b"), "", []string{"b", "a"}, nil, nil},
		"what is no tensor": {"}" + under("state_dict", stateOf("w")+under("steps", "K\x05")+"K\x07Ns"+under("w2", "cos\nsystem\n(Vls\ntR")), "state_dict", []string{"w"}, nil,
			[]string{"state_dict.steps", "state_dict.7", "state_dict.w2"}},
	} {
		got, err := checkpointOf(t, c.pickle)
		require.NoError(t, err, name)
		assert.Equal(t, c.key, got.Key, name)
		assert.Equal(t, c.names, got.Names(), name)
		assert.Equal(t, c.others, keys(got.Others), name)
		assert.Len(t, got.Metadata, len(c.metadata), name)
		for _, key := range c.metadata {
			assert.Contains(t, got.Metadata, key, name)
		}
	}
	c, err := checkpointOf(t, "}Vstate_dict\n"+stateOf("w")+"Vw2\ncos\nsystem\n(Vls\ntRss")
	require.NoError(t, err)
	assert.Equal(t, "an object of os.system", c.Describe("w2"))
	assert.Equal(t, "a tensor", c.Describe("w"))
	assert.Empty(t, c.Describe("w3"))
	_, ok := c.Tensor("w2")
	assert.False(t, ok)
}

func TestNoState(t *testing.T) {
	for says, pickle := range map[string]string{
		"expected a dict or a module, found an object of net.Model":                   "cnet\nModel\n)R",
		`found the keys ["model" (an object of net.Model)]`:                           "}Vmodel\ncnet\nModel\n)Rs",
		`found the keys ["epoch" (1) "state_dict" (a dict)]`:                          "}Vepoch\nK\x01sVstate_dict\n}s",
		"no state dict: expected tensors in a dict or in a module, found the keys []": "}",
	} {
		_, err := checkpointOf(t, pickle)
		assert.ErrorContains(t, err, says)
	}
}

// A key is a dict's, or the beginning of names, or a part of them.
func TestKeys(t *testing.T) {
	file := zipOf(t, item{"a/data.pkl", "}Vstate_dict\n" + stateOf("student.w", "student.b", "teacher.w", "_forward_module.ema.w") + "sVema\n" + stateOf("e") + "s.", zip.Store},
		item{"a/data/0", floats(binary.LittleEndian), zip.Store})
	for key, want := range map[string]struct{ at, names, rest []string }{
		"student":                        {[]string{"state_dict"}, []string{"student.w", "student.b"}, []string{"teacher.w", "_forward_module.ema.w"}},
		"student.":                       {[]string{"state_dict"}, []string{"student.w", "student.b"}, []string{"teacher.w", "_forward_module.ema.w"}},
		"state_dict.teacher":             {[]string{"state_dict"}, []string{"teacher.w"}, []string{"student.w", "student.b", "_forward_module.ema.w"}},
		"ema":                            {[]string{"ema"}, []string{"e"}, []string{"student.w", "student.b", "teacher.w", "_forward_module.ema.w"}},
		"state_dict._forward_module.ema": {[]string{"state_dict"}, []string{"_forward_module.ema.w"}, []string{"student.w", "student.b", "teacher.w"}},
	} {
		c, err := decode(inMemory(string(file)), "file", Options{Key: key})
		require.NoError(t, err, key)
		assert.True(t, c.Asked)
		assert.Equal(t, want.at, []string{c.Key}, key)
		assert.Equal(t, want.names, c.Names(), key)
		assert.Equal(t, want.rest, c.Others[0].Names(), key)
	}
	twice := zipOf(t, item{"a/data.pkl", "}Vbest\n" + stateOf("b") + "q\x01sVlast\nh\x01s.", zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store})
	c, err := decode(inMemory(string(twice)), "file", Options{Key: "last"})
	require.NoError(t, err)
	assert.Equal(t, []string{"b"}, c.Names())
	c, err = decode(inMemory(safetensorsFile(`{"model.ema.w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, "12345678")), "file", Options{Key: "ema"})
	require.NoError(t, err, "within names, and in any format")
	assert.Equal(t, []string{"model.ema.w"}, c.Names())
	_, err = decode(inMemory(string(file)), "file", Options{Key: "stud"})
	assert.EqualError(t, err, `file: key "stud": expected tensors under it, or names of them that begin with it, found "state_dict" ("student.w", "student.b", "teacher.w", "_forward_module.ema.w"), "ema" ("e")`)
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
