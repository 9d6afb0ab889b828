package checkpoint

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// field is a protocol buffer's field of content, or of a small number.
func field(number int, content string) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number<<3|2)), uint64(len(content)))) + content
}

func small(number, x int) string { return string([]byte{byte(number << 3), byte(x)}) }

// onnxFile is a model of the given initializers' fields.
func onnxFile(initializers ...string) string {
	graph := field(2, "a graph")
	for _, i := range initializers {
		graph += field(5, i)
	}
	return small(1, 8) + field(2, "a producer") + field(7, graph) + field(14, field(1, "config")+field(2, "{}"))
}

func TestONNX(t *testing.T) {
	four := floats(binary.LittleEndian)
	c, err := readBytes([]byte(onnxFile(
		small(1, 2)+small(1, 2)+small(2, 1)+field(8, "module.raw")+field(9, four),
		field(1, "\x04")+small(2, 1)+field(8, "module.packed")+field(4, four),
		small(2, 7)+field(8, "scalar")+field(9, le(9, 8)),
	)))
	require.NoError(t, err)
	assert.Equal(t, "ONNX", c.Format)
	assert.Equal(t, []string{"module.raw", "module.packed", "scalar"}, c.Names())
	assert.Equal(t, map[string]any{"config": "{}"}, c.Metadata)
	assert.Equal(t, []float64{1, 2, 3, 4}, values(t, c, "module.raw"))
	assert.Equal(t, []float64{1, 2, 3, 4}, values(t, c, "module.packed"))
	assert.Equal(t, []float64{9}, values(t, c, "scalar"))
	raw, _ := c.Tensor("module.raw")
	assert.Equal(t, []int{2, 2}, raw.Shape)
}

func TestONNXRefused(t *testing.T) {
	four := floats(binary.LittleEndian)
	for says, initializer := range map[string]string{
		"initializer \"w\": type 8 is none that can be read":          small(2, 8) + field(8, "w"),
		"expected 12 bytes for shape [3] of float32, found 16":        small(1, 3) + small(2, 1) + field(8, "w") + field(9, four),
		"expected 39204 bytes for shape [99 99] of float32, found 16": small(1, 99) + small(1, 99) + small(2, 1) + field(8, "w") + field(9, four),
		"expected the elements in the file, found them elsewhere":     small(2, 1) + field(8, "w") + field(13, "elsewhere"),
		"expected at most 64 dimensions":                              strings.Repeat(small(1, 1), 65) + small(2, 1) + field(9, four[:4]),
		"expected a protocol buffer, found something else or its end": "\x0b",
		"shape [-1]: expected no negative numbers":                    field(1, strings.Repeat("\xff", 9)+"\x01") + small(2, 1) + field(9, four),
	} {
		_, err := readBytes([]byte(onnxFile(initializer)))
		assert.ErrorContains(t, err, says)
	}
	_, err := readBytes([]byte(onnxFile()))
	assert.ErrorContains(t, err, "ONNX: expected initializers, found none")
	whole := onnxFile(small(2, 1) + field(8, "w") + field(9, four[:4]))
	for n := range len(whole) - len(field(14, field(1, "config")+field(2, "{}"))) { // what follows the graph may be left out
		_, err := readBytes([]byte(whole[:n]))
		require.Error(t, err, "the first %d of %d bytes", n, len(whole))
	}
}
