package onnx

import (
	"fmt"
	"strings"

	"painless/checkpoint"
	"painless/nn"
)

// Numbers of types in onnx.proto.
var types = map[checkpoint.DType]int64{checkpoint.Float32: typeFloat, checkpoint.Int8: 3, checkpoint.Float16: 10, checkpoint.BFloat16: 16}

// float is how float32 is made of an initializer, and the value once that is done.
type float struct {
	kind      string
	inputs    []string
	attribute attribute
	value     string
}

// float is a value in float32; what makes it of an initializer is added where it is first used.
func (g *graph) float(name string) string {
	f, ok := g.floats[name]
	if !ok {
		return name
	}
	if f.value == "" {
		f.value = g.node(f.kind, 1, f.inputs, f.attribute)[0]
		g.floats[name] = f
	}
	return f.value
}

// weights adds the initializers, each in its own type if that is one of quantised
// networks: of int8 DequantizeLinear makes float32, of others Cast. With dynamic, layers
// that multiply bounded numbers by matrices in int8 multiply integers.
func (g *graph) weights(c *checkpoint.Checkpoint, dynamic bool) error {
	g.floats, g.dynamic = map[string]float{}, map[string]string{}
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		dtype := t.DType()
		if _, ok := types[dtype]; !ok {
			dtype = checkpoint.Float32
			var err error
			if t, err = t.Convert(dtype); err != nil {
				return fmt.Errorf("tensor %s: %w", name, err)
			}
		}
		content, err := t.Bytes()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
		g.initializers = append(g.initializers, tensor(name, types[dtype], t.Shape, content))
		switch scales := name + nn.ScaleEnding; {
		case dtype == checkpoint.Int8:
			g.floats[name] = float{kind: "DequantizeLinear", inputs: []string{name, scales}, attribute: attr("axis", 0)}
			if dynamic && isInner(name) {
				g.dynamic[name] = scales
			}
		case dtype != checkpoint.Float32:
			g.floats[name] = float{kind: "Cast", inputs: []string{name}, attribute: attr("to", typeFloat)}
		}
	}
	return nil
}

// isInner reports whether a matrix is multiplied with radial functions or with what
// comes out of a SiLU within a block. The state itself is not: a channel of it may carry the
// energies of the elements, beside which 256 numbers leave nothing of the others. Nor are
// gradients: that of this channel is 1, and others are far smaller.
func isInner(name string) bool {
	return strings.Contains(name, ".rbf_to_scalar.") || strings.HasSuffix(name, ".update_mlp.2.weight")
}

// Numbers of the other types of integers in onnx.proto.
const typeUint8, typeInt32 = 2, 6

// zero is where a matrix of integers without signs has its zero.
const zero = 128

// transposed is a matrix in int8, transposed and raised by zero, made once: with signs, programs on processors without
// dot products of bytes add products of these in 16 bits, which overflow.
func (g *graph) transposed(w string) string {
	key := w + " transposed"
	if _, ok := g.constants[key]; !ok {
		wide := g.op("Cast", g.node("Transpose", 1, []string{w}), attr("to", typeInt32))
		raised := g.add(wide, g.constant("int32 zero", typeInt32, nil, []byte{zero, 0, 0, 0}))
		g.constants[key] = g.op("Cast", []string{raised}, attr("to", typeUint8))
	}
	return g.constants[key]
}

// integerProduct is x·q of a matrix q of integers from transposed, where x [N, in] is rounded to the 256
// numbers from its least to its largest.
func (g *graph) integerProduct(x, q string) string {
	rounded := g.ops("DynamicQuantizeLinear", 3, []string{x}) // integers, scale, zero
	sums := g.op("MatMulInteger", []string{rounded[0], q, rounded[2], g.constant("uint8 zero", typeUint8, nil, []byte{zero})})
	return g.mul(g.op("Cast", []string{sums}, attr("to", typeFloat)), rounded[1])
}
