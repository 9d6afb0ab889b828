package onnx

import (
	"fmt"

	"painless/checkpoint"
	"painless/nn"
)

// Numbers of types in onnx.proto.
var types = map[checkpoint.DType]int64{checkpoint.Float32: typeFloat, checkpoint.Int8: 3, checkpoint.Float16: 10, checkpoint.BFloat16: 16}

// weights adds the initializers, each in its own type if that is one of quantised
// networks, and what makes float32 of those: DequantizeLinear of int8, Cast of
// others. With dynamic, the matrices in int8 that layers multiply by are left as they are.
func (g *graph) weights(c *checkpoint.Checkpoint, dynamic bool) error {
	g.floats, g.dynamic = map[string]string{}, map[string]string{}
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
		case dtype == checkpoint.Int8 && dynamic && name != "embedding.weight":
			g.dynamic[name] = scales
		case dtype == checkpoint.Int8:
			g.floats[name] = g.op("DequantizeLinear", []string{name, scales}, attr("axis", 0))
		case dtype != checkpoint.Float32:
			g.floats[name] = g.op("Cast", []string{name}, attr("to", typeFloat))
		}
	}
	return nil
}

// transposed is a matrix in int8, transposed, made once.
func (g *graph) transposed(w string) string {
	key := w + " transposed"
	if _, ok := g.constants[key]; !ok {
		g.constants[key] = g.op("Transpose", []string{w})
	}
	return g.constants[key]
}

// integerProduct is x·q of a matrix q in int8, where x [N, in] is rounded to the 256
// numbers from its least to its largest.
func (g *graph) integerProduct(x, q string) string {
	rounded := g.ops("DynamicQuantizeLinear", 3, []string{x}) // integers, scale, zero
	sums := g.op("MatMulInteger", []string{rounded[0], q, rounded[2]})
	return g.mul(g.op("Cast", []string{sums}, attr("to", typeFloat)), rounded[1])
}
