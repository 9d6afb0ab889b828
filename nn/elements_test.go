package nn

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
)

// What a file says of the elements that its network was trained on is read in
// each of the shapes that it may have; what is no such list is reported.
func TestStatedElements(t *testing.T) {
	for _, c := range []struct {
		metadata map[string]any
		want     []int
		bad      bool
	}{
		{map[string]any{}, nil, false},
		{map[string]any{"elements": []any{int64(8), int64(1), int64(8)}}, []int{1, 8}, false},
		{map[string]any{"elements": []any{"O", "h"}}, []int{1, 8}, false},
		{map[string]any{"elements": "[1, 6]"}, []int{1, 6}, false},
		{map[string]any{"config": map[string]any{"elements": []any{int64(6)}}}, []int{6}, false},
		{map[string]any{"config": `{"max_z": 100, "elements": [6, 7]}`}, []int{6, 7}, false},
		{map[string]any{"elements": []any{int64(101)}}, nil, true},
		{map[string]any{"elements": []any{int64(-1)}}, nil, true},
		{map[string]any{"elements": []any{1.5}}, nil, true},
		{map[string]any{"elements": []any{nil}}, nil, true},
		{map[string]any{"elements": []any{}}, nil, true},
		{map[string]any{"elements": int64(6)}, nil, true},
		{map[string]any{"elements": "H and O"}, nil, true},
		{map[string]any{"config": "no JSON"}, nil, false},
	} {
		got, ok := statedElements(&checkpoint.Checkpoint{Metadata: c.metadata}, 100)
		assert.Equal(t, c.want, got, c.metadata)
		assert.Equal(t, !c.bad, ok, c.metadata)
	}
}

// A student refuses other elements than those that it was trained on, unless it is
// told to, and one that does not say computes all that it has rows for.
func TestElementsAtTheDoor(t *testing.T) {
	c, err := checkpoint.Open("../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	water := atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{}, {0.96, 0, 0}, {-0.24, 0.93, 0}}}
	salt := atoms.Structure{Numbers: []int{11, 17}, Positions: [][3]float64{{}, {2.4, 0, 0}}}
	for _, s := range []struct {
		elements []any
		any      bool
		err      string
	}{
		{nil, false, ""},
		{[]any{int64(1), int64(8)}, true, ""},
		{[]any{int64(1), int64(8)}, false, "structure 1: atom 0 is Na, and the student was trained on H, O alone: -any-element computes it all the same"},
	} {
		metadata := map[string]any{}
		if s.elements != nil {
			metadata[ElementsKey] = s.elements
		}
		var file bytes.Buffer
		require.NoError(t, checkpoint.New(metadata, c.Tensors()...).WritePyTorch(&file))
		again, err := checkpoint.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "student.pt")
		require.NoError(t, err)
		n, err := FromCheckpoint(again)
		require.NoError(t, err)
		assert.Equal(t, s.elements == nil, n.Knows(17))
		assert.True(t, n.KnowsAll(water.Numbers))
		statement, err := json.Marshal(n.Statement())
		require.NoError(t, err)
		assert.Equal(t, s.elements != nil, bytes.Contains(statement, []byte(`"elements":[1,8]`)))
		p, err := NewPotential(n, Options{Threads: 1, AnyElement: s.any})
		require.NoError(t, err)
		var r Result
		require.NoError(t, p.Compute(t.Context(), atoms.NewBatch(water), &r))
		err = p.Compute(t.Context(), atoms.NewBatch(water, salt), &r)
		if s.err == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, s.err)
		}
		require.NoError(t, p.Close())
	}
}
