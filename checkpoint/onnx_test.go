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
	four, one := floats(binary.LittleEndian), small(1, 1)+small(2, 1)
	for says, initializer := range map[string]string{
		"initializer \"w\": type 8 is none that can be read":          small(2, 8) + field(8, "w"),
		"expected 12 bytes for shape [3] of float32, found 16":        small(1, 3) + small(2, 1) + field(8, "w") + field(9, four),
		"expected 39204 bytes for shape [99 99] of float32, found 16": small(1, 99) + small(1, 99) + small(2, 1) + field(8, "w") + field(9, four),
		"expected the elements in the file, found them elsewhere":     small(2, 1) + field(8, "w") + field(13, "elsewhere"),
		"expected at most 64 dimensions":                              strings.Repeat(small(1, 1), 65) + small(2, 1) + field(9, four[:4]),
		"expected a protocol buffer, found something else or its end": "\x0b",
		"shape [-1]: expected no negative numbers":                    field(1, strings.Repeat("\xff", 9)+"\x01") + small(2, 1) + field(9, four),
		`expected a key in UTF-8, found "w\xff"`:                      one + field(8, "w\xff") + field(9, four[:4]),
		"expected a name once, found it twice":                        one + field(8, "v") + field(8, "w") + field(9, four[:4]),
		"expected a type once, found it twice":                        small(2, 1) + one + field(8, "w") + field(9, four[:4]),
		"expected its elements once, found it twice":                  one + field(8, "w") + field(9, four[:4]) + field(9, four[:4]),
		"expected elements of float32 once":                           one + field(8, "w") + field(9, four[:4]) + field(4, four[:4]),
		"expected a whole tensor, found a part of one":                one + field(8, "w") + field(9, four[:4]) + field(3, ""),
		"initializer \"\": expected a protocol buffer, found":         one + small(8, 7) + field(9, four[:4]),
		"initializer \"w\": expected a protocol buffer":               field(8, "w") + field(2, "\x01") + field(9, four[:4]),
		"found them elsewhere":                                        one + field(8, "w") + field(9, four[:4]) + small(14, 1),
	} {
		_, err := readBytes([]byte(onnxFile(initializer)))
		assert.ErrorContains(t, err, says)
	}
	w := one + field(8, "w") + field(9, four[:4])
	for says, file := range map[string]string{
		`initializer "w": expected one of that name, found two`: onnxFile(w, w),
		"expected graph once, found it twice":                   onnxFile(w) + field(7, field(5, w)),
		`metadata: expected "config" once, found it twice`:      onnxFile(w) + field(14, field(1, "config")+field(2, "{ }")),
		"expected a key and a value of metadata once":           onnxFile(w) + field(14, field(1, "a")+field(1, "b")+field(2, "c")),
		`metadata: expected text in UTF-8, found "\xff"`:        onnxFile(w) + field(14, field(1, "\xff")+field(2, "c")),
		"ONNX: expected a protocol buffer":                      small(1, 8) + small(7, 3),
	} {
		_, err := readBytes([]byte(file))
		assert.ErrorContains(t, err, says)
	}
	_, err := readBytes([]byte(onnxFile(w + small(14, 0))))
	assert.NoError(t, err, "elements that are said to be in the file")
	_, err = readBytes([]byte(onnxFile()))
	assert.ErrorContains(t, err, "ONNX: expected initializers, found none")
	whole := onnxFile(small(2, 1) + field(8, "w") + field(9, four[:4]))
	for n := range len(whole) - len(field(14, field(1, "config")+field(2, "{}"))) { // what follows the graph may be left out
		_, err := readBytes([]byte(whole[:n]))
		require.Error(t, err, "the first %d of %d bytes", n, len(whole))
	}
}
